/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * patterns.h - random patterns, made from their meaning: first the pieces are chosen, then
 * written down as a policy would have them. So nothing here has to read a pattern, and
 * nothing is shared with the library, not even an idea of how it goes about it.
 */
#ifndef PROPERTY_PATTERNS_H
#define PROPERTY_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A byte that is no part of UTF-8 stands above all characters. */
enum { STRAY = 0x110000 };

enum piece_kind { PIECE_CHAR, PIECE_ONE, PIECE_STAR, PIECE_SET, PIECE_SLASH };

enum { MOST_RANGES = 3, MOST_PIECES = 96, MOST_ALTERNATIVES = 64, LONGEST_TEXT = 2048 };

struct piece {
	enum piece_kind kind;
	uint32_t c;    /* PIECE_CHAR: a character, or STRAY plus a byte */
	bool by_bytes; /* PIECE_CHAR: written as \xHH */
	bool negated;  /* PIECE_SET */
	unsigned int n_ranges;
	uint32_t lo[MOST_RANGES], hi[MOST_RANGES];
};

/* What a pattern means when its braces are expanded. Bytes in a row may make a character. */
struct alternative {
	struct piece pieces[MOST_PIECES];
	unsigned int n;
};

struct pattern {
	char text[LONGEST_TEXT]; /* as a policy has it */
	size_t len;
	struct alternative alternatives[MOST_ALTERNATIVES];
	unsigned int n;
	bool valid; /* whether the language allows it */
};

/* The bytes of a character. Returns how many. */
unsigned int pattern_encode(uint32_t c, char bytes[4]);

/* A random pattern. components: at most so many. */
void pattern_make(struct pattern *pattern, unsigned int components);

/*
 * A random pattern for a name anywhere, with a literal part from a large set: of such there
 * can be thousands in a policy.
 */
void pattern_make_name(struct pattern *pattern);

/* A random path, in *path, of its own or with a pattern in mind. Returns its length. */
size_t path_make(char *path, size_t size, const struct pattern *pattern);

#endif
