/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inflight.h - which chains of a queue were taken and not given back, in memory that outlives the
 * daemon: the front-end keeps it, and gives it to the next daemon. That one serves them again, so
 * that no process of the guest waits for ever for an answer that the first daemon owed.
 *
 * The layout is that of the vhost-user specification for split virtqueues. The front-end may
 * scribble on it: what is read is checked like the guest's.
 */
#ifndef DAEMON_INFLIGHT_H
#define DAEMON_INFLIGHT_H

#include <stdint.h>

struct guest_memory;

struct inflight_desc {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;	  /* given back before this one */
	uint64_t counter; /* in which order they were taken */
};

struct inflight_queue {
	uint64_t features;
	uint16_t version; /* 0: not used yet */
	uint16_t desc_num;
	uint16_t last_batch_head; /* given back last */
	uint16_t used_idx;	  /* of the used ring, when all that was given back is noted here */
	struct inflight_desc descs[];
};

/* Bytes for so many queues. */
uint64_t inflight_size(unsigned int n_queues, unsigned int queue_size);

/* New memory, and a descriptor of it, which can't be cut. 0 or -errno. */
int inflight_new(unsigned int n_queues, unsigned int queue_size, struct guest_memory **memory,
		 int *fd);

/* What the front-end kept: fd is borrowed. 0, -EINVAL if it is too short, or -errno. */
int inflight_open(int fd, uint64_t offset, uint64_t size, unsigned int n_queues,
		  unsigned int queue_size, struct guest_memory **memory);

/* A queue's part of it. */
struct inflight_queue *inflight_queue(struct guest_memory *memory, unsigned int index,
				      unsigned int queue_size);

#endif
