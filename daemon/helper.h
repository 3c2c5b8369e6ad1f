/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper.h - what the daemon's small processes have in common: they are forked while there is
 * one thread, keep one socket to the daemon and little else, and end when it is closed.
 *
 * The order in the child: helper_begin(), then what takes privilege (helper_leave_network(),
 * helper_leave_files()), then privileges_drop(), then helper_finish().
 */
#ifndef DAEMON_HELPER_H
#define DAEMON_HELPER_H

#include <stddef.h>
#include <sys/types.h>

#include "filter.h"

struct settings;

/* fork(2), with sockets[0] for the daemon and [1] for the child. Messages keep their borders. */
pid_t helper_fork(int sockets[2]);

/*
 * In the child: name it, and close all descriptors but the n in fds, which get new numbers,
 * and standard error. 0 or -errno.
 */
int helper_begin(const char *name, int fds[], int n);

/* Close all descriptors but standard ones and the n in fds, which get new numbers. 0 or -errno. */
int helper_keep_only(int fds[], int n);

/* Network, IPC and host name become others; it is no error if that takes more privilege. */
int helper_leave_network(void);

/* The root directory becomes an empty one, where nothing can be made either. 0 or -errno. */
int helper_leave_files(void);

/* The system calls of the process from here on; and its end, when the daemon's first process ends. */
int helper_finish(enum filter_kind kind, const struct settings *settings);

/* A message with a descriptor, if fd is not -1. 0 or -errno. */
int helper_send(int socket, const void *message, size_t size, int fd);

/* A message of that very size. *fd: -1 if none came. -EIO: none came, or another. */
int helper_receive(int socket, void *message, size_t size, int *fd);

#endif
