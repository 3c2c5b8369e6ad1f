/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_anchor.h - which literal bytes an edge of the matcher is found by.
 *
 * A pattern such as 'lib*_test.so' can be found by what a name starts with or by what it
 * ends in. Bytes that many patterns share cost lookups a verification for each.
 */
#ifndef LIB_MATCHER_ANCHOR_H
#define LIB_MATCHER_ANCHOR_H

#include "matcher.h"

/* The anchors of one edge: every name that it matches has one of them. */
struct anchoring {
	bool tail; /* at the end of names */
	int n;	   /* 0: there is no such way to find it */
	struct anchor anchors[GLOB_MAX_ANCHORS];
};

/* How often each anchor is wanted, if all edges were found in every way they can be. */
struct anchor_counts {
	uint32_t *counts; /* anchors that collide are counted together */
	uint32_t mask;
};

/* Where the edge is that is to be found. */
struct anchor_place {
	uint32_t set;  /* see key_make() */
	uint32_t star; /* of a shared set: the node; MATCHER_NONE in others */
};

/* 0 or -ENOMEM. */
int anchor_counts_init(struct anchor_counts *counts, uint32_t n_edges);

/* Count all ways to find an edge of this glob. */
void anchor_count(struct anchor_counts *counts, struct anchor_place place, const struct glob *glob);

/* Choose the best of them, when all edges of the set have been counted. */
void anchor_choose(const struct anchor_counts *counts, struct anchor_place place,
		   const struct glob *glob, struct anchoring *best);

#endif
