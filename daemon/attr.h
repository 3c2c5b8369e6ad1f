/* SPDX-License-Identifier: BSD-3-Clause */
/* attr.h - what the guest is told of an inode: from statx to struct fuse_attr, in one place. */
#ifndef DAEMON_ATTR_H
#define DAEMON_ATTR_H

#include <linux/fuse.h>
#include <stdint.h>

struct inode;
struct share;
struct statx;

/* What every statx of the daemon asks for. */
#define ATTR_STATX_MASK (STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID)

/* A whole entry, with timeouts by --cache, for LOOKUP and its like, of an inode_lookup(). */
void attr_entry(struct share *share, struct inode *inode, const struct statx *stx, uint32_t flag,
		struct fuse_entry_out *entry);

/* GETATTR and SETATTR: statx of the inode (fd: an open handle's, or -1), verdict, reply struct. */
int attr_get(struct share *share, struct inode *inode, int fd, struct fuse_attr_out *out);

#endif
