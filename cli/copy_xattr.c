/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy_xattr.c - attr_copy_fd(3) with a check that selects one name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <attr/error_context.h>
#include <attr/libattr.h>

#include "copy_xattr.h"

/* libattr hands the context to both callbacks: ours has more behind it. */
struct context {
	struct error_context base; /* first */
	const char *xattr;
	int err;
};

static int select_xattr(const char *name, struct error_context *base)
{
	const struct context *context = (const struct context *)base;

	return strcmp(name, context->xattr) == 0;
}

/* The message is made elsewhere; what counts is the first errno. */
static void note_error(struct error_context *base, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note_error(struct error_context *base, const char *format, ...)
{
	struct context *context = (struct context *)base;

	(void)format;
	if (!context->err)
		context->err = errno;
}

int copy_xattr_check(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) < 0)
		return -errno;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? 0 : -EINVAL;
}

/*
 * A pipe put in a file's place meanwhile is opened without waiting, and refused. A file that
 * is no folder is never "" here.
 */
static int open_one(int dirfd, const char *name)
{
	/* What it is must be known before it is opened: to open a device can do things. */
	int fd = copy_xattr_check(dirfd, name);

	if (fd < 0)
		return fd;
	fd = openat(dirfd, *name ? name : ".", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int copy_one_xattr(int src_dirfd, const char *src_name, int dst_dirfd, const char *dst_name,
		   const char *xattr)
{
	struct context context = {.base = {.error = note_error}, .xattr = xattr};
	int src = open_one(src_dirfd, src_name), dst, ret;

	if (src < 0)
		return src;
	dst = open_one(dst_dirfd, dst_name);
	if (dst < 0) {
		close(src);
		return dst;
	}
	ret = attr_copy_fd("", src, "", dst, select_xattr, &context.base);
	if (ret < 0)
		ret = context.err ? -context.err : -EIO;
	close(src);
	close(dst);
	return ret;
}
