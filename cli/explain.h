/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.h - all there is to say about one decision: every fact that the policy can ask
 * for, and how each condition of each rule went.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "inode.h"
#include "share.h"

/* A copy of a struct fsdax_step. */
struct explain_step {
	uint32_t rule;
	char *key, *wanted, *found; /* NULL for the rule as a whole */
	uint32_t line;
	enum fsdax_outcome outcome;
	bool exclude;
};

struct explanation {
	const struct share *share;
	const char *path; /* as the user wrote it */
	struct inode inode;
	bool flag_unknown;	    /* the inode flag counts, but cannot be read here */
	struct fsdax_xattr *xattrs; /* by number, as the policy has them */
	size_t n_xattrs;
	char *tagged_by;	   /* the nearest tagged folder above, or NULL */
	enum fsdax_tag folder_tag; /* what that one says */
	struct fsdax_decision decision;
	struct explain_step *steps; /* the last rule first; none if only the verdict was wanted */
	size_t n_steps, room;
};

/*
 * Explain a file. Starts from a zeroed struct with share and path set.
 * now: for rules on the age, as inode_now() has it
 * Errors: as share_find(), and what statx(2), getxattr(2) and file_getattr(2) may say.
 * explanation_release() after errors too.
 */
int explanation_gather(struct explanation *e, int64_t now);
void explanation_release(struct explanation *e);

/* Several lines for people, below the verdict. 0 or -ENOMEM. */
int explanation_print(const struct explanation *e);

/* The facts and "steps" as members. 0 or -ENOMEM. */
struct json_object;
int explanation_json(const struct explanation *e, struct json_object *object);

#endif
