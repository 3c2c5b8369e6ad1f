/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtq.h - a split virtqueue, as the device sees it: takes chains of descriptors from the
 * guest's memory, and gives them back. No threads and no descriptors of files here.
 *
 * All of the ring is the guest's to scribble on, at any time. Each field is read once; an index
 * or an address is checked before it is used; a chain that loops, or is longer than a ring may
 * have, ends the use of the queue.
 */
#ifndef DAEMON_VIRTQ_H
#define DAEMON_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct guest_memory;
struct inflight_queue;
struct vring_desc;
struct vring_avail;
struct vring_used;

enum {
	VIRTQ_SIZE_MAX = 32768,
	/* Buffers of one chain: 1 MiB in pages, with room for headers, and the most of a ring. */
	CHAIN_MAX = 1024,
};

struct virtq {
	uint32_t size; /* a power of two */
	bool event_idx;
	uint16_t last_avail; /* the next entry to take */
	uint16_t used;	     /* the next entry to give back */
	uint16_t notified;   /* `used` when the guest was last told */

	/* Addresses of the front-end, and where that is here: NULL where it is nowhere. */
	uint64_t desc_user, avail_user, used_user;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used_ring;

	struct inflight_queue *inflight; /* see inflight.h; NULL: none */
	uint32_t inflight_size;		 /* descriptors that it has room for */
	uint64_t taken;			 /* counts chains, for it */
	uint16_t *again;		 /* owned: heads that another daemon had taken, in order */
	uint32_t n_again, next_again;
};

/* One request: first the buffers that the guest filled, then those that it wants filled. */
struct chain {
	uint16_t head;
	uint32_t n_in, n_out;
	uint64_t in_size, out_size; /* bytes */
	struct iovec iov[CHAIN_MAX];
};

/* Find the ring in memory. false: not all of it is there; the queue can't be used. */
bool virtq_locate(struct virtq *vq, const struct guest_memory *memory);

/*
 * Before the first use of a ring that was located: go on where its used entries end, with what
 * another daemon took and did not give back. 0 or -ENOMEM.
 */
int virtq_begin(struct virtq *vq);

/* Release what it owns. */
void virtq_end(struct virtq *vq);

/* Take the next chain. 1: there is one; 0: none; -EPROTO: the guest broke the queue. */
int virtq_take(struct virtq *vq, const struct guest_memory *memory, struct chain *chain);

/* Give a chain back, with `len` bytes written to it. */
void virtq_give(struct virtq *vq, uint32_t head, uint32_t len);

/* Whether the guest wants to be told of what was given back since it was told last. */
bool virtq_wants_call(struct virtq *vq);

/* Ask to be told of new chains, or not. After asking, look once more before going to sleep. */
void virtq_want_kicks(struct virtq *vq, bool want);

/* Whether there are chains to take. */
bool virtq_has_more(const struct virtq *vq);

#endif
