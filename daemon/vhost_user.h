/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_user.h - the virtiofs device, as a front-end sees it over the vhost-user socket: one
 * connection, its memory and its queues.
 */
#ifndef DAEMON_VHOST_USER_H
#define DAEMON_VHOST_USER_H

struct share;

/*
 * Serve one front-end, until it goes (0), sends what it must not (-EPROTO), or stop_fd
 * becomes readable (-ECANCELED). Closes the socket.
 */
int vhost_user_serve(struct share *share, int socket, int stop_fd);

#endif
