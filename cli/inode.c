/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inode.c - see inode.h.
 */
#include "inode.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

/* Fields that are not asked for cost nothing on a network file system. */
static unsigned int statx_mask(uint32_t needs)
{
	unsigned int mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_INO | STATX_SIZE;

	if (needs & FSDAX_NEED_OWNER)
		mask |= STATX_UID | STATX_GID;
	if (needs & FSDAX_NEED_MTIME)
		mask |= STATX_MTIME;
	return mask;
}

int inode_read(int dirfd, const char *name, uint32_t needs, int64_t now, struct inode *inode)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
	struct statx stx;

	if (statx(dirfd, name, flags, statx_mask(needs), &stx) < 0)
		return -errno;
	*inode = (struct inode){
		.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor),
		.ino = stx.stx_ino,
	};
	fsdax_facts_statx(&inode->facts, &stx);
	inode->facts.now = now;
	return 0;
}

int64_t inode_now(uint32_t needs)
{
	return needs & FSDAX_NEED_MTIME ? time(NULL) : 0;
}
