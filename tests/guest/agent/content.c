// SPDX-License-Identifier: BSD-3-Clause
/*
 * content.c - checksums of bytes, and bytes that are known beforehand: both eight at a time,
 * since the guest's processor is emulated.
 */
#include <string.h>

#include "agent.h"

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * MULTIPLIER;
	return state ^ state >> 29;
}

void sum_init(struct sum *sum)
{
	memset(sum, 0, sizeof(*sum));
}

void sum_add(struct sum *sum, const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t word;
	size_t filled = sum->length % 8;

	sum->length += size;
	/* First fill up what the last piece left. */
	for (; filled && size; size--) {
		sum->tail[filled] = *at++;
		filled = (filled + 1) % 8;
		if (filled)
			continue;
		memcpy(&word, sum->tail, 8);
		sum->state = mix(sum->state, word);
	}
	for (; size >= 8; size -= 8, at += 8) {
		memcpy(&word, at, 8);
		sum->state = mix(sum->state, word);
	}
	if (size)
		memcpy(sum->tail, at, size);
}

uint64_t sum_value(const struct sum *sum)
{
	uint64_t word = 0;

	memcpy(&word, sum->tail, sum->length % 8);
	return mix(mix(sum->state, word), sum->length);
}

/* Eight bytes of the pattern, all different from their neighbors. */
static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
	uint64_t word = (seed << 40) + index + 1;

	if (seed == PATTERN_ZERO)
		return 0;
	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

static unsigned char pattern_byte(uint64_t seed, uint64_t offset)
{
	return (unsigned char)(pattern_word(seed, offset / 8) >> offset % 8 * 8);
}

void pattern_fill(uint64_t seed, uint64_t offset, void *data, size_t size)
{
	unsigned char *at = data, *end = at + size;
	uint64_t word;

	for (; at < end && offset % 8; at++, offset++)
		*at = pattern_byte(seed, offset);
	for (; end - at >= 8; at += 8, offset += 8) {
		word = pattern_word(seed, offset / 8);
		memcpy(at, &word, 8);
	}
	for (; at < end; at++, offset++)
		*at = pattern_byte(seed, offset);
}

size_t pattern_check(uint64_t seed, uint64_t offset, const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t word, wanted;
	size_t i = 0;

	while (i < size) {
		if (offset % 8 == 0 && size - i >= 8) {
			memcpy(&word, at + i, 8);
			wanted = pattern_word(seed, offset / 8);
			if (word == wanted) {
				i += 8;
				offset += 8;
				continue;
			}
		}
		if (at[i] != pattern_byte(seed, offset))
			break;
		i++;
		offset++;
	}
	return i;
}
