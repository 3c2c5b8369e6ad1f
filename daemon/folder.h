/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * folder.h - folders as the policy sees them: a cursor each, made when the first file below is
 * decided on, and kept with the folder's inode. For verdict.c.
 *
 * A cursor was made from the folder's name, its tag, and the cursor of the folder above. It is
 * good as long as those are the same. Whether they are is looked at again only when the
 * generation of the tree has moved, so once a folder and not once a reply.
 */
#ifndef DAEMON_FOLDER_H
#define DAEMON_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct fsdax_cursor;
struct inode;
struct share;
struct statx;

/*
 * The generation that decisions are made in: moves when a name, a folder's tag or the policy
 * has changed. A load of two words.
 */
uint64_t folder_generation(struct share *share);

/*
 * The cursor of a folder, with a reference for the caller. 0 or -errno: -ENOENT (it was
 * removed), -ELOOP (too deep, or what we know of the host's folders is contradictory), -ENOMEM.
 */
int folder_cursor(struct share *share, struct inode *folder, uint64_t generation,
		  struct fsdax_cursor **cursor);

/* A reply about a folder is made: see whether its tag has changed. */
void folder_seen(struct share *share, struct inode *folder, const struct statx *stx);

/* One name of an inode, copied. */
struct known_name {
	struct inode *parent; /* with a reference; give it back by inode_put() */
	char name[NAME_MAX + 1];
};

/* Name i of an inode, counted from 0; false past the end. */
bool known_name(struct share *share, struct inode *inode, uint32_t i, struct known_name *copy);

#endif
