/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode.h - what one statx(2) tells of a file: the facts for a decision, and which inode it
 * is.
 */
#ifndef CLI_INODE_H
#define CLI_INODE_H

#include <sys/types.h>

#include <fsdax/fsdax.h>

struct inode {
	struct fsdax_facts facts; /* with FSDAX_FACT_STAT */
	dev_t dev;
	ino_t ino;
};

/*
 * needs: FSDAX_NEED_* of the policy; now: for facts.now, seconds
 * Errors: -ENOENT and what else statx(2) may say.
 */
int inode_read(int dirfd, const char *name, uint32_t needs, int64_t now, struct inode *inode);

/* The time now if a policy with these needs asks for it, else 0. */
int64_t inode_now(uint32_t needs);

#endif
