/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.h - what `fsdax-ctl plan` knows of a tree, and what it makes of it.
 *
 * The rule that a plan is for stands in for all that go by size alone: see plan_rest.h. Without
 * those, the files fall into two kinds. Some are fixed: a tag speaks for them, or a rule that
 * asks for more than their size. The others are free: no rule matches. A plan says which of the
 * fixed groups fit the window, and from which size on the free files fit what is left.
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "histogram.h"
#include "options.h"
#include "tally.h"
#include "walk.h"

/* Of HISTOGRAM_BUCKETS: no upper bound. */
#define PLAN_NO_END HISTOGRAM_BUCKETS

struct plan {
	/* What was found. */
	const char *root; /* the share's */
	const struct tallies *tallies;
	const struct tally *tally;	 /* by the policy as it is */
	const struct tally *fixed_tally; /* without the rules by size; groups alone */
	const struct walk_result *result;
	const bool *by_size; /* by rule: whether it asks for nothing but the size */
	struct count free[HISTOGRAM_BUCKETS];

	/* The window. */
	uint64_t window; /* bytes */
	uint64_t chunk_size;
	uint64_t chunks;      /* in the window */
	uint64_t usable;      /* of those, before the guest starts to reclaim */
	uint64_t window_cost; /* bytes of page descriptors of the window itself */

	/* What plan_fit() makes of it. */
	bool *fits;	      /* by group: room for all of its DAX files; caller's array */
	struct count fixed;   /* DAX files of all fixed groups */
	struct count fitting; /* of those that fit */
	struct count above[HISTOGRAM_BUCKETS + 1]; /* free files in this bucket and above */
	unsigned int even;	/* from here on DAX costs less than the page cache */
	bool found;		/* there is a range that fits */
	unsigned int from, end; /* buckets; end may be PLAN_NO_END */
};

/* Whether a group is a fixed one that says yes. */
bool plan_is_fixed_yes(const struct plan *plan, size_t group);

/* 0 or -ENOMEM. */
int plan_fit(struct plan *plan);

/* The free files from a bucket on, up to another one. */
struct count plan_range(const struct plan *plan, unsigned int from, unsigned int end);

/*
 * If no more than this part of all chunks is in use at a time: the bucket from which on files
 * may use DAX, or PLAN_NO_END if the window is too small for any.
 */
unsigned int plan_for_hot(const struct plan *plan, unsigned int percent);

/* The parts that plans are shown for, the largest first, ended by 0. */
extern const unsigned int plan_hot_percents[];

/*
 * The least window, a power of two, in which all that is worth a chunk fits, in use at once.
 */
uint64_t plan_window_for_all(const struct plan *plan);

/*
 * The buckets that the curve is shown at: powers of two from 4 KiB on, as long as there are
 * files, and the chosen size. plan_shown_next() returns HISTOGRAM_BUCKETS behind the last.
 */
unsigned int plan_shown_first(void);
unsigned int plan_shown_next(const struct plan *plan, unsigned int bucket);

/* Whether the default of the policy is to be replaced, too. */
bool plan_changes_default(const struct plan *plan);

/* The policy text to paste. Allocated; NULL: no memory. */
char *plan_snippet(const struct plan *plan);

/* A size as policies write it: "32K", "1536K", "3M". Returns dst. */
char *plan_size(char dst[24], uint64_t bytes);

/* 0 or -ENOMEM. */
int plan_print(const struct plan *plan, const struct options *opts);
int plan_print_json(const struct plan *plan);
int plan_print_html(const struct plan *plan);

#endif
