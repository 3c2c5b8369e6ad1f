/* SPDX-License-Identifier: BSD-3-Clause */
/* attr.c - see attr.h. */
#include "attr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "inode.h"
#include "share.h"
#include "verdict.h"
#include "window.h"

#define DAY_SECONDS 86400

static uint64_t timeout(const struct share *share)
{
	switch (share->settings->cache) {
	case CACHE_AUTO: return 1;
	case CACHE_ALWAYS:
	case CACHE_METADATA: return DAY_SECONDS;
	case CACHE_NEVER: break;
	}
	return 0;
}

/* flags: FUSE_ATTR_SUBMOUNT, and verdict_flag()'s FUSE_ATTR_DAX. */
static void fill(const struct statx *stx, uint32_t flags, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = stx->stx_ino,
		.size = stx->stx_size,
		.blocks = stx->stx_blocks,
		.atime = (uint64_t)stx->stx_atime.tv_sec,
		.mtime = (uint64_t)stx->stx_mtime.tv_sec,
		.ctime = (uint64_t)stx->stx_ctime.tv_sec,
		.atimensec = stx->stx_atime.tv_nsec,
		.mtimensec = stx->stx_mtime.tv_nsec,
		.ctimensec = stx->stx_ctime.tv_nsec,
		.mode = stx->stx_mode,
		.nlink = stx->stx_nlink,
		.uid = stx->stx_uid,
		.gid = stx->stx_gid,
		/* The kernel's new_encode_dev(), which has 12 bits of major and 20 of minor. */
		.rdev = (stx->stx_rdev_minor & 0xff) | (stx->stx_rdev_major << 8) |
			((stx->stx_rdev_minor & ~0xffu) << 12),
		.blksize = stx->stx_blksize,
		.flags = flags,
	};
}

/* What is mapped has to grow before the guest learns that the file did. */
static void tell_size(struct share *share, struct inode *inode, const struct statx *stx)
{
	if (share->dax.window && share->window && S_ISREG(stx->stx_mode))
		window_told(share->window, inode, stx->stx_size);
}

void attr_entry(struct share *share, struct inode *inode, const struct statx *stx, uint32_t flag,
		struct fuse_entry_out *entry)
{
	uint32_t flags = flag;

	if (inode->is_submount && S_ISDIR(inode->type) && share->flags & FUSE_SUBMOUNTS)
		flags |= FUSE_ATTR_SUBMOUNT;
	tell_size(share, inode, stx);
	*entry = (struct fuse_entry_out){
		.nodeid = inode->nodeid,
		.entry_valid = timeout(share),
		.attr_valid = timeout(share),
	};
	fill(stx, flags, &entry->attr);
}

static int stat_inode(struct share *share, struct inode *inode, int fd, struct statx *stx)
{
	int path_fd = fd >= 0 ? fd : inode_fd(share, inode);
	int err = 0;

	if (path_fd < 0)
		return path_fd;
	if (statx(path_fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, stx))
		err = -errno;
	if (fd < 0)
		inode_fd_done(share, inode, path_fd);
	return err;
}

int attr_get(struct share *share, struct inode *inode, int fd, struct fuse_attr_out *out)
{
	struct statx stx;
	uint32_t flag;
	int err = stat_inode(share, inode, fd, &stx);

	if (err)
		return err;
	flag = verdict_flag(share, inode, &stx);
	tell_size(share, inode, &stx);
	*out = (struct fuse_attr_out){.attr_valid = timeout(share)};
	fill(&stx, flag, &out->attr);
	return 0;
}
