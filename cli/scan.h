/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.h - what `fsdax-ctl scan` found, and how it is shown. One set of facts is printed as
 * tables, as JSON and as a page, and can be put together from the JSON of parts.
 */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "links.h"
#include "options.h"
#include "share.h"
#include "tally.h"
#include "walk.h"

struct scan_sum {
	const char *root;	       /* the share's */
	uint64_t chunk_size;
	const struct tallies *tallies;
	const struct tally *tally;     /* of all threads */
	const struct walk_result *result;
	size_t linked;		       /* inodes with several names */
	struct link *open;	       /* of those, what has names elsewhere: see links_open() */
	size_t n_open;
};

/* What the JSON of a scan starts with. Another word: it cannot be read by this version. */
#define SCAN_FORMAT "scan-1"

/* A word for what a policy says, wherever it is written. Returns dst. */
#define SCAN_DIGEST_MAX 17
char *scan_digest(char dst[SCAN_DIGEST_MAX], const struct fsdax_policy *policy);

/* All files from a size on, whatever was decided about them. */
struct count scan_from(const struct scan_sum *sum, uint64_t from);

/* The sizes that thresholds are shown for: 0, 1 KiB, 2 KiB and so on. False: that was the last. */
bool scan_next_threshold(const struct scan_sum *sum, uint64_t *from);

/* Print it as opts say. 0 or -ENOMEM. */
int scan_show(const struct scan_sum *sum, const struct options *opts);

/* 0 or -ENOMEM. */
int scan_print(const struct scan_sum *sum, const struct options *opts);
int scan_print_json(const struct scan_sum *sum);
int scan_print_html(const struct scan_sum *sum);

/* --merge. Returns an exit status. */
int scan_merge(const struct share *share, const struct options *opts);

#endif
