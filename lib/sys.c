/* SPDX-License-Identifier: BSD-3-Clause */
/* sys.c - system calls that take a folder and a name, and their fallbacks. See sys.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys.h"

/* The same on all architectures but alpha, which adds 110. */
#ifdef __alpha__
enum { NR_SHIFT = 110 };
#else
enum { NR_SHIFT = 0 };
#endif

enum {
	NR_SETXATTRAT = 463 + NR_SHIFT,
	NR_GETXATTRAT = 464 + NR_SHIFT,
	NR_REMOVEXATTRAT = 466 + NR_SHIFT,
	NR_FILE_GETATTR = 468 + NR_SHIFT,
	NR_FILE_SETATTR = 469 + NR_SHIFT,
};

/* The kernel's struct xattr_args. */
struct xattr_args {
	uint64_t value __attribute__((aligned(8)));
	uint32_t size;
	uint32_t flags;
};

/* ---- Xattrs ----------------------------------------------------------------- */

enum { PROC_PATH_SIZE = 512 };

/* A path to an entry of a folder that is open; -ENAMETOOLONG if there is no such name. */
static int proc_path(char path[PROC_PATH_SIZE], int dirfd, const char *name)
{
	int len;

	if (dirfd == AT_FDCWD)
		len = snprintf(path, PROC_PATH_SIZE, "./%s", name);
	else
		len = snprintf(path, PROC_PATH_SIZE, "/proc/self/fd/%d/%s", dirfd, name);
	return len < PROC_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

/* The name of a descriptor in /proc. Fails, with errno as it was, if it isn't open. */
static int proc_fd(char path[PROC_PATH_SIZE], int fd)
{
	int saved = errno;

	if (fcntl(fd, F_GETFD) < 0) {
		errno = saved;
		return -1;
	}
	snprintf(path, PROC_PATH_SIZE, "/proc/self/fd/%d", fd);
	return 0;
}

/*
 * A descriptor that was opened by O_PATH has no fgetxattr(2) and the like: what it stands
 * for is reached by its name in /proc. For one that isn't open at all, EBADF it stays.
 */
static ssize_t get_xattr_of(int fd, const char *xattr, void *value, size_t size)
{
	ssize_t got = fgetxattr(fd, xattr, value, size);
	char path[PROC_PATH_SIZE];

	if (got < 0 && errno == EBADF && !proc_fd(path, fd))
		got = getxattr(path, xattr, value, size);
	return got < 0 ? -errno : got;
}

static int set_xattr_of(int fd, const char *xattr, const void *value, size_t size, int flags)
{
	int err = fsetxattr(fd, xattr, value, size, flags);
	char path[PROC_PATH_SIZE];

	if (err && errno == EBADF && !proc_fd(path, fd))
		err = setxattr(path, xattr, value, size, flags);
	return err ? -errno : 0;
}

static int remove_xattr_of(int fd, const char *xattr)
{
	int err = fremovexattr(fd, xattr);
	char path[PROC_PATH_SIZE];

	if (err && errno == EBADF && !proc_fd(path, fd))
		err = removexattr(path, xattr);
	return err ? -errno : 0;
}

ssize_t sys_get_xattr(int dirfd, const char *name, const char *xattr, void *value, size_t size)
{
	struct xattr_args args = {(uintptr_t)value, (uint32_t)size, 0};
	char path[PROC_PATH_SIZE];
	ssize_t got;

	if (!*name)
		return get_xattr_of(dirfd, xattr, value, size);
	got = syscall(NR_GETXATTRAT, dirfd, name, AT_SYMLINK_NOFOLLOW, xattr, &args, sizeof(args));
	if (got >= 0 || errno != ENOSYS)
		return got < 0 ? -errno : got;
	if (proc_path(path, dirfd, name))
		return -ENAMETOOLONG;
	got = lgetxattr(path, xattr, value, size);
	return got < 0 ? -errno : got;
}

int sys_set_xattr(int dirfd, const char *name, const char *xattr, const void *value, size_t size,
		  int flags)
{
	struct xattr_args args = {(uintptr_t)value, (uint32_t)size, (uint32_t)flags};
	char path[PROC_PATH_SIZE];

	if (!*name)
		return set_xattr_of(dirfd, xattr, value, size, flags);
	if (!syscall(NR_SETXATTRAT, dirfd, name, AT_SYMLINK_NOFOLLOW, xattr, &args, sizeof(args)))
		return 0;
	if (errno != ENOSYS)
		return -errno;
	if (proc_path(path, dirfd, name))
		return -ENAMETOOLONG;
	return lsetxattr(path, xattr, value, size, flags) ? -errno : 0;
}

int sys_remove_xattr(int dirfd, const char *name, const char *xattr)
{
	char path[PROC_PATH_SIZE];

	if (!*name)
		return remove_xattr_of(dirfd, xattr);
	if (!syscall(NR_REMOVEXATTRAT, dirfd, name, AT_SYMLINK_NOFOLLOW, xattr))
		return 0;
	if (errno != ENOSYS)
		return -errno;
	if (proc_path(path, dirfd, name))
		return -ENAMETOOLONG;
	return lremovexattr(path, xattr) ? -errno : 0;
}

/* ---- Inode flags ------------------------------------------------------------- */

/* One errno for all the ways in which a file system says that it has no such flags. */
static int no_flags(int err)
{
	return err == ENOTTY || err == ENOSYS || err == EINVAL || err == 515 /* ENOIOCTLCMD */ ?
		       -EOPNOTSUPP :
		       -err;
}

/* Open what an O_PATH descriptor stands for, if that is a regular file or a folder. */
static int open_handle(int handle)
{
	char path[PROC_PATH_SIZE];
	struct stat st;
	int fd;

	/* To open a device may do something. */
	if (fstat(handle, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return -EOPNOTSUPP;
	if (proc_fd(path, handle))
		return -errno;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_plain(int dirfd, const char *name)
{
	int handle, fd;

	handle = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (handle < 0)
		return -errno;
	fd = open_handle(handle);
	close(handle);
	return fd;
}

/* A descriptor for ioctl(2): the caller's own, unless it was opened by O_PATH. */
static int open_for_ioctl(int dirfd, const char *name)
{
	int flags;

	if (*name)
		return open_plain(dirfd, name);
	flags = fcntl(dirfd, F_GETFL);
	if (flags < 0)
		return -errno;
	return flags & O_PATH ? open_handle(dirfd) : dirfd;
}

static void from_fsxattr(struct sys_attr *attr, const struct fsxattr *fsx)
{
	attr->xflags = fsx->fsx_xflags;
	attr->extsize = fsx->fsx_extsize;
	attr->nextents = fsx->fsx_nextents;
	attr->projid = fsx->fsx_projid;
	attr->cowextsize = fsx->fsx_cowextsize;
}

static void to_fsxattr(struct fsxattr *fsx, const struct sys_attr *attr)
{
	*fsx = (struct fsxattr){
		.fsx_xflags = (uint32_t)attr->xflags,
		.fsx_extsize = attr->extsize,
		.fsx_nextents = attr->nextents,
		.fsx_projid = attr->projid,
		.fsx_cowextsize = attr->cowextsize,
	};
}

/* By ioctl(2): read the attributes or, with set, write them. */
static int attr_by_ioctl(int dirfd, const char *name, struct sys_attr *attr, bool set)
{
	int fd = open_for_ioctl(dirfd, name);
	struct fsxattr fsx;
	int err;

	if (fd < 0)
		return fd;
	if (set)
		to_fsxattr(&fsx, attr);
	err = ioctl(fd, set ? FS_IOC_FSSETXATTR : FS_IOC_FSGETXATTR, &fsx) ? no_flags(errno) : 0;
	if (!err && !set)
		from_fsxattr(attr, &fsx);
	if (fd != dirfd)
		close(fd);
	return err;
}

/* The new system calls are not there, or won't take a descriptor that was opened by O_PATH. */
static bool needs_ioctl(const char *name)
{
	return errno == ENOSYS || (errno == EBADF && !*name);
}

int sys_get_attr(int dirfd, const char *name, struct sys_attr *attr)
{
	int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;

	if (!syscall(NR_FILE_GETATTR, dirfd, name, attr, sizeof(*attr), flags))
		return 0;
	if (!needs_ioctl(name))
		return no_flags(errno);
	return attr_by_ioctl(dirfd, name, attr, false);
}

int sys_set_attr(int dirfd, const char *name, const struct sys_attr *attr)
{
	int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
	struct sys_attr copy = *attr;

	if (!syscall(NR_FILE_SETATTR, dirfd, name, &copy, sizeof(copy), flags))
		return 0;
	if (!needs_ioctl(name))
		return no_flags(errno);
	return attr_by_ioctl(dirfd, name, &copy, true);
}
