/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guard.h - tells when the host changes a file that the guest has mapped: by inotify, and a
 * thread that waits for it. Changes through mappings are not seen, and need not be.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

struct guard;

/* In place of a number: more happened than could be noted, so any file may have changed. */
enum { GUARD_ALL = 0 };

/* Calls changed() on a thread of its own. 0 or -errno. */
int guard_start(void (*changed)(void *data, int watch), void *data, struct guard **guard);

/* No call is under way after that. NULL is fine. */
void guard_stop(struct guard *guard);

/*
 * Watch an open file. proc_fd: /proc/self/fd, which becomes the calling thread's working
 * directory: inotify takes paths only. Returns a number, the same for the same file, or -errno.
 */
int guard_watch(struct guard *guard, int proc_fd, int fd);
void guard_unwatch(struct guard *guard, int watch);

#endif
