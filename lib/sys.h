/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sys.h - system calls that take a folder and a name, with what there was before them as
 * the fallback. They never follow a link, and open nothing but regular files and folders.
 *
 * name: an entry of the folder dirfd, or "" for dirfd itself, which may be open by O_PATH
 * alone. All return a negative errno on failure.
 */
#ifndef LIB_SYS_H
#define LIB_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* getxattrat(2), Linux 6.13. Returns the size of the value. */
ssize_t sys_get_xattr(int dirfd, const char *name, const char *xattr, void *value, size_t size);

/* setxattrat(2). flags: 0, XATTR_CREATE or XATTR_REPLACE. */
int sys_set_xattr(int dirfd, const char *name, const char *xattr, const void *value, size_t size,
		  int flags);

/* removexattrat(2). */
int sys_remove_xattr(int dirfd, const char *name, const char *xattr);

/* What file_getattr(2) gives, and FS_IOC_FSGETXATTR. */
struct sys_attr {
	uint64_t xflags; /* FS_XFLAG_* */
	uint32_t extsize;
	uint32_t nextents;
	uint32_t projid;
	uint32_t cowextsize;
};

/* file_getattr(2), file_setattr(2), Linux 6.17. -EOPNOTSUPP: the file system has none. */
int sys_get_attr(int dirfd, const char *name, struct sys_attr *attr);
int sys_set_attr(int dirfd, const char *name, const struct sys_attr *attr);

#endif
