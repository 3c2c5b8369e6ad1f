/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sample.c - see sample.h.
 */
#include "sample.h"

#include <stdlib.h>

#include "fnv.h"

#define HASH_BITS 53

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void sample_settle(struct sample *sample)
{
	size_t n = 0;

	qsort(sample->hashes, sample->n, sizeof(*sample->hashes), compare);
	for (size_t i = 0; i < sample->n && n < SAMPLE_SIZE; i++) {
		if (n == 0 || sample->hashes[i] != sample->hashes[n - 1])
			sample->hashes[n++] = sample->hashes[i];
	}
	sample->n = n;
	sample->limit = n == SAMPLE_SIZE ? sample->hashes[n - 1] : 0;
}

void sample_hash(struct sample *sample, uint64_t hash)
{
	if (sample->limit && hash >= sample->limit)
		return;
	if (sample->n == 2 * SAMPLE_SIZE)
		sample_settle(sample);
	sample->hashes[sample->n++] = hash;
}

void sample_name(struct sample *sample, const char *folder, const char *name)
{
	uint64_t hash = fnv_text(fnv_text(FNV_START, folder), name);

	/* Which are the least must depend on every byte. */
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ull;
	sample_hash(sample, (hash ^ hash >> 32) >> (64 - HASH_BITS));
}

void sample_merge(struct sample *to, const struct sample *from)
{
	for (size_t i = 0; i < from->n; i++)
		sample_hash(to, from->hashes[i]);
}

size_t sample_common(const struct sample *a, const struct sample *b)
{
	size_t common = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		common += a->hashes[i] == b->hashes[j];
		if (a->hashes[i] < b->hashes[j])
			i++;
		else
			j++;
	}
	return common;
}
