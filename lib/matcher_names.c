/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_names.c - the tables of edges whose globs are whole names. See matcher_names.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher_key.h"
#include "matcher_names.h"

static int by_tag(const void *left, const void *right)
{
	const struct name_entry *a = left;
	const struct name_entry *b = right;

	if (key_tag(a->key) != key_tag(b->key))
		return key_tag(a->key) < key_tag(b->key) ? -1 : 1;
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

static int make_filter(struct name_table *table, const struct name_entry *entries, uint32_t n)
{
	uint32_t n_words = power_of_two(n / 8, 16);

	table->filter = calloc(n_words, sizeof(*table->filter));
	if (!table->filter)
		return -ENOMEM;
	table->filter_shift = 64 - (uint32_t)__builtin_ctz(n_words);
	for (uint32_t i = 0; i < n; i++)
		table->filter[entries[i].filter_key >> table->filter_shift] |=
			1ull << key_filter_bit(entries[i].filter_key);
	return 0;
}

/* entries[n] share a tag. */
static int make_bunch(struct bunch_builder *bunches, const struct name_entry *entries, uint32_t n,
		      uint32_t *edges, uint32_t *bunch)
{
	struct bunch_source source = {
		.edges = edges,
		.n = n,
		.shared = true,
	};

	for (uint32_t i = 0; i < n; i++)
		edges[i] = entries[i].edge;
	return bunch_make(bunches, &source, bunch);
}

/* One slot for each tag; returns how many, or -ENOMEM. edges: room for n. */
static int make_slots(struct bunch_builder *bunches, const struct name_entry *entries, uint32_t n,
		      uint32_t *edges, struct slot *slots)
{
	int n_slots = 0;

	for (uint32_t from = 0, to; from < n; from = to) {
		struct slot slot = {key_tag(entries[from].key), entries[from].edge | SLOT_EDGE};
		int err = 0;

		for (to = from + 1; to < n && key_tag(entries[to].key) == slot.tag;)
			to++;
		if (to - from > 1)
			err = make_bunch(bunches, entries + from, to - from, edges, &slot.ref);
		if (err)
			return err;
		slots[n_slots++] = slot;
	}
	return n_slots;
}

/* ---- The table ------------------------------------------------------------------ */

/* So many slots are moved on to make room for one; then the table is too small. */
enum { MOST_MOVES = 200 };

/* Each in one of its two places. What is there has to go to its other one. */
static bool put(const struct name_table *table, struct slot slot)
{
	uint32_t at = slot.tag & table->mask;

	for (int i = 0; i < MOST_MOVES && slot.ref; i++) {
		struct slot moved = table->slots[at];

		table->slots[at] = slot;
		slot = moved;
		if (at == (slot.tag & table->mask))
			at = key_other_place(slot.tag) & table->mask;
		else
			at = slot.tag & table->mask;
	}
	return !slot.ref;
}

static bool put_all(const struct name_table *table, const struct slot *slots, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!put(table, slots[i]))
			return false;
	}
	return true;
}

static int make_table(struct name_table *table, const struct slot *slots, uint32_t n)
{
	uint32_t size = power_of_two(n * 2, 16);

	for (;; size *= 2) {
		table->slots = calloc(size, sizeof(*table->slots));
		if (!table->slots)
			return -ENOMEM;
		table->mask = size - 1;
		if (put_all(table, slots, n))
			return 0;
		free(table->slots);
		table->slots = NULL;
	}
}

int name_table_make(struct name_table *table, struct bunch_builder *bunches,
		    struct name_entry *entries, uint32_t n)
{
	uint32_t *edges = malloc((n + 1) * sizeof(*edges));
	struct slot *slots = malloc((n + 1) * sizeof(*slots));
	int ret = edges && slots ? make_filter(table, entries, n) : -ENOMEM;

	if (n)
		qsort(entries, n, sizeof(*entries), by_tag);
	if (!ret)
		ret = make_slots(bunches, entries, n, edges, slots);
	if (ret >= 0)
		ret = make_table(table, slots, (uint32_t)ret);
	free(edges);
	free(slots);
	return ret;
}
