/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_walk.h - from a name to the bunches of edges that it may match: what entering
 * folders and looking up files have in common. In a header, for it must be inlined.
 */
#ifndef LIB_MATCHER_WALK_H
#define LIB_MATCHER_WALK_H

#include "matcher.h"
#include "matcher_key.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Go on with a walk past KEY_WORD bytes. */
static __attribute__((noinline)) uint32_t walk_on(const cell_t *cells, cell_t cell,
						  const char *byte, ptrdiff_t forward, size_t len)
{
	for (; len > 0; len--, byte += forward) {
		cell_t next = cells[cell_base(cell) + (uint8_t)*byte];

		if (cell_label(next) != (uint8_t)*byte)
			break;
		cell = next;
	}
	return cell_bunch(cell);
}

/*
 * Walk down a trie; returns the bunch where it ends. word: the first bytes of the way, the
 * first in the lowest bits, zeros behind. No anchor has a byte of 0, so there a walk ends by
 * itself; and at base 0 nothing is found, where a walk past the last anchor ends.
 */
static ALWAYS_INLINE uint32_t walk_trie(const cell_t *cells, uint32_t base, uint64_t word,
					const char *byte, ptrdiff_t forward, size_t len)
{
	cell_t cell = cell_make(0, base, 0);
	uint64_t left = word;

	for (;; left >>= 8) {
		cell_t next = cells[cell_base(cell) + (uint8_t)left];

		if (cell_label(next) != (uint8_t)left)
			break;
		cell = next;
	}
	if (__builtin_expect(!left && word >> 56 && len > KEY_WORD, false))
		return walk_on(cells, cell, byte + forward * KEY_WORD, forward, len - KEY_WORD);
	return cell_bunch(cell);
}

/* What is looked up by the ends of a name. */
static ALWAYS_INLINE void walk_prepare(const struct matcher *m, struct name_ends *ends)
{
	ends->classes[0] = m->classes[0][ends->first & 0xff];
	ends->classes[1] = m->classes[1][ends->last >> 56];
}

/* Whether a candidate is worth to be verified. */
static inline bool is_likely(const struct candidate *c, const struct name_ends *ends)
{
	return (ends->classes[0] >> c->ends[0]) & (ends->classes[1] >> c->ends[1]) & 1 &
	       (ends->len >= c->min_len);
}

/* What is under a tag, or 0. */
static inline uint32_t find_slot(const struct name_table *names, uint32_t tag)
{
	const struct slot *one = &names->slots[tag & names->mask];
	const struct slot *other = &names->slots[key_other_place(tag) & names->mask];
	uint32_t ref = one->tag == tag ? one->ref : 0;

	return other->tag == tag ? other->ref : ref;
}

/* Names whose keys share a tag are found together, from whatever set: they are verified. */
static ALWAYS_INLINE uint32_t find_name(const struct name_table *names, uint32_t set,
					const struct name_ends *ends)
{
	return find_slot(names, key_tag(key_make(set, key_name(ends))));
}

/* The same where most names are not in the table. */
static ALWAYS_INLINE uint32_t find_rare_name(const struct name_table *names, uint32_t set,
					     const struct name_ends *ends)
{
	uint64_t key = key_filter(set, ends);
	uint64_t word = names->filter[key >> names->filter_shift];

	return word >> key_filter_bit(key) & 1 ? find_name(names, set, ends) : 0;
}

/* The bunches at which the walks from both ends of a name end; 0 where there is none. */
struct found_bunches {
	uint32_t head, tail;
};

static ALWAYS_INLINE struct found_bunches
find_bunches(const struct matcher *m, const struct edge_set *set, const struct name_ends *ends)
{
	struct found_bunches found = {0, 0};

	if (set->heads)
		found.head = walk_trie(m->cells, set->heads, ends->first, ends->name, 1, ends->len);
	if (set->tails)
		found.tail = walk_trie(m->cells, set->tails, __builtin_bswap64(ends->last),
				       ends->name + ends->len - 1, -1, ends->len);
	return found;
}

static inline bool pair_is_other(const struct pair *pair, uint32_t crowd, uint32_t node)
{
	return ((pair->crowd != crowd) | (pair->node != node)) & (pair->crowd != 0);
}

/* Most are found in the first two places, as above. A pair of zeros if there is none. */
static inline const struct pair *find_pair(const struct matcher *m, uint32_t crowd, uint32_t node)
{
	uint32_t i = key_pair(crowd, node) & m->pair_mask;

	i = (i + pair_is_other(&m->pairs[i], crowd, node)) & m->pair_mask;
	while (pair_is_other(&m->pairs[i], crowd, node))
		i = (i + 1) & m->pair_mask;
	return &m->pairs[i];
}

/* Whether the literal ends of an edge, as far as it has them at hand, fit. No branches. */
static inline bool edge_fits(const struct edge *edge, const struct name_ends *ends)
{
	uint64_t differ = ((ends->first ^ edge->first) & key_first_mask(edge->first_len)) |
			  ((ends->last ^ edge->last) & key_last_mask(edge->last_len));

	return !differ & (ends->len - edge->min_len <= edge->span);
}

/* Whether the glob of an edge whose ends fit matches. */
static inline bool edge_rest_matches(const struct matcher *m, const struct edge *edge,
				     const struct name_ends *ends)
{
	return !edge->partial || glob_match_rest(&m->globs[edge - m->edges], ends->name, ends->len);
}

static inline bool edge_matches(const struct matcher *m, const struct edge *edge,
				const struct name_ends *ends)
{
	return edge_fits(edge, ends) && edge_rest_matches(m, edge, ends);
}

/* The same for an edge whose glob is a whole name: up to 16 bytes, the ends are all of it. */
static inline bool edge_is_name(const struct matcher *m, const struct edge *edge,
				const struct name_ends *ends)
{
	uint64_t differ = (ends->first ^ edge->first) | (ends->last ^ edge->last) |
			  (ends->len ^ edge->min_len);

	return !differ &&
	       (!edge->partial || !memcmp(ends->name, m->globs[edge - m->edges].prefix, ends->len));
}

/* Most folders have a handful of live nodes; it is not worth a search by halves. */
static inline bool is_live(const live_t *live, uint32_t n, uint32_t node)
{
	for (uint32_t i = 0; i < n; i++) {
		if (live_node(live[i]) == node)
			return true;
	}
	return false;
}

static inline bool star_is_live(const struct matcher_folder *folder, uint32_t node)
{
	return (folder->star_bits >> matcher_star_bit(node) & 1) &&
	       is_live(folder->stars, folder->n_stars, node);
}

#endif
