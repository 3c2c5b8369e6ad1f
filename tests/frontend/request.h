/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h - a buffer pair in guest memory, and its trip through a queue: what the device
 * reads, and what it writes. Knows no FUSE; used again and again.
 */
#ifndef FRONTEND_REQUEST_H
#define FRONTEND_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frontend.h"

#define REQUEST_MAX_SEGMENTS 600

struct request {
	struct frontend *fe;
	char *in, *out;		  /* in guest memory: read by the device, written by it */
	size_t in_cap, out_cap;	  /* of the buffers */
	size_t in_len, out_len;	  /* of them, how much is offered */
	size_t in_head, out_head; /* the first descriptor's share; 0: no cut there */
	size_t segment;		  /* behind that, how much one descriptor covers */
	uint32_t written;	  /* what the device says it wrote */
	bool done;
	void *owner; /* whatever its user likes */
};

/* Buffers of at least these sizes, page aligned. NULL if the guest has no memory left. */
struct request *request_new(struct frontend *fe, size_t in_cap, size_t out_cap);
void request_free(struct request *request);

/* Offer in[0..in_len) and out[0..out_len) on a queue, without a kick. 0 or -errno. */
int request_add(struct request *request, struct vq *vq);

/*
 * Kick, and wait until the request is done; others of the same queue that finish meanwhile are
 * marked done too. -ETIMEDOUT, -ECONNRESET if the back-end hung up, -EPROTO for a used ring
 * that makes no sense.
 */
int request_wait(struct request *request, struct vq *vq);

/* Whether it is done now, without waiting. */
bool request_poll(struct request *request, struct vq *vq);

#endif
