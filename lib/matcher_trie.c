/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_trie.c - makes tries of anchors. See matcher_trie.h.
 *
 * All tries share one array of cells. The children of a node are at its base plus their
 * bytes; nodes are fitted into the gaps that others leave.
 */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "matcher_trie.h"

enum {
	TAKEN_CELL = 1,
	TAKEN_BASE = 2,
	DEAD_CELLS = 256, /* of base 0, where nothing is ever found */
	REACH = 256,	  /* the cells that a base can reach */
	MOST_TRIES = 128, /* to fit a node into gaps */
	SKIP = 32,	  /* how far the hint goes on after so many */
	LAST_BASE = (1u << CELL_BASE_BITS) - 1,
	NO_BASE = REACH - 1 /* in each REACH cells, this is no base: see trie_finish() */
};

/* The children of a node. */
struct branch {
	unsigned char bytes[REACH];
	unsigned int n;
};

/* ---- Room ------------------------------------------------------------------------- */

static int grow(struct trie_builder *t, uint32_t wanted)
{
	struct matcher *m = t->bunches->m;
	uint32_t room = t->room ? t->room : DEAD_CELLS + 2 * REACH;
	cell_t *cells;
	uint8_t *taken;

	while (room < wanted)
		room += room / 2;
	if (room == t->room)
		return 0;
	cells = reallocarray(m->cells, room, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	m->cells = cells;
	taken = realloc(t->taken, room);
	if (!taken)
		return -ENOMEM;
	t->taken = taken;
	memset(cells + t->room, 0, (room - t->room) * sizeof(*cells));
	memset(taken + t->room, 0, room - t->room);
	t->room = room;
	return 0;
}

int trie_init(struct trie_builder *t, struct bunch_builder *bunches)
{
	*t = (struct trie_builder){
		.bunches = bunches,
		.n_cells = DEAD_CELLS + 1,
		.hint = DEAD_CELLS + 1,
	};
	return grow(t, DEAD_CELLS + 2 * REACH);
}

static bool is_free(const struct trie_builder *t, uint32_t base, const struct branch *branch)
{
	if ((t->taken[base] & TAKEN_BASE) || base % REACH == NO_BASE)
		return false;
	for (unsigned int i = 0; i < branch->n; i++) {
		if (t->taken[base + branch->bytes[i]] & TAKEN_CELL)
			return false;
	}
	return true;
}

/* A base from which the cells of all children are free; past all that is in use, if need be. */
static uint32_t find_base(struct trie_builder *t, const struct branch *branch)
{
	uint32_t first = branch->bytes[0];
	uint32_t at = t->hint > DEAD_CELLS + first ? t->hint : DEAD_CELLS + first;

	for (unsigned int i = 0; i < MOST_TRIES && at + REACH < t->room && at < t->n_cells;
	     i++, at++) {
		if (is_free(t, at - first, branch))
			return at - first;
	}
	t->hint = t->hint + SKIP < t->n_cells ? t->hint + SKIP : t->n_cells;
	return t->n_cells + (t->n_cells % REACH == NO_BASE);
}

static int place(struct trie_builder *t, const struct branch *branch, uint32_t *base)
{
	uint32_t last;

	*base = find_base(t, branch);
	last = *base + branch->bytes[branch->n - 1];
	if (*base > LAST_BASE)
		return -E2BIG;
	if (last >= t->n_cells)
		t->n_cells = last + 1;
	if (grow(t, t->n_cells + 2 * REACH))
		return -ENOMEM;
	t->taken[*base] |= TAKEN_BASE;
	for (unsigned int i = 0; i < branch->n; i++)
		t->taken[*base + branch->bytes[i]] |= TAKEN_CELL;
	return 0;
}

/* ---- Nodes ------------------------------------------------------------------------- */

int trie_compare(const void *left, const void *right)
{
	const struct trie_entry *a = left;
	const struct trie_entry *b = right;
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

	if (order)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->edge < b->edge ? -1 : a->edge > b->edge;
}

static bool same_anchor(const struct trie_entry *a, const struct trie_entry *b)
{
	return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

/* A node: the entries [from, to) agree in so many bytes, and have no less. */
struct span {
	uint32_t from, to;
	unsigned int depth;
};

static uint32_t *edges_of(struct trie_builder *t, struct span span)
{
	for (uint32_t i = span.from; i < span.to; i++)
		t->edges[i] = t->entries[i].edge;
	return t->edges + span.from;
}

/* The bunch of some entries that have the same anchor. */
static int make_bunch(struct trie_builder *t, struct span span, bool proven, uint32_t up,
		      uint32_t *bunch)
{
	struct bunch_source source = {
		.edges = edges_of(t, span),
		.n = span.to - span.from,
		.up = up,
		.proven = proven ? t->entries[span.from].len : 0,
		.shared = t->kind.shared,
		.tail = t->kind.tail,
	};

	return bunch_make(t->bunches, &source, bunch);
}

/* Whether it is not worth it to go on: an anchor that is alone can be verified as well. */
static bool ends_early(struct trie_builder *t, struct span span)
{
	if (span.depth == 0 || !same_anchor(&t->entries[span.from], &t->entries[span.to - 1]))
		return false;
	return !t->kind.shared ||
	       !bunch_is_crowd(t->bunches, edges_of(t, span), span.to - span.from);
}

static void list_children(const struct trie_builder *t, struct span span, struct branch *branch)
{
	branch->n = 0;
	for (uint32_t i = span.from; i < span.to; i++) {
		unsigned char byte = t->entries[i].bytes[span.depth];

		if (!branch->n || branch->bytes[branch->n - 1] != byte)
			branch->bytes[branch->n++] = byte;
	}
}

/* Where a node's children are, and the bunch of the longest anchor so far. */
struct arrival {
	uint32_t base, bunch;
};

static int make_node(struct trie_builder *t, struct span span, struct arrival *arrival);

static int make_children(struct trie_builder *t, struct span span, uint32_t bunch, uint32_t *base)
{
	struct branch branch;
	uint32_t from = span.from;
	int err;

	list_children(t, span, &branch);
	err = place(t, &branch, base);
	for (unsigned int i = 0; i < branch.n && !err; i++) {
		struct span child = {from, from, span.depth + 1};
		struct arrival there = {.bunch = bunch};

		while (child.to < span.to &&
		       t->entries[child.to].bytes[span.depth] == branch.bytes[i])
			child.to++;
		from = child.to;
		err = make_node(t, child, &there);
		t->bunches->m->cells[*base + branch.bytes[i]] =
			cell_make(branch.bytes[i], there.base, there.bunch);
	}
	return err;
}

/* arrival->bunch: of the longest anchor above, and then of the node. */
static int make_node(struct trie_builder *t, struct span span, struct arrival *arrival)
{
	struct span here = {span.from, span.from, span.depth};
	int err = 0;

	while (here.to < span.to && t->entries[here.to].len == span.depth)
		here.to++;
	span.from = here.to;
	if (here.to > here.from)
		err = make_bunch(t, here, true, arrival->bunch, &arrival->bunch);
	else if (ends_early(t, span))
		return make_bunch(t, span, false, arrival->bunch, &arrival->bunch);
	if (!err && span.from < span.to)
		err = make_children(t, span, arrival->bunch, &arrival->base);
	return err;
}

int trie_make(struct trie_builder *t, const struct trie_entry *entries, uint32_t n,
	      struct trie_kind kind, uint32_t *root)
{
	struct span all = {0, n, 0};
	struct arrival there = {0, 0};
	int err;

	t->entries = entries;
	t->kind = kind;
	t->edges = malloc(n * sizeof(*t->edges));
	err = t->edges ? make_node(t, all, &there) : -ENOMEM;
	free(t->edges);
	*root = err ? 0 : there.base;
	return err;
}

void trie_finish(const struct trie_builder *t)
{
	struct matcher *m = t->bunches->m;
	uint32_t reached = t->n_cells + REACH; /* from the last base */

	for (uint32_t i = 0; i < reached; i++) {
		uint32_t label = i < REACH ? (i + 1) % REACH : 0;

		if (t->taken[i] & TAKEN_CELL)
			continue;
		while (label < i && (t->taken[i - label] & TAKEN_BASE))
			label++;
		m->cells[i] = cell_make((uint8_t)label, 0, 0);
	}
	array_trim(&m->cells, reached, sizeof(*m->cells));
}

void trie_release(struct trie_builder *t)
{
	free(t->taken);
	t->taken = NULL;
}
