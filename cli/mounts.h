/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mounts.h - the mounted file systems, by the mount id that statx(2) tells.
 */
#ifndef CLI_MOUNTS_H
#define CLI_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

struct mount {
	uint64_t id;
	char type[32]; /* such as "ext4" */
	char options
		[16]; /* "dax", "dax=always", "dax=never", "dax=inode", or "" for none of them */
};

/* What /proc/self/mountinfo says. Not thread-safe. Start from {0}. */
struct mounts {
	struct mount *list;
	size_t count;
};

/* NULL: there is none of this id. Reads the list anew for an id that it does not know. */
const struct mount *mounts_find(struct mounts *mounts, uint64_t id);
void mounts_free(struct mounts *mounts);

#endif
