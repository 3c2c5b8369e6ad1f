/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_key.h - the hash keys by which the matcher finds edges. Used to build the table
 * and to look things up, so that both agree.
 */
#ifndef LIB_MATCHER_KEY_H
#define LIB_MATCHER_KEY_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Anchors have one of these lengths: 1 to 8, by the ends of names that are at hand, and some
 * longer ones. Each has a bit in a set of lengths.
 */
enum {
	KEY_WORD = 8,     /* bytes of an end that is at hand */
	KEY_LENGTHS = 15, /* how many lengths there are */
	KEY_EXACT = 0,    /* kinds of keys: a whole name, */
	KEY_HEAD = 1,     /* the head of a name, plus the number of the length, */
	KEY_TAIL = KEY_HEAD + KEY_LENGTHS /* or the tail */
};

static inline unsigned int key_length(unsigned int number)
{
	static const uint8_t longer[] = {12, 16, 18, 20, 22, 24, 32};

	return number < KEY_WORD ? number + 1 : longer[number - KEY_WORD];
}

/* The number of the greatest length up to len, which is at least 1. */
static inline unsigned int key_length_number(size_t len)
{
	unsigned int number = len < KEY_WORD ? (unsigned int)len - 1 : KEY_WORD - 1;

	while (number + 1 < KEY_LENGTHS && key_length(number + 1) <= len)
		number++;
	return number;
}

/* The number of the greatest in a set of lengths, which is not empty. */
static inline unsigned int key_longest(unsigned int lengths)
{
	return 31 - (unsigned int)__builtin_clz(lengths);
}

/* The bits of all lengths up to len. */
static inline unsigned int key_lengths_up_to(size_t len)
{
	static const uint16_t bits[] = {
		0x0000, 0x0001, 0x0003, 0x0007, 0x000f, 0x001f, 0x003f, 0x007f, 0x00ff, 0x00ff, 0x00ff,
		0x00ff, 0x01ff, 0x01ff, 0x01ff, 0x01ff, 0x03ff, 0x03ff, 0x07ff, 0x07ff, 0x0fff, 0x0fff,
		0x1fff, 0x1fff, 0x3fff, 0x3fff, 0x3fff, 0x3fff, 0x3fff, 0x3fff, 0x3fff, 0x3fff, 0x7fff,
	};

	return bits[len < 32 ? len : 32];
}

/* The ends of a name, in a form from which keys are made. */
struct name_ends {
	const char *name;
	size_t len;
	uint64_t first; /* the first 8 bytes, the first in the lowest bits, zeros behind */
	uint64_t last;  /* the last 8 bytes, the last in the highest bits, zeros before */
};

static inline uint64_t key_mix(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t key_load64(const char *p)
{
	uint64_t value;

	memcpy(&value, p, sizeof(value));
	return le64toh(value);
}

static inline uint32_t key_load32(const char *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return le32toh(value);
}

/*
 * Of four bytes and more, two loads make each end, which overlap where the name is short: the
 * lengths of names cannot be foretold, so there is no branch for them.
 */
static inline struct name_ends key_ends(const char *name, size_t len)
{
	struct name_ends ends = {.name = name, .len = len};
	size_t more = len < 8 ? len - 4 : 4;

	if (len >= 4) {
		ends.first = key_load32(name) | (uint64_t)key_load32(name + more) << (more * 8);
		ends.last = (uint64_t)key_load32(name + len - 4) << 32 |
			    (uint64_t)key_load32(name + len - 4 - more) << ((4 - more) * 8);
	} else if (len > 0) {
		ends.first = (uint64_t)(unsigned char)name[0] |
			     (uint64_t)(unsigned char)name[len / 2] << (len / 2 * 8) |
			     (uint64_t)(unsigned char)name[len - 1] << ((len - 1) * 8);
		ends.last = ends.first << ((8 - len) * 8);
	}
	return ends;
}

/* The bits of name_ends.first, or of .last, that the end of len bytes takes. */
static inline uint64_t key_first_mask(size_t len)
{
	return len == 0 ? 0 : len >= 8 ? UINT64_MAX : (1ull << (len * 8)) - 1;
}

static inline uint64_t key_last_mask(size_t len)
{
	return len == 0 ? 0 : UINT64_MAX << (len >= 8 ? 0 : (8 - len) * 8);
}

/* Places in a lens_table, by two bytes. */
static inline uint32_t key_pair(unsigned int outer, unsigned int inner)
{
	return (outer * 31 + inner * 4) & 1023;
}

static inline uint32_t key_head_pair(const struct name_ends *ends)
{
	return key_pair(ends->first & 0xff, ends->first >> 8 & 0xff);
}

static inline uint32_t key_tail_pair(const struct name_ends *ends)
{
	return key_pair(ends->last >> 56, ends->last >> 48 & 0xff);
}

/* A key for one of: a whole name, or an end of so many bytes, in one set of edges. */
static inline uint64_t key_make(uint32_t set, unsigned int kind, uint64_t bits)
{
	return key_mix(bits + kind * 0x9e3779b97f4a7c15u + 0x2545f4914f6cdd1du,
		       (set + 1) * 0xd6e8feb86659fd93u);
}

/* From len > 8 bytes: the last word of them overlaps the one before where len is odd. */
static inline uint64_t key_hash(const char *bytes, size_t len)
{
	uint64_t bits = len;
	size_t i = 0;

	for (; i + 8 < len; i += 8)
		bits = key_mix(bits ^ key_load64(bytes + i), 0x8ebc6af09c88c6e3u);
	return key_mix(bits ^ key_load64(bytes + len - 8), 0x8ebc6af09c88c6e3u);
}

static inline uint64_t key_exact(uint32_t set, const struct name_ends *ends)
{
	uint64_t bits = key_mix(ends->first ^ 0xa0761d6478bd642fu,
				ends->last + ends->len * 0xe7037ed1a0b428dbu);

	/* Up to 16 bytes, the ends are all of the name. */
	if (ends->len > 2 * KEY_WORD)
		bits ^= key_hash(ends->name + KEY_WORD, ends->len - 2 * KEY_WORD + 8);
	return key_make(set, KEY_EXACT, bits);
}

/* The name has at least as many bytes as the length with this number. */
static inline uint64_t key_head(uint32_t set, const struct name_ends *ends, unsigned int number)
{
	uint64_t bits = number < KEY_WORD ? ends->first << ((KEY_WORD - 1 - number) * 8) :
					    key_hash(ends->name, key_length(number));

	return key_make(set, KEY_HEAD + number, bits);
}

static inline uint64_t key_tail(uint32_t set, const struct name_ends *ends, unsigned int number)
{
	unsigned int len = key_length(number);
	uint64_t bits = number < KEY_WORD ? ends->last >> ((KEY_WORD - len) * 8) :
					    key_hash(ends->name + ends->len - len, len);

	return key_make(set, KEY_TAIL + number, bits);
}

/* The bit of a key in its word of the filter. */
static inline unsigned int key_filter_bit(uint64_t key)
{
	return key >> 32 & 63;
}

/* Keys with the same tag share a slot: what is found there is verified anyway. */
static inline uint32_t key_tag(uint64_t key)
{
	return (uint32_t)key;
}

/* The sets of edges: the shared ones, and two of each node. */
enum { KEY_SHARED_INNER = 0, KEY_SHARED_LEAF = 1 };

static inline uint32_t key_inner_set(uint32_t node)
{
	return node * 2 + 2;
}

static inline uint32_t key_leaf_set(uint32_t node)
{
	return node * 2 + 3;
}

/* From the key of a crowded anchor to that of its edges from one star node. */
static inline uint64_t key_in_node(uint64_t key, uint32_t node)
{
	return key_mix(key ^ 0x589965cc75374cc3u, (node + 1) * 0xd6e8feb86659fd93u);
}

/* Bits in slot.ref: it is a place in the lists, or in the crowds. */
#define SLOT_LIST 0x80000000u
#define SLOT_CROWD 0x40000000u

#endif
