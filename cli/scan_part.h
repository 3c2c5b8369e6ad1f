/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_part.h - reads what scan_json.c writes: the sums of a part of a tree.
 */
#ifndef CLI_SCAN_PART_H
#define CLI_SCAN_PART_H

#include "links.h"
#include "tally.h"
#include "walk.h"

struct scan_part {
	const char *file;	/* the name of the part */
	char *root;		/* of the share that it was scanned in */
	struct tallies tallies; /* one tally: the sums without the open inodes */
	struct walk_result result;
	uint64_t closed; /* inodes with several names, all of them in this part */
};

/*
 * Read a part that was scanned under that policy. Inodes with names elsewhere go into links, and
 * do not count in the sums. Returns 0, or a negative errno after a message. scan_part_free()
 * after either.
 */
int scan_part_read(struct scan_part *part, const char *file, const struct fsdax_policy *policy,
		   struct links *links);
void scan_part_free(struct scan_part *part);

#endif
