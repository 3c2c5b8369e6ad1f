/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diff.h - what differs between two policies, and how it is shown.
 */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include <fsdax/fsdax.h>

#include "options.h"
#include "tally.h"
#include "walk.h"

/* What may become of a file. */
enum diff_kind {
	DIFF_NO_TO_YES,
	DIFF_YES_TO_NO,
	DIFF_STILL_YES, /* from here on nothing changes */
	DIFF_STILL_NO,
	DIFF_KINDS,
};

struct diff {
	const struct options *opts;
	struct fsdax_policy *policies[2]; /* old and new */
};

/* decisions: under the old and the new policy */
enum diff_kind diff_kind(const struct fsdax_decision decisions[2]);

/* One file that changes. Thread-safe. 0 or -ENOMEM. */
int diff_print_file(const struct diff *diff, const char *path, uint64_t size,
		    const struct fsdax_decision decisions[2]);

/* The sums, by enum diff_kind. 0 or -ENOMEM. */
int diff_print_sum(const struct diff *diff, const struct count counts[DIFF_KINDS],
		   const struct walk_result *result);

#endif
