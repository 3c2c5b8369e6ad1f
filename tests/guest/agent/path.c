// SPDX-License-Identifier: BSD-3-Clause
/*
 * path.c - commands about names and inodes, and about handles: files that stay open between
 * commands, by number. Where a command takes a target T, it is a path, or "@N" for handle N.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent.h"

#ifndef STATX_ATTR_DAX
#define STATX_ATTR_DAX 0x00200000
#endif
#define XATTR_MAX 65536

/* 0, or what the last system call left. */
static int result(int returned)
{
	return returned < 0 ? -errno : 0;
}

/* The descriptor that "@N" names; -EINVAL if it isn't one, -EBADF if it is free. */
static int handle_fd(const struct call *call, const char *word)
{
	int n;

	if (*word != '@')
		return -EINVAL;
	n = words_index(word + 1, AGENT_HANDLES);
	if (n < 0)
		return n;
	return call->agent->handles[n] < 0 ? -EBADF : call->agent->handles[n];
}

int target_open(const struct call *call, const char *word, int flags)
{
	int fd = handle_fd(call, word);

	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	else if (fd == -EBADF)
		return fd;
	else
		fd = open(word, flags | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : fd;
}

/* ---- Handles ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	int flag;
} open_flags[] = {
	{"ro", O_RDONLY},	  {"wo", O_WRONLY},	  {"rw", O_RDWR},
	{"creat", O_CREAT},	  {"excl", O_EXCL},	  {"trunc", O_TRUNC},
	{"append", O_APPEND},	  {"direct", O_DIRECT},	  {"directory", O_DIRECTORY},
	{"nofollow", O_NOFOLLOW}, {"path", O_PATH},	  {"sync", O_SYNC},
	{"noatime", O_NOATIME},	  {"tmpfile", O_TMPFILE}, {"nonblock", O_NONBLOCK},
};

static int open_parse(char *words, int *flags)
{
	char *save, *word = strtok_r(words, ",", &save);
	size_t i;

	*flags = O_CLOEXEC;
	for (; word; word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < sizeof(open_flags) / sizeof(*open_flags); i++)
			if (!strcmp(word, open_flags[i].name))
				break;
		if (i == sizeof(open_flags) / sizeof(*open_flags))
			return -EINVAL;
		*flags |= open_flags[i].flag;
	}
	return 0;
}

static int do_open(struct call *call)
{
	int n = words_index(call->argv[0], AGENT_HANDLES), flags, fd;
	uint64_t mode = 0644;

	if (n < 0 || open_parse(call->argv[2], &flags) ||
	    (call->argc > 3 && words_numbers(call, 3, 1, &mode)))
		return -EINVAL;
	if (call->agent->handles[n] >= 0)
		return -EBUSY;
	fd = open(call->argv[1], flags, (mode_t)mode);
	if (fd < 0)
		return -errno;
	call->agent->handles[n] = fd;
	return 0;
}

static int do_close(struct call *call)
{
	int n = words_index(call->argv[0], AGENT_HANDLES), fd;

	if (n < 0)
		return n;
	fd = call->agent->handles[n];
	if (fd < 0)
		return -EBADF;
	call->agent->handles[n] = -1;
	return result(close(fd));
}

static int do_fsync(struct call *call)
{
	int fd = target_open(call, call->argv[0], O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = result(fsync(fd));
	close(fd);
	return err;
}

static int do_syncfs(struct call *call)
{
	int fd = target_open(call, call->argv[0], O_RDONLY), err;

	if (fd < 0)
		return fd;
	err = result(syncfs(fd));
	close(fd);
	return err;
}

static int do_truncate(struct call *call)
{
	int fd = handle_fd(call, call->argv[0]);
	uint64_t size;

	if (words_numbers(call, 1, 1, &size))
		return -EINVAL;
	if (fd == -EBADF)
		return fd;
	return result(fd >= 0 ? ftruncate(fd, (off_t)size) : truncate(call->argv[0], (off_t)size));
}

static int do_fallocate(struct call *call)
{
	const char *how = call->argc > 3 ? call->argv[3] : "";
	uint64_t at[2];
	int fd, err, mode = 0;

	if (words_numbers(call, 1, 2, at))
		return -EINVAL;
	if (!strcmp(how, "keep"))
		mode = FALLOC_FL_KEEP_SIZE;
	else if (!strcmp(how, "punch"))
		mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	else if (!strcmp(how, "zero"))
		mode = FALLOC_FL_ZERO_RANGE;
	else if (*how)
		return -EINVAL;
	fd = target_open(call, call->argv[0], O_RDWR);
	if (fd < 0)
		return fd;
	err = result(fallocate(fd, mode, (off_t)at[0], (off_t)at[1]));
	close(fd);
	return err;
}

static int do_seek(struct call *call)
{
	int fd, err, whence = strcmp(call->argv[1], "hole") ? SEEK_DATA : SEEK_HOLE;
	uint64_t offset;
	off_t found;

	if (words_numbers(call, 2, 1, &offset))
		return -EINVAL;
	fd = target_open(call, call->argv[0], O_RDONLY);
	if (fd < 0)
		return fd;
	found = lseek(fd, (off_t)offset, whence);
	err = found < 0 ? -errno : 0;
	if (!err)
		fprintf(call->out, "%jd\n", (intmax_t)found);
	close(fd);
	return err;
}

/* lock @N read|write|unlock OFFSET LENGTH [wait] */
static int do_lock(struct call *call)
{
	int fd = handle_fd(call, call->argv[0]);
	struct flock lock = {.l_whence = SEEK_SET};
	uint64_t at[2];

	if (fd < 0 || words_numbers(call, 2, 2, at))
		return fd < 0 ? fd : -EINVAL;
	if (!strcmp(call->argv[1], "read"))
		lock.l_type = F_RDLCK;
	else if (!strcmp(call->argv[1], "write"))
		lock.l_type = F_WRLCK;
	else
		lock.l_type = F_UNLCK;
	lock.l_start = (off_t)at[0];
	lock.l_len = (off_t)at[1];
	return result(fcntl(fd, call->argc > 4 ? F_SETLKW : F_SETLK, &lock));
}

static int do_flock(struct call *call)
{
	int fd = handle_fd(call, call->argv[0]), how = LOCK_UN;

	if (fd < 0)
		return fd;
	if (!strcmp(call->argv[1], "sh"))
		how = LOCK_SH;
	else if (!strcmp(call->argv[1], "ex"))
		how = LOCK_EX;
	return result(flock(fd, how | LOCK_NB));
}

/* ---- What is known of an inode ------------------------------------------------------- */

static const char *type_name(unsigned int mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "dir";
	case S_IFLNK: return "link";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	case S_IFCHR: return "char";
	default: return "block";
	}
}

/* "-" where the file system does not say. */
static const char *dax_name(const struct statx *sx)
{
	if (sx->stx_attributes & STATX_ATTR_DAX)
		return "yes";
	return sx->stx_attributes_mask & STATX_ATTR_DAX ? "no" : "-";
}

static void print_statx(FILE *out, const struct statx *sx)
{
	fprintf(out,
		"type=%s mode=%04o uid=%u gid=%u size=%ju blocks=%ju nlink=%u ino=%ju "
		"dev=%u:%u rdev=%u:%u mtime=%jd.%09u ctime=%jd.%09u dax=%s\n",
		type_name(sx->stx_mode), sx->stx_mode & 07777, sx->stx_uid, sx->stx_gid,
		(uintmax_t)sx->stx_size, (uintmax_t)sx->stx_blocks, sx->stx_nlink,
		(uintmax_t)sx->stx_ino, sx->stx_dev_major, sx->stx_dev_minor, sx->stx_rdev_major,
		sx->stx_rdev_minor, (intmax_t)sx->stx_mtime.tv_sec, sx->stx_mtime.tv_nsec,
		(intmax_t)sx->stx_ctime.tv_sec, sx->stx_ctime.tv_nsec, dax_name(sx));
}

/* statx of a target; HOW: "", "sync" to ask the server, "nosync" to use what is cached. */
static int target_statx(const struct call *call, const char *how, struct statx *sx)
{
	int fd = handle_fd(call, call->argv[0]), flags = AT_SYMLINK_NOFOLLOW;
	const char *path = call->argv[0];

	if (fd == -EBADF)
		return fd;
	if (!strcmp(how, "sync"))
		flags |= AT_STATX_FORCE_SYNC;
	else if (!strcmp(how, "nosync"))
		flags |= AT_STATX_DONT_SYNC;
	if (fd >= 0) {
		path = "";
		flags |= AT_EMPTY_PATH;
	}
	return result(statx(fd >= 0 ? fd : AT_FDCWD, path, flags, STATX_BASIC_STATS, sx));
}

static int do_stat(struct call *call)
{
	struct statx sx;
	int err = target_statx(call, call->argc > 1 ? call->argv[1] : "", &sx);

	if (!err)
		print_statx(call->out, &sx);
	return err;
}

static int do_dax(struct call *call)
{
	struct statx sx;
	int err = target_statx(call, call->argc > 1 ? call->argv[1] : "", &sx);

	if (err)
		return err;
	/* A file system that doesn't know DAX, or not per file, leaves it out of its mask. */
	fprintf(call->out, "%s\n", sx.stx_attributes & STATX_ATTR_DAX ? "yes" : "no");
	return 0;
}

static int do_size(struct call *call)
{
	struct statx sx;
	int err = target_statx(call, "", &sx);

	if (!err)
		fprintf(call->out, "%ju\n", (uintmax_t)sx.stx_size);
	return err;
}

static int do_statfs(struct call *call)
{
	struct statfs fs;

	if (statfs(call->argv[0], &fs))
		return -errno;
	fprintf(call->out, "type=%lx bsize=%ld blocks=%ju bfree=%ju files=%ju namelen=%ld\n",
		(unsigned long)fs.f_type, (long)fs.f_bsize, (uintmax_t)fs.f_blocks,
		(uintmax_t)fs.f_bfree, (uintmax_t)fs.f_files, (long)fs.f_namelen);
	return 0;
}

static int do_list(struct call *call)
{
	struct dirent **entries;
	struct statx sx;
	int i, n = scandir(call->argv[0], &entries, NULL, alphasort), dir;

	if (n < 0)
		return -errno;
	dir = open(call->argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;

		if (strcmp(name, ".") && strcmp(name, "..")) {
			words_print(call->out, name);
			fputc(' ', call->out);
			if (statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx))
				fprintf(call->out, "%s\n", words_error(-errno));
			else
				print_statx(call->out, &sx);
		}
		free(entries[i]);
	}
	free(entries);
	close(dir);
	return 0;
}

/* ---- Names --------------------------------------------------------------------------- */

static int do_rename(struct call *call)
{
	const char *how = call->argc > 2 ? call->argv[2] : "";
	unsigned int flags = 0;

	if (!strcmp(how, "noreplace"))
		flags = RENAME_NOREPLACE;
	else if (!strcmp(how, "exchange"))
		flags = RENAME_EXCHANGE;
	return result(renameat2(AT_FDCWD, call->argv[0], AT_FDCWD, call->argv[1], flags));
}

static int do_unlink(struct call *call)
{
	return result(unlink(call->argv[0]));
}

static int do_rmdir(struct call *call)
{
	return result(rmdir(call->argv[0]));
}

static int do_mkdir(struct call *call)
{
	uint64_t mode = 0755;

	if (call->argc > 1 && words_numbers(call, 1, 1, &mode))
		return -EINVAL;
	return result(mkdir(call->argv[0], (mode_t)mode));
}

static int do_link(struct call *call)
{
	return result(link(call->argv[0], call->argv[1]));
}

/* A handle of a file without a name gets one: what O_TMPFILE is for. */
static int do_linkat(struct call *call)
{
	int fd = handle_fd(call, call->argv[0]);

	if (fd < 0)
		return fd;
	return result(linkat(fd, "", AT_FDCWD, call->argv[1], AT_EMPTY_PATH));
}

static int do_symlink(struct call *call)
{
	return result(symlink(call->argv[0], call->argv[1]));
}

static int do_readlink(struct call *call)
{
	char target[4097];
	ssize_t n = readlink(call->argv[0], target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	fprintf(call->out, "%s\n", target);
	return 0;
}

static int do_mknod(struct call *call)
{
	uint64_t device[2] = {0, 0};
	mode_t mode = S_IFREG;

	if (call->argc == 4 && words_numbers(call, 2, 2, device))
		return -EINVAL;
	if (!strcmp(call->argv[1], "fifo"))
		mode = S_IFIFO;
	else if (!strcmp(call->argv[1], "socket"))
		mode = S_IFSOCK;
	else if (!strcmp(call->argv[1], "char"))
		mode = S_IFCHR;
	else if (!strcmp(call->argv[1], "block"))
		mode = S_IFBLK;
	return result(mknod(call->argv[0], mode | 0644,
			    makedev((unsigned)device[0], (unsigned)device[1])));
}

static int do_chmod(struct call *call)
{
	uint64_t mode;

	if (words_numbers(call, 1, 1, &mode))
		return -EINVAL;
	return result(chmod(call->argv[0], (mode_t)mode));
}

static int do_chown(struct call *call)
{
	uint64_t ids[2];

	if (words_numbers(call, 1, 2, ids))
		return -EINVAL;
	return result(lchown(call->argv[0], (uid_t)ids[0], (gid_t)ids[1]));
}

static int do_utimes(struct call *call)
{
	uint64_t when;
	struct timespec times[2] = {0};

	if (words_numbers(call, 1, 1, &when))
		return -EINVAL;
	times[0].tv_sec = times[1].tv_sec = (time_t)when;
	return result(utimensat(AT_FDCWD, call->argv[0], times, AT_SYMLINK_NOFOLLOW));
}

static int do_access(struct call *call)
{
	const char *c = call->argv[1];
	int mode = 0;

	for (; *c; c++)
		mode |= *c == 'r' ? R_OK : *c == 'w' ? W_OK : *c == 'x' ? X_OK : 0;
	return result(faccessat(AT_FDCWD, call->argv[0], mode, AT_EACCESS));
}

/* ---- Attributes ---------------------------------------------------------------------- */

static int do_setxattr(struct call *call)
{
	const char *how = call->argc > 3 ? call->argv[3] : "", *value = call->argv[2];
	int flags = 0;

	if (!strcmp(how, "create"))
		flags = XATTR_CREATE;
	else if (!strcmp(how, "replace"))
		flags = XATTR_REPLACE;
	return result(lsetxattr(call->argv[0], call->argv[1], value, strlen(value), flags));
}

static int do_getxattr(struct call *call)
{
	char *value = malloc(XATTR_MAX + 1);
	ssize_t n = value ? lgetxattr(call->argv[0], call->argv[1], value, XATTR_MAX) : -1;
	int err = n < 0 ? -errno : 0;

	if (!err) {
		value[n] = '\0';
		words_print(call->out, value);
		fputc('\n', call->out);
	}
	free(value);
	return err;
}

static int do_listxattr(struct call *call)
{
	char *names = malloc(XATTR_MAX), *name;
	ssize_t n = names ? llistxattr(call->argv[0], names, XATTR_MAX) : -1;
	int err = n < 0 ? -errno : 0;

	for (name = names; !err && name < names + n; name += strlen(name) + 1) {
		words_print(call->out, name);
		fputc('\n', call->out);
	}
	free(names);
	return err;
}

static int do_removexattr(struct call *call)
{
	return result(lremovexattr(call->argv[0], call->argv[1]));
}

static int do_getflag(struct call *call)
{
	int fd = target_open(call, call->argv[0], O_RDONLY), err;
	struct fsxattr attr;

	if (fd < 0)
		return fd;
	err = result(ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	if (!err)
		fprintf(call->out, "%s\n", attr.fsx_xflags & FS_XFLAG_DAX ? "yes" : "no");
	close(fd);
	return err;
}

static int do_setflag(struct call *call)
{
	int fd = target_open(call, call->argv[0], O_RDONLY), err;
	struct fsxattr attr;

	if (fd < 0)
		return fd;
	err = result(ioctl(fd, FS_IOC_FSGETXATTR, &attr));
	if (!strcmp(call->argv[1], "yes"))
		attr.fsx_xflags |= FS_XFLAG_DAX;
	else
		attr.fsx_xflags &= ~(unsigned int)FS_XFLAG_DAX;
	if (!err)
		err = result(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
	close(fd);
	return err;
}

const struct command path_commands[] = {
	{"open", 3, 4, do_open, "N PATH ro|wo|rw[,creat,trunc,append,direct,...] [MODE]"},
	{"close", 1, 1, do_close, "N"},
	{"fsync", 1, 1, do_fsync, "T"},
	{"syncfs", 1, 1, do_syncfs, "T"},
	{"truncate", 2, 2, do_truncate, "T SIZE"},
	{"fallocate", 3, 4, do_fallocate, "T OFFSET LENGTH [keep|punch|zero]"},
	{"seek", 3, 3, do_seek, "T hole|data OFFSET"},
	{"lock", 4, 5, do_lock, "@N read|write|unlock OFFSET LENGTH [wait]: POSIX"},
	{"flock", 2, 2, do_flock, "@N sh|ex|un"},
	{"stat", 1, 2, do_stat, "T [sync|nosync]: type=, mode=, size=, ino=, dax=, ..."},
	{"dax", 1, 2, do_dax, "T [sync|nosync]: yes or no, of STATX_ATTR_DAX"},
	{"size", 1, 1, do_size, "T"},
	{"statfs", 1, 1, do_statfs, "PATH"},
	{"list", 1, 1, do_list, "DIR: each entry with what stat says"},
	{"rename", 2, 3, do_rename, "OLD NEW [noreplace|exchange]"},
	{"unlink", 1, 1, do_unlink, "PATH"},
	{"rmdir", 1, 1, do_rmdir, "PATH"},
	{"mkdir", 1, 2, do_mkdir, "PATH [MODE]"},
	{"link", 2, 2, do_link, "OLD NEW"},
	{"linkat", 2, 2, do_linkat, "@N NEW"},
	{"symlink", 2, 2, do_symlink, "TARGET NEW"},
	{"readlink", 1, 1, do_readlink, "PATH"},
	{"mknod", 2, 4, do_mknod, "PATH file|fifo|socket|char|block [MAJOR MINOR]"},
	{"chmod", 2, 2, do_chmod, "PATH MODE: octal with a leading 0"},
	{"chown", 3, 3, do_chown, "PATH UID GID"},
	{"utimes", 2, 2, do_utimes, "PATH SECONDS"},
	{"access", 2, 2, do_access, "PATH [r][w][x]"},
	{"setxattr", 3, 4, do_setxattr, "PATH NAME VALUE [create|replace]"},
	{"getxattr", 2, 2, do_getxattr, "PATH NAME"},
	{"listxattr", 1, 1, do_listxattr, "PATH"},
	{"removexattr", 2, 2, do_removexattr, "PATH NAME"},
	{"getflag", 1, 1, do_getflag, "T: yes or no, of FS_XFLAG_DAX"},
	{"setflag", 2, 2, do_setflag, "T yes|no"},
	{NULL, 0, 0, NULL, NULL},
};
