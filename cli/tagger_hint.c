/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tagger_hint.c - knows the file systems by name, and what each can carry.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tagger_hint.h"

/* Not in every <linux/magic.h>. */
#define MAGIC_FUSE 0x65735546
#define MAGIC_BCACHEFS 0xca451a4e
#define MAGIC_EXFAT 0x2011bab0
#define MAGIC_9P 0x01021997
#define MAGIC_CIFS 0xff534d42
#define MAGIC_SMB2 0xfe534d42

static const char *fs_name(int dirfd)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} names[] = {
		{EXT4_SUPER_MAGIC, "ext4"},
		{XFS_SUPER_MAGIC, "xfs"},
		{BTRFS_SUPER_MAGIC, "btrfs"},
		{TMPFS_MAGIC, "tmpfs"},
		{OVERLAYFS_SUPER_MAGIC, "overlayfs"},
		{F2FS_SUPER_MAGIC, "f2fs"},
		{MAGIC_BCACHEFS, "bcachefs"},
		{NFS_SUPER_MAGIC, "nfs"},
		{MAGIC_CIFS, "cifs"},
		{MAGIC_SMB2, "smb3"},
		{MAGIC_9P, "9p"},
		{MAGIC_FUSE, "fuse"},
		{MSDOS_SUPER_MAGIC, "vfat"},
		{MAGIC_EXFAT, "exfat"},
		{ISOFS_SUPER_MAGIC, "iso9660"},
		{SQUASHFS_MAGIC, "squashfs"},
		{EROFS_SUPER_MAGIC_V1, "erofs"},
		{PROC_SUPER_MAGIC, "proc"},
		{SYSFS_MAGIC, "sysfs"},
		{RAMFS_MAGIC, "ramfs"},
	};
	struct statfs fs;

	if (fstatfs(dirfd, &fs) < 0)
		return "this file system";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].magic == (unsigned long)fs.f_type)
			return names[i].name;
	}
	return "this file system";
}

static void say_no_flag(char hint[TAGGER_HINT_MAX], int dirfd)
{
	const char *fs = fs_name(dirfd);

	if (strcmp(fs, "ext4") == 0 || strcmp(fs, "xfs") == 0)
		snprintf(hint, TAGGER_HINT_MAX,
			 "%s can carry the inode flag, but not beside the other flags of this "
			 "file (lsattr shows them). Use --by=xattr",
			 fs);
	else
		snprintf(hint, TAGGER_HINT_MAX,
			 "%s cannot carry the inode flag; ext4 and xfs can. Use --by=xattr", fs);
}

static void say_no_xattr(char hint[TAGGER_HINT_MAX], int dirfd, const char *xattr)
{
	const char *fs = fs_name(dirfd);

	if (strcmp(fs, "tmpfs") == 0 && strncmp(xattr, "user.", 5) == 0)
		snprintf(hint, TAGGER_HINT_MAX,
			 "tmpfs carries user.* from Linux 6.6 on; it can carry trusted.fsdax");
	else
		snprintf(hint, TAGGER_HINT_MAX,
			 "%s cannot carry %s; ext4, xfs, btrfs and tmpfs can", fs, xattr);
}

/* Nobody may: for want of a capability, or because the file is immutable. */
static void say_not_permitted(char hint[TAGGER_HINT_MAX], const char *xattr)
{
	bool trusted = xattr && strncmp(xattr, "trusted.", 8) == 0;

	if (trusted && geteuid() != 0)
		snprintf(hint, TAGGER_HINT_MAX,
			 "trusted.* needs CAP_SYS_ADMIN; run as root, or use user.fsdax with "
			 "[tag] xattr = user.fsdax");
	else if (geteuid() != 0)
		snprintf(hint, TAGGER_HINT_MAX, "run as root, or as the owner of the file");
	else
		snprintf(
			hint, TAGGER_HINT_MAX,
			"a file that is immutable or append-only (lsattr shows i or a) needs "
			"chattr -i -a first%s",
			trusted ? "; trusted.* needs CAP_SYS_ADMIN, which root in a container lacks"
				: "");
}

bool tagger_hint(char hint[TAGGER_HINT_MAX], int dirfd, const char *xattr, int err)
{
	switch (-err) {
	case EOPNOTSUPP:
		if (xattr)
			say_no_xattr(hint, dirfd, xattr);
		else
			say_no_flag(hint, dirfd);
		return true;
	case EPERM: say_not_permitted(hint, xattr); return true;
	default: return false;
	}
}
