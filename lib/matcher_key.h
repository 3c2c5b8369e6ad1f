/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_key.h - the hash keys by which the matcher finds edges. Used to build the table
 * and to look things up, so that both agree.
 */
#ifndef LIB_MATCHER_KEY_H
#define LIB_MATCHER_KEY_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { KEY_WORD = 8 }; /* bytes of an end that is at hand */

/* The ends of a name, in a form from which keys are made. */
struct name_ends {
	const char *name;
	size_t len;
	uint64_t first; /* the first 8 bytes, the first in the lowest bits, zeros behind */
	uint64_t last;	/* the last 8 bytes, the last in the highest bits, zeros before */
	uint64_t hash;	/* key_hash() */
	uint64_t classes[2]; /* of the first byte, of the last: see matcher_class.h */
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

/* A hash of the ends of a name, and its length: up to 16 bytes, that is all of it. */
static inline uint64_t key_hash(const struct name_ends *ends)
{
	return key_mix(ends->first ^ 0xa0761d6478bd642fu,
		       ends->last ^ ends->len * 0xe7037ed1a0b428dbu);
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
	ends.hash = key_hash(&ends);
	return ends;
}

/* The same for a name from whose start on at least 8 bytes can be read. */
static inline struct name_ends key_ends_readable(const char *name, size_t len)
{
	bool wide = len > KEY_WORD;
	unsigned int unused = wide ? 0 : (unsigned int)(KEY_WORD - len) * 8;
	uint64_t first = key_load64(name) << unused;
	struct name_ends ends = {
		.name = name,
		.len = len,
		.first = first >> unused,
		.last = wide ? key_load64(name + len - KEY_WORD) : first,
	};

	ends.hash = key_hash(&ends);
	return ends;
}

/* How many bytes of an end are at hand. */
static inline size_t key_at_hand(size_t len)
{
	return len < KEY_WORD ? len : KEY_WORD;
}

/* The bits of name_ends.first, or of .last, that the end of len bytes takes, at most KEY_WORD. */
static inline uint64_t key_first_mask(size_t len)
{
	static const uint64_t masks[KEY_WORD + 1] = {
		0,
		0xff,
		0xffff,
		0xffffff,
		0xffffffff,
		0xffffffffff,
		0xffffffffffff,
		0xffffffffffffff,
		0xffffffffffffffff,
	};

	return masks[len];
}

static inline uint64_t key_last_mask(size_t len)
{
	return ~key_first_mask(KEY_WORD - len);
}

/* The bytes between the first and the last 8, of more than 16. */
static inline uint64_t key_middle(const char *name, size_t len)
{
	uint64_t bits = len;

	for (size_t i = KEY_WORD; i + 2 * KEY_WORD < len; i += KEY_WORD)
		bits = key_mix(bits ^ key_load64(name + i), 0x8ebc6af09c88c6e3u);
	return key_mix(bits ^ key_load64(name + len - 2 * KEY_WORD), 0x589965cc75374cc3u);
}

/* A hash of a whole name. */
static inline uint64_t key_name(const struct name_ends *ends)
{
	uint64_t hash = ends->hash;

	if (__builtin_expect(ends->len > 2 * KEY_WORD, false))
		hash ^= key_middle(ends->name, ends->len);
	return hash;
}

/* A key for a whole name in one set of edges, from its hash. */
static inline uint64_t key_make(uint32_t set, uint64_t name)
{
	return key_mix(name + 0x2545f4914f6cdd1du, (set + 1) * 0xd6e8feb86659fd93u);
}

/* The same for a filter, from the ends of a name alone, whose hash is good enough for that. */
static inline uint64_t key_filter(uint32_t set, const struct name_ends *ends)
{
	return ends->hash ^ (set + 1) * 0xd6e8feb86659fd93u;
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

/* The other place of a tag in a table: see struct name_table. */
static inline uint32_t key_other_place(uint32_t tag)
{
	return tag << 16 | tag >> 16;
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

/* Where a pair of a crowd and a star node is looked for. */
static inline uint32_t key_pair(uint32_t crowd, uint32_t node)
{
	return (crowd * 0x9e3779b1u ^ node * 0x85ebca77u) * 0xc2b2ae3du >> 8;
}

#endif
