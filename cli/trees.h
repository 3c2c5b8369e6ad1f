/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trees.h - sums by folder: two levels below the deepest folder that all files are in. All of
 * what lies in a folder of the second level counts for that one, and what lies directly in
 * one above for itself, so that each file counts once.
 *
 * That folder is known only at the end. It is the one of the files met so far, and when a
 * file turns up elsewhere it moves up, and the sums of what is then too deep are put
 * together. Nothing is lost by that, so threads, and parts of a tree, can be summed in any
 * order.
 */
#ifndef CLI_TREES_H
#define CLI_TREES_H

#include <stdbool.h>
#include <stddef.h>

#include "counts.h"

struct tree {
	char *path;	    /* below the share's root: "" or "a/b" */
	bool deep;	    /* all that lies below it; else what lies directly in it */
	struct count of[2]; /* by the verdict */
};

/* Start from {0}. */
struct trees {
	char *common;	   /* the folder that all files are in; NULL: there are none */
	size_t depth;	   /* of common: 0 is the share's root */
	void *root;	   /* for tsearch(3), by path */
	char *last_folder; /* of trees_at() */
	struct tree *last; /* for that folder; NULL: not known any more */
};

void trees_free(struct trees *trees);

/* There is a file in that folder. All of these: 0 or -ENOMEM. */
int trees_note(struct trees *trees, const char *folder);

/* The sums that a file in that folder belongs to, which is noted. Valid until the next call. */
int trees_at(struct trees *trees, const char *folder, struct tree **tree);

int trees_merge(struct trees *to, const struct trees *from);

/* All that have files, those first that use most of the window. Free the list, not the trees. */
int trees_list(const struct trees *trees, const struct tree ***list, size_t *n);

#endif
