/* SPDX-License-Identifier: BSD-3-Clause */
/* path.h - takes a path below the share's root apart. */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Whether a component is empty, "." or "..": no entry of a folder has such a name. */
static inline bool path_is_dots(const char *name, size_t len)
{
	return len < 3 && (len == 0 || (name[0] == '.' && (len == 1 || name[1] == '.')));
}

/* Whether this can be the name of an entry of a folder. */
static inline bool path_is_name(const char *name, size_t len)
{
	return !path_is_dots(name, len) && !memchr(name, '/', len);
}

#ifdef __SSE2__
enum { PATH_WORD = 16 };

/* The slashes among the PATH_WORD bytes at text: a bit for each, the first is the lowest. */
static inline uint64_t path_slashes_in_word(const char *text)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)text);

	return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('/')));
}
#else
enum { PATH_WORD = 8 };

/* The same on other machines. */
static inline uint64_t path_slashes_in_word(const char *text)
{
	const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
	uint64_t word, zero;

	memcpy(&word, text, sizeof(word));
	word = le64toh(word) ^ 0x2f2f2f2f2f2f2f2fu; /* '/' becomes 0 */
	zero = ~(((word & low) + low) | word | low);
	return (zero >> 7) * 0x0102040810204080u >> 56;
}
#endif

enum { PATH_BLOCK = 64 };

/* The slashes among the first n bytes of text, at most PATH_BLOCK. */
static inline uint64_t path_slashes(const char *text, size_t n)
{
	uint64_t bits = 0;

	if (n < PATH_WORD) {
		for (size_t i = 0; i < n; i++)
			bits |= (uint64_t)(text[i] == '/') << i;
		return bits;
	}
	/* How many words there are cannot be foretold: past the end, the last is looked at again. */
	for (size_t i = 0; i < PATH_BLOCK; i += PATH_WORD) {
		size_t at = i + PATH_WORD <= n ? i : n - PATH_WORD;

		bits |= path_slashes_in_word(text + at) << at;
	}
	return bits;
}

#endif
