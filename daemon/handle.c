/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.c - see handle.h.
 *
 * The table is an array of slots. A handle's number is its slot, and above that the slot's
 * generation, which moves on each time the slot becomes free.
 */
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inode.h"
#include "locks.h"
#include "share.h"
#include "verdict.h"

enum {
	FIRST_SLOTS = 64,
	MOST_HANDLES = 1 << 20,
	NO_SLOT = -1,
};

struct slot {
	struct handle *handle; /* NULL: free */
	uint32_t generation;   /* never 0, so that no handle's number is */
	int32_t next_free;     /* slot, or NO_SLOT */
};

struct handle_table {
	pthread_mutex_t lock; /* of all below, but for `locks` */
	struct slot *slots;
	uint32_t n_slots;
	uint32_t n_used;
	uint32_t limit;
	int32_t first_free;
	struct lock_table *locks;
};

/*
 * How many handles there may be: each has a descriptor, and some must be left for inodes, for
 * locks and for the daemon itself.
 */
static uint32_t find_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > MOST_HANDLES)
		return MOST_HANDLES;
	return (uint32_t)(limit.rlim_cur - limit.rlim_cur / 4);
}

int handle_table_new(struct handle_table **table)
{
	struct handle_table *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	err = lock_table_new(&made->locks);
	if (err) {
		free(made);
		return err;
	}
	pthread_mutex_init(&made->lock, NULL);
	made->first_free = NO_SLOT;
	made->limit = find_limit();
	*table = made;
	return 0;
}

struct lock_table *handle_locks(struct share *share)
{
	return share->handles->locks;
}

/* ---- Slots: all under the table's lock --------------------------------------------- */

static int grow(struct handle_table *table)
{
	uint32_t n = table->n_slots ? 2 * table->n_slots : FIRST_SLOTS;
	struct slot *slots = reallocarray(table->slots, n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = table->n_slots; i < n; i++)
		slots[i] = (struct slot){NULL, 1, i + 1 < n ? (int32_t)i + 1 : NO_SLOT};
	table->first_free = (int32_t)table->n_slots;
	table->slots = slots;
	table->n_slots = n;
	return 0;
}

/* Put a handle into a free slot, and number it. */
static int fill_slot(struct handle_table *table, struct handle *handle)
{
	struct slot *slot;
	int err;

	if (table->n_used >= table->limit)
		return -ENFILE;
	if (table->first_free == NO_SLOT) {
		err = grow(table);
		if (err)
			return err;
	}
	slot = &table->slots[table->first_free];
	handle->fh = (uint64_t)slot->generation << 32 | (uint32_t)table->first_free;
	slot->handle = handle;
	table->first_free = slot->next_free;
	table->n_used++;
	return 0;
}

static void empty_slot(struct handle_table *table, uint32_t number)
{
	struct slot *slot = &table->slots[number];

	slot->handle = NULL;
	slot->generation++;
	if (!slot->generation)
		slot->generation = 1;
	slot->next_free = table->first_free;
	table->first_free = (int32_t)number;
	table->n_used--;
}

static struct handle *find(const struct handle_table *table, uint64_t fh, bool is_dir)
{
	uint32_t number = (uint32_t)fh;
	struct handle *handle = number < table->n_slots ? table->slots[number].handle : NULL;

	return handle && handle->fh == fh && handle->is_dir == is_dir ? handle : NULL;
}

static struct handle *find_of(const struct handle_table *table, uint64_t fh, uint64_t nodeid,
			      bool is_dir)
{
	struct handle *handle = find(table, fh, is_dir);

	return handle && handle->inode->nodeid == nodeid ? handle : NULL;
}

/* ---- Making and releasing -------------------------------------------------------------- */

/* One more open of an inode; refused if the inode is one that the guest has to look up anew. */
static int count_open(struct share *share, struct inode *inode)
{
	int err = 0;

	inode_lock(share, inode);
	if (S_ISREG(inode->type) && inode_is_retired(inode))
		err = -ESTALE;
	else
		inode->opens++;
	inode_unlock(share, inode);
	return err;
}

static void uncount_open(struct share *share, struct inode *inode)
{
	inode_lock(share, inode);
	inode->opens--;
	/* Whoever has nothing open holds no locks, whatever the guest forgot to say. */
	if (!inode->opens)
		locks_drop_inode(share->handles->locks, inode->nodeid);
	if (!inode->opens && S_ISREG(inode->type))
		verdict_closed(share, inode);
	inode_unlock(share, inode);
}

/* From here on the guest may release it at any moment: so its number is copied under the lock. */
static int insert(struct handle_table *table, struct handle *handle, uint64_t *fh)
{
	int err;

	pthread_mutex_lock(&table->lock);
	err = fill_slot(table, handle);
	if (!err)
		*fh = handle->fh;
	pthread_mutex_unlock(&table->lock);
	return err;
}

static struct handle *make(struct inode *inode, int fd, bool is_dir)
{
	struct handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return NULL;
	handle->inode = inode_ref(inode);
	handle->fd = fd;
	handle->other_fd = -1;
	handle->is_dir = is_dir;
	handle->refs = 1;
	pthread_mutex_init(&handle->lock, NULL);
	return handle;
}

void handle_drop_dir(struct share *share, struct handle *handle)
{
	if (handle->dir)
		atomic_fetch_sub(&share->dir_buffers, 1);
	free(handle->dir);
	handle->dir = NULL;
}

/* All but its descriptor. */
static void unmake(struct share *share, struct handle *handle)
{
	inode_put(share, handle->inode);
	pthread_mutex_destroy(&handle->lock);
	handle_drop_dir(share, handle);
	free(handle);
}

int handle_new(struct share *share, struct inode *inode, int fd, bool is_dir, uint64_t *fh)
{
	struct handle *handle = make(inode, fd, is_dir);
	int err;

	if (!handle)
		return -ENOMEM;
	if (share->settings->allow_direct_io && !is_dir)
		handle->is_direct = (fcntl(fd, F_GETFL) & O_DIRECT) != 0;
	err = count_open(share, inode);
	if (err)
		goto unmake;
	err = insert(share->handles, handle, fh);
	if (err) {
		uncount_open(share, inode);
		goto unmake;
	}
	return 0;
unmake:
	unmake(share, handle);
	return err;
}

void handle_put(struct share *share, struct handle *handle)
{
	if (__atomic_sub_fetch(&handle->refs, 1, __ATOMIC_ACQ_REL))
		return;
	close(handle->fd);
	if (handle->other_fd >= 0)
		close(handle->other_fd);
	unmake(share, handle);
}

int handle_fd(struct share *share, struct handle *handle, bool direct)
{
	int none = -1;
	int fd, flags;

	if (!share->settings->allow_direct_io || direct == handle->is_direct)
		return handle->fd;
	fd = __atomic_load_n(&handle->other_fd, __ATOMIC_ACQUIRE);
	if (fd >= 0)
		return fd;
	flags = fcntl(handle->fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_SYNC | O_DSYNC | O_NONBLOCK);
	fd = inode_open(share, handle->inode, flags | (direct ? O_DIRECT : 0) | O_CLOEXEC);
	if (fd < 0)
		return fd;
	/* Another thread may have been faster. */
	if (__atomic_compare_exchange_n(&handle->other_fd, &none, fd, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fd;
	close(fd);
	return none;
}

/* The guest's own reference, of a handle that is in no slot any more. */
static void give_up(struct share *share, struct handle *handle)
{
	/* Before its locks are dropped: none may be added after that. See locks.c. */
	__atomic_store_n(&handle->released, true, __ATOMIC_RELEASE);
	/* First, for the last one ends all that wait: else one could get what is dropped for it. */
	uncount_open(share, handle->inode);
	if (share->settings->posix_lock && !handle->is_dir)
		locks_drop_handle(share->handles->locks, handle->inode->nodeid, handle->fh);
	handle_put(share, handle);
}

bool handle_release(struct share *share, uint64_t fh, uint64_t nodeid, bool is_dir)
{
	struct handle_table *table = share->handles;
	struct handle *handle;

	pthread_mutex_lock(&table->lock);
	handle = find_of(table, fh, nodeid, is_dir);
	if (handle)
		empty_slot(table, (uint32_t)fh);
	pthread_mutex_unlock(&table->lock);
	if (!handle)
		return false;
	give_up(share, handle);
	return true;
}

void handle_table_reset(struct share *share, struct handle_table *table)
{
	/* First, since whoever waits for a lock has a reference to a handle. */
	lock_table_reset(table->locks);
	for (uint32_t i = 0;; i++) {
		struct handle *handle = NULL;

		pthread_mutex_lock(&table->lock);
		if (i >= table->n_slots) {
			pthread_mutex_unlock(&table->lock);
			return;
		}
		handle = table->slots[i].handle;
		if (handle)
			empty_slot(table, i);
		pthread_mutex_unlock(&table->lock);
		if (handle)
			give_up(share, handle);
	}
}

void handle_table_free(struct share *share, struct handle_table *table)
{
	if (!table)
		return;
	handle_table_reset(share, table);
	lock_table_free(table->locks);
	pthread_mutex_destroy(&table->lock);
	free(table->slots);
	free(table);
}

/* ---- Finding --------------------------------------------------------------------------- */

struct handle *handle_ref(struct handle *handle)
{
	__atomic_add_fetch(&handle->refs, 1, __ATOMIC_RELAXED);
	return handle;
}

struct handle *handle_get(struct share *share, uint64_t fh, const struct inode *inode, bool is_dir)
{
	struct handle_table *table = share->handles;
	struct handle *handle;

	if (inode)
		return handle_get_of(share, fh, inode->nodeid, is_dir);
	pthread_mutex_lock(&table->lock);
	handle = find(table, fh, is_dir);
	if (handle)
		handle_ref(handle);
	pthread_mutex_unlock(&table->lock);
	return handle;
}

struct handle *handle_get_of(struct share *share, uint64_t fh, uint64_t nodeid, bool is_dir)
{
	struct handle_table *table = share->handles;
	struct handle *handle;

	pthread_mutex_lock(&table->lock);
	handle = find_of(table, fh, nodeid, is_dir);
	if (handle)
		handle_ref(handle);
	pthread_mutex_unlock(&table->lock);
	return handle;
}
