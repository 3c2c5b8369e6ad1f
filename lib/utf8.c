/* SPDX-License-Identifier: BSD-3-Clause */
/* utf8.c - one character at a time. See utf8.h. */
#include "utf8.h"

/* How many bytes follow a first byte, and the least character that needs so many. */
static size_t tail_length(unsigned char first, uint32_t *least)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*least = 0x80;
		return 1;
	}
	if (first >= 0xe0 && first <= 0xef) {
		*least = 0x800;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*least = 0x10000;
		return 3;
	}
	return 0;
}

uint32_t utf8_decode_slow(const char *text, size_t len, size_t *used)
{
	unsigned char first = (unsigned char)text[0];
	uint32_t least = 0;
	size_t tail = tail_length(first, &least);
	uint32_t value = first & (0x3fu >> tail);

	*used = 1;
	if (first < 0x80)
		return first;
	if (!tail || tail >= len)
		return UTF8_STRAY + first;
	for (size_t i = 1; i <= tail; i++) {
		unsigned char next = (unsigned char)text[i];

		if ((next & 0xc0) != 0x80)
			return UTF8_STRAY + first;
		value = value << 6 | (next & 0x3f);
	}
	if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return UTF8_STRAY + first;
	*used = tail + 1;
	return value;
}

size_t utf8_length(const char *text, size_t len)
{
	size_t count = 0;
	size_t used;

	for (size_t i = 0; i < len; i += used, count++)
		utf8_decode(text + i, len - i, &used);
	return count;
}
