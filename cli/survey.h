/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * survey.h - the decision about each regular file of a tree, for the commands that add up.
 * A file costs one statx(2), and one getxattr(2) if its tag can count. An inode with several
 * names is counted once, with what its names say together, when the walk is over.
 */
#ifndef CLI_SURVEY_H
#define CLI_SURVEY_H

#include "inode.h"
#include "links.h"
#include "link_names.h"
#include "tally.h"
#include "walk.h"

/* A folder that a thread was in last. */
struct survey_folder {
	uint64_t id; /* 0: none */
	char *path;  /* below the share's root */
};

struct survey {
	const char *action, *unit; /* for messages and progress, see struct walk_ops */
	struct tallies *tallies;   /* all is added to */

	/*
	 * A second decision about each name of each regular file, for count: decision is the one
	 * that is tallied, and to be changed into that. NULL: it is the same. From several
	 * threads. 0 or a negative errno.
	 */
	int (*second)(void *data, const struct walk_entry *entry, struct fsdax_facts *facts,
		      struct fsdax_decision *decision);
	struct fsdax_policy *other; /* as walk_ops.other, for second; NULL: none */

	/*
	 * Each regular inode, once, when it was added, and the second decision about it; NULL:
	 * none. From several threads; thread tells which, from 0.
	 */
	void (*count)(void *data, int thread, uint64_t size, const struct fsdax_decision *decision);

	/* Each name of each regular file; NULL: none. From several threads. -ENOMEM. */
	int (*list)(void *data, const char *path, uint64_t size,
		    const struct fsdax_decision *decision);

	void *data;

	/* Set by survey_run(), until survey_release(). */
	struct links *links; /* inodes with several names */

	/* The rest is its own. */
	struct link_names names;
	struct survey_folder *folders; /* by thread */
	uint32_t needs;
	int64_t now;
};

/*
 * Go through the operands. Returns 0, or a negative errno after a message; what became of
 * the walk is added to result.
 */
int survey_run(struct survey *survey, const struct share *share, const struct options *opts,
	       struct walk_result *result);
void survey_release(struct survey *survey);

#endif
