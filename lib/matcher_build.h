/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_build.h - adds patterns one by one, and makes a matcher of them. */
#ifndef LIB_MATCHER_BUILD_H
#define LIB_MATCHER_BUILD_H

#include "matcher.h"

struct pending;

/* Start from {0}, then builder_init(). */
struct matcher_builder {
	struct node *nodes;
	struct edge *edges; /* .accepts is the head of a list in pending, 0 for none */
	struct glob *globs; /* of the edges */
	const char **texts; /* of the component of each edge; in scratch */
	uint32_t n_nodes, nodes_capacity;
	uint32_t n_edges, edges_capacity, globs_capacity, texts_capacity;
	uint32_t *interned; /* open addressing: edges by node, kind and text */
	uint32_t interned_mask;
	struct pending *pending;
	uint32_t n_pending, pending_capacity;
	struct arena scratch;
};

/* All return 0 or -ENOMEM. */
int builder_init(struct matcher_builder *b);

/* Make the nodes and edges of a pattern. The globs must outlive the matcher. */
int builder_add(struct matcher_builder *b, const struct component *components, size_t n,
		struct spot *spot);

/* Let the pattern at this spot accept. Call in ascending order of rules. */
int builder_accept(struct matcher_builder *b, struct spot spot, accept_t accept);

/* Whether nothing of this pattern can be hashed, so that each lookup must try it. */
bool builder_unanchored(const struct matcher_builder *b, struct spot spot);

/* Make the matcher. The builder is good for nothing but builder_release() after. */
int builder_finish(struct matcher_builder *b, struct matcher *out);

void builder_release(struct matcher_builder *b);

#endif
