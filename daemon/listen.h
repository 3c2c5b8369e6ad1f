/* SPDX-License-Identifier: BSD-3-Clause */
/* listen.h - the socket on which front-ends connect, and sockets that listen at a path. */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

struct settings;

/*
 * A socket at a path. One that nobody listens on any more is replaced. group: who may connect
 * beside the owner, or NULL; waiting: how many may wait to be accepted. The descriptor, or
 * -errno: -EADDRINUSE (something else is there, or somebody listens there), and others.
 */
int listen_on_path(const char *path, const char *group, int waiting);

/* What to do about an error of listen_on_path(), to stand behind it; may be empty. */
const char *listen_hint(int err);

/*
 * Make the listening socket that the settings ask for. A socket file that nobody listens on
 * any more is replaced; anything else that is there is left alone. Says on the log what is
 * wrong. The descriptor, or -errno.
 */
int listen_open(const struct settings *settings);

/*
 * The listening socket that the service manager has handed over, as sd_listen_fds(3) has it; -1:
 * none; -EINVAL: several.
 */
int listen_passed(void);

/*
 * Once the daemon is the process that it will be: a front-end that asks the kernel whom it talks
 * to is told who listened last. 0 or -errno.
 */
int listen_again(int listener, const struct settings *settings);

/* Wait for a front-end. Its socket; -ECANCELED if stop_fd became readable; -errno. */
int listen_accept(int listener, int stop_fd);

/* Close it, and remove the socket file if no process outside the sandbox does that. */
void listen_close(int listener, const struct settings *settings);

#endif
