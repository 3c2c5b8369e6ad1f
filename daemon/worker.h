/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.h - a thread that serves requests, and what it has served: counted by each for
 * itself, so that counting costs nothing, and added up when somebody asks.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdatomic.h>
#include <stdint.h>

struct share;

/* Opcodes from 0; what is beyond counts as 0, which is none. */
enum { WORKER_OPCODES = 64 };

struct worker {
	struct worker *next;
	unsigned int number;
	atomic_uint_least64_t requests[WORKER_OPCODES]; /* written by the thread alone */
};

/*
 * The worker with a number: it outlives its thread, so that another one goes on counting. Lives
 * as long as the share. NULL: there is no memory; its requests are not counted then.
 */
struct worker *worker_get(struct share *share, unsigned int number);

/* Count a request. NULL is fine. */
static inline void worker_count(struct worker *worker, uint32_t opcode)
{
	atomic_uint_least64_t *count;

	if (!worker)
		return;
	count = &worker->requests[opcode < WORKER_OPCODES ? opcode : 0];
	/* One writer: there is nothing to lock. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Requests of all workers, by opcode. */
void worker_sum(struct share *share, uint64_t sums[WORKER_OPCODES]);

void workers_free(struct share *share);

#endif
