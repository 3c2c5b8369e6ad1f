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

static int allocate(struct name_table *table, uint32_t n)
{
	uint32_t n_slots = power_of_two(n * 2, 16);
	uint32_t n_words = power_of_two(n / 8, 16);

	table->slots = calloc(n_slots, sizeof(*table->slots));
	table->filter = calloc(n_words, sizeof(*table->filter));
	if (!table->slots || !table->filter)
		return -ENOMEM;
	table->mask = n_slots - 1;
	table->filter_shift = 64 - (uint32_t)__builtin_ctz(n_words);
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

static void put_slot(struct name_table *table, uint32_t tag, uint32_t ref)
{
	uint32_t i = tag & table->mask;

	while (table->slots[i].ref)
		i = (i + 1) & table->mask;
	table->slots[i] = (struct slot){tag, ref};
}

static int fill(struct name_table *table, struct bunch_builder *bunches,
		const struct name_entry *entries, uint32_t n, uint32_t *edges)
{
	int err = 0;

	for (uint32_t from = 0, to; from < n && !err; from = to) {
		uint32_t tag = key_tag(entries[from].key);
		uint32_t ref = entries[from].edge | SLOT_EDGE;

		for (to = from + 1; to < n && key_tag(entries[to].key) == tag;)
			to++;
		if (to - from > 1)
			err = make_bunch(bunches, entries + from, to - from, edges, &ref);
		if (!err)
			put_slot(table, tag, ref);
	}
	return err;
}

int name_table_make(struct name_table *table, struct bunch_builder *bunches,
		    struct name_entry *entries, uint32_t n)
{
	uint32_t *edges = malloc((n + 1) * sizeof(*edges));
	int err = edges ? allocate(table, n) : -ENOMEM;

	for (uint32_t i = 0; i < n && !err; i++)
		table->filter[entries[i].key >> table->filter_shift] |=
			1ull << key_filter_bit(entries[i].key);
	if (n)
		qsort(entries, n, sizeof(*entries), by_tag);
	if (!err)
		err = fill(table, bunches, entries, n, edges);
	free(edges);
	return err;
}
