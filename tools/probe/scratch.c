/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scratch.c - made on the host, without the back-end, so that its answers can be compared.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scratch.h"

#define BLOCK (64u << 10)
#define MAX_DEPTH 64

static int64_t birth_of(int dir, const char *name)
{
	struct statx stx;

	if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BTIME, &stx) < 0 ||
	    !(stx.stx_mask & STATX_BTIME))
		return INT64_MAX; /* not known */
	return stx.stx_btime.tv_sec;
}

int scratch_make(const char *dir, struct scratch *scratch)
{
	char *made;
	int fd;

	if (asprintf(&made, "%s/fsdax-probe.XXXXXX", dir) < 0)
		return -ENOMEM;
	fd = mkdtemp(made) ? open(made, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (fd < 0 || fchmod(fd, 0777) < 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		free(made);
		return err;
	}
	*scratch = (struct scratch){.path = made, .fd = fd, .born = birth_of(fd, "")};
	return 0;
}

/* ---- Removal ---- */

static void complain(const char *path, const char *what)
{
	fprintf(stderr, "fsdax-probe: %s: %s; left where it is\n", path, what);
}

/* A folder in a folder, on the same mount and no link: the kernel sees to that. */
static int open_inner(int dir, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};

	return (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
}

static void empty(const struct scratch *scratch, int dir, int depth);

static void remove_one(const struct scratch *scratch, int dir, const char *name, int depth)
{
	int64_t born = birth_of(dir, name);
	int inner;

	if (scratch->born != INT64_MAX && born != INT64_MAX && born < scratch->born) {
		complain(name, "older than the scratch folder in which it is");
		return;
	}
	/* What can't be removed stays: the caller can do nothing about it. */
	if (unlinkat(dir, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	inner = open_inner(dir, name);
	if (inner < 0)
		return;
	empty(scratch, inner, depth + 1);
	unlinkat(dir, name, AT_REMOVEDIR);
}

/* Takes the descriptor. */
static void empty(const struct scratch *scratch, int dir, int depth)
{
	DIR *stream = depth < MAX_DEPTH ? fdopendir(dir) : NULL;
	struct dirent *entry;

	if (!stream) {
		close(dir);
		return;
	}
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove_one(scratch, dir, entry->d_name, depth);
	}
	closedir(stream);
}

static bool is_same(const struct scratch *scratch)
{
	struct stat made, there;

	return fstat(scratch->fd, &made) == 0 && lstat(scratch->path, &there) == 0 &&
	       made.st_dev == there.st_dev && made.st_ino == there.st_ino;
}

void scratch_remove(struct scratch *scratch)
{
	int dir;

	if (!scratch->path)
		return;
	if (is_same(scratch)) {
		dir = fcntl(scratch->fd, F_DUPFD_CLOEXEC, 3);
		if (dir >= 0)
			empty(scratch, dir, 0);
		rmdir(scratch->path); /* fails if anything was left */
	} else {
		complain(scratch->path, "not the folder any more that was made");
	}
	scratch_keep(scratch);
}

void scratch_keep(struct scratch *scratch)
{
	if (!scratch->path)
		return;
	close(scratch->fd);
	free(scratch->path);
	*scratch = (struct scratch){0};
}

uint8_t scratch_byte(uint64_t offset, unsigned seed)
{
	uint64_t page = offset / 4096;

	return (uint8_t)(offset * 7 + page * 31 + (page >> 8) * 113 + seed * 59 + 1);
}

void scratch_fill(void *buf, size_t size, uint64_t offset, unsigned seed)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < size; i++)
		p[i] = scratch_byte(offset + i, seed);
}

bool scratch_matches(const void *buf, size_t size, uint64_t offset, unsigned seed, size_t *at)
{
	const uint8_t *p = buf;

	for (size_t i = 0; i < size; i++) {
		if (p[i] != scratch_byte(offset + i, seed)) {
			*at = i;
			return false;
		}
	}
	return true;
}

static int write_all(int fd, uint64_t size, unsigned seed)
{
	static const size_t block = BLOCK;
	char *buf = malloc(block);
	int err = 0;

	if (!buf)
		return -ENOMEM;
	for (uint64_t at = 0; at < size && !err; at += block) {
		size_t part = size - at < block ? (size_t)(size - at) : block;

		scratch_fill(buf, part, at, seed);
		if (pwrite(fd, buf, part, (off_t)at) != (ssize_t)part)
			err = errno ? -errno : -EIO;
	}
	free(buf);
	return err;
}

int scratch_file(const char *dir, const char *name, uint64_t size, unsigned seed)
{
	char *path;
	int fd, err;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	err = fd < 0 ? -errno : write_all(fd, size, seed);
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}
