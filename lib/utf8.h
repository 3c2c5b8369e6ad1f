/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * utf8.h - one character at a time. File names are bytes: a byte that is not part of
 * valid UTF-8 counts as a character of its own, above all of Unicode's.
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_STRAY = 0x110000 }; /* plus the byte: one that is not UTF-8 */

/*
 * The character at text, which has len > 0 bytes. *used: how many of them it takes.
 * Overlong forms and surrogates are not UTF-8.
 */
uint32_t utf8_decode_slow(const char *text, size_t len, size_t *used);

static inline uint32_t utf8_decode(const char *text, size_t len, size_t *used)
{
	unsigned char first = (unsigned char)text[0];

	if (first < 0x80) {
		*used = 1;
		return first;
	}
	return utf8_decode_slow(text, len, used);
}

/* The number of characters in len bytes. */
size_t utf8_length(const char *text, size_t len);

#endif
