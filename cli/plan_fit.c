/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_fit.c - what fits a window. No input or output: sums in, numbers out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"

/*
 * The guest's kernel starts to reclaim when fewer than this part of all chunks is free;
 * a window is well used up to there.
 */
#define RECLAIM_PERCENT 20

bool plan_is_fixed_yes(const struct plan *plan, size_t group)
{
	const struct fsdax_decision decision = tally_decision(plan->tallies, group);

	return decision.dax && decision.reason != FSDAX_REASON_DEFAULT;
}

static void fit_window(struct plan *plan)
{
	uint64_t reserve;
	struct fsdax_cost cost;

	plan->chunks = plan->window / plan->chunk_size;
	reserve = plan->chunks * RECLAIM_PERCENT / 100;
	plan->usable = plan->chunks - (reserve ? reserve : plan->chunks > 0);
	fsdax_policy_cost(plan->tallies->policy, plan->window, &cost);
	plan->window_cost = cost.descriptors;
}

/* Guest memory that DAX spares for each chunk spent. */
static double worth(const struct count *count)
{
	const double saved = (double)count->page_cache - (double)count->descriptors;

	return count->chunks ? saved / (double)count->chunks : 0;
}

static int by_worth(const void *a, const void *b, void *data)
{
	const struct plan *plan = data;
	const size_t *x = a, *y = b;
	const double wx = worth(&plan->fixed_tally->groups[*x]);
	const double wy = worth(&plan->fixed_tally->groups[*y]);

	if (wx != wy)
		return wx > wy ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

/* Give the fixed groups room, those first that make most of a chunk. */
static int fit_groups(struct plan *plan)
{
	const size_t n_groups = plan->tallies->n_groups;
	size_t *order = calloc(n_groups, sizeof(*order));
	size_t n = 0;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n_groups; i++) {
		if (plan_is_fixed_yes(plan, i))
			order[n++] = i;
	}
	qsort_r(order, n, sizeof(*order), by_worth, plan);
	for (size_t i = 0; i < n; i++) {
		const struct count *count = &plan->fixed_tally->groups[order[i]];

		count_add(&plan->fixed, count);
		plan->fits[order[i]] = plan->fitting.chunks + count->chunks <= plan->usable;
		if (plan->fits[order[i]])
			count_add(&plan->fitting, count);
	}
	free(order);
	return 0;
}

static void sum_above(struct plan *plan)
{
	for (unsigned int i = HISTOGRAM_BUCKETS; i-- > 0;) {
		plan->above[i] = plan->above[i + 1];
		count_add(&plan->above[i], &plan->free[i]);
	}
}

struct count plan_range(const struct plan *plan, unsigned int from, unsigned int end)
{
	const struct count *low = &plan->above[from], *high = &plan->above[end];

	return (struct count){
		.files = low->files - high->files,
		.bytes = low->bytes - high->bytes,
		.chunks = low->chunks - high->chunks,
		.descriptors = low->descriptors - high->descriptors,
		.page_cache = low->page_cache - high->page_cache,
	};
}

static unsigned int break_even(const struct plan *plan)
{
	struct fsdax_cost one;
	unsigned int bucket = 0;

	fsdax_policy_cost(plan->tallies->policy, 1, &one);
	while (bucket + 1 < HISTOGRAM_BUCKETS && histogram_from(bucket) < one.descriptors)
		bucket++;
	return bucket;
}

/* The roundest size that makes no difference: one between the files, and not just above one. */
static unsigned int round_up(const struct plan *plan, unsigned int from, unsigned int end)
{
	unsigned int last = from;

	if (from == plan->even)
		return from;
	while (last < end && !plan->free[last].files)
		last++;
	for (unsigned int step = 16; step > 1; step /= 2) {
		unsigned int round = (from + step - 1) / step * step;

		if (round <= last && round < end)
			return round;
	}
	return from;
}

/* The least size from which on everything below end fits. */
static unsigned int lowest(const struct plan *plan, unsigned int end, uint64_t room)
{
	unsigned int from = plan->even;

	while (from < end && plan_range(plan, from, end).chunks > room)
		from++;
	return round_up(plan, from, end);
}

/*
 * One size from which on all fits, if there is one. Else files that are too large for what
 * is left of the window have to stay out too: the range that spares most guest memory.
 */
static void fit_sizes(struct plan *plan, uint64_t room)
{
	uint64_t best = 0;

	plan->end = PLAN_NO_END;
	plan->from = lowest(plan, plan->end, room);
	plan->found = plan->above[plan->from].files || !plan->above[plan->even].files;
	for (unsigned int end = PLAN_NO_END; !plan->found && end-- > plan->even + 1;) {
		unsigned int from = lowest(plan, end, room);
		const struct count range = plan_range(plan, from, end);
		uint64_t saved = range.page_cache - range.descriptors;

		if (range.files && saved > best) {
			best = saved;
			plan->from = from;
			plan->end = end;
		}
	}
	plan->found = plan->found || best;
}

const unsigned int plan_hot_percents[] = {100, 50, 20, 10, 5, 2, 1, 0};

unsigned int plan_for_hot(const struct plan *plan, unsigned int percent)
{
	/* The tags and rules that are fixed have their part in it. */
	const uint64_t room = plan->usable * 100 / percent;
	unsigned int from;

	if (plan->fixed.chunks > room)
		return PLAN_NO_END;
	from = lowest(plan, PLAN_NO_END, room - plan->fixed.chunks);
	return plan->above[from].files || !plan->above[plan->even].files ? from : PLAN_NO_END;
}

uint64_t plan_window_for_all(const struct plan *plan)
{
	uint64_t need = plan->above[plan->even].chunks + plan->fixed.chunks;
	uint64_t window = plan->chunk_size;

	while (window < UINT64_MAX / 2 && window / plan->chunk_size * 4 / 5 < need)
		window *= 2;
	return window;
}

unsigned int plan_shown_first(void)
{
	return histogram_bucket(4096);
}

unsigned int plan_shown_next(const struct plan *plan, unsigned int bucket)
{
	if (!plan->above[bucket].files)
		return HISTOGRAM_BUCKETS;
	do
		bucket++;
	while (bucket < HISTOGRAM_BUCKETS && bucket % 16 &&
	       !(plan->found && bucket == plan->from));
	return bucket;
}

int plan_fit(struct plan *plan)
{
	int err;

	fit_window(plan);
	plan->even = break_even(plan);
	err = fit_groups(plan);
	if (err)
		return err;
	sum_above(plan);
	fit_sizes(plan, plan->usable - plan->fitting.chunks);
	return 0;
}

char *plan_size(char dst[24], uint64_t bytes)
{
	static const char units[] = "KMGT";
	const char *unit = NULL;

	for (const char *u = units; *u && bytes && bytes % 1024 == 0; u++) {
		bytes /= 1024;
		unit = u;
	}
	snprintf(dst, 24, "%llu%.1s", (unsigned long long)bytes, unit ? unit : "");
	return dst;
}

/* The condition on the size, such as ">= 32K". The word is for that very size, and no bucket's. */
static void condition(const struct plan *plan, char dst[64])
{
	const uint64_t from = histogram_from(plan->from);
	char low[24], high[24];

	if (plan->end != PLAN_NO_END)
		snprintf(dst, 64, "%s..%s", plan_size(low, from),
			 plan_size(high, histogram_from(plan->end) - 1));
	else if (from == tally_break_even(plan->tallies->policy))
		snprintf(dst, 64, ">= descriptors");
	else
		snprintf(dst, 64, ">= %s", plan_size(low, from));
}

bool plan_changes_default(const struct plan *plan)
{
	struct fsdax_settings settings;

	fsdax_policy_settings(plan->tallies->policy, &settings);
	return settings.default_dax;
}

char *plan_snippet(const struct plan *plan)
{
	/* Files of other sizes are not to be yes for want of a rule. */
	const char *no = plan_changes_default(plan) ? "[policy]\ndefault = no\n\n" : "";
	char window[24], size[64];
	char *text;

	condition(plan, size);
	if (asprintf(&text, "%s[rule window-%s]\nsize = %s\ndax = yes\n", no,
		     plan_size(window, plan->window), size) < 0)
		return NULL;
	return text;
}
