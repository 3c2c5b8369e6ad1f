/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.h - locks that the guest's processes hold on the host's files, and requests that wait
 * for one.
 *
 * POSIX locks belong to a process, of which the daemon has only one for the whole guest. So each
 * lock owner of the guest gets, for each file, an open file description of its own, which can
 * own locks too (F_OFD_SETLK). The locks of flock(2) belong to the open file of the guest, and
 * that has a description of its own already: the handle's.
 *
 * Requests that wait do so in a list, not each in a thread, so that a guest that blocks a
 * thousand of them takes nothing but memory, and so that a request can be given up without
 * interrupting a thread in a system call. One thread tries them: at once when the guest unlocks
 * something, and else every now and then, for locks that others on the host hold.
 */
#ifndef DAEMON_LOCKS_H
#define DAEMON_LOCKS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct handle;
struct lock_table;
struct request;
struct share;

int lock_table_new(struct lock_table **table);
void lock_table_free(struct lock_table *table);

/* Let go of all, and answer those who wait: the guest's session has ended. */
void lock_table_reset(struct lock_table *table);

/* Answer those who wait, and return when that is done: the transport goes away. */
void lock_table_end_waits(struct lock_table *table);

/* ---- POSIX locks: lock->l_type, l_start and l_len count from the start of the file -------- */

/*
 * What would be in the way (l_type F_UNLCK: nothing), and the guest's process that it belongs to
 * (0: not the guest's). 0 or -errno.
 */
int locks_get(struct share *share, const struct handle *handle, uint64_t owner, struct flock *lock,
	      uint32_t *pid);

/* Without waiting, for a process of the guest. 0, -EAGAIN, -ENOLCK or what fcntl(2) may say. */
int locks_set(struct share *share, const struct handle *handle, uint64_t owner,
	      const struct flock *lock, uint32_t pid);

/* ---- flock(2) -------------------------------------------------------------------------------- */

/* mode: LOCK_SH, LOCK_EX or LOCK_UN; without waiting. 0, -EAGAIN, -errno. */
int locks_flock(struct share *share, const struct handle *handle, int mode);

/* ---- Waiting ----------------------------------------------------------------------------------- */

/*
 * Wait for a lock that was just refused with -EAGAIN, and then answer the request, of which a
 * copy is made. 0: it will be answered, or was already; -ENOLCK, -ENOMEM, -EAGAIN,
 * -EDEADLK (whoever is in the way waits for this owner): it will not.
 * Takes a reference to the handle.
 */
int locks_wait(struct request *request, struct handle *handle, uint64_t owner,
	       const struct flock *lock);
int locks_wait_flock(struct request *request, struct handle *handle, int mode);

/*
 * FUSE_INTERRUPT of the request with this unique: if it waits it is answered EINTR; and if it has
 * not come yet, for threads overtake each other, it will be when it does.
 */
void locks_interrupt(struct lock_table *table, uint64_t unique);

/*
 * A transport (request->transport) can't take answers any more after this: its requests that wait
 * are answered EINTR now. It sends no others meanwhile. false: another thread has not made an
 * answer of its own for so long, which may be one of this transport's: call it again.
 */
bool locks_give_up(struct lock_table *table, const void *transport, unsigned int ms);

/* ---- Letting go ---------------------------------------------------------------------------------- */

/* A process has closed a descriptor of the file: with that it loses all its locks on it. */
void locks_drop_owner(struct lock_table *table, uint64_t nodeid, uint64_t owner);

/*
 * An open file is closed by all, and with it go the locks that are its own (F_OFD_SETLK). Those of
 * processes, as which they look, have gone by then: locks_drop_owner() was called.
 */
void locks_drop_handle(struct lock_table *table, uint64_t nodeid, uint64_t fh);

/* Nobody in the guest has the file open any more. */
void locks_drop_inode(struct lock_table *table, uint64_t nodeid);

/* Some lock may have gone: try those who wait. */
void locks_changed(struct lock_table *table);

#endif
