/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher.c - finds the last pattern that matches a file. See matcher.h. */
#include <stdlib.h>

#include "matcher.h"
#include "matcher_walk.h"

struct search {
	const struct matcher *m;
	const struct matcher_folder *folder;
	struct name_ends ends;
	accept_t above; /* what is not later than this does not matter */
	matcher_fn *fn;
	void *data;
};

static inline accept_t later(accept_t a, accept_t b)
{
	return a > b ? a : b;
}

/* The patterns of a node or an edge match: does a rule of theirs hold? */
static void deliver(struct search *s, uint32_t accepts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		accept_t accept = s->m->accepts[accepts + i];

		if (accept <= s->above)
			return; /* they come latest first */
		if (accept_bare(accept) || s->fn(s->data, accept_rule(accept))) {
			s->above = accept_make(accept_rule(accept), true);
			return;
		}
	}
}

/* Verify a candidate, as far as it takes. */
static __attribute__((noinline)) void try_candidate(struct search *s, const struct candidate *c)
{
	const struct edge *edge = &s->m->edges[c->edge];

	if (!c->whole && !edge_matches(s->m, edge, &s->ends))
		return;
	if (accept_bare(c->latest))
		s->above = c->latest;
	else
		deliver(s, edge->accepts, edge->n);
}

/* ---- Candidates ---------------------------------------------------------------- */

/* Those of one node that is live. */
static ALWAYS_INLINE void search_own_list(struct search *s, uint32_t first, uint32_t node)
{
	for (const struct candidate *c = &s->m->candidates[first]; c->latest > s->above; c++) {
		if (is_likely(c, &s->ends) & (c->node == node))
			try_candidate(s, c);
	}
}

/* Those of star nodes, live or not. */
static ALWAYS_INLINE void search_shared_list(struct search *s, uint32_t first)
{
	for (const struct candidate *c = &s->m->candidates[first]; c->latest > s->above; c++) {
		if (is_likely(c, &s->ends) & (s->folder->star_bits >> matcher_star_bit(c->node)) &&
		    is_live(s->folder->stars, s->folder->n_stars, c->node))
			try_candidate(s, c);
	}
}

/* The deepest star node first: its rules are special, and so most often late. */
static inline void search_crowd(struct search *s, uint32_t id)
{
	const struct matcher *m = s->m;
	const struct crowd *crowd = &m->crowds[id];
	const struct matcher_folder *folder = s->folder;

	for (uint32_t k = folder->n_stars; k-- > 0;) {
		uint32_t node = live_node(folder->stars[k]);
		const struct pair *pair;

		if (!crowd_holds(crowd, node))
			continue;
		pair = find_pair(m, id, node);
		s->above = later(s->above, pair->sure);
		search_own_list(s, pair->first, pair->node);
	}
}

static inline void search_others(struct search *s, const struct bunch *bunch)
{
	if (bunch->others & BUNCH_CROWD)
		search_crowd(s, bunch->others & ~BUNCH_CROWD);
	else
		search_shared_list(s, bunch->others);
}

static void search_shared_bunch(struct search *s, uint32_t id)
{
	const struct matcher *m = s->m;
	uint32_t root = m->nodes[0].star;

	for (; m->bunches[id].latest > s->above; id = m->bunches[id].up) {
		const struct bunch *bunch = &m->bunches[id];

		if (bunch->stars & s->folder->star_bits)
			search_others(s, bunch);
		search_own_list(s, bunch->first, root);
	}
}

static void search_own_bunch(struct search *s, uint32_t id, uint32_t node)
{
	const struct matcher *m = s->m;

	for (; m->bunches[id].latest > s->above; id = m->bunches[id].up)
		search_own_list(s, m->bunches[id].first, node);
}

/* ---- Sets of edges ------------------------------------------------------------- */

static inline void note_sure(struct search *s, struct found_bunches found)
{
	accept_t sure = later(s->m->bunches[found.head].sure, s->m->bunches[found.tail].sure);

	s->above = later(s->above, sure);
}

/* What was found under the hash of the name, for one node. */
static inline void search_own_name(struct search *s, uint32_t ref, uint32_t node)
{
	const struct edge *edge = &s->m->edges[ref & ~SLOT_EDGE];

	if (!(ref & SLOT_EDGE)) {
		if (!(s->m->bunches[ref].others & BUNCH_CROWD))
			search_own_list(s, s->m->bunches[ref].others, node);
	} else if (((edge->latest > s->above) & (edge->node == node)) &&
		   edge_is_name(s->m, edge, &s->ends)) {
		deliver(s, edge->accepts, edge->n);
	}
}

static inline void search_shared_name(struct search *s, uint32_t ref)
{
	const struct edge *edge = &s->m->edges[ref & ~SLOT_EDGE];

	if (!(ref & SLOT_EDGE)) {
		search_shared_bunch(s, ref);
	} else if (edge->latest > s->above && edge_is_name(s->m, edge, &s->ends) &&
		   star_is_live(s->folder, edge->node)) {
		deliver(s, edge->accepts, edge->n);
	}
}

static void search_node(struct search *s, uint32_t id)
{
	const struct matcher *m = s->m;
	const struct node *node = &m->nodes[id];
	const struct edge_set *set = &node->leaf;
	struct found_bunches found;

	if (node->latest <= s->above)
		return;
	deliver(s, node->below, node->n_below);
	if (set->exact)
		search_own_name(s, find_rare_name(&m->leaf_names, key_leaf_set(id), &s->ends), id);
	search_own_list(s, set->few, id);
	if (!(set->heads | set->tails))
		return;
	found = find_bunches(m, set, &s->ends);
	note_sure(s, found);
	search_own_bunch(s, found.head, id);
	search_own_bunch(s, found.tail, id);
}

static inline void search_nodes(struct search *s, const live_t *nodes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (nodes[i] & LIVE_LEAF)
			search_node(s, live_node(nodes[i]));
	}
}

static inline void search_shared(struct search *s)
{
	const struct matcher *m = s->m;
	const struct edge_set *set = &m->shared_leaf;
	struct found_bunches found;

	if (m->shared_latest <= s->above)
		return;
	found = find_bunches(m, set, &s->ends);
	note_sure(s, found);
	if (set->exact)
		search_shared_name(s, find_rare_name(&m->leaf_names, KEY_SHARED_LEAF, &s->ends));
	search_shared_bunch(s, found.head);
	search_shared_bunch(s, found.tail);
}

accept_t matcher_find(const struct matcher *m, const struct matcher_folder *folder,
		      const char *name, size_t len, matcher_fn *fn, void *data)
{
	struct search search = {
		.m = m,
		.folder = folder,
		.ends = key_ends(name, len),
		.above = folder->floor,
		.fn = fn,
		.data = data,
	};

	walk_prepare(m, &search.ends);
	if (folder->plain_flags & LIVE_LEAF)
		search_nodes(&search, folder->plain, folder->n_plain);
	if (folder->star_flags & LIVE_LEAF)
		search_nodes(&search, folder->stars, folder->n_stars);
	search_shared(&search);
	return search.above;
}

bool matcher_matches(const struct matcher *m, const struct matcher_folder *folder, const char *name,
		     size_t len, struct spot spot)
{
	if (!is_live(folder->plain, folder->n_plain, spot.node) &&
	    !is_live(folder->stars, folder->n_stars, spot.node))
		return false;
	return spot.edge == MATCHER_NONE || glob_match(&m->globs[spot.edge], name, len);
}

static void names_release(struct name_table *names)
{
	free(names->slots);
	free(names->filter);
}

void matcher_release(struct matcher *m)
{
	free(m->nodes);
	free(m->edges);
	free(m->globs);
	free(m->accepts);
	free(m->cells);
	free(m->bunches);
	free(m->candidates);
	free(m->crowds);
	free(m->pairs);
	names_release(&m->inner_names);
	names_release(&m->leaf_names);
	*m = (struct matcher){0};
}
