/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_anchor.h - which literal bytes an edge of the matcher is found by.
 *
 * A pattern such as 'lib*_test.so' can be found by what a name starts with or by what it
 * ends in, and by more or fewer bytes of that. Each length in use costs lookups a try, and
 * bytes that many patterns share cost them a verification for each.
 */
#ifndef LIB_MATCHER_ANCHOR_H
#define LIB_MATCHER_ANCHOR_H

#include "matcher.h"

/* The anchors of one edge: every name that it matches has one of them. */
struct anchoring {
	bool tail; /* at the end of names */
	int n;     /* 0: there is no such way to find it */
	struct anchor anchors[GLOB_MAX_ANCHORS];
};

/* How often each key is wanted, if all edges were found in every way they can be. */
struct anchor_counts {
	uint32_t *counts; /* keys that collide are counted together */
	uint32_t mask;
};

uint64_t anchor_key(uint32_t set, const struct anchor *anchor, bool tail);

/* Where a key is counted. */
static inline uint32_t *anchor_counter(const struct anchor_counts *counts, uint64_t key)
{
	return &counts->counts[(uint32_t)key & counts->mask];
}

/* An anchor that more edges of star nodes share than this is looked up node by node. */
enum { SHARED_CROWD = 8 };

/* Where the edge is that is to be found. */
struct anchor_place {
	uint32_t set;
	uint32_t star; /* of a shared set: the node; MATCHER_NONE in others */
};

/* Count all ways to find an edge of this glob. */
void anchor_count(struct anchor_counts *counts, struct anchor_place place, const struct glob *glob);

/* Which lengths the edges use that were given an anchor so far; one of the two is NULL. */
struct lens_in_use {
	struct edge_set *set;     /* of one node */
	struct lens_table *table; /* of the shared edges */
};

/* Choose the best of them, when all edges of the set have been counted. */
void anchor_choose(const struct anchor_counts *counts, const struct lens_in_use *in_use,
		   struct anchor_place place, const struct glob *glob, struct anchoring *best);

/* Note that the length of this anchor is in use. */
void anchor_note(const struct lens_in_use *in_use, const struct anchor *anchor, bool tail);

#endif
