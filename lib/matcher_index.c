/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_index.c - makes what edges are found by. See matcher_index.h. */
#include <stdlib.h>

#include "array.h"
#include "matcher_anchor.h"
#include "matcher_index.h"
#include "matcher_key.h"
#include "matcher_names.h"
#include "matcher_trie.h"

enum {
	FEW_EDGES = 4, /* a node with no more edges needs no trie: they are tried one by one */
	MOST_BYTES = 2 << 20 /* of all anchors: cells have room for so many; then, as above */
};

/* The heads, or the tails, of the edges of one set. */
struct ends {
	struct trie_entry *entries;
	uint32_t n, capacity;
};

/* Edges whose globs are whole names, of all sets of one kind. */
struct whole_names {
	struct name_entry *entries;
	uint32_t n, capacity;
};

struct index {
	struct matcher *m;
	struct bunch_builder bunches;
	struct trie_builder tries;
	struct anchor_counts counts;
	struct ends ends[2];	     /* heads, tails */
	struct whole_names names[2]; /* inner, leaf */
	uint32_t *few;		     /* edges of the set that is being made, to try one by one */
	uint32_t n_few, few_capacity;
	size_t n_bytes; /* of anchors */
};

/* A set of edges that is being made. */
struct target {
	struct edge_set *set;
	uint32_t id; /* see key_make() */
	bool shared;
};

/* ---- Edges of one set ---------------------------------------------------------- */

static int add_few(struct index *index, uint32_t edge)
{
	int err =
		array_reserve(&index->few, &index->few_capacity, index->n_few, sizeof(*index->few));

	if (!err)
		index->few[index->n_few++] = edge;
	return err;
}

static int add_name(struct index *index, const struct target *target, uint32_t edge)
{
	struct whole_names *names = &index->names[index->m->edges[edge].leaf];
	const struct glob *glob = &index->m->globs[edge];
	struct name_ends ends = key_ends(glob->prefix, glob->prefix_len);
	int err =
		array_reserve(&names->entries, &names->capacity, names->n, sizeof(*names->entries));

	if (err)
		return err;
	target->set->exact = true;
	names->entries[names->n++] = (struct name_entry){
		.key = key_make(target->id, key_name(&ends)),
		.filter_key = key_filter(target->id, &ends),
		.edge = edge,
	};
	return 0;
}

static int add_anchor(struct index *index, const struct anchor *anchor, bool tail, uint32_t edge)
{
	struct ends *ends = &index->ends[tail];
	struct trie_entry entry = {.edge = edge, .len = anchor->len};
	int err = array_reserve(&ends->entries, &ends->capacity, ends->n, sizeof(*ends->entries));

	for (unsigned int i = 0; i < anchor->len; i++)
		entry.bytes[i] = (unsigned char)anchor->bytes[tail ? anchor->len - 1 - i : i];
	if (!err)
		ends->entries[ends->n++] = entry;
	return err;
}

static struct anchor_place place_of(const struct index *index, const struct target *target,
				    uint32_t edge)
{
	uint32_t node = index->m->edges[edge].node;

	return (struct anchor_place){target->id, target->shared ? node : MATCHER_NONE};
}

/* Returns 1 if the edge has no anchor. */
static int add_anchored(struct index *index, const struct target *target, uint32_t edge)
{
	struct anchoring way;
	int err = 0;

	anchor_choose(&index->counts, place_of(index, target, edge), &index->m->globs[edge], &way);
	for (int i = 0; i < way.n; i++)
		index->n_bytes += way.anchors[i].len;
	if (way.n == 0 || index->n_bytes > MOST_BYTES)
		return 1;
	for (int i = 0; i < way.n && !err; i++)
		err = add_anchor(index, &way.anchors[i], way.tail, edge);
	return err;
}

static void note_latest(struct index *index, const struct target *target, uint32_t edge)
{
	const struct edge *e = &index->m->edges[edge];

	accept_t *latest =
		target->shared ? &index->m->shared_latest : &index->m->nodes[e->node].latest;

	if (e->leaf && e->latest > *latest)
		*latest = e->latest;
}

/* Find an edge by its name or anchor. Returns 1 if it has none. */
static int add_edge(struct index *index, const struct target *target, uint32_t edge)
{
	int added = index->m->globs[edge].kind == GLOB_EXACT ? add_name(index, target, edge)
							     : add_anchored(index, target, edge);

	if (added == 0)
		note_latest(index, target, edge);
	return added;
}

static void count_edge(struct index *index, const struct target *target, uint32_t edge)
{
	if (index->m->globs[edge].kind != GLOB_EXACT)
		anchor_count(&index->counts, place_of(index, target, edge), &index->m->globs[edge]);
}

static int make_trie(struct index *index, bool tail, bool shared, uint32_t *root)
{
	struct ends *ends = &index->ends[tail];
	uint32_t n = ends->n;

	ends->n = 0;
	if (!n)
		return 0;
	qsort(ends->entries, n, sizeof(*ends->entries), trie_compare);
	return trie_make(&index->tries, ends->entries, n, (struct trie_kind){shared, tail}, root);
}

static int make_few(struct index *index, struct edge_set *set)
{
	struct bunch_source source = {.edges = index->few, .n = index->n_few};
	uint32_t first;
	int err = bunch_list(&index->bunches, &source, &first);

	index->n_few = 0;
	set->few = err ? 0 : first;
	return err;
}

/* All edges of the set have been added. */
static int finish_set(struct index *index, const struct target *target)
{
	int err = make_few(index, target->set);

	if (!err)
		err = make_trie(index, false, target->shared, &target->set->heads);
	return err ? err : make_trie(index, true, target->shared, &target->set->tails);
}

/* ---- The shared sets ------------------------------------------------------------- */

/* An edge that only an exclusion asks for is found through its spot, not by lookup. */
static bool is_searched(const struct edge *edge)
{
	return !edge->leaf || edge->n;
}

static bool hangs_from_star(const struct index *index, uint32_t edge)
{
	const struct edge *e = &index->m->edges[edge];

	return is_searched(e) && index->m->nodes[e->node].is_star;
}

/* Put the edges of star nodes into their shared set. own: set for each that has no anchor. */
static int add_shared_set(struct index *index, const struct target *target, bool leaf, bool *own)
{
	const struct matcher *m = index->m;

	for (uint32_t i = 0; i < m->n_edges; i++) {
		if (m->edges[i].leaf == leaf && hangs_from_star(index, i))
			count_edge(index, target, i);
	}
	for (uint32_t i = 0; i < m->n_edges; i++) {
		int added;

		if (m->edges[i].leaf != leaf || !hangs_from_star(index, i))
			continue;
		added = add_edge(index, target, i);
		if (added < 0)
			return added;
		own[i] = added;
	}
	return finish_set(index, target);
}

static int add_shared_sets(struct index *index, bool *own)
{
	const struct target inner = {&index->m->shared_inner, KEY_SHARED_INNER, true};
	const struct target leaf = {&index->m->shared_leaf, KEY_SHARED_LEAF, true};
	int err = add_shared_set(index, &inner, false, own);

	return err ? err : add_shared_set(index, &leaf, true, own);
}

/* ---- The sets of nodes ------------------------------------------------------------- */

/* The sets by number: the inner and the leaf edges of the first node, of the next, ... */
static uint32_t own_set(const struct edge *edge)
{
	return edge->node * 2 + edge->leaf;
}

/* Sort the edges by set: those of set i are order[starts[i] .. starts[i + 1]). */
static void sort_by_set(const struct matcher *m, const bool *own, uint32_t *starts, uint32_t *order)
{
	uint32_t n_sets = m->n_nodes * 2;
	uint32_t total = 0;

	for (uint32_t i = 0; i < m->n_edges; i++) {
		starts[own_set(&m->edges[i]) + 1] += own[i];
		total += own[i];
	}
	for (uint32_t i = 0; i < n_sets; i++)
		starts[i + 1] += starts[i];
	for (uint32_t i = m->n_edges; i-- > 0;) {
		if (own[i])
			order[--starts[own_set(&m->edges[i]) + 1]] = i;
	}
	/* starts[i + 1] now is where set i starts. */
	memmove(starts, starts + 1, n_sets * sizeof(*starts));
	starts[n_sets] = total;
}

static uint32_t count_own(struct index *index, const struct target *target, const uint32_t *edges,
			  uint32_t n)
{
	uint32_t unnamed = 0;

	for (uint32_t i = 0; i < n; i++)
		unnamed += index->m->globs[edges[i]].kind != GLOB_EXACT;
	for (uint32_t i = 0; i < n && unnamed > FEW_EDGES; i++)
		count_edge(index, target, edges[i]);
	return unnamed;
}

/* Few edges are tried one by one, and so are those that cannot be found otherwise. */
static int add_own_set(struct index *index, const struct target *target, const uint32_t *edges,
		       uint32_t n)
{
	bool few = count_own(index, target, edges, n) <= FEW_EDGES;
	int err = 0;

	for (uint32_t i = 0; i < n && err >= 0; i++) {
		bool named = index->m->globs[edges[i]].kind == GLOB_EXACT;

		err = few && !named ? 1 : add_edge(index, target, edges[i]);
		if (err > 0)
			err = add_few(index, edges[i]);
		note_latest(index, target, edges[i]);
	}
	return err ? err : finish_set(index, target);
}

static int add_own_sets(struct index *index, const bool *own)
{
	struct matcher *m = index->m;
	uint32_t n_sets = m->n_nodes * 2;
	uint32_t *starts = calloc((size_t)n_sets + 1, sizeof(*starts));
	uint32_t *order = malloc((m->n_edges + 1) * sizeof(*order));
	int err = starts && order ? 0 : -ENOMEM;

	if (!err)
		sort_by_set(m, own, starts, order);
	for (uint32_t i = 0; i < n_sets && !err; i++) {
		struct node *node = &m->nodes[i / 2];
		struct target target = {
			.set = i % 2 ? &node->leaf : &node->inner,
			.id = i % 2 ? key_leaf_set(i / 2) : key_inner_set(i / 2),
		};

		err = add_own_set(index, &target, order + starts[i], starts[i + 1] - starts[i]);
	}
	free(starts);
	free(order);
	return err;
}

static int add_all_sets(struct index *index)
{
	bool *own = calloc(index->m->n_edges + 1, sizeof(*own));
	int err = own ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < index->m->n_edges && !err; i++)
		own[i] = is_searched(&index->m->edges[i]) && !hangs_from_star(index, i);
	if (!err)
		err = add_shared_sets(index, own);
	if (!err)
		err = add_own_sets(index, own);
	free(own);
	return err;
}

/* ---- Live nodes -------------------------------------------------------------------- */

static live_t flags_of(const struct node *node)
{
	const struct edge_set *inner = &node->inner;
	const struct edge_set *leaf = &node->leaf;
	live_t flags = 0;

	if (inner->few | inner->heads | inner->tails)
		flags |= LIVE_INNER;
	if (inner->exact)
		flags |= LIVE_NAMES;
	if (leaf->few | leaf->heads | leaf->tails | leaf->exact | node->n_below)
		flags |= LIVE_LEAF;
	if (node->is_star)
		flags |= LIVE_STAR;
	return flags;
}

/* What each node is when it is live; and at each inner edge, what it makes live. */
static void number_live(struct matcher *m)
{
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		struct node *node = &m->nodes[i];

		node->live |= i << LIVE_SHIFT | flags_of(node);
	}
	for (uint32_t i = 0; i < m->n_edges; i++) {
		struct edge *edge = &m->edges[i];
		const struct node *node;

		if (edge->leaf)
			continue;
		node = &m->nodes[live_node(edge->live)];
		edge->live = node->live;
		edge->star = MATCHER_NONE;
		if (node->star == MATCHER_NONE)
			continue;
		edge->star = m->nodes[node->star].live;
		edge->floor = m->nodes[node->star].floor;
	}
}

/* ---- All of it ------------------------------------------------------------------------ */

static int make_names(struct index *index, bool leaf, struct name_table *table)
{
	struct whole_names *names = &index->names[leaf];

	return name_table_make(table, &index->bunches, names->entries, names->n);
}

static int index_init(struct index *index, struct matcher *m)
{
	int err;

	*index = (struct index){.m = m};
	err = bunch_init(&index->bunches, m);
	if (!err)
		err = trie_init(&index->tries, &index->bunches);
	if (!err)
		err = anchor_counts_init(&index->counts, m->n_edges);
	return err;
}

static void index_release(struct index *index)
{
	for (int i = 0; i < 2; i++) {
		free(index->ends[i].entries);
		free(index->names[i].entries);
	}
	free(index->few);
	free(index->counts.counts);
	trie_release(&index->tries);
	bunch_release(&index->bunches);
}

int matcher_index(struct matcher *m)
{
	struct index index;
	int err = index_init(&index, m);

	if (!err)
		err = add_all_sets(&index);
	if (!err)
		err = make_names(&index, false, &m->inner_names);
	if (!err)
		err = make_names(&index, true, &m->leaf_names);
	if (!err)
		err = bunch_finish(&index.bunches);
	if (!err) {
		trie_finish(&index.tries);
		number_live(m);
	}
	index_release(&index);
	return err;
}
