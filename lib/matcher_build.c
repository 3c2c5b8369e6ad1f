/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_build.c - adds patterns one by one to a tree of nodes. See matcher_build.h. */
#include <stdlib.h>

#include "array.h"
#include "matcher_build.h"
#include "matcher_index.h"
#include "matcher_key.h"

enum { FIRST_INTERNED = 64 };

/* An accept of one spot, in a list. Place 0 is not used. */
struct pending {
	accept_t accept;
	uint32_t next;
};

/* ---- Nodes and edges --------------------------------------------------------- */

static int add_node(struct matcher_builder *b, bool is_star, uint32_t *id)
{
	int err = array_reserve(&b->nodes, &b->nodes_capacity, b->n_nodes, sizeof(*b->nodes));

	if (err)
		return err;
	b->nodes[b->n_nodes] = (struct node){.star = MATCHER_NONE, .is_star = is_star};
	*id = b->n_nodes++;
	return 0;
}

int builder_init(struct matcher_builder *b)
{
	uint32_t root;

	b->interned = malloc(FIRST_INTERNED * sizeof(*b->interned));
	if (!b->interned)
		return -ENOMEM;
	memset(b->interned, 0xff, FIRST_INTERNED * sizeof(*b->interned));
	b->interned_mask = FIRST_INTERNED - 1;
	b->n_pending = 1;
	return add_node(b, false, &root);
}

static uint32_t hash_component(uint32_t node, bool leaf, const char *text, size_t len)
{
	struct name_ends ends = key_ends(text, len);
	uint32_t set = leaf ? key_leaf_set(node) : key_inner_set(node);

	return key_tag(key_make(set, key_name(&ends)));
}

static bool is_leaf(const struct edge *edge)
{
	return edge->leaf;
}

static void intern(struct matcher_builder *b, uint32_t edge)
{
	const char *text = b->texts[edge];
	uint32_t i =
		hash_component(b->edges[edge].node, is_leaf(&b->edges[edge]), text, strlen(text));

	for (i &= b->interned_mask; b->interned[i] != MATCHER_NONE; i = (i + 1) & b->interned_mask)
		;
	b->interned[i] = edge;
}

static int grow_interned(struct matcher_builder *b)
{
	uint32_t size = (b->interned_mask + 1) * 2;
	uint32_t *grown;

	if (b->n_edges < (b->interned_mask + 1) / 2)
		return 0;
	grown = malloc(size * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown, 0xff, size * sizeof(*grown));
	free(b->interned);
	b->interned = grown;
	b->interned_mask = size - 1;
	for (uint32_t edge = 0; edge < b->n_edges; edge++)
		intern(b, edge);
	return 0;
}

static uint32_t find_edge(const struct matcher_builder *b, uint32_t node, bool leaf,
			  const struct component *c)
{
	uint32_t i = hash_component(node, leaf, c->text, c->len) & b->interned_mask;

	for (; b->interned[i] != MATCHER_NONE; i = (i + 1) & b->interned_mask) {
		uint32_t id = b->interned[i];
		const struct edge *edge = &b->edges[id];

		if (edge->node == node && is_leaf(edge) == leaf && strlen(b->texts[id]) == c->len &&
		    !memcmp(b->texts[id], c->text, c->len))
			return id;
	}
	return MATCHER_NONE;
}

static struct edge make_edge(const struct glob *glob, uint32_t node, uint32_t target)
{
	struct name_ends first = key_ends(glob->prefix, glob->prefix_len);
	bool exact = glob->kind == GLOB_EXACT;
	/* The end of a whole name counts too: two words then tell all of it, up to 16 bytes. */
	const char *tail = exact ? glob->prefix : glob->suffix;
	uint16_t tail_len = exact ? glob->prefix_len : glob->suffix_len;
	struct name_ends last = key_ends(tail, tail_len);
	struct edge edge = {
		.first = first.first,
		.first_len = (uint8_t)key_at_hand(glob->prefix_len),
		.last = last.last,
		.last_len = (uint8_t)key_at_hand(tail_len),
		.min_len = (uint16_t)(glob->prefix_len + glob->suffix_len),
		.span = exact ? 0 : UINT16_MAX,
		.node = node,
		.leaf = target == MATCHER_NONE,
		.partial = glob->kind == GLOB_GENERAL ||
			   glob->prefix_len > (exact ? 2 * KEY_WORD : KEY_WORD) ||
			   glob->suffix_len > KEY_WORD,
	};

	if (!edge.leaf)
		edge.live = target << LIVE_SHIFT;
	return edge;
}

static int add_edge(struct matcher_builder *b, uint32_t node, uint32_t target,
		    const struct component *c, uint32_t *id)
{
	int err = array_reserve(&b->edges, &b->edges_capacity, b->n_edges, sizeof(*b->edges));

	if (!err)
		err = array_reserve(&b->globs, &b->globs_capacity, b->n_edges, sizeof(*b->globs));
	if (!err)
		err = array_reserve(&b->texts, &b->texts_capacity, b->n_edges, sizeof(*b->texts));
	if (!err)
		err = grow_interned(b);
	if (err)
		return err;
	b->texts[b->n_edges] = arena_strndup(&b->scratch, c->text, c->len);
	if (!b->texts[b->n_edges])
		return -ENOMEM;
	b->edges[b->n_edges] = make_edge(&c->glob, node, target);
	b->globs[b->n_edges] = c->glob;
	*id = b->n_edges++;
	intern(b, *id);
	return 0;
}

/* ---- Patterns ------------------------------------------------------------------ */

static int star_below(struct matcher_builder *b, uint32_t node, uint32_t *star)
{
	int err;

	if (b->nodes[node].star == MATCHER_NONE) {
		err = add_node(b, true, star);
		if (err)
			return err;
		b->nodes[node].star = *star;
	}
	*star = b->nodes[node].star;
	return 0;
}

static int node_below(struct matcher_builder *b, uint32_t node, const struct component *c,
		      uint32_t *below)
{
	uint32_t edge = find_edge(b, node, false, c);
	int err;

	if (edge != MATCHER_NONE) {
		*below = live_node(b->edges[edge].live);
		return 0;
	}
	err = add_node(b, false, below);
	return err ? err : add_edge(b, node, *below, c, &edge);
}

int builder_add(struct matcher_builder *b, const struct component *components, size_t n,
		struct spot *spot)
{
	uint32_t node = 0;
	uint32_t edge;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct component *c = &components[i];

		if (c->any_depth)
			err = star_below(b, node, &node);
		else if (i + 1 < n)
			err = node_below(b, node, c, &node);
	}
	if (err)
		return err;
	*spot = (struct spot){.node = node, .edge = MATCHER_NONE};
	if (components[n - 1].any_depth)
		return 0;
	edge = find_edge(b, node, true, &components[n - 1]);
	if (edge == MATCHER_NONE)
		err = add_edge(b, node, MATCHER_NONE, &components[n - 1], &edge);
	spot->edge = edge;
	return err;
}

int builder_accept(struct matcher_builder *b, struct spot spot, accept_t accept)
{
	int err =
		array_reserve(&b->pending, &b->pending_capacity, b->n_pending, sizeof(*b->pending));
	uint32_t *head;

	if (err)
		return err;
	head = spot.edge == MATCHER_NONE ? &b->nodes[spot.node].below
					 : &b->edges[spot.edge].accepts;
	if (*head && accept_rule(b->pending[*head].accept) == accept_rule(accept))
		return 0; /* two patterns of one rule may say the same */
	b->pending[b->n_pending] = (struct pending){accept, *head};
	*head = b->n_pending++;
	return 0;
}

bool builder_unanchored(const struct matcher_builder *b, struct spot spot)
{
	struct anchor anchors[GLOB_MAX_ANCHORS];

	if (spot.edge == MATCHER_NONE || b->globs[spot.edge].kind == GLOB_EXACT)
		return false;
	return !glob_anchors(&b->globs[spot.edge], false, anchors) &&
	       !glob_anchors(&b->globs[spot.edge], true, anchors);
}

/* ---- Finishing --------------------------------------------------------------- */

/* Turn a list into a run of accepts; returns its length. */
static uint32_t lay_out(const struct matcher_builder *b, accept_t *accepts, uint32_t *next,
			uint32_t *head)
{
	uint32_t first = *next;

	for (uint32_t i = *head; i; i = b->pending[i].next)
		accepts[(*next)++] = b->pending[i].accept;
	*head = first;
	return *next - first;
}

/* Below a rule that holds for every file of a folder, no other of that folder matters. */
static void find_floor(struct node *node, const accept_t *accepts)
{
	node->floor = 0;
	for (uint32_t i = 0; i < node->n_below; i++) {
		accept_t accept = accepts[node->below + i];

		if (!accept_bare(accept))
			continue;
		node->floor = accept;
		node->n_below = i;
	}
}

static int lay_out_accepts(struct matcher_builder *b, struct matcher *out)
{
	uint32_t next = 0;

	out->accepts = malloc(b->n_pending * sizeof(*out->accepts));
	if (!out->accepts)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n_nodes; i++) {
		struct node *node = &b->nodes[i];

		node->n_below = lay_out(b, out->accepts, &next, &node->below);
		find_floor(node, out->accepts);
		node->latest = node->n_below ? out->accepts[node->below] : 0;
	}
	for (uint32_t i = 0; i < b->n_edges; i++) {
		struct edge *edge = &b->edges[i];

		if (!edge->leaf)
			continue;
		edge->n = lay_out(b, out->accepts, &next, &edge->accepts);
		edge->latest = edge->n ? out->accepts[edge->accepts] : 0;
	}
	return 0;
}

/* Hand over an array, without the room at its end. */
static void *trim(void *array, size_t size)
{
	void *smaller = size ? realloc(array, size) : array;

	return smaller ? smaller : array;
}

int builder_finish(struct matcher_builder *b, struct matcher *out)
{
	struct matcher m = {.n_nodes = b->n_nodes, .n_edges = b->n_edges};
	int err = lay_out_accepts(b, &m);

	m.nodes = trim(b->nodes, b->n_nodes * sizeof(*b->nodes));
	m.edges = trim(b->edges, b->n_edges * sizeof(*b->edges));
	m.globs = trim(b->globs, b->n_edges * sizeof(*b->globs));
	b->nodes = NULL;
	b->edges = NULL;
	b->globs = NULL;
	if (!err)
		err = matcher_index(&m);
	if (err)
		matcher_release(&m);
	else
		*out = m;
	return err;
}

void builder_release(struct matcher_builder *b)
{
	free(b->nodes);
	free(b->edges);
	free(b->globs);
	free(b->texts);
	free(b->interned);
	free(b->pending);
	arena_release(&b->scratch);
	*b = (struct matcher_builder){0};
}
