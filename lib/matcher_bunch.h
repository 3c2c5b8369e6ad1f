/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_bunch.h - makes the bunches: what a lookup finds at the end of a walk. */
#ifndef LIB_MATCHER_BUNCH_H
#define LIB_MATCHER_BUNCH_H

#include "matcher.h"
#include "matcher_class.h"

/* Star nodes that share an anchor are a crowd when they have more edges than this. */
enum { SHARED_CROWD = 8 };

struct bunch_builder {
	struct matcher *m;
	uint32_t n_bunches, bunches_capacity;
	uint32_t n_candidates, candidates_capacity;
	uint32_t n_crowds, crowds_capacity;
	struct pair *pairs; /* that have yet to get their places in the table */
	uint32_t n_pairs, pairs_capacity;
	struct class_builder classes;
};

/* What the edges of a bunch have in common. */
struct bunch_source {
	uint32_t *edges; /* will be sorted */
	uint32_t n;
	uint32_t up; /* the bunch of the next shorter anchor, or 0 */
	uint16_t
		proven; /* what gets here has all bytes of the anchor, of which there are so many */
	bool shared;	/* all are of star nodes */
	bool tail;	/* the anchor is a tail */
};

/* All return 0 or -ENOMEM. */
int bunch_init(struct bunch_builder *b, struct matcher *m);

/* Whether edges of star nodes with one anchor are to be a crowd. */
bool bunch_is_crowd(const struct bunch_builder *b, const uint32_t *edges, uint32_t n);

/* A list of edges with no anchor: *first is its place in matcher.candidates, or 0. */
int bunch_list(struct bunch_builder *b, const struct bunch_source *source, uint32_t *first);

int bunch_make(struct bunch_builder *b, const struct bunch_source *source, uint32_t *bunch);

/* Make the table of pairs. */
int bunch_finish(struct bunch_builder *b);

void bunch_release(struct bunch_builder *b);

#endif
