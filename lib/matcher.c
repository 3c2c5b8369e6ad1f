/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher.c - finds the patterns that match. See matcher.h. */
#include <stdlib.h>

#include "array.h"
#include "matcher.h"
#include "matcher_key.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- Edges whose anchors fit a name ---------------------------------------- */

/* Called for each edge whose anchor fits; it has yet to be verified. */
typedef void edge_fn(void *data, const struct edge *edge);

/* What is done with the edges that are found. */
struct visitor {
	edge_fn *visit;
	void *data;
	const int64_t *above; /* only edges whose `latest` is above this are worth a look ... */
	uint64_t mask;        /* ... and whose star_bit is in here */
	const struct matcher_folder *folder;
};

static ALWAYS_INLINE void visit_list(const struct matcher *m, const struct candidate *candidate,
				     const struct visitor *v)
{
	/* The end of a list is below them all. */
	for (; candidate->latest > *v->above; candidate++) {
		if (v->mask >> candidate->star_bit & 1)
			v->visit(v->data, &m->edges[candidate->edge]);
	}
}

static inline bool passes_filter(const struct matcher *m, uint64_t key)
{
	return m->filter[key >> m->filter_shift] >> key_filter_bit(key) & 1;
}

static ALWAYS_INLINE void visit_ref(const struct matcher *m, uint32_t ref, const struct visitor *v)
{
	if (ref & SLOT_LIST)
		visit_list(m, &m->lists[ref & ~SLOT_LIST], v);
	else
		v->visit(v->data, &m->edges[ref]);
}

static inline bool slot_is_other(const struct slot *slot, uint32_t tag)
{
	return (slot->tag != tag) & (slot->ref != MATCHER_NONE);
}

/*
 * What is found under a tag; MATCHER_NONE if there is nothing. Nearly all are found in the
 * first two places; which of them cannot be foretold, so there is no branch for that.
 */
static inline uint32_t find_slot(const struct matcher *m, uint32_t tag)
{
	uint32_t i = tag & m->slot_mask;

	i = (i + slot_is_other(&m->slots[i], tag)) & m->slot_mask;
	while (slot_is_other(&m->slots[i], tag))
		i = (i + 1) & m->slot_mask;
	return m->slots[i].ref;
}

static inline bool slot_is_crowd(uint32_t ref)
{
	return (ref & (SLOT_LIST | SLOT_CROWD)) == SLOT_CROWD;
}

/*
 * The edges of live star nodes that are found by an anchor which many others share. The node
 * that is deepest comes first: its rules are special, and so most often late.
 */
static ALWAYS_INLINE void visit_crowd(const struct matcher *m, const struct crowd *crowd,
				      uint64_t shared, const struct visitor *v)
{
	if (!(crowd->stars & v->mask) || crowd->latest <= *v->above)
		return;
	for (uint32_t k = v->folder->n_stars; k-- > 0;) {
		uint32_t node = live_node(v->folder->stars[k]);
		uint32_t ref;

		if (!(crowd->stars >> matcher_star_bit(node) & 1))
			continue;
		ref = find_slot(m, key_tag(key_in_node(shared, node)));
		if (ref != MATCHER_NONE && !slot_is_crowd(ref))
			visit_ref(m, ref, v);
	}
}

static ALWAYS_INLINE void visit_slot(const struct matcher *m, uint64_t key, const struct visitor *v)
{
	uint32_t ref = find_slot(m, key_tag(key));

	if (ref == MATCHER_NONE)
		return;
	if (slot_is_crowd(ref))
		visit_crowd(m, &m->crowds[ref & ~SLOT_CROWD], key, v);
	else
		visit_ref(m, ref, v);
}

/* The keys that one set of edges has for a name, and which of them pass the filter. */
struct keys_found {
	uint64_t keys[2 * KEY_LENGTHS + 1];
	unsigned int n;
	uint32_t passed;
};

static inline void try_key(const struct matcher *m, uint64_t key, struct keys_found *found)
{
	found->keys[found->n] = key;
	found->passed |= (uint32_t)passes_filter(m, key) << found->n;
	found->n++;
}

/*
 * All at once, for what passes cannot be foretold, and each surprise costs as much as a key.
 * The longest come first: people write special rules after general ones, and once a late
 * rule is found, the earlier ones need not be looked at.
 */
static ALWAYS_INLINE void visit_keys(const struct matcher *m, unsigned int heads,
				     unsigned int tails, bool exact, uint32_t set,
				     const struct name_ends *ends, const struct visitor *v)
{
	unsigned int fits = key_lengths_up_to(ends->len);
	struct keys_found found;

	found.n = 0;
	found.passed = 0;
	if (exact)
		try_key(m, key_exact(set, ends), &found);
	for (heads &= fits; heads; heads ^= 1u << key_longest(heads))
		try_key(m, key_head(set, ends, key_longest(heads)), &found);
	for (tails &= fits; tails; tails ^= 1u << key_longest(tails))
		try_key(m, key_tail(set, ends, key_longest(tails)), &found);
	for (uint32_t passed = found.passed; passed; passed &= passed - 1)
		visit_slot(m, found.keys[__builtin_ctz(passed)], v);
}

/* The edges of one node. */
static ALWAYS_INLINE void visit_own(const struct matcher *m, const struct edge_set *set,
				    uint32_t set_id, const struct name_ends *ends,
				    const struct visitor *v)
{
	for (uint32_t i = 0; i < set->n_few; i++)
		v->visit(v->data, &m->edges[m->few[set->few + i]]);
	if (set->head_lens | set->tail_lens | set->exact)
		visit_keys(m, set->head_lens, set->tail_lens, set->exact, set_id, ends, v);
}

/* The edges of star nodes, live or not. */
static ALWAYS_INLINE void visit_shared(const struct matcher *m, const struct lens_table *table,
				       uint32_t set_id, const struct name_ends *ends,
				       const struct visitor *v)
{
	unsigned int heads = table->heads[key_head_pair(ends)];
	unsigned int tails = table->tails[key_tail_pair(ends)];

	if (heads | tails)
		visit_keys(m, heads, tails, heads & tails & LENS_EXACT, set_id, ends, v);
}

/* Whether the literal ends of an edge, as far as it has them at hand, fit. No branches. */
static inline bool edge_fits(const struct edge *edge, const struct name_ends *ends)
{
	uint64_t differ = ((ends->first ^ edge->first) & edge->first_mask) |
			  ((ends->last ^ edge->last) & edge->last_mask);

	return !differ & (ends->len - edge->min_len <= edge->span);
}

/* Whether the glob of an edge whose ends fit matches. */
static inline bool edge_rest_matches(const struct matcher *m, const struct edge *edge,
				     const struct name_ends *ends)
{
	return !edge->partial ||
	       glob_match_rest(&m->globs[edge - m->edges], ends->name, ends->len);
}

/* Most folders have a handful of live nodes; it is not worth a search by halves. */
static inline bool is_live(const live_t *live, uint32_t n, uint32_t node)
{
	for (uint32_t i = 0; i < n; i++) {
		if (live_node(live[i]) == node)
			return true;
	}
	return false;
}

/* ---- Entering folders -------------------------------------------------------- */

/* So many new nodes are sorted to find those that are there twice. */
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
	if (set->n == set->capacity && live_grow(set))
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

static void sort_once_each(struct live_set *set)
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
struct step {
	const struct matcher *m;
	struct live *live; /* its stars grow; live->folder tells how many were there before */
	struct live_set *plain; /* the other nodes that are reached */
	live_t plain_flags;
	int err;
};

static void reach_plain(struct step *step, live_t node)
{
	struct live_set *plain = step->plain;

	if (plain->n < MANY_NODES && live_holds(plain->nodes, plain->n, node))
		return;
	step->plain_flags |= node & LIVE_FLAGS;
	step->err |= live_push(plain, node);
}

static void reach_star(struct step *step, live_t star)
{
	struct matcher_folder *folder = &step->live->folder;
	struct live_set *stars = &step->live->stars;

	if (stars->n - folder->n_stars < MANY_NODES && live_holds(stars->nodes, stars->n, star))
		return;
	folder->star_flags |= star & LIVE_FLAGS;
	folder->star_bits |= 1ull << matcher_star_bit(live_node(star));
	if ((star & LIVE_FLOOR) && step->m->nodes[live_node(star)].floor > folder->floor)
		folder->floor = step->m->nodes[live_node(star)].floor;
	step->err |= live_push(stars, star);
	folder->stars = stars->nodes;
}

static void reach(struct step *step, live_t node, live_t star)
{
	reach_plain(step, node);
	if (star != MATCHER_NONE)
		reach_star(step, star);
}

/* All that is below has been reached: go there. */
static int arrive(struct step *step)
{
	struct live *live = step->live;
	struct matcher_folder *folder = &live->folder;

	if (step->plain->n > MANY_NODES)
		sort_once_each(step->plain);
	if (live->stars.n - folder->n_stars > MANY_NODES)
		sort_once_each(&live->stars);
	folder->n_stars = live->stars.n;
	folder->plain = step->plain->nodes;
	folder->n_plain = step->plain->n;
	folder->plain_flags = step->plain_flags;
	return step->err;
}

int matcher_start(const struct matcher *m, struct live *live)
{
	struct step step = {.m = m, .live = live, .plain = &live->plain[0]};
	const struct node *root = &m->nodes[0];

	reach(&step, root->live,
	      root->star == MATCHER_NONE ? MATCHER_NONE : m->nodes[root->star].live);
	return arrive(&step);
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
		err = live_copy(&live->plain[0], folder->plain, folder->n_plain);
	live->folder = *folder;
	live->folder.stars = live->stars.nodes;
	live->folder.plain = live->plain[0].nodes;
	return err;
}

/* What is found on a step. */
struct way {
	struct step step;
	const struct name_ends ends;
};

static inline void follow(void *data, const struct edge *edge)
{
	struct way *way = data;

	if (edge_fits(edge, &way->ends) && edge_rest_matches(way->step.m, edge, &way->ends))
		reach(&way->step, edge->live, edge->star);
}

static inline void follow_shared(void *data, const struct edge *edge)
{
	struct way *way = data;
	const struct matcher_folder *from = &way->step.live->folder;

	if (edge_fits(edge, &way->ends) && is_live(from->stars, from->n_stars, edge->node) &&
	    edge_rest_matches(way->step.m, edge, &way->ends))
		reach(&way->step, edge->live, edge->star);
}

static const int64_t any_latest = -1;

/* The edges that these nodes have for themselves. *nodes may move while stars are reached. */
static ALWAYS_INLINE void follow_own(struct way *way, const live_t *const *nodes, uint32_t n)
{
	const struct matcher *m = way->step.m;
	const struct visitor v = {follow, way, &any_latest, UINT64_MAX, NULL};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t node = live_node((*nodes)[i]);

		if ((*nodes)[i] & LIVE_INNER)
			visit_own(m, &m->nodes[node].inner, key_inner_set(node), &way->ends, &v);
	}
}

int matcher_enter(const struct matcher *m, struct live *live, const char *name, size_t len)
{
	const struct matcher_folder *from = &live->folder;
	struct way way = {
		.step = {.m = m, .live = live, .plain = &live->plain[!live->at]},
		.ends = key_ends(name, len),
	};
	const struct visitor shared = {follow_shared, &way, &any_latest, from->star_bits, from};

	live->at = !live->at;
	way.step.plain->n = 0;
	if (from->plain_flags & LIVE_INNER)
		follow_own(&way, &from->plain, from->n_plain);
	if (from->star_flags & LIVE_INNER)
		follow_own(&way, &from->stars, from->n_stars);
	if (from->n_stars)
		visit_shared(m, &m->shared_inner, KEY_SHARED_INNER, &way.ends, &shared);
	return arrive(&way.step);
}

/* ---- Looking up files --------------------------------------------------------- */

struct search {
	const struct matcher *m;
	const struct matcher_folder *folder;
	struct name_ends ends;
	int64_t above;
	matcher_fn *fn;
	void *data;
};

static inline void deliver(struct search *s, uint32_t accepts, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		accept_t accept = s->m->accepts[accepts + i];

		if ((int64_t)accept <= s->above)
			return; /* they come latest first */
		s->above = s->fn(s->data, accept);
	}
}

/* Most edges fail one of several tests, any of them: as one, they make one branch. */
static inline void accept(void *data, const struct edge *edge)
{
	struct search *s = data;
	bool later = (int64_t)edge->latest > s->above;

	if ((later & edge_fits(edge, &s->ends)) && edge_rest_matches(s->m, edge, &s->ends))
		deliver(s, edge->accepts, edge->n);
}

static inline void accept_shared(void *data, const struct edge *edge)
{
	struct search *s = data;
	bool later = (int64_t)edge->latest > s->above;
	bool may_live = s->folder->star_bits >> edge->star_bit & 1;

	if ((later & may_live & edge_fits(edge, &s->ends)) &&
	    is_live(s->folder->stars, s->folder->n_stars, edge->node) &&
	    edge_rest_matches(s->m, edge, &s->ends))
		deliver(s, edge->accepts, edge->n);
}

static inline void search_node(struct search *s, uint32_t id)
{
	const struct node *node = &s->m->nodes[id];
	const struct visitor v = {accept, s, &s->above, UINT64_MAX, s->folder};

	deliver(s, node->below, node->n_below);
	visit_own(s->m, &node->leaf, key_leaf_set(id), &s->ends, &v);
}

static void search_nodes(struct search *s, const live_t *nodes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (nodes[i] & LIVE_LEAF)
			search_node(s, live_node(nodes[i]));
	}
}

void matcher_find(const struct matcher *m, const struct matcher_folder *folder, const char *name,
		  size_t len, matcher_fn *fn, void *data)
{
	struct search search = {m, folder, key_ends(name, len), folder->floor, fn, data};
	const struct visitor shared = {accept_shared, &search, &search.above, folder->star_bits,
				       folder};

	if (folder->plain_flags & LIVE_LEAF)
		search_nodes(&search, folder->plain, folder->n_plain);
	if (folder->star_flags & LIVE_LEAF)
		search_nodes(&search, folder->stars, folder->n_stars);
	visit_shared(m, &m->shared_leaf, KEY_SHARED_LEAF, &search.ends, &shared);
}

bool matcher_matches(const struct matcher *m, const struct matcher_folder *folder,
		     const char *name, size_t len, struct spot spot)
{
	if (!is_live(folder->plain, folder->n_plain, spot.node) &&
	    !is_live(folder->stars, folder->n_stars, spot.node))
		return false;
	return spot.edge == MATCHER_NONE || glob_match(&m->globs[spot.edge], name, len);
}

void matcher_release(struct matcher *m)
{
	free(m->nodes);
	free(m->edges);
	free(m->globs);
	free(m->accepts);
	free(m->few);
	free(m->lists);
	free(m->crowds);
	free(m->slots);
	free(m->filter);
	*m = (struct matcher){0};
}
