/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_anchor.c - chooses what an edge is found by. See matcher_anchor.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher_anchor.h"
#include "matcher_bunch.h"
#include "matcher_key.h"

/* What costs as much as so many edges to verify: */
enum { COST_CROWD = 4 }; /* an anchor that is looked up node by node */

/* ... and an anchor of so few bytes, for more names have it. */
static uint32_t cost_of_length(size_t len)
{
	static const uint8_t costs[] = {64, 32, 8, 2};

	return len < sizeof(costs) ? costs[len] : 0;
}

/* ---- All ways to find an edge ------------------------------------------------- */

enum { MOST_WAYS = 4 };

/* The literal end alone, without the small sets beside it that multiply the anchors. */
static void literal_way(const struct glob *glob, struct anchoring *way)
{
	size_t len = way->tail ? glob->suffix_len : glob->prefix_len;
	size_t kept = len < ANCHOR_LONGEST ? len : ANCHOR_LONGEST;
	const char *bytes = way->tail ? glob->suffix + len - kept : glob->prefix;

	way->n = kept > 0;
	way->anchors[0].len = (uint8_t)kept;
	if (kept)
		memcpy(way->anchors[0].bytes, bytes, kept);
}

/* Returns how many there are. */
static int ways_of(const struct glob *glob, struct anchoring ways[MOST_WAYS])
{
	int n = 0;

	for (int tail = 0; tail < 2; tail++) {
		ways[n].tail = tail;
		ways[n].n = glob_anchors(glob, tail, ways[n].anchors);
		n += ways[n].n > 0;
		if (n == 0 || ways[n - 1].n < 2 || ways[n - 1].tail != (bool)tail)
			continue;
		ways[n].tail = tail;
		literal_way(glob, &ways[n]);
		n += ways[n].n > 0;
	}
	return n;
}

/* ---- Counting and choosing ------------------------------------------------------ */

int anchor_counts_init(struct anchor_counts *counts, uint32_t n_edges)
{
	uint32_t n = 16;

	while (n < n_edges * 8)
		n *= 2;
	counts->counts = calloc(n, sizeof(*counts->counts));
	counts->mask = n - 1;
	return counts->counts ? 0 : -ENOMEM;
}

/* Where an anchor is counted: in its set, or with star, as far as it leads from that node. */
static uint32_t *counter(const struct anchor_counts *counts, struct anchor_place place,
			 const struct anchor *anchor, bool tail)
{
	struct name_ends ends = key_ends(anchor->bytes, anchor->len);
	uint64_t key = key_make(place.set * 2 + tail, key_name(&ends));

	if (place.star != MATCHER_NONE)
		key = key_make(place.star, key);
	return &counts->counts[(uint32_t)key & counts->mask];
}

static uint32_t *counter_of_set(const struct anchor_counts *counts, struct anchor_place place,
				const struct anchor *anchor, bool tail)
{
	place.star = MATCHER_NONE;
	return counter(counts, place, anchor, tail);
}

static void count_way(struct anchor_counts *counts, struct anchor_place place,
		      const struct anchoring *way)
{
	for (int i = 0; i < way->n; i++) {
		++*counter_of_set(counts, place, &way->anchors[i], way->tail);
		if (place.star != MATCHER_NONE)
			++*counter(counts, place, &way->anchors[i], way->tail);
	}
}

void anchor_count(struct anchor_counts *counts, struct anchor_place place, const struct glob *glob)
{
	struct anchoring ways[MOST_WAYS];
	int n = ways_of(glob, ways);

	for (int i = 0; i < n; i++)
		count_way(counts, place, &ways[i]);
}

/* How many edges a lookup of this anchor finds. */
static uint32_t crowd_of(const struct anchor_counts *counts, struct anchor_place place,
			 const struct anchor *anchor, bool tail)
{
	uint32_t count = *counter_of_set(counts, place, anchor, tail);

	if (place.star == MATCHER_NONE || count <= SHARED_CROWD)
		return count;
	return COST_CROWD + *counter(counts, place, anchor, tail);
}

/* Of several anchors each costs, for so many more names have one of them. */
static uint32_t cost_of(const struct anchor_counts *counts, struct anchor_place place,
			const struct anchoring *way)
{
	uint32_t sum = 0;

	for (int i = 0; i < way->n; i++)
		sum += crowd_of(counts, place, &way->anchors[i], way->tail) +
		       cost_of_length(way->anchors[i].len);
	return sum;
}

void anchor_choose(const struct anchor_counts *counts, struct anchor_place place,
		   const struct glob *glob, struct anchoring *best)
{
	struct anchoring ways[MOST_WAYS];
	int n = ways_of(glob, ways);
	uint32_t least = UINT32_MAX;

	best->n = 0;
	for (int i = 0; i < n; i++) {
		uint32_t cost = cost_of(counts, place, &ways[i]);

		if (cost >= least)
			continue;
		least = cost;
		*best = ways[i];
	}
}
