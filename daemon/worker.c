/* SPDX-License-Identifier: BSD-3-Clause */
/* worker.c - see worker.h. */
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"

/* Those that tell somebody something; see worker_error_name(). */
static const int kinds[WORKER_ERRORS] = {
	0,	EPERM,	EACCES, ENOENT,	  EEXIST, ENOTEMPTY, EROFS,	 ENODATA,
	ENOSYS, EINVAL, EBADF,	ESTALE,	  EIO,	  ENOSPC,    EDQUOT,	 ENOMEM,
	EMFILE, ENFILE, EAGAIN, ENOTCONN, EINTR,  ETXTBSY,   EOPNOTSUPP, ERANGE,
};

/* The list only grows at its head, so that it can be read at any time. */
struct worker *worker_get(struct share *share, unsigned int number)
{
	struct worker *worker = atomic_load(&share->workers);

	while (worker && worker->number != number)
		worker = worker->next;
	if (worker)
		return worker;
	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return NULL;
	worker->number = number;
	worker->next = atomic_load(&share->workers);
	while (!atomic_compare_exchange_weak(&share->workers, &worker->next, worker))
		;
	return worker;
}

void worker_count_error(struct worker *worker, uint32_t opcode, int err)
{
	unsigned int kind = WORKER_ERRORS - 1;

	if (!worker)
		return;
	while (kind && kinds[kind] != -err)
		kind--;
	atomic_fetch_add_explicit(&worker->errors[opcode < WORKER_OPCODES ? opcode : 0][kind], 1,
				  memory_order_relaxed);
}

const char *worker_error_name(unsigned int kind)
{
	return kind && kind < WORKER_ERRORS ? strerrorname_np(kinds[kind]) : "other";
}

static void add(uint64_t *sums, const atomic_uint_least64_t *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sums[i] += atomic_load_explicit(&counts[i], memory_order_relaxed);
}

void worker_sum(struct share *share, struct worker_sums *sums)
{
	*sums = (struct worker_sums){0};
	for (struct worker *worker = atomic_load(&share->workers); worker; worker = worker->next) {
		add(sums->requests, worker->requests, WORKER_OPCODES);
		for (unsigned int i = 0; i < WORKER_OPCODES; i++)
			add(sums->errors[i], worker->errors[i], WORKER_ERRORS);
		add(&sums->looks, &worker->looks, 1);
		add(&sums->finds, &worker->finds, 1);
		add(&sums->read_bytes, &worker->read_bytes, 1);
		add(&sums->written_bytes, &worker->written_bytes, 1);
	}
}

void workers_free(struct share *share)
{
	struct worker *worker = atomic_load(&share->workers);

	while (worker) {
		struct worker *next = worker->next;

		free(worker);
		worker = next;
	}
	atomic_store(&share->workers, NULL);
}
