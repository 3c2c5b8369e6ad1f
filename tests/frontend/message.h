/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message.h - one vhost-user message to or from a socket, with its file descriptors.
 */
#ifndef FRONTEND_MESSAGE_H
#define FRONTEND_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "vhost.h"

/* A message as received. fds belong to the receiver: message_close_fds(). */
struct message {
	struct vhost_header header;
	union {
		uint8_t bytes[VHOST_MAX_PAYLOAD];
		uint64_t u64;
		struct vhost_vring_state vring;
		struct vhost_config config;
		struct vhost_shmem_config shmem;
		struct vhost_mmap map;
		struct vhost_inflight inflight;
	} payload;
	int fds[VHOST_MAX_FDS];
	unsigned n_fds;
};

/* Send header and payload whole, fds with the first byte. 0 or -errno. */
int message_send(int sock, const struct vhost_header *header, const void *payload, const int *fds,
		 unsigned n_fds);

/*
 * Receive one whole message. -ECONNRESET if the peer is gone, -ETIMEDOUT after the socket's
 * receive timeout, -EPROTO for one that is longer than any message can be.
 */
int message_recv(int sock, struct message *message);

void message_close_fds(struct message *message);

#endif
