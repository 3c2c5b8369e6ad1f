/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_anchor.c - chooses what an edge is found by. See matcher_anchor.h. */
#include "matcher_anchor.h"
#include "matcher_key.h"

/* What costs as much as so many edges to verify: */
enum {
	COST_NEW_LENGTH = 3, /* a length that is not in use yet */
	COST_CROWD = 4       /* an anchor that is looked up node by node */
};

typedef void way_fn(void *data, const struct anchoring *way);

uint64_t anchor_key(uint32_t set, const struct anchor *anchor, bool tail)
{
	struct name_ends ends = key_ends(anchor->bytes, anchor->len);
	unsigned int number = key_length_number(anchor->len);

	return tail ? key_tail(set, &ends, number) : key_head(set, &ends, number);
}

/* ---- All ways to find an edge ------------------------------------------------- */

/* Keep only len bytes of each anchor, and of anchors that are then the same, one. */
static void shorten(struct anchoring *way, unsigned int len)
{
	int n = 0;

	for (int i = 0; i < way->n; i++) {
		struct anchor anchor = {.len = (uint8_t)len};
		bool known = false;

		memcpy(anchor.bytes,
		       way->anchors[i].bytes + (way->tail ? way->anchors[i].len - len : 0), len);
		for (int k = 0; k < n; k++)
			known |= !memcmp(way->anchors[k].bytes, anchor.bytes, len);
		if (!known)
			way->anchors[n++] = anchor;
	}
	way->n = n;
}

/* The length of the end that starts with the last dot, the same for all; 0 if there is none. */
static unsigned int dot_length(const struct anchoring *way)
{
	unsigned int all = 0;

	for (int i = 0; i < way->n; i++) {
		const struct anchor *anchor = &way->anchors[i];
		const char *dot = memrchr(anchor->bytes, '.', anchor->len);
		unsigned int len =
			dot ? (unsigned int)(anchor->len - (dot - anchor->bytes)) : 0;

		if (len == 0 || (i > 0 && len != all))
			return 0;
		all = len;
	}
	return all;
}

/* As they are (but of a length that anchors can have), and so much shorter. */
static void visit_lengths(const struct anchoring *longest, way_fn *fn, void *data)
{
	static const unsigned int lengths[] = {ANCHOR_LONGEST, 16, 8, 4, 2};
	unsigned int len = longest->anchors[0].len;
	unsigned int last = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		unsigned int kept = len < lengths[i] ? len : lengths[i];
		struct anchoring way = *longest;

		kept = key_length(key_length_number(kept));
		if (kept == last)
			continue;
		last = kept;
		shorten(&way, kept);
		fn(data, &way);
	}
}

static void visit_ways(const struct glob *glob, way_fn *fn, void *data)
{
	struct anchoring way;
	unsigned int len;

	for (int tail = 0; tail < 2; tail++) {
		way.tail = tail;
		way.n = glob_anchors(glob, tail, way.anchors);
		if (!way.n)
			continue;
		visit_lengths(&way, fn, data);
		len = tail ? dot_length(&way) : 0;
		if (len && len <= KEY_WORD) {
			shorten(&way, len);
			fn(data, &way);
		}
	}
}

/* ---- Lengths in use -------------------------------------------------------------- */

/* The places in a lens_table that an anchor concerns: one, or all with its single byte. */
static void each_pair(const struct anchor *anchor, bool tail, void (*fn)(void *data, uint32_t pair),
		      void *data)
{
	struct name_ends ends = key_ends(anchor->bytes, anchor->len);
	unsigned int outer = tail ? ends.last >> 56 : ends.first & 0xff;

	if (anchor->len > 1) {
		fn(data, tail ? key_tail_pair(&ends) : key_head_pair(&ends));
		return;
	}
	for (unsigned int inner = 0; inner < 256; inner++)
		fn(data, key_pair(outer, inner));
}

struct note {
	uint16_t *lens;
	uint16_t bit;
	bool all; /* the bit is set wherever it was looked for */
};

static void note_pair(void *data, uint32_t pair)
{
	struct note *note = data;

	note->lens[pair] |= note->bit;
}

static void check_pair(void *data, uint32_t pair)
{
	struct note *note = data;

	note->all = note->all && (note->lens[pair] & note->bit);
}

static uint16_t length_bit(const struct anchor *anchor)
{
	return (uint16_t)(1u << key_length_number(anchor->len));
}

static bool anchor_in_use(const struct lens_in_use *in_use, const struct anchor *anchor, bool tail)
{
	struct note note = {.bit = length_bit(anchor), .all = true};

	if (in_use->set)
		return (tail ? in_use->set->tail_lens : in_use->set->head_lens) & note.bit;
	note.lens = tail ? in_use->table->tails : in_use->table->heads;
	each_pair(anchor, tail, check_pair, &note);
	return note.all;
}

void anchor_note(const struct lens_in_use *in_use, const struct anchor *anchor, bool tail)
{
	struct note note = {.bit = length_bit(anchor)};

	if (in_use->set) {
		*(tail ? &in_use->set->tail_lens : &in_use->set->head_lens) |= note.bit;
		return;
	}
	note.lens = tail ? in_use->table->tails : in_use->table->heads;
	each_pair(anchor, tail, note_pair, &note);
}

/* ---- Counting and choosing ------------------------------------------------------ */

struct counting {
	struct anchor_counts *counts;
	struct anchor_place place;
};

static void count_way(void *data, const struct anchoring *way)
{
	struct counting *c = data;

	for (int i = 0; i < way->n; i++) {
		uint64_t key = anchor_key(c->place.set, &way->anchors[i], way->tail);

		++*anchor_counter(c->counts, key);
		if (c->place.star != MATCHER_NONE)
			++*anchor_counter(c->counts, key_in_node(key, c->place.star));
	}
}

void anchor_count(struct anchor_counts *counts, struct anchor_place place, const struct glob *glob)
{
	struct counting counting = {counts, place};

	visit_ways(glob, count_way, &counting);
}

struct choice {
	const struct anchor_counts *counts;
	const struct lens_in_use *in_use;
	struct anchor_place place;
	uint32_t least; /* the cost of *best */
	struct anchoring *best;
};

/* How many edges a lookup of this anchor finds. */
static uint32_t crowd_of(const struct choice *c, const struct anchor *anchor, bool tail)
{
	uint64_t key = anchor_key(c->place.set, anchor, tail);
	uint32_t count = *anchor_counter(c->counts, key);

	if (c->place.star == MATCHER_NONE || count <= SHARED_CROWD)
		return count;
	return COST_CROWD + *anchor_counter(c->counts, key_in_node(key, c->place.star));
}

/* Of several anchors each costs, for so many more names have one of them. */
static uint32_t crowds_of(const struct choice *c, const struct anchoring *way)
{
	uint32_t sum = 0;

	for (int i = 0; i < way->n; i++)
		sum += crowd_of(c, &way->anchors[i], way->tail);
	return sum;
}

/* How much a length more costs the lookups: those that it concerns would try it in vain. */
static uint32_t length_cost(const struct choice *c, const struct anchoring *way)
{
	for (int i = 0; i < way->n; i++) {
		if (!anchor_in_use(c->in_use, &way->anchors[i], way->tail))
			return COST_NEW_LENGTH;
	}
	return 0;
}

static void consider_way(void *data, const struct anchoring *way)
{
	struct choice *c = data;
	uint32_t cost = crowds_of(c, way) + length_cost(c, way);

	if (c->best->n && cost >= c->least)
		return;
	c->least = cost;
	*c->best = *way;
}

void anchor_choose(const struct anchor_counts *counts, const struct lens_in_use *in_use,
		   struct anchor_place place, const struct glob *glob, struct anchoring *best)
{
	struct choice choice = {counts, in_use, place, 0, best};

	best->n = 0;
	visit_ways(glob, consider_way, &choice);
}
