/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.h - a thread that serves requests, and what it has served: counted by each for
 * itself, so that counting costs nothing, and added up when somebody asks.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct share;

/* Opcodes from 0; what is beyond counts as 0, which is none. */
enum { WORKER_OPCODES = 64 };

/* Kinds of errors: those of worker_error_name(), and 0: all others. */
enum { WORKER_ERRORS = 24 };

struct worker {
	struct worker *next;
	unsigned int number;
	/* Written by the thread alone. */
	atomic_uint_least64_t requests[WORKER_OPCODES];
	atomic_uint_least64_t looks, finds; /* see polling.h; and those that found a request */
	atomic_uint_least64_t read_bytes, written_bytes; /* of files, by READ and WRITE */
	/* By whoever answers: a request that had to wait for a lock is answered by another thread. */
	atomic_uint_least64_t errors[WORKER_OPCODES][WORKER_ERRORS];
};

/* The sums of all workers. */
struct worker_sums {
	uint64_t requests[WORKER_OPCODES];
	uint64_t errors[WORKER_OPCODES][WORKER_ERRORS];
	uint64_t looks, finds, read_bytes, written_bytes;
};

/*
 * The worker with a number: it outlives its thread, so that another one goes on counting. Lives
 * as long as the share. NULL: there is no memory; its requests are not counted then.
 */
struct worker *worker_get(struct share *share, unsigned int number);

/* One writer: there is nothing to lock. */
static inline void worker_add(atomic_uint_least64_t *count, uint64_t n)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Count a request. NULL is fine. */
static inline void worker_count(struct worker *worker, uint32_t opcode)
{
	if (worker)
		worker_add(&worker->requests[opcode < WORKER_OPCODES ? opcode : 0], 1);
}

/* Count a look at a queue that was empty. NULL is fine. */
static inline void worker_count_look(struct worker *worker, bool found)
{
	if (!worker)
		return;
	worker_add(&worker->looks, 1);
	worker_add(&worker->finds, found);
}

/* Count what was read or written of files. NULL is fine. */
static inline void worker_count_read(struct worker *worker, uint64_t bytes)
{
	if (worker)
		worker_add(&worker->read_bytes, bytes);
}

static inline void worker_count_written(struct worker *worker, uint64_t bytes)
{
	if (worker)
		worker_add(&worker->written_bytes, bytes);
}

/* Count an answer that is an error (-errno). For any thread. NULL is fine. */
void worker_count_error(struct worker *worker, uint32_t opcode, int err);

/* The errno's name, such as "EIO"; "other" for 0. A static string. */
const char *worker_error_name(unsigned int kind);

/* What all workers have counted so far. */
void worker_sum(struct share *share, struct worker_sums *sums);

void workers_free(struct share *share);

#endif
