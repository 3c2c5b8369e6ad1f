/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_enter.c - from a folder into one below it: which nodes are live there. */
#include <stdlib.h>

#include "array.h"
#include "matcher.h"
#include "matcher_walk.h"
#include "path.h"

/* So many new star nodes are sorted to find those that are there twice. */
enum { MANY_NODES = 16 };

static int live_grow(struct live_set *set)
{
	uint32_t capacity = set->capacity * 2;
	live_t *nodes = malloc(capacity * sizeof(*nodes));

	if (!nodes)
		return -ENOMEM;
	memcpy(nodes, set->nodes, set->n * sizeof(*nodes));
	live_set_release(set);
	set->nodes = nodes;
	set->capacity = capacity;
	return 0;
}

static inline int live_push(struct live_set *set, live_t node)
{
	if (__builtin_expect(set->n == set->capacity, false) && live_grow(set))
		return -ENOMEM;
	set->nodes[set->n++] = node;
	return 0;
}

static inline bool live_holds(const live_t *nodes, uint32_t n, live_t node)
{
	for (uint32_t i = 0; i < n; i++) {
		if (nodes[i] == node)
			return true;
	}
	return false;
}

static int by_number(const void *left, const void *right)
{
	live_t a = *(const live_t *)left;
	live_t b = *(const live_t *)right;

	return a < b ? -1 : a > b;
}

static __attribute__((noinline)) void sort_once_each(struct live_set *set)
{
	uint32_t n = 0;

	if (set->n)
		qsort(set->nodes, set->n, sizeof(*set->nodes), by_number);
	for (uint32_t i = 0; i < set->n; i++) {
		if (n == 0 || set->nodes[i] != set->nodes[n - 1])
			set->nodes[n++] = set->nodes[i];
	}
	set->n = n;
}

/* A step from a folder into one below. */
struct way {
	const struct matcher *m;
	struct live *live;	/* its stars grow; live->folder tells how many were there before */
	struct live_set *plain; /* the other nodes that are reached */
	live_t plain_flags;
	int err;
	struct name_ends ends;
};

/* Whether a node is in a set. Past MANY_NODES this is not looked for: see arrive(). */
static __attribute__((noinline)) bool is_reached(const struct live_set *set, uint32_t n_new,
						 live_t node)
{
	return n_new < MANY_NODES && live_holds(set->nodes, set->n, node);
}

/* Each node has one edge that leads to it, from a node that is live once: so it is too. */
static ALWAYS_INLINE void reach_plain(struct way *way, live_t node)
{
	way->plain_flags |= node & LIVE_FLAGS;
	if (live_push(way->plain, node))
		way->err = -ENOMEM;
}

/* A star node may be live already, since some folder above. */
static ALWAYS_INLINE void reach_star(struct way *way, live_t star, accept_t floor)
{
	struct matcher_folder *folder = &way->live->folder;
	struct live_set *stars = &way->live->stars;
	uint64_t bit = 1ull << matcher_star_bit(live_node(star));

	if ((folder->star_bits & bit) && is_reached(stars, stars->n - folder->n_stars, star))
		return;
	folder->star_flags |= star & LIVE_FLAGS;
	folder->star_bits |= bit;
	if (floor > folder->floor)
		folder->floor = floor;
	if (live_push(stars, star))
		way->err = -ENOMEM;
	folder->stars = stars->nodes;
}

/* What an edge leads to. */
static ALWAYS_INLINE void reach(struct way *way, const struct edge *edge)
{
	reach_plain(way, edge->live);
	if (edge->star != MATCHER_NONE)
		reach_star(way, edge->star, edge->floor);
}

/* All that is below has been reached: go there. */
static ALWAYS_INLINE int arrive(struct way *way)
{
	struct matcher_folder *folder = &way->live->folder;

	if (way->live->stars.n - folder->n_stars > MANY_NODES)
		sort_once_each(&way->live->stars);
	folder->n_stars = way->live->stars.n;
	way->live->next = way->live->now;
	way->live->now = way->plain;
	folder->plain = way->plain->nodes;
	folder->n_plain = way->plain->n;
	folder->plain_flags = way->plain_flags;
	return way->err;
}

int matcher_start(const struct matcher *m, struct live *live)
{
	struct way way = {.m = m, .live = live, .plain = live->next};
	const struct node *root = &m->nodes[0];

	reach_plain(&way, root->live);
	if (root->star != MATCHER_NONE)
		reach_star(&way, m->nodes[root->star].live, m->nodes[root->star].floor);
	return arrive(&way);
}

static int live_copy(struct live_set *set, const live_t *nodes, uint32_t n)
{
	int err = 0;

	for (uint32_t i = 0; i < n && !err; i++)
		err = live_push(set, nodes[i]);
	return err;
}

int matcher_resume(const struct matcher_folder *folder, struct live *live)
{
	int err = live_copy(&live->stars, folder->stars, folder->n_stars);

	if (!err)
		err = live_copy(live->now, folder->plain, folder->n_plain);
	live->folder = *folder;
	live->folder.stars = live->stars.nodes;
	live->folder.plain = live->now->nodes;
	return err;
}

/* Go along an edge, if it fits the name. `whole`: that is known. */
static inline void follow_edge(struct way *way, uint32_t id, bool whole)
{
	const struct edge *edge = &way->m->edges[id];

	if (whole || edge_matches(way->m, edge, &way->ends))
		reach(way, edge);
}

/* The candidates of one node. */
static __attribute__((noinline)) void follow_own_list(struct way *way, uint32_t first,
						      uint32_t node)
{
	walk_prepare(way->m, &way->ends);
	for (const struct candidate *c = &way->m->candidates[first]; c->latest; c++) {
		if (is_likely(c, &way->ends) & (c->node == node))
			follow_edge(way, c->edge, c->whole);
	}
}

/* Those of star nodes. */
static __attribute__((noinline)) void follow_shared_list(struct way *way, uint32_t first)
{
	walk_prepare(way->m, &way->ends);
	for (const struct candidate *c = &way->m->candidates[first]; c->latest; c++) {
		if (is_likely(c, &way->ends) && star_is_live(&way->live->folder, c->node))
			follow_edge(way, c->edge, c->whole);
	}
}

static void follow_crowd(struct way *way, uint32_t id)
{
	const struct matcher *m = way->m;
	const struct matcher_folder *from = &way->live->folder;

	for (uint32_t k = 0; k < from->n_stars; k++) {
		uint32_t node = live_node(from->stars[k]);

		if (crowd_holds(&m->crowds[id], node))
			follow_own_list(way, find_pair(m, id, node)->first, node);
	}
}

static __attribute__((noinline)) void follow_shared_bunch(struct way *way, uint32_t id)
{
	const struct matcher *m = way->m;

	for (; m->bunches[id].latest; id = m->bunches[id].up) {
		const struct bunch *bunch = &m->bunches[id];

		follow_own_list(way, bunch->first, m->nodes[0].star);
		if (!(bunch->stars & way->live->folder.star_bits))
			continue;
		if (bunch->others & BUNCH_CROWD)
			follow_crowd(way, bunch->others & ~BUNCH_CROWD);
		else
			follow_shared_list(way, bunch->others);
	}
}

static __attribute__((noinline)) void follow_own_bunch(struct way *way, uint32_t id, uint32_t node)
{
	const struct matcher *m = way->m;

	for (; m->bunches[id].latest; id = m->bunches[id].up)
		follow_own_list(way, m->bunches[id].first, node);
}

/* Several names with the same tag. Crowds are of star nodes. */
static __attribute__((noinline)) void follow_own_names(struct way *way, uint32_t id, uint32_t node)
{
	uint32_t others = way->m->bunches[id].others;

	if (!(others & BUNCH_CROWD))
		follow_own_list(way, others, node);
}

/* What was found under the hash of the name, for one node. */
static ALWAYS_INLINE void follow_own_name(struct way *way, uint32_t ref, uint32_t node)
{
	const struct edge *edge = &way->m->edges[ref & ~SLOT_EDGE];

	if (!ref)
		return;
	if (!(ref & SLOT_EDGE))
		follow_own_names(way, ref, node);
	else if (edge->node == node && edge_is_name(way->m, edge, &way->ends))
		reach(way, edge);
}

static ALWAYS_INLINE void follow_shared_name(struct way *way, uint32_t ref)
{
	const struct edge *edge = &way->m->edges[ref & ~SLOT_EDGE];

	if (!ref)
		return;
	if (!(ref & SLOT_EDGE))
		follow_shared_bunch(way, ref);
	else if (edge_is_name(way->m, edge, &way->ends) &&
		 star_is_live(&way->live->folder, edge->node))
		reach(way, edge);
}

/* The other edges of a node. */
static void follow_node(struct way *way, uint32_t id)
{
	const struct matcher *m = way->m;
	const struct edge_set *set = &m->nodes[id].inner;
	struct found_bunches found;

	follow_own_list(way, set->few, id);
	found = find_bunches(m, set, &way->ends);
	follow_own_bunch(way, found.head, id);
	follow_own_bunch(way, found.tail, id);
}

/* The edges that these nodes have for themselves. *nodes may move while stars are reached. */
static ALWAYS_INLINE void follow_own(struct way *way, const live_t *const *nodes, uint32_t n)
{
	const struct name_table *names = &way->m->inner_names;

	for (uint32_t i = 0; i < n; i++) {
		live_t live = (*nodes)[i];
		uint32_t id = live_node(live);

		if (live & LIVE_NAMES)
			follow_own_name(way, find_name(names, key_inner_set(id), &way->ends), id);
		if (live & LIVE_INNER)
			follow_node(way, id);
	}
}

static ALWAYS_INLINE void follow_shared(struct way *way)
{
	const struct matcher *m = way->m;
	const struct edge_set *set = &m->shared_inner;
	struct found_bunches found;

	if (set->exact)
		follow_shared_name(way, find_name(&m->inner_names, KEY_SHARED_INNER, &way->ends));
	if (!(set->heads | set->tails))
		return;
	found = find_bunches(m, set, &way->ends);
	follow_shared_bunch(way, found.head);
	follow_shared_bunch(way, found.tail);
}

static ALWAYS_INLINE int enter(const struct matcher *m, struct live *live, struct name_ends ends)
{
	const struct matcher_folder *from = &live->folder;
	struct way way;

	way.m = m;
	way.live = live;
	way.plain = live->next;
	way.plain->n = 0;
	way.plain_flags = 0;
	way.err = 0;
	way.ends = ends;
	if (from->plain_flags & (LIVE_INNER | LIVE_NAMES))
		follow_own(&way, &from->plain, from->n_plain);
	if (from->star_flags & LIVE_INNER)
		follow_own(&way, &from->stars, from->n_stars);
	if (from->n_stars)
		follow_shared(&way);
	return arrive(&way);
}

int matcher_enter(const struct matcher *m, struct live *live, const char *name, size_t len)
{
	return enter(m, live, key_ends(name, len));
}

/* ---- Whole paths ----------------------------------------------------------------- */

/* The ends of a component of a path that goes on up to `end`. */
static ALWAYS_INLINE struct name_ends ends_within(const char *name, const char *slash,
						  const char *end)
{
	size_t len = (size_t)(slash - name);

	return __builtin_expect(end - name >= KEY_WORD, true) ? key_ends_readable(name, len)
							      : key_ends(name, len);
}

int matcher_enter_all(const struct matcher *m, struct live *live, const char **path, size_t *len)
{
	const char *text = *path, *component = text, *end = text + *len;
	int err = 0;

	for (size_t at = 0; at < *len; at += PATH_BLOCK) {
		size_t n = *len - at < PATH_BLOCK ? *len - at : PATH_BLOCK;
		uint64_t slashes = path_slashes(text + at, n);

		for (; slashes; slashes &= slashes - 1) {
			const char *slash = text + at + __builtin_ctzll(slashes);

			if (path_is_dots(component, (size_t)(slash - component)))
				return -EINVAL;
			err = enter(m, live, ends_within(component, slash, end));
			if (err)
				return err;
			component = slash + 1;
		}
	}
	*len -= (size_t)(component - text);
	*path = component;
	return 0;
}
