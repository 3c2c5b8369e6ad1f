/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost_socket.h - whole vhost-user messages over a socket, with their descriptors. */
#ifndef DAEMON_VHOST_SOCKET_H
#define DAEMON_VHOST_SOCKET_H

#include "vhost_proto.h"

struct vhost_message {
	struct vhost_header header;
	union vhost_payload payload;
	int fds[VHOST_MAX_FDS]; /* those that are not taken (set to -1) are closed at the end */
	unsigned int n_fds;
};

/*
 * Receive one. 0; -ECONNRESET if the other side has gone; -EPROTO for what is no message: too
 * long a payload, another version, too many descriptors; -ECANCELED if stop_fd (-1: none) is
 * readable while there is nothing to receive. After an error nothing is left in *message to close.
 */
int vhost_receive(int socket, int stop_fd, struct vhost_message *message);

/*
 * Send one, with at most one descriptor (-1: none). If the other side does not read, it is waited
 * for: until stop_fd (-1: none) is readable (-ECANCELED), or for so long (-1: for ever;
 * -ETIMEDOUT). 0 or -errno; after the two errors named, nothing of it has been sent.
 */
int vhost_send(int socket, int stop_fd, int timeout_ms, const struct vhost_header *header,
	       const void *payload, int fd);

/* Close the descriptors that came with it and were not taken. */
void vhost_message_close(struct vhost_message *message);

/* Take descriptor i out of a message; -1 if there is none. */
int vhost_message_take(struct vhost_message *message, unsigned int i);

#endif
