/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_wait.c - locks that are waited for: by a thread of the actor, which goes on meanwhile. What
 * came of it is told once that is sure; see tree_settle().
 *
 * Who of two gets a lock that both wait for is chance. So nobody waits for what another waits for
 * already.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"

static struct waiting {
	pthread_t thread;
	bool started;
	int fd, command; /* of fcntl(), or LOCK_... if `is_flock` */
	bool is_flock;
	struct flock lock;
	struct wait *shared;
} WAITING;

static void on_signal(int number)
{
	(void)number;
}

static void *wait_for_lock(void *data)
{
	struct waiting *waiting = data;
	struct wait *shared = waiting->shared;
	long result;

	__atomic_store_n(&shared->tid, gettid(), __ATOMIC_SEQ_CST);
	result = waiting->is_flock ? flock(waiting->fd, waiting->command)
				   : fcntl(waiting->fd, waiting->command, &waiting->lock);
	shared->error = result ? errno : 0;
	__atomic_store_n(&shared->state, WAIT_OVER, __ATOMIC_SEQ_CST);
	return NULL;
}

static int64_t end_of(const struct flock *lock)
{
	int64_t end;

	if (!lock->l_len || __builtin_add_overflow(lock->l_start, lock->l_len - 1, &end))
		return INT64_MAX;
	return end;
}

static bool is_in_way(const struct wait *a, const struct wait *b)
{
	if (a->ino != b->ino)
		return false;
	return !a->of_process || !b->of_process || (a->start <= b->end && b->start <= a->end);
}

static bool may_wait(const struct actor *actor, const struct wait *wait, struct text *out)
{
	for (int i = 0; i < N_ACTORS; i++) {
		const struct wait *other = &actor->waits[i];

		if (other->state == WAIT_NONE || (i != actor->number && !is_in_way(other, wait)))
			continue;
		say(out, "left out: %s waits already", i == actor->number ? "it" : "another");
		return false;
	}
	return true;
}

static void start(struct actor *actor, const struct waiting *asked, struct text *out)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct wait *shared = &actor->waits[actor->number];
	struct wait wait = {
		.state = WAIT_ON,
		.of_process = !asked->is_flock && asked->command == F_SETLKW,
		.writes = asked->lock.l_type == F_WRLCK,
		.start = asked->lock.l_start,
		.end = end_of(&asked->lock),
		.asked = shared->asked,
	};
	struct stat st;

	if (!fstat(asked->fd, &st))
		wait.ino = st.st_ino;
	if (!may_wait(actor, &wait, out))
		return;
	if (WAITING.started)
		pthread_join(WAITING.thread, NULL);
	sigaction(SIGUSR1, &action, NULL);
	*shared = wait;
	WAITING = *asked;
	WAITING.shared = shared;
	WAITING.started = !pthread_create(&WAITING.thread, NULL, wait_for_lock, &WAITING);
	if (!WAITING.started)
		shared->state = WAIT_NONE;
	say(out, WAITING.started ? "asked" : "no thread");
}

static void do_lockw(struct actor *actor, const int64_t *arg, struct text *out)
{
	const struct waiting asked = {
		.fd = slot_fd(actor, arg[0]),
		.command = arg[1] ? F_OFD_SETLKW : F_SETLKW,
		.lock = lock_of(arg),
	};

	start(actor, &asked, out);
}

static void do_flockw(struct actor *actor, const int64_t *arg, struct text *out)
{
	const struct waiting asked = {
		.fd = slot_fd(actor, arg[0]),
		.command = (int)arg[1],
		.is_flock = true,
	};

	start(actor, &asked, out);
}

/* A signal for who waits. */
static void do_unwait(struct actor *actor, const int64_t *arg, struct text *out)
{
	(void)arg;
	if (actor->waits[actor->number].state == WAIT_NONE)
		say(out, "does not wait");
	else
		say_result(out, pthread_kill(WAITING.thread, SIGUSR1));
}

const struct call WAIT_CALLS[] = {
	{"lockw", 8, do_lockw, {SLOT, LOCK_KIND, LOCK_TYPE, OFFSET, LENGTH}},
	{"flockw", 4, do_flockw, {SLOT, FLOCK_MODE}},
	{"unwait", 4, do_unwait, {NONE}},
};
const unsigned int N_WAIT_CALLS = sizeof(WAIT_CALLS) / sizeof(*WAIT_CALLS);
