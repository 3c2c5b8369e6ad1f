/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.h - what `fsdax-ctl scan` found, and how it is shown.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "options.h"
#include "tally.h"
#include "walk.h"

struct scan_sum {
	const struct tallies *tallies;
	const struct tally *tally; /* of all threads */
	const struct walk_result *result;
	size_t linked; /* inodes with several names */
};

/* 0 or -ENOMEM. */
int scan_print(const struct scan_sum *sum, const struct options *opts);
int scan_print_json(const struct scan_sum *sum);

#endif
