/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_lock.c - locks between processes, without waiting. With it: calls_wait.c. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "truth.h"

struct flock lock_of(const int64_t *arg)
{
	return (struct flock){
		.l_type = (short)arg[2],
		.l_whence = SEEK_SET,
		.l_start = arg[3],
		.l_len = arg[4],
	};
}

static void do_lock(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct flock lock = lock_of(arg);

	say_result(out, fcntl(slot_fd(actor, arg[0]), arg[1] ? F_OFD_SETLK : F_SETLK, &lock));
}

/* A pid as the number of the process it means: that is the same in both trees. */
static int process_of(const struct actor *actor, pid_t pid)
{
	for (int i = 0; i < N_PROCESSES; i++) {
		if (actor->pids[i] == pid)
			return i;
	}
	return pid < 0 ? -1 : 1000;
}

static void do_getlock(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct flock lock = lock_of(arg);
	struct stat st;

	if (!fstat(slot_fd(actor, arg[0]), &st))
		actor->waits[actor->number].asked = st.st_ino;
	if (say_result(out, fcntl(slot_fd(actor, arg[0]), arg[1] ? F_OFD_GETLK : F_GETLK, &lock)))
		return;
	say(out, " type %d", lock.l_type);
	if (lock.l_type != F_UNLCK)
		say(out, " from %lld for %lld by process %d", (long long)lock.l_start,
		    (long long)lock.l_len, process_of(actor, lock.l_pid));
}

static void do_flock(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_result(out, flock(slot_fd(actor, arg[0]), (int)arg[1] | LOCK_NB));
}

const struct call LOCK_CALLS[] = {
	{"lock", 12, do_lock, {SLOT, LOCK_KIND, LOCK_TYPE, OFFSET, LENGTH}},
	{"getlock", 8, do_getlock, {SLOT, LOCK_KIND, LOCK_TYPE, OFFSET, LENGTH}},
	{"flock", 6, do_flock, {SLOT, FLOCK_MODE}},
};
const unsigned int N_LOCK_CALLS = sizeof(LOCK_CALLS) / sizeof(*LOCK_CALLS);
