/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_bunch.c - makes the bunches of edges that share an anchor. See matcher_bunch.h. */
#include <stdlib.h>

#include "array.h"
#include "matcher_bunch.h"
#include "matcher_key.h"

/* ---- Edges that need no further look ------------------------------------------- */

/* What inner edges have in place of `latest`. */
enum { INNER_LATEST = 1 };

static accept_t latest_of(const struct edge *edge)
{
	return edge->leaf ? edge->latest : INNER_LATEST;
}

/* The latest bare accept of an edge; 0 if there is none. */
static accept_t bare_of(const struct matcher *m, const struct edge *edge)
{
	for (uint32_t i = 0; edge->leaf && i < edge->n; i++) {
		if (accept_bare(m->accepts[edge->accepts + i]))
			return m->accepts[edge->accepts + i];
	}
	return 0;
}

/* What the anchor, found as far as it is proven, says of the glob of an edge. */
static enum glob_says says(const struct matcher *m, uint32_t edge,
			   const struct bunch_source *source)
{
	return glob_anchor_says(&m->globs[edge], source->tail, source->proven);
}

/* Edges of the root's star node, and a node's own, are live whenever they are looked up. */
static bool always_live(const struct matcher *m, uint32_t edge, bool shared)
{
	return !shared || m->edges[edge].node == m->nodes[0].star;
}

/* Whether `sure` says all that there is to an edge: it needs not be a candidate too. */
static bool all_is_sure(const struct matcher *m, uint32_t edge, const struct bunch_source *source)
{
	const struct edge *e = &m->edges[edge];

	return e->leaf && says(m, edge, source) == GLOB_SAYS_ALL && accept_bare(e->latest);
}

static accept_t later(accept_t a, accept_t b)
{
	return a > b ? a : b;
}

/* ---- Lists ------------------------------------------------------------------------ */

int bunch_init(struct bunch_builder *b, struct matcher *m)
{
	int err;

	*b = (struct bunch_builder){.m = m, .n_bunches = 1, .n_candidates = 1, .n_crowds = 1};
	class_init(&b->classes);
	err = array_reserve(&m->bunches, &b->bunches_capacity, 0, sizeof(*m->bunches));
	if (!err)
		err = array_reserve(&m->candidates, &b->candidates_capacity, 0,
				    sizeof(*m->candidates));
	if (err)
		return err;
	m->bunches[0] = (struct bunch){0};
	m->candidates[0] = (struct candidate){0};
	return 0;
}

static int add_candidate(struct bunch_builder *b, struct candidate candidate)
{
	struct matcher *m = b->m;
	int err = array_reserve(&m->candidates, &b->candidates_capacity, b->n_candidates,
				sizeof(*m->candidates));

	if (!err)
		m->candidates[b->n_candidates++] = candidate;
	return err;
}

/* With what a lookup tells most names that do not match, without a look at the edge. */
static struct candidate candidate_of(struct bunch_builder *b, uint32_t edge,
				     const struct bunch_source *source)
{
	const struct matcher *m = b->m;
	const struct edge *e = &m->edges[edge];
	enum glob_says by_anchor = says(m, edge, source);
	uint32_t min_len = by_anchor == GLOB_SAYS_BUT_END ? source->proven + 1u : e->min_len;
	struct candidate candidate = {.latest = latest_of(e), .edge = edge, .node = e->node};
	bool exact[2];

	for (int last = 0; last < 2; last++)
		candidate.ends[last] = class_of(&b->classes, &m->globs[edge], last, &exact[last]);
	candidate.min_len = (uint8_t)(min_len < UINT8_MAX ? min_len : UINT8_MAX);
	candidate.whole = by_anchor == GLOB_SAYS_ALL ||
			  (by_anchor == GLOB_SAYS_BUT_END && exact[!source->tail]);
	return candidate;
}

/* An order of edges: sorted by node or not, then the latest first. */
struct order {
	const struct matcher *m;
	bool by_node;
};

static int in_order(const void *left, const void *right, void *data)
{
	const struct order *order = data;
	uint32_t i = *(const uint32_t *)left;
	uint32_t k = *(const uint32_t *)right;
	const struct edge *a = &order->m->edges[i];
	const struct edge *b = &order->m->edges[k];

	if (order->by_node && a->node != b->node)
		return a->node < b->node ? -1 : 1;
	if (latest_of(a) != latest_of(b))
		return latest_of(a) > latest_of(b) ? -1 : 1;
	return i < k ? -1 : i > k;
}

static void sort_edges(const struct bunch_builder *b, const struct bunch_source *source,
		       bool by_node)
{
	struct order order = {b->m, by_node};

	if (source->n)
		qsort_r(source->edges, source->n, sizeof(*source->edges), in_order, &order);
}

/* A list of edges that are sorted; *first is 0 if nothing is left to list. */
static int make_list(struct bunch_builder *b, const struct bunch_source *source, bool fold,
		     uint32_t *first)
{
	uint32_t start = b->n_candidates;
	int err = 0;

	*first = 0;
	for (uint32_t i = 0; i < source->n && !err; i++) {
		uint32_t edge = source->edges[i];

		if ((fold || always_live(b->m, edge, source->shared)) &&
		    all_is_sure(b->m, edge, source))
			continue;
		err = add_candidate(b, candidate_of(b, edge, source));
	}
	if (err || b->n_candidates == start)
		return err;
	*first = start;
	return add_candidate(b, (struct candidate){0});
}

int bunch_list(struct bunch_builder *b, const struct bunch_source *source, uint32_t *first)
{
	sort_edges(b, source, false);
	return make_list(b, source, false, first);
}

/* ---- Crowds ----------------------------------------------------------------------- */

bool bunch_is_crowd(const struct bunch_builder *b, const uint32_t *edges, uint32_t n)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!b->m->nodes[b->m->edges[edges[i]].node].is_star)
			return false;
		others += b->m->edges[edges[i]].node != b->m->nodes[0].star;
	}
	return others > SHARED_CROWD;
}

/* source: those edges of a crowd that are of one node. */
static int add_pair(struct bunch_builder *b, const struct bunch_source *source)
{
	struct pair pair = {.crowd = b->n_crowds, .node = b->m->edges[source->edges[0]].node};
	int err = array_reserve(&b->pairs, &b->pairs_capacity, b->n_pairs, sizeof(*b->pairs));

	if (!err)
		err = make_list(b, source, true, &pair.first);
	if (err)
		return err;
	for (uint32_t i = 0; i < source->n; i++) {
		if (says(b->m, source->edges[i], source) == GLOB_SAYS_ALL)
			pair.sure = later(pair.sure, bare_of(b->m, &b->m->edges[source->edges[i]]));
	}
	b->pairs[b->n_pairs++] = pair;
	return 0;
}

/* The edges are sorted by node. */
static int make_crowd(struct bunch_builder *b, const struct bunch_source *source, uint32_t *crowd)
{
	struct matcher *m = b->m;
	struct crowd made = {0};
	int err = array_reserve(&m->crowds, &b->crowds_capacity, b->n_crowds, sizeof(*m->crowds));

	for (uint32_t from = 0, to; from < source->n && !err; from = to) {
		uint32_t node = m->edges[source->edges[from]].node;
		struct bunch_source part = *source;

		for (to = from + 1; to < source->n && m->edges[source->edges[to]].node == node;)
			to++;
		part.edges += from;
		part.n = to - from;
		made.stars[crowd_word(node)] |= 1ull << matcher_star_bit(node);
		err = add_pair(b, &part);
	}
	if (err)
		return err;
	*crowd = b->n_crowds | BUNCH_CROWD;
	m->crowds[b->n_crowds++] = made;
	return 0;
}

/* ---- Bunches ---------------------------------------------------------------------- */

/* What is known of all edges of a bunch. */
static void sum_up(const struct bunch_builder *b, const struct bunch_source *source,
		   struct bunch *bunch)
{
	const struct matcher *m = b->m;

	for (uint32_t i = 0; i < source->n; i++) {
		uint32_t edge = source->edges[i];

		if (always_live(m, edge, source->shared) && says(m, edge, source) == GLOB_SAYS_ALL)
			bunch->sure = later(bunch->sure, bare_of(m, &m->edges[edge]));
		if (!always_live(m, edge, source->shared))
			bunch->latest = later(bunch->latest, latest_of(&m->edges[edge]));
	}
}

/* Those edges that are not live everywhere. */
static int make_others(struct bunch_builder *b, const struct bunch_source *source,
		       struct bunch *bunch)
{
	for (uint32_t i = 0; i < source->n; i++)
		bunch->stars |= 1ull << matcher_star_bit(b->m->edges[source->edges[i]].node);
	if (!bunch_is_crowd(b, source->edges, source->n))
		return bunch_list(b, source, &bunch->others);
	sort_edges(b, source, true);
	return make_crowd(b, source, &bunch->others);
}

/* Move the edges of the root's star node to the front; returns how many they are. */
static uint32_t part_edges(const struct matcher *m, uint32_t *edges, uint32_t n)
{
	uint32_t n_root = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t edge = edges[i];

		if (m->edges[edge].node != m->nodes[0].star)
			continue;
		edges[i] = edges[n_root];
		edges[n_root++] = edge;
	}
	return n_root;
}

static int make_lists(struct bunch_builder *b, const struct bunch_source *source,
		      struct bunch *bunch)
{
	uint32_t n_live = source->shared ? part_edges(b->m, source->edges, source->n) : source->n;
	struct bunch_source part = *source;
	int err;

	part.n = n_live;
	err = bunch_list(b, &part, &bunch->first);
	part.edges += n_live;
	part.n = source->n - n_live;
	return err ? err : make_others(b, &part, bunch);
}

int bunch_make(struct bunch_builder *b, const struct bunch_source *source, uint32_t *out)
{
	struct matcher *m = b->m;
	struct bunch bunch = {.up = source->up};
	int err =
		array_reserve(&m->bunches, &b->bunches_capacity, b->n_bunches, sizeof(*m->bunches));

	if (!err)
		err = make_lists(b, source, &bunch);
	if (err)
		return err;
	bunch.sure = m->bunches[source->up].sure;
	bunch.latest = later(m->bunches[source->up].latest, m->candidates[bunch.first].latest);
	sum_up(b, source, &bunch);
	/* Without candidates, stand in for the bunch above. */
	if (!bunch.first && !bunch.others) {
		bunch.first = m->bunches[source->up].first;
		bunch.others = m->bunches[source->up].others;
		bunch.stars = m->bunches[source->up].stars;
		bunch.up = m->bunches[source->up].up;
	}
	*out = b->n_bunches;
	m->bunches[b->n_bunches++] = bunch;
	return 0;
}

/* ---- The table of pairs ------------------------------------------------------------ */

/* At most a quarter full: then most are in the first place that is looked at. */
static uint32_t pairs_size(uint32_t n)
{
	uint32_t size = 2;

	while (size < n * 4)
		size *= 2;
	return size;
}

int bunch_finish(struct bunch_builder *b)
{
	struct matcher *m = b->m;
	uint32_t size = pairs_size(b->n_pairs);

	m->pairs = calloc(size, sizeof(*m->pairs));
	if (!m->pairs)
		return -ENOMEM;
	m->pair_mask = size - 1;
	for (uint32_t i = 0; i < b->n_pairs; i++) {
		uint32_t at = key_pair(b->pairs[i].crowd, b->pairs[i].node) & m->pair_mask;

		while (m->pairs[at].crowd)
			at = (at + 1) & m->pair_mask;
		m->pairs[at] = b->pairs[i];
	}
	class_finish(&b->classes, m);
	array_trim(&m->bunches, b->n_bunches, sizeof(*m->bunches));
	array_trim(&m->candidates, b->n_candidates, sizeof(*m->candidates));
	return 0;
}

void bunch_release(struct bunch_builder *b)
{
	free(b->pairs);
	b->pairs = NULL;
}
