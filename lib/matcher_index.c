/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_index.c - gives each edge an anchor, and makes the table. See matcher_index.h. */
#include <stdlib.h>

#include "array.h"
#include "matcher_anchor.h"
#include "matcher_index.h"
#include "matcher_key.h"

/* A node with no more edges than this needs no hashing: they are tried one by one. */
enum { FEW_EDGES = 4 };

/* An edge is found under this key. */
struct entry {
	uint64_t key;
	uint32_t edge;
	uint32_t latest; /* of a leaf edge, for the order within a list */
	bool crowded;    /* the key is that of a crowded anchor of the edge */
};

struct index {
	struct matcher *m;
	struct entry *entries;
	uint32_t n, capacity;
	struct anchor_counts counts;
	uint32_t n_few, few_capacity, n_lists, lists_capacity, n_crowds, crowds_capacity;
};

/* ---- Edges of one set --------------------------------------------------------- */

static int add_entry(struct index *index, uint64_t key, uint32_t edge, bool crowded)
{
	const struct edge *e = &index->m->edges[edge];
	int err = array_reserve(&index->entries, &index->capacity, index->n,
				sizeof(*index->entries));

	if (err)
		return err;
	index->entries[index->n++] = (struct entry){
		.key = key,
		.edge = edge,
		.latest = e->leaf ? e->latest : 0,
		.crowded = crowded,
	};
	return 0;
}

static int add_few(struct index *index, struct edge_set *set, uint32_t edge)
{
	int err = array_reserve(&index->m->few, &index->few_capacity, index->n_few,
				sizeof(*index->m->few));

	if (err)
		return err;
	index->m->few[index->n_few++] = edge;
	set->n_few++;
	return 0;
}

static int add_exact(struct index *index, struct edge_set *set, uint32_t set_id, uint32_t edge)
{
	const struct glob *glob = &index->m->globs[edge];
	struct name_ends ends = key_ends(glob->prefix, glob->prefix_len);

	set->exact = true;
	return add_entry(index, key_exact(set_id, &ends), edge, false);
}

static int add_anchored(struct index *index, struct edge_set *set, uint32_t set_id, uint32_t edge)
{
	const struct lens_in_use in_use = {.set = set};
	const struct anchor_place place = {set_id, MATCHER_NONE};
	struct anchoring way;
	int err = 0;

	anchor_choose(&index->counts, &in_use, place, &index->m->globs[edge], &way);
	if (way.n == 0)
		return add_few(index, set, edge);
	anchor_note(&in_use, &way.anchors[0], way.tail);
	for (int i = 0; i < way.n && !err; i++)
		err = add_entry(index, anchor_key(set_id, &way.anchors[i], way.tail), edge, false);
	return err;
}

/* Index the edges of one set: edges[n]. */
static int add_set(struct index *index, struct edge_set *set, uint32_t set_id,
		   const uint32_t *edges, uint32_t n)
{
	const struct anchor_place place = {set_id, MATCHER_NONE};
	int err = 0;

	*set = (struct edge_set){.few = index->n_few};
	for (uint32_t i = 0; i < n && n > FEW_EDGES; i++)
		anchor_count(&index->counts, place, &index->m->globs[edges[i]]);
	for (uint32_t i = 0; i < n && !err; i++) {
		if (n <= FEW_EDGES)
			err = add_few(index, set, edges[i]);
		else if (index->m->globs[edges[i]].kind == GLOB_EXACT)
			err = add_exact(index, set, set_id, edges[i]);
		else
			err = add_anchored(index, set, set_id, edges[i]);
	}
	return err;
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

static uint32_t shared_set(const struct edge *edge)
{
	return edge->leaf ? KEY_SHARED_LEAF : KEY_SHARED_INNER;
}

static struct anchor_place shared_place(const struct edge *edge)
{
	return (struct anchor_place){shared_set(edge), edge->node};
}

/* Whole names are counted as the others are: thousands of stars may know a Makefile. */
static uint32_t *count_exact(struct index *index, uint32_t edge)
{
	const struct glob *glob = &index->m->globs[edge];
	struct name_ends ends = key_ends(glob->prefix, glob->prefix_len);
	uint64_t key = key_exact(shared_set(&index->m->edges[edge]), &ends);

	return anchor_counter(&index->counts, key);
}

static void count_shared(struct index *index)
{
	for (uint32_t i = 0; i < index->m->n_edges; i++) {
		if (!hangs_from_star(index, i))
			continue;
		if (index->m->globs[i].kind == GLOB_EXACT)
			++*count_exact(index, i);
		else
			anchor_count(&index->counts, shared_place(&index->m->edges[i]),
				     &index->m->globs[i]);
	}
}

/* An edge that is found by this key of a shared set, which so many others share. */
static int add_shared_entry(struct index *index, uint64_t key, uint32_t edge)
{
	bool crowded = *anchor_counter(&index->counts, key) > SHARED_CROWD;
	int err = add_entry(index, key, edge, crowded);

	if (err || !crowded)
		return err;
	return add_entry(index, key_in_node(key, index->m->edges[edge].node), edge, false);
}

static int add_shared_exact(struct index *index, struct lens_table *table, uint32_t set_id,
			    uint32_t edge)
{
	const struct glob *glob = &index->m->globs[edge];
	struct name_ends ends = key_ends(glob->prefix, glob->prefix_len);

	table->heads[key_head_pair(&ends)] |= LENS_EXACT;
	table->tails[key_tail_pair(&ends)] |= LENS_EXACT;
	return add_shared_entry(index, key_exact(set_id, &ends), edge);
}

/* Put an edge into its shared set. Returns 1 if it must go into that of its node. */
static int add_shared(struct index *index, uint32_t edge)
{
	struct matcher *m = index->m;
	struct lens_table *table = m->edges[edge].leaf ? &m->shared_leaf : &m->shared_inner;
	const struct lens_in_use in_use = {.table = table};
	const struct anchor_place place = shared_place(&m->edges[edge]);
	struct anchoring way;
	int err = 0;

	if (m->globs[edge].kind == GLOB_EXACT)
		return add_shared_exact(index, table, place.set, edge);
	anchor_choose(&index->counts, &in_use, place, &m->globs[edge], &way);
	if (way.n == 0)
		return 1;
	for (int i = 0; i < way.n && !err; i++) {
		anchor_note(&in_use, &way.anchors[i], way.tail);
		err = add_shared_entry(index, anchor_key(place.set, &way.anchors[i], way.tail),
				       edge);
	}
	return err;
}

/* Index the edges of star nodes. own: set for each edge that goes into a node's own set. */
static int add_shared_sets(struct index *index, bool *own)
{
	count_shared(index);
	for (uint32_t i = 0; i < index->m->n_edges; i++) {
		int added = hangs_from_star(index, i) ? add_shared(index, i) :
							is_searched(&index->m->edges[i]);

		if (added < 0)
			return added;
		own[i] = added;
	}
	return 0;
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

		err = add_set(index, i % 2 ? &node->leaf : &node->inner,
			      i % 2 ? key_leaf_set(i / 2) : key_inner_set(i / 2),
			      order + starts[i], starts[i + 1] - starts[i]);
		if (starts[i + 1] > starts[i])
			node->live |= i % 2 ? LIVE_LEAF : LIVE_INNER;
	}
	free(starts);
	free(order);
	return err;
}

/* What each node is when it is live; and at each inner edge, what it makes live. */
static void number_live(struct matcher *m)
{
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		struct node *node = &m->nodes[i];

		node->live |= i << LIVE_SHIFT | (node->is_star ? LIVE_STAR : 0) |
			      (node->n_below ? LIVE_LEAF : 0) |
			      (node->floor >= 0 ? LIVE_FLOOR : 0);
	}
	for (uint32_t i = 0; i < m->n_edges; i++) {
		struct edge *edge = &m->edges[i];
		const struct node *node;

		if (edge->leaf)
			continue;
		node = &m->nodes[edge->target];
		edge->live = node->live;
		edge->star = node->star == MATCHER_NONE ? MATCHER_NONE : m->nodes[node->star].live;
	}
}

static int add_all_sets(struct index *index)
{
	bool *own = calloc(index->m->n_edges + 1, sizeof(*own));
	int err = own ? add_shared_sets(index, own) : -ENOMEM;

	if (!err)
		err = add_own_sets(index, own);
	if (!err)
		number_live(index->m);
	free(own);
	return err;
}

/* ---- The table --------------------------------------------------------------- */

static int by_tag(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;

	if (key_tag(a->key) != key_tag(b->key))
		return key_tag(a->key) < key_tag(b->key) ? -1 : 1;
	if (a->latest != b->latest)
		return a->latest > b->latest ? -1 : 1;
	return a->edge < b->edge ? -1 : a->edge > b->edge;
}

/* The least power of two that is at least n and at least `least`. */
static uint32_t power_of_two(uint32_t n, uint32_t least)
{
	uint32_t size = least;

	while (size < n)
		size *= 2;
	return size;
}

static int add_to_list(struct index *index, uint32_t edge)
{
	struct candidate candidate = {.latest = INT64_MIN};
	int err = array_reserve(&index->m->lists, &index->lists_capacity, index->n_lists,
				sizeof(*index->m->lists));

	if (err)
		return err;
	if (edge != MATCHER_NONE) {
		candidate.edge = edge;
		candidate.star_bit = index->m->edges[edge].star_bit;
		candidate.latest = index->m->edges[edge].leaf ? index->m->edges[edge].latest : 0;
	}
	index->m->lists[index->n_lists++] = candidate;
	return 0;
}

static void put_slot(struct matcher *m, uint32_t tag, uint32_t ref)
{
	uint32_t i = tag & m->slot_mask;

	while (m->slots[i].ref != MATCHER_NONE)
		i = (i + 1) & m->slot_mask;
	m->slots[i] = (struct slot){tag, ref};
}

/* A list of the edges of entries[from, to). Returns its place in *ref. */
static int make_list(struct index *index, uint32_t from, uint32_t to, uint32_t *ref)
{
	int err = 0;

	*ref = index->n_lists | SLOT_LIST;
	for (uint32_t i = from; i < to && !err; i++)
		err = add_to_list(index, index->entries[i].edge);
	return err ? err : add_to_list(index, MATCHER_NONE);
}

static int make_crowd(struct index *index, uint32_t from, uint32_t to, uint32_t *ref)
{
	struct crowd crowd = {.latest = index->entries[from].latest};
	int err = array_reserve(&index->m->crowds, &index->crowds_capacity, index->n_crowds,
				sizeof(*index->m->crowds));

	if (err)
		return err;
	for (uint32_t i = from; i < to; i++)
		crowd.stars |= 1ull << index->m->edges[index->entries[i].edge].star_bit;
	*ref = index->n_crowds | SLOT_CROWD;
	index->m->crowds[index->n_crowds++] = crowd;
	return 0;
}

/*
 * Put entries[from, to), whose keys share a tag, into the table. Should a crowded key share
 * its tag with another, all are listed.
 */
static int put_entries(struct index *index, uint32_t from, uint32_t to)
{
	uint32_t ref = index->entries[from].edge;
	uint32_t crowded = 0;
	int err = 0;

	for (uint32_t i = from; i < to; i++)
		crowded += index->entries[i].crowded;
	if (crowded == to - from)
		err = make_crowd(index, from, to, &ref);
	else if (to - from > 1)
		err = make_list(index, from, to, &ref);
	if (!err)
		put_slot(index->m, key_tag(index->entries[from].key), ref);
	return err;
}

static int allocate_table(struct index *index)
{
	struct matcher *m = index->m;
	uint32_t n_slots = power_of_two(index->n * 2, 16);
	uint32_t n_words = power_of_two(index->n / 8, 16);

	m->slots = malloc(n_slots * sizeof(*m->slots));
	m->filter = calloc(n_words, sizeof(*m->filter));
	if (!m->slots || !m->filter)
		return -ENOMEM;
	memset(m->slots, 0xff, n_slots * sizeof(*m->slots));
	m->slot_mask = n_slots - 1;
	m->filter_shift = 64 - (uint32_t)__builtin_ctz(n_words);
	return 0;
}

static int make_table(struct index *index)
{
	struct matcher *m = index->m;
	int err = allocate_table(index);

	if (err)
		return err;
	for (uint32_t i = 0; i < index->n; i++) {
		uint64_t key = index->entries[i].key;

		m->filter[key >> m->filter_shift] |= 1ull << key_filter_bit(key);
	}
	if (index->n)
		qsort(index->entries, index->n, sizeof(*index->entries), by_tag);
	for (uint32_t from = 0, to; from < index->n && !err; from = to) {
		uint32_t tag = key_tag(index->entries[from].key);

		for (to = from + 1; to < index->n && key_tag(index->entries[to].key) == tag;)
			to++;
		err = put_entries(index, from, to);
	}
	return err;
}

int matcher_index(struct matcher *m)
{
	struct index index = {.m = m};
	uint32_t n_counts = power_of_two(m->n_edges * 16, 16);
	int err;

	index.counts.counts = calloc(n_counts, sizeof(*index.counts.counts));
	index.counts.mask = n_counts - 1;
	err = index.counts.counts ? add_all_sets(&index) : -ENOMEM;
	if (!err)
		err = make_table(&index);
	free(index.counts.counts);
	free(index.entries);
	return err;
}
