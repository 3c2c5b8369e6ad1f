/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy_xattr.h - one xattr from one file to another, by libattr.
 */
#ifndef CLI_COPY_XATTR_H
#define CLI_COPY_XATTR_H

/*
 * A name "" means the folder fd itself. Links are not followed, and nothing but regular
 * files and folders is touched.
 * Errors: -EINVAL (one is neither), and what open(2) and the xattr calls may say.
 */
int copy_one_xattr(int src_dirfd, const char *src_name, int dst_dirfd, const char *dst_name,
		   const char *xattr);

/* Of one side, without copying: 0, -EINVAL as above, or what stat(2) may say. */
int copy_xattr_check(int dirfd, const char *name);

#endif
