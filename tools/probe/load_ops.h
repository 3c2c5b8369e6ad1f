/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load_ops.h - what load can ask for: how each kind of request is made, and what its answer
 * counts.
 */
#ifndef PROBE_LOAD_OPS_H
#define PROBE_LOAD_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"

struct load_op;

/* The files that are asked about, and what is common to all requests. */
struct load_files {
	uint64_t folder;  /* nodeid */
	unsigned n;	  /* small ones, of names f0, f1, ... */
	uint64_t *nodes;  /* their nodeids */
	uint64_t big, fh; /* nodeid and handle of one with LOAD_BIG bytes */
};

#define LOAD_BIG (64ull << 20)

/* A place for one request at a time. */
struct load_slot {
	struct request *request;
	struct vq *vq;	  /* where the next one goes */
	struct vq *queue; /* its own request queue */
	uint64_t started; /* ns */
	uint64_t next;	  /* which file, or which offset */
	uint64_t nodeid, fh;
	bool second; /* in the second half of an operation of two */
};

struct load_op {
	const char *name;
	uint32_t size; /* of data, for reads and writes */
	uint32_t opcode;
	/* Write the request into the slot. */
	void (*prepare)(const struct load_op *op, struct client *client,
			const struct load_files *files, struct load_slot *slot);
	/* How many operations the answer counts for; negative for an error. */
	int (*complete)(const struct load_op *op, const struct load_files *files,
			struct load_slot *slot);
};

/* NULL if there is none. */
const struct load_op *load_op_find(const char *name);

/* Make the slot ready to begin. 0 or -errno. */
int load_slot_init(const struct load_op *op, struct client *client, const struct load_files *files,
		   struct load_slot *slot, unsigned index, unsigned segment);

#endif
