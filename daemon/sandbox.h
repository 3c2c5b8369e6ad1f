/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sandbox.h - what of the host stays in reach of the daemon once it serves a guest.
 *
 * In two stages, since some things must be made outside: sockets, the policy, the process that
 * serves whole-file mappings.
 *
 *  1. sandbox_begin(), first of all, while there is one thread: a user namespace if we are not
 *     root, and a PID namespace, whose first process goes on as the daemon. The process that
 *     was started stays outside, passes on signals, removes the sockets at the end, and ends
 *     as the daemon ended.
 *  2. sandbox_enter(), when all outside has been opened: new mount and network namespaces, and
 *     the shared folder becomes the root of the file system (pivot_root), so that no path and
 *     no symbolic link leads out of it. With --sandbox=chroot only the root is changed.
 *
 * Threads that were started between the two, and called thread_begin(), stay outside: the
 * one that reloads policies.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

struct settings;

/*
 * Stage 1. Returns in the process that is to be the daemon; in the one that stays outside, it
 * does not return. 0 or -errno (said on the log).
 */
int sandbox_begin(const struct settings *settings);

/*
 * Stage 2. root_fd: set to the shared folder, proc_fd to /proc/self/fd, both O_PATH.
 * 0 or -errno (said on the log).
 */
int sandbox_enter(const struct settings *settings, int *root_fd, int *proc_fd);

#endif
