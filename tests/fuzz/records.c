/* SPDX-License-Identifier: BSD-3-Clause */
/* records.c - see records.h. */
#include "records.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Bytes that are small numbers more often than not: most fields choose from a few. */
static void fill_record(uint8_t *record, size_t size, uint32_t *random)
{
	for (size_t i = 0; i < size; i++) {
		uint32_t r = next_random(random);

		record[i] = r % 4 == 0 ? 0 : r % 4 == 1 ? (uint8_t)(r >> 8) : (r >> 8) % 16;
	}
}

/* Change bytes of one record, of which the first one or two say what it is. */
static void change_record(uint8_t *record, size_t size, uint32_t *random)
{
	uint32_t r = next_random(random);
	size_t at = next_random(random) % size;

	switch (r % 4) {
	case 0: record[at] = (uint8_t)next_random(random); break;
	case 1: record[at] = next_random(random) % 16; break;
	case 2: record[at] = (uint8_t)(record[at] + (next_random(random) % 2 ? 1 : -1)); break;
	default: LLVMFuzzerMutate(record + at, size - at, size - at); break;
	}
}

/* One of: a new record, one twice, one less, two in each other's place. Returns the new number. */
static size_t move_records(uint8_t *records, size_t n, size_t most, size_t size, uint32_t *random)
{
	size_t i = next_random(random) % n, j = next_random(random) % n;
	uint8_t kept[256];

	memcpy(kept, records + j * size, size);
	switch (next_random(random) % 4) {
	case 0:
		if (n > 1) {
			memmove(records + i * size, records + (i + 1) * size, (n - i - 1) * size);
			n--;
		}
		break;
	case 1:
		memcpy(records + j * size, records + i * size, size);
		memcpy(records + i * size, kept, size);
		break;
	case 2: fill_record(kept, size, random); /* fall through */
	default:
		if (n < most) {
			memmove(records + (i + 1) * size, records + i * size, (n - i) * size);
			memcpy(records + i * size, kept, size);
			n++;
		}
		break;
	}
	return n;
}

size_t records_mutate(uint8_t *data, size_t used, size_t room, unsigned int seed, size_t head,
		      size_t size)
{
	uint32_t random = seed;
	size_t most = room > head ? (room - head) / size : 0;
	size_t n = used > head ? (used - head) / size : 0;

	if (size > 256 || !most)
		return LLVMFuzzerMutate(data, used, room);
	if (used < head)
		memset(data + used, 0, head - used);
	if (!n) {
		fill_record(data + head, size, &random);
		return head + size;
	}
	for (uint32_t steps = 1 + next_random(&random) % 4; steps; steps--) {
		uint32_t r = next_random(&random) % 16;
		size_t i = next_random(&random) % n;

		if (r == 0 && head)
			LLVMFuzzerMutate(data, head, head);
		else if (r < 6)
			n = move_records(data + head, n, most, size, &random);
		else
			change_record(data + head + i * size, size, &random);
	}
	return head + n * size;
}

size_t records_cross(const uint8_t *a, size_t a_used, const uint8_t *b, size_t b_used, uint8_t *out,
		     size_t room, unsigned int seed, size_t head, size_t size)
{
	uint32_t random = seed;
	size_t n = a_used > head ? (a_used - head) / size : 0;
	size_t m = b_used > head ? (b_used - head) / size : 0;
	size_t most = room > head ? (room - head) / size : 0;
	size_t keep, from, take;

	if (!n || !m || !most)
		return 0;
	keep = 1 + next_random(&random) % n;
	keep = keep < most ? keep : most;
	from = next_random(&random) % m;
	take = m - from < most - keep ? m - from : most - keep;
	memcpy(out, a, head + keep * size);
	memcpy(out + head + keep * size, b + head + from * size, take * size);
	return head + (keep + take) * size;
}
