/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_trie.h - makes tries of anchors: see cell_t. */
#ifndef LIB_MATCHER_TRIE_H
#define LIB_MATCHER_TRIE_H

#include "matcher_bunch.h"

/* An anchor of an edge. */
struct trie_entry {
	uint32_t edge;
	uint8_t len;
	unsigned char bytes[ANCHOR_LONGEST]; /* in the order of a walk: a tail is reversed */
};

struct trie_kind {
	bool shared; /* the edges are of star nodes */
	bool tail;   /* the anchors are tails */
};

struct trie_builder {
	struct bunch_builder *bunches;
	const struct trie_entry *entries;
	uint32_t *edges;  /* room for as many as there are entries */
	uint8_t *taken;	  /* for each cell: TAKEN_* */
	uint32_t n_cells; /* none is in use from here on */
	uint32_t room;	  /* cells that are allocated */
	uint32_t hint;	  /* there are few free cells before this */
	struct trie_kind kind;
};

/* All return 0 or -ENOMEM. */
int trie_init(struct trie_builder *t, struct bunch_builder *bunches);

/*
 * Make a trie of entries[n], which are sorted by trie_compare(). Returns its root in *root, or
 * -E2BIG if there are too many tries already: then there is none.
 */
int trie_make(struct trie_builder *t, const struct trie_entry *entries, uint32_t n,
	      struct trie_kind kind, uint32_t *root);

/* All tries have been made: give the cells not in use labels with which no base gets there. */
void trie_finish(const struct trie_builder *t);

int trie_compare(const void *left, const void *right);

void trie_release(struct trie_builder *t);

#endif
