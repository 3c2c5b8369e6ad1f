/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sandbox.h - what of the host stays in reach of the daemon once it serves a guest.
 *
 * The stages, in the order in which main.c goes through them; each file tells why:
 *
 *  1. policy_reader.h, view.h: processes are forked that do what takes something outside, each
 *     with the least for it (helper.h). Policy, window and sockets are there before the sandbox.
 *  2. outside.h: a child goes on as the daemon, in a user namespace if we are not root (ids.h)
 *     and in a PID namespace; the process that was started stays outside.
 *  3. sandbox_enter(): new mount, network, IPC, UTS and cgroup namespaces, and the shared folder
 *     becomes the root of the file system (pivot_root). With --sandbox=chroot only the root is
 *     changed.
 *  4. privileges.h: capabilities are given up but for a few, and nothing can give new ones.
 *  5. filter.h: no system calls but those that are made.
 *
 * Only then are there threads, and a front-end is waited for.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

struct settings;

/*
 * Stage 3. root_fd: set to the shared folder, proc_fd to /proc/self/fd, both O_PATH.
 * 0 or -errno (said on the log).
 */
int sandbox_enter(const struct settings *settings, int *root_fd, int *proc_fd);

#endif
