/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vq.h - the driver's side of a split virtqueue in a guest's memory.
 *
 * Not thread-safe: one thread a queue. The rings themselves are public, for tests that put
 * nonsense into them.
 */
#ifndef FRONTEND_VQ_H
#define FRONTEND_VQ_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "guest.h"

/* A piece of guest memory, as one descriptor names it. */
struct vq_segment {
	uint64_t gpa;
	uint32_t len;
};

struct vq {
	struct guest *guest;
	unsigned num; /* descriptors, a power of two */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	void **tokens;		    /* by the head of a chain */
	struct vring_desc **tables; /* indirect tables by head, made when first needed */
	/*
	 * The descriptors that are free, and those of each chain, are linked here: those in the
	 * ring are the guest's memory, which the back-end can write to.
	 */
	uint16_t *next;
	uint16_t *lengths; /* of the chains, by head */
	uint16_t free_head;
	unsigned n_free;
	uint16_t avail_idx, used_idx;
	uint16_t kicked_idx; /* avail_idx when the back-end was last kicked */
	int kick, call;	     /* eventfds */
	bool event_idx, indirect;
};

/* Make the rings. 0 or -errno; vq_fini() after either. */
int vq_init(struct vq *vq, struct guest *guest, unsigned num);
void vq_fini(struct vq *vq);

/*
 * Offer a chain: what the device reads, then what it writes. The back-end sees it, but is not
 * kicked. token comes back from vq_take(), and must not be NULL.
 * -ENOSPC if there are too few descriptors.
 */
int vq_add(struct vq *vq, const struct vq_segment *out, unsigned n_out, const struct vq_segment *in,
	   unsigned n_in, void *token);

/* Kick the back-end, unless it said that it looks by itself. */
void vq_kick(struct vq *vq);

/*
 * The token of a chain that the device is done with, and how many bytes it says it wrote;
 * NULL if there is none. -EPROTO in *error for a chain that was never offered.
 */
void *vq_take(struct vq *vq, uint32_t *written, int *error);

/* Ask for a call before waiting. Returns false if something has come in meanwhile. */
bool vq_enable_call(struct vq *vq);

/* Take away what the call eventfd counted. */
void vq_clear_call(struct vq *vq);

#endif
