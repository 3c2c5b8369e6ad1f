/* SPDX-License-Identifier: BSD-3-Clause */
/* locks.c - see locks.h. */
#include "locks.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "handle.h"
#include "inode.h"
#include "lock_ranges.h"
#include "request.h"
#include "share.h"
#include "thread.h"

enum {
	N_BUCKETS = 256, /* a power of two */
	MOST_OWNERS = 65536,
	MOST_WAITERS = 1024,
	N_INTERRUPTED = 16,
	LONGEST_CHAIN = 64, /* of those who wait for each other: beyond, nobody looks */
	MOST_STEPS = 1 << 18, /* of who looks for that, with the table's lock: the same */
	SHORTEST_WAIT_MS = 1,
	LONGEST_WAIT_MS = 50,
};

/* A lock owner of the guest, and one file. */
struct owner {
	uint64_t nodeid;
	uint64_t owner;
	int fd; /* an open file description of its own */
	uint32_t pid; /* the guest's process that set a lock last */
	uint64_t fh;  /* by which it did */
	struct lock_ranges ranges;
	struct owner *next;
};

/* A request that waits: for a POSIX lock if `handle` is NULL, else for flock(). */
struct waiter {
	struct request request; /* a copy */
	uint64_t nodeid;
	uint64_t owner;
	uint64_t fh; /* by which it waits */
	struct flock lock;
	struct handle *handle; /* with a reference */
	int mode;
	int answer;
	uint64_t looked_at; /* by is_deadlock(): the last time, of the table's `looks` */
	struct waiter *next;
};

struct lock_table {
	pthread_mutex_t lock;		 /* of all below */
	pthread_cond_t wake;		 /* the thread that tries: something to do */
	pthread_cond_t idle;		 /* `answering` is 0 */
	struct owner *owners[N_BUCKETS]; /* by nodeid: those of a file together */
	unsigned int n_owners, most_owners;
	struct waiter *waiters; /* who came first is first */
	unsigned int n_waiters;
	unsigned int answering; /* how many threads make replies without the lock held */
	uint64_t interrupted[N_INTERRUPTED];
	unsigned int next_interrupted;
	uint64_t looks; /* is_deadlock() was called so often */
	unsigned int steps; /* that it may still take, with the lock held */
	bool changed;
	bool stop;
	bool running; /* `thread` is there */
	pthread_t thread;
};

/* ---- The table ----------------------------------------------------------------------------- */

/* Each owner takes a descriptor of those that handles and inodes need too. */
static unsigned int find_most_owners(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 8 > MOST_OWNERS)
		return MOST_OWNERS;
	return (unsigned int)(limit.rlim_cur / 8);
}

int lock_table_new(struct lock_table **table)
{
	struct lock_table *made = calloc(1, sizeof(*made));
	pthread_condattr_t attr;

	if (!made)
		return -ENOMEM;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&made->wake, &attr);
	pthread_cond_init(&made->idle, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&made->lock, NULL);
	made->most_owners = find_most_owners();
	*table = made;
	return 0;
}

void lock_table_free(struct lock_table *table)
{
	lock_table_reset(table);
	pthread_mutex_lock(&table->lock);
	table->stop = true;
	pthread_cond_signal(&table->wake);
	pthread_mutex_unlock(&table->lock);
	if (table->running)
		pthread_join(table->thread, NULL);
	pthread_cond_destroy(&table->wake);
	pthread_cond_destroy(&table->idle);
	pthread_mutex_destroy(&table->lock);
	free(table);
}

static void changed_locked(struct lock_table *table)
{
	table->changed = true;
	if (table->waiters)
		pthread_cond_signal(&table->wake);
}

void locks_changed(struct lock_table *table)
{
	pthread_mutex_lock(&table->lock);
	changed_locked(table);
	pthread_mutex_unlock(&table->lock);
}

/* ---- Owners ---------------------------------------------------------------------------------- */

/* Where the pointer to an owner is; or where it goes, if there is none. */
static struct owner **find_place(struct lock_table *table, uint64_t nodeid, uint64_t owner)
{
	struct owner **place = &table->owners[nodeid % N_BUCKETS];

	while (*place && ((*place)->nodeid != nodeid || (*place)->owner != owner))
		place = &(*place)->next;
	return place;
}

/* Closing the descriptor is what lets go of the locks. */
static void remove_owner(struct lock_table *table, struct owner **place)
{
	struct owner *gone = *place;

	*place = gone->next;
	table->n_owners--;
	close(gone->fd);
	lock_ranges_free(&gone->ranges);
	free(gone);
	changed_locked(table);
}

/* fd is taken over in any case. */
static int add_owner(struct lock_table *table, uint64_t nodeid, uint64_t owner, int fd,
		     struct owner **added)
{
	struct owner **place = find_place(table, nodeid, owner);
	int err = -ENOLCK;

	/* Another thread was faster. */
	if (*place) {
		*added = *place;
		close(fd);
		return 0;
	}
	if (table->n_owners < table->most_owners) {
		*place = calloc(1, sizeof(**place));
		err = *place ? 0 : -ENOMEM;
	}
	if (err) {
		close(fd);
		return err;
	}
	**place = (struct owner){.nodeid = nodeid, .owner = owner, .fd = fd};
	table->n_owners++;
	*added = *place;
	return 0;
}

/* Locks for writing need a descriptor for writing, those for reading one for reading. */
static int open_own(struct share *share, struct inode *inode)
{
	static const int modes[] = {O_RDWR, O_RDONLY, O_WRONLY};
	int fd = -EBADF;

	for (unsigned int i = 0; i < 3; i++) {
		if (share->settings->readonly && modes[i] != O_RDONLY)
			continue;
		fd = inode_open(share, inode, modes[i] | O_NONBLOCK | O_CLOEXEC);
		/* One that can only be read would refuse locks for writing from now on. */
		if (fd >= 0 || fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
			break;
	}
	return fd;
}

/* The owner's entry for a file, made if it has none. Lets the table's lock go meanwhile. */
static int get_owner_locked(struct share *share, const struct handle *handle, uint64_t id,
			    struct owner **owner)
{
	struct lock_table *table = handle_locks(share);
	int fd;

	*owner = *find_place(table, handle->inode->nodeid, id);
	if (*owner)
		return 0;
	pthread_mutex_unlock(&table->lock);
	fd = open_own(share, handle->inode);
	pthread_mutex_lock(&table->lock);
	if (fd < 0)
		return fd;
	/* Closed meanwhile, perhaps as the last one: nobody would ever remove the owner. */
	if (__atomic_load_n(&handle->released, __ATOMIC_ACQUIRE)) {
		close(fd);
		return -EBADF;
	}
	return add_owner(table, handle->inode->nodeid, id, fd, owner);
}

/* ---- Locking, without waiting ------------------------------------------------------------------ */

static int set_lock(struct owner *owner, const struct flock *lock)
{
	struct flock copy = *lock;
	int err = lock_ranges_prepare(&owner->ranges);

	if (err)
		return err;
	if (fcntl(owner->fd, F_OFD_SETLK, &copy))
		return errno == EACCES ? -EAGAIN : -errno;
	lock_ranges_set(&owner->ranges, lock);
	return 0;
}

/*
 * Of a lock that is in the way, whose it is. The host's kernel does not know pids of the guest; and
 * the guest does not need to know those of the host, unless it is on this machine.
 */
static uint32_t find_holder(struct share *share, const struct lock_table *table, uint64_t nodeid,
			    uint64_t asking, const struct flock *found)
{
	/* In the way of which all is that overlaps. */
	const struct flock any = {
		.l_type = F_WRLCK, .l_start = found->l_start, .l_len = found->l_len};
	const off_t end = lock_end(found);

	if (found->l_pid > 0)
		return share->settings->mount_dir ? (uint32_t)found->l_pid : 0;
	for (const struct owner *owner = table->owners[nodeid % N_BUCKETS]; owner;
	     owner = owner->next) {
		const struct lock_range *range;

		if (owner->nodeid != nodeid || owner->owner == asking)
			continue;
		range = lock_ranges_in_way(&owner->ranges, &any, NULL);
		if (range && range->start == found->l_start && range->end == end &&
		    range->type == found->l_type)
			return owner->pid;
	}
	return 0;
}

int locks_get(struct share *share, const struct handle *handle, uint64_t owner, struct flock *lock,
	      uint32_t *pid)
{
	struct lock_table *table = handle_locks(share);
	const struct owner *own;
	int err;

	pthread_mutex_lock(&table->lock);
	own = *find_place(table, handle->inode->nodeid, owner);
	/* Who has no entry has no locks, and may ask by any description. */
	err = fcntl(own ? own->fd : handle->fd, F_OFD_GETLK, lock) ? -errno : 0;
	if (!err && lock->l_type != F_UNLCK)
		*pid = find_holder(share, table, handle->inode->nodeid, owner, lock);
	pthread_mutex_unlock(&table->lock);
	return err;
}

int locks_flock(struct share *share, const struct handle *handle, int mode)
{
	if (flock(handle->fd, mode | LOCK_NB))
		return -errno;
	if (mode != LOCK_EX)
		locks_changed(handle_locks(share));
	return 0;
}

/* ---- Answering those who waited -------------------------------------------------------------- */

/* A list of waiters that are not in the table any more. Without the lock held. */
static void answer_all(struct share *share, struct waiter *list)
{
	while (list) {
		struct waiter *waiter = list;

		list = waiter->next;
		request_reply_error(&waiter->request, waiter->answer);
		if (waiter->handle)
			handle_put(share, waiter->handle);
		free(waiter);
	}
}

/* Answer a list taken from the table, and let the lock go for that time. */
static void answer_unlocked(struct lock_table *table, struct waiter *list)
{
	if (!list)
		return;
	table->answering++;
	pthread_mutex_unlock(&table->lock);
	answer_all(list->request.share, list);
	pthread_mutex_lock(&table->lock);
	table->answering--;
	pthread_cond_broadcast(&table->idle);
}

/*
 * Take those out of the table for which choose() says so, in their order; it sets the answer.
 */
static struct waiter *take(struct lock_table *table,
			   bool (*choose)(struct lock_table *table, struct waiter *waiter,
					  uint64_t number),
			   uint64_t number)
{
	struct waiter **place = &table->waiters;
	struct waiter *taken = NULL;
	struct waiter **end = &taken;

	while (*place) {
		struct waiter *waiter = *place;

		if (!choose(table, waiter, number)) {
			place = &waiter->next;
			continue;
		}
		*place = waiter->next;
		waiter->next = NULL;
		*end = waiter;
		end = &waiter->next;
		table->n_waiters--;
	}
	return taken;
}

/* Try once more. */
static bool is_settled(struct lock_table *table, struct waiter *waiter, uint64_t number)
{
	struct owner *owner;

	(void)number;
	if (waiter->handle) {
		waiter->answer = flock(waiter->handle->fd, waiter->mode) ? -errno : 0;
		return waiter->answer != -EWOULDBLOCK;
	}
	owner = *find_place(table, waiter->nodeid, waiter->owner);
	waiter->answer = owner ? set_lock(owner, &waiter->lock) : -EINTR;
	/* For one that has closed the file meanwhile, and so does not get it: nobody unlocks it. */
	if (!waiter->answer)
		owner->fh = waiter->fh;
	return waiter->answer != -EAGAIN;
}

static bool has_unique(struct lock_table *table, struct waiter *waiter, uint64_t unique)
{
	(void)table;
	waiter->answer = -EINTR;
	return waiter->request.header.unique == unique;
}

static bool is_of_inode(struct lock_table *table, struct waiter *waiter, uint64_t nodeid)
{
	(void)table;
	waiter->answer = -EINTR;
	return !waiter->handle && waiter->nodeid == nodeid;
}

static bool is_of_transport(struct lock_table *table, struct waiter *waiter, uint64_t transport)
{
	(void)table;
	waiter->answer = -EINTR;
	return (uintptr_t)waiter->request.transport == transport;
}

static bool is_any(struct lock_table *table, struct waiter *waiter, uint64_t number)
{
	(void)table;
	(void)number;
	waiter->answer = -EINTR;
	return true;
}

/* ---- The thread that tries ---------------------------------------------------------------------- */

/* For one of the table's conditions. 0 or ETIMEDOUT. */
static int wait_ms(struct lock_table *table, pthread_cond_t *condition, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	return pthread_cond_timedwait(condition, &table->lock, &until);
}

static void *try_locks(void *data)
{
	struct lock_table *table = data;
	unsigned int ms = SHORTEST_WAIT_MS;

	thread_begin("locks", 0);
	pthread_mutex_lock(&table->lock);
	while (!table->stop) {
		if (!table->waiters) {
			pthread_cond_wait(&table->wake, &table->lock);
			continue;
		}
		if (table->changed)
			ms = SHORTEST_WAIT_MS;
		table->changed = false;
		answer_unlocked(table, take(table, is_settled, 0));
		/* Somebody else on the host may hold it: nobody tells us when he lets go. */
		if (table->waiters && !table->changed && !table->stop) {
			wait_ms(table, &table->wake, ms);
			ms = 2 * ms < LONGEST_WAIT_MS ? 2 * ms : LONGEST_WAIT_MS;
		}
	}
	pthread_mutex_unlock(&table->lock);
	return NULL;
}

static int start_thread(struct lock_table *table)
{
	int err = 0;

	if (!table->running)
		err = -pthread_create(&table->thread, NULL, try_locks, table);
	table->running = !err;
	return err;
}

/* ---- Waiting --------------------------------------------------------------------------------------- */

static bool was_interrupted(const struct lock_table *table, uint64_t unique)
{
	for (unsigned int i = 0; i < N_INTERRUPTED; i++) {
		if (table->interrupted[i] == unique)
			return true;
	}
	return false;
}

/* What is looked for, and how far. */
struct search {
	uint64_t goal;	    /* an owner */
	unsigned int chain; /* who wait, to be looked at yet */
};

/* One more. false: that was enough. */
static bool step(struct lock_table *table)
{
	if (!table->steps)
		return false;
	table->steps--;
	return true;
}

/* Whether who waits for this lock waits, in the end, for the goal. */
static bool waits_for(struct lock_table *table, uint64_t nodeid, uint64_t waiting,
		      const struct flock *lock, struct search *search)
{
	for (const struct owner *owner = table->owners[nodeid % N_BUCKETS]; owner && step(table);
	     owner = owner->next) {
		if (owner->nodeid != nodeid || owner->owner == waiting ||
		    !lock_ranges_in_way(&owner->ranges, lock, &table->steps))
			continue;
		if (owner->owner == search->goal)
			return true;
		for (struct waiter *next = table->waiters; next && step(table);
		     next = next->next) {
			if (next->handle || next->owner != owner->owner ||
			    next->looked_at == table->looks || !search->chain)
				continue;
			next->looked_at = table->looks;
			search->chain--;
			if (waits_for(table, next->nodeid, next->owner, &next->lock, search))
				return true;
		}
	}
	return false;
}

/*
 * Two that wait for each other would do so for ever. (A lock of flock(2) is of no process.) Who
 * asks says how many steps there are, for all that is asked together: a guest's users can have
 * very many locks, and wait for very many.
 */
static bool is_deadlock(struct lock_table *table, const struct waiter *waiter)
{
	struct search search = {.goal = waiter->owner, .chain = LONGEST_CHAIN};

	table->looks++;
	return !waiter->handle &&
	       waits_for(table, waiter->nodeid, waiter->owner, &waiter->lock, &search);
}

/* A thread of it does; by another it goes on. */
static bool waits(const struct lock_table *table, uint64_t owner)
{
	for (const struct waiter *waiter = table->waiters; waiter; waiter = waiter->next) {
		if (!waiter->handle && waiter->owner == owner)
			return true;
	}
	return false;
}

static bool is_in_circle(struct lock_table *table, struct waiter *waiter, uint64_t number)
{
	(void)number;
	waiter->answer = -EDEADLK;
	return is_deadlock(table, waiter);
}

/* What somebody gets who waits may be what another waits for, and so close a circle. */
int locks_set(struct share *share, const struct handle *handle, uint64_t owner,
	      const struct flock *lock, uint32_t pid)
{
	struct lock_table *table = handle_locks(share);
	struct owner *own;
	int err = 0;

	pthread_mutex_lock(&table->lock);
	own = *find_place(table, handle->inode->nodeid, owner);
	if (!own && lock->l_type != F_UNLCK)
		err = get_owner_locked(share, handle, owner, &own);
	if (!err && own) {
		if (lock->l_type != F_UNLCK) {
			own->pid = pid;
			own->fh = handle->fh;
		}
		err = set_lock(own, lock);
	}
	if (!err && lock->l_type != F_WRLCK)
		changed_locked(table);
	table->steps = MOST_STEPS;
	if (!err && lock->l_type != F_UNLCK && waits(table, owner))
		answer_unlocked(table, take(table, is_in_circle, 0));
	pthread_mutex_unlock(&table->lock);
	return err;
}

static int enqueue(struct lock_table *table, const struct waiter *waiter)
{
	struct waiter **end = &table->waiters;
	struct waiter *copy;
	int err;

	if (was_interrupted(table, waiter->request.header.unique))
		return -EINTR;
	if (table->n_waiters >= MOST_WAITERS)
		return -ENOLCK;
	table->steps = MOST_STEPS;
	if (is_deadlock(table, waiter))
		return -EDEADLK;
	err = start_thread(table);
	if (err)
		return err;
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	*copy = *waiter;
	while (*end)
		end = &(*end)->next;
	*end = copy;
	table->n_waiters++;
	/* What was in the way may have gone since it was tried. */
	changed_locked(table);
	return 0;
}

static int wait_for(const struct waiter *waiter)
{
	struct lock_table *table = handle_locks(waiter->request.share);
	int err;

	pthread_mutex_lock(&table->lock);
	err = enqueue(table, waiter);
	pthread_mutex_unlock(&table->lock);
	return err;
}

/* The copy outlives the buffers' lists, and its reply has a header alone. */
static struct request without_buffers(const struct request *request)
{
	struct request copy = *request;

	copy.in = (struct iov_cursor){0};
	copy.out = (struct iov_cursor){0};
	return copy;
}

int locks_wait(struct request *request, struct handle *handle, uint64_t owner,
	       const struct flock *lock)
{
	struct waiter waiter = {
		.request = without_buffers(request),
		.nodeid = handle->inode->nodeid,
		.owner = owner,
		.fh = handle->fh,
		.lock = *lock,
	};

	return wait_for(&waiter);
}

int locks_wait_flock(struct request *request, struct handle *handle, int mode)
{
	struct waiter waiter = {
		.request = without_buffers(request),
		.handle = handle_ref(handle),
		.mode = mode | LOCK_NB,
	};
	int err = wait_for(&waiter);

	if (err)
		handle_put(request->share, handle);
	return err;
}

/* ---- Giving up --------------------------------------------------------------------------------------- */

void locks_interrupt(struct lock_table *table, uint64_t unique)
{
	struct waiter *found;

	pthread_mutex_lock(&table->lock);
	found = take(table, has_unique, unique);
	if (!found) {
		table->interrupted[table->next_interrupted] = unique;
		table->next_interrupted = (table->next_interrupted + 1) % N_INTERRUPTED;
	}
	answer_unlocked(table, found);
	pthread_mutex_unlock(&table->lock);
}

bool locks_give_up(struct lock_table *table, const void *transport, unsigned int ms)
{
	bool done;

	pthread_mutex_lock(&table->lock);
	answer_unlocked(table, take(table, is_of_transport, (uintptr_t)transport));
	/* Another thread may be answering one just now. */
	while (table->answering && !wait_ms(table, &table->idle, ms))
		;
	done = !table->answering;
	pthread_mutex_unlock(&table->lock);
	return done;
}

static bool has_waiter(const struct lock_table *table, uint64_t nodeid, uint64_t owner)
{
	for (const struct waiter *waiter = table->waiters; waiter; waiter = waiter->next) {
		if (!waiter->handle && waiter->nodeid == nodeid && waiter->owner == owner)
			return true;
	}
	return false;
}

void locks_drop_owner(struct lock_table *table, uint64_t nodeid, uint64_t owner)
{
	const struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
	struct owner **place;

	pthread_mutex_lock(&table->lock);
	place = find_place(table, nodeid, owner);
	if (*place && has_waiter(table, nodeid, owner)) {
		/* Another thread of the process waits, and will need the description. */
		set_lock(*place, &all);
		changed_locked(table);
	} else if (*place) {
		remove_owner(table, place);
	}
	pthread_mutex_unlock(&table->lock);
}

void locks_drop_handle(struct lock_table *table, uint64_t nodeid, uint64_t fh)
{
	struct owner **place = &table->owners[nodeid % N_BUCKETS];

	pthread_mutex_lock(&table->lock);
	while (*place) {
		/* One that waits is a process, which has others open; or it would not be closed. */
		if ((*place)->nodeid == nodeid && (*place)->fh == fh &&
		    !has_waiter(table, nodeid, (*place)->owner))
			remove_owner(table, place);
		else
			place = &(*place)->next;
	}
	pthread_mutex_unlock(&table->lock);
}

static void remove_owners(struct lock_table *table, struct owner **place, uint64_t nodeid, bool all)
{
	while (*place) {
		if (all || (*place)->nodeid == nodeid)
			remove_owner(table, place);
		else
			place = &(*place)->next;
	}
}

void locks_drop_inode(struct lock_table *table, uint64_t nodeid)
{
	pthread_mutex_lock(&table->lock);
	remove_owners(table, &table->owners[nodeid % N_BUCKETS], nodeid, false);
	answer_unlocked(table, take(table, is_of_inode, nodeid));
	pthread_mutex_unlock(&table->lock);
}

static void end_waits_locked(struct lock_table *table)
{
	answer_unlocked(table, take(table, is_any, 0));
	while (table->answering)
		pthread_cond_wait(&table->idle, &table->lock);
}

void lock_table_end_waits(struct lock_table *table)
{
	pthread_mutex_lock(&table->lock);
	end_waits_locked(table);
	pthread_mutex_unlock(&table->lock);
}

void lock_table_reset(struct lock_table *table)
{
	pthread_mutex_lock(&table->lock);
	for (unsigned int i = 0; i < N_BUCKETS; i++)
		remove_owners(table, &table->owners[i], 0, true);
	end_waits_locked(table);
	for (unsigned int i = 0; i < N_INTERRUPTED; i++)
		table->interrupted[i] = 0;
	pthread_mutex_unlock(&table->lock);
}
