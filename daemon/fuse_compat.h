/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuse_compat.h - what newer kernels' <linux/fuse.h> has, and that of Debian 12 (protocol
 * 7.38) does not.
 */
#ifndef DAEMON_FUSE_COMPAT_H
#define DAEMON_FUSE_COMPAT_H

#include <linux/fuse.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* 7.39 */
#ifndef FUSE_CREATE_SUPP_GROUP
#define FUSE_CREATE_SUPP_GROUP (1ULL << 34)

/* Follows a fuse_ext_header of type FUSE_EXT_GROUPS. */
struct fuse_supp_groups {
	uint32_t nr_groups;
	uint32_t groups[];
};
#endif
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36)
#endif

/* 7.40 */
#ifndef FUSE_PASSTHROUGH
#define FUSE_PASSTHROUGH (1ULL << 37)
#define FOPEN_PASSTHROUGH (1 << 7)

struct fuse_backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};
#endif
#ifndef FUSE_DEV_IOC_BACKING_OPEN
#define FUSE_DEV_IOC_BACKING_OPEN _IOW(229, 1, struct fuse_backing_map)
#define FUSE_DEV_IOC_BACKING_CLOSE _IOW(229, 2, uint32_t)
#endif

/* struct fuse_open_out, where `padding` has become `backing_id`. */
struct compat_open_out {
	uint64_t fh;
	uint32_t open_flags;
	int32_t backing_id;
};

/* struct fuse_init_out, up to the field that was added. */
struct compat_init_out {
	uint32_t major, minor;
	uint32_t max_readahead;
	uint32_t flags;
	uint16_t max_background, congestion_threshold;
	uint32_t max_write;
	uint32_t time_gran;
	uint16_t max_pages, map_alignment;
	uint32_t flags2;
	uint32_t max_stack_depth;
	uint32_t unused[6];
};

/* These are enumerators where they exist: so by names of our own. */
enum {
	COMPAT_FUSE_EXT_GROUPS = 32,
	COMPAT_FUSE_STATX = 52,
};

#endif
