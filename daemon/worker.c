/* SPDX-License-Identifier: BSD-3-Clause */
/* worker.c - see worker.h. */
#include "worker.h"

#include <stdlib.h>

#include "share.h"

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

void worker_sum(struct share *share, uint64_t sums[WORKER_OPCODES])
{
	for (int i = 0; i < WORKER_OPCODES; i++)
		sums[i] = 0;
	for (struct worker *worker = atomic_load(&share->workers); worker; worker = worker->next) {
		for (int i = 0; i < WORKER_OPCODES; i++)
			sums[i] += atomic_load_explicit(&worker->requests[i], memory_order_relaxed);
	}
}

void worker_sum_looks(struct share *share, uint64_t *looks, uint64_t *finds)
{
	*looks = *finds = 0;
	for (struct worker *worker = atomic_load(&share->workers); worker; worker = worker->next) {
		*looks += atomic_load_explicit(&worker->looks, memory_order_relaxed);
		*finds += atomic_load_explicit(&worker->finds, memory_order_relaxed);
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
