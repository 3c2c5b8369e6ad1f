/* SPDX-License-Identifier: BSD-3-Clause */
/* mappable.c - see mappable.h. */
#include "mappable.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "inode.h"
#include "share.h"
#include "window.h"

/* Not in <linux/magic.h>, or not in that of Debian 12. */
enum {
	MAGIC_BCACHEFS = 0xca451a4e,
	MAGIC_JFS = 0x3153464a,
	MAGIC_NTFS3 = 0x7366746e,
	MAGIC_ZFS = 0x2fc12fc1,
};

/*
 * File systems whose files can be mapped and written to through the mapping, and which nobody
 * changes but this machine's kernel. Not: those of the network, whose files change and shrink
 * unseen; overlayfs, which would copy a whole file up when it is opened for writing; FUSE.
 */
static const uint32_t good_magics[] = {
	EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,   BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
	F2FS_SUPER_MAGIC, MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC, MAGIC_BCACHEFS,
	MAGIC_JFS,	  MAGIC_NTFS3,	     MAGIC_ZFS,
};

static bool fs_is_good(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	for (size_t i = 0; i < sizeof(good_magics) / sizeof(good_magics[0]); i++) {
		if ((uint32_t)fs.f_type == good_magics[i])
			return true;
	}
	return false;
}

/* Whether it could be opened for reading and writing. The C library's own has no AT_EMPTY_PATH. */
static enum unmappable check_access(int fd)
{
	if (!syscall(SYS_faccessat2, fd, "", R_OK | W_OK, AT_EMPTY_PATH | AT_EACCESS))
		return MAPPABLE;
	return errno == EROFS ? UNMAPPABLE_READONLY : UNMAPPABLE_DENIED;
}

static enum unmappable check_file(int fd)
{
	enum unmappable why = check_access(fd);

	if (why == MAPPABLE && !fs_is_good(fd))
		why = UNMAPPABLE_FS;
	return why;
}

enum unmappable mappable_check(struct share *share, struct inode *inode, const struct statx *stx)
{
	uint64_t fixed = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_VERITY;
	enum unmappable why;
	int fd;

	if (!stx->stx_size)
		return UNMAPPABLE_EMPTY;
	if (share->settings->readonly)
		return UNMAPPABLE_READONLY;
	if (stx->stx_attributes & fixed)
		return UNMAPPABLE_IMMUTABLE;
	if (!window_ready(share->window))
		return UNMAPPABLE_TAIL;
	fd = inode_fd(share, inode);
	if (fd < 0)
		return UNMAPPABLE_UNKNOWN;
	why = check_file(fd);
	inode_fd_done(share, inode, fd);
	return why;
}

const char *unmappable_text(enum unmappable why)
{
	static const char *const texts[] = {
		[MAPPABLE] = "it can be mapped",
		[UNMAPPABLE_EMPTY] = "it is empty",
		[UNMAPPABLE_READONLY] = "the share or the mount is read-only",
		[UNMAPPABLE_IMMUTABLE] = "it is immutable, append-only or sealed by fs-verity",
		[UNMAPPABLE_DENIED] = "the daemon may not write to it",
		[UNMAPPABLE_TAIL] = "this host has no view of files that are longer than they are",
		[UNMAPPABLE_BUSY] = "it is running as a program on the host",
		[UNMAPPABLE_FS] = "its file system cannot be mapped safely",
		[UNMAPPABLE_UNKNOWN] = "what the policy asks for cannot be read",
	};

	if ((size_t)why >= sizeof(texts) / sizeof(texts[0]))
		return "unknown";
	return texts[why];
}
