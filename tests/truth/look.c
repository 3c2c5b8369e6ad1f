/* SPDX-License-Identifier: BSD-3-Clause */
/* look.c - attributes before and after an operation, and all that is in a tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "truth.h"

/* ---- Times ------------------------------------------------------------------------------ */

/* By how much a file system's clock may be late. */
#define TICK_NS (20 * 1000 * 1000)

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

static bool within(const struct timespec *time, const struct timespec *from,
		   const struct timespec *to)
{
	/* What is further away than 200 years is no time of ours. */
	if (time->tv_sec < 0 || time->tv_sec > 1LL << 33)
		return false;
	return nanoseconds(time) >= nanoseconds(from) - TICK_NS &&
	       nanoseconds(time) <= nanoseconds(to) + TICK_NS;
}

static bool same(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static void say_change(struct text *out, const char *name, const struct timespec *was,
		       const struct timespec *is, const struct timespec *began)
{
	struct timespec now, yesterday = *began;

	if (same(was, is))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	yesterday.tv_sec -= 86400;
	if (within(is, began, &now))
		say(out, " %s=now", name);
	else if (within(is, &yesterday, &now))
		say(out, " %s=before", name);
	else
		say(out, " %s=%lld.%09ld", name, (long long)is->tv_sec, is->tv_nsec);
}

/* ---- One file ------------------------------------------------------------------------------ */

static void say_attributes(struct text *out, const struct stat *st, const struct looks *looks)
{
	bool is_dir = S_ISDIR(st->st_mode);

	say(out, "0%o %u:%u", st->st_mode, st->st_uid, st->st_gid);
	if (!is_dir || !looks->no_dir_size)
		say(out, " links %lu size %lld", (unsigned long)st->st_nlink,
		    (long long)st->st_size);
	if (!looks->no_blocks && S_ISREG(st->st_mode))
		say(out, " blocks %lld", (long long)st->st_blocks);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		say(out, " device %llx", (unsigned long long)st->st_rdev);
}

static int stat_at(int dirfd, const char *path, struct stat *st, const struct looks *looks)
{
	return stat_as(dirfd, path, AT_SYMLINK_NOFOLLOW | (path[0] ? 0 : AT_EMPTY_PATH), looks, st);
}

/* AT_STATX_FORCE_SYNC is heard by statx() alone, whose result is that of fstatat() otherwise. */
int stat_as(int dirfd, const char *path, int flags, const struct looks *looks, struct stat *st)
{
	struct statx stx;

	if (looks->fresh &&
	    statx(dirfd, path, flags | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stx))
		return -1;
	return fstatat(dirfd, path, st, flags);
}

void look_before(int dirfd, const char *path, const struct looks *looks, struct glance *glance)
{
	struct stat st;

	glance->valid = stat_at(dirfd, path, &st, looks) == 0;
	if (!glance->valid)
		return;
	glance->ino = st.st_ino;
	glance->atime = st.st_atim;
	glance->mtime = st.st_mtim;
	glance->ctime = st.st_ctim;
	clock_gettime(CLOCK_REALTIME, &glance->began);
}

void look_after(int dirfd, const char *path, const struct glance *glance, const struct looks *looks,
		struct text *out)
{
	struct looks without_blocks = *looks;
	struct stat st;

	/* When they are counted depends on when they are written. */
	without_blocks.no_blocks = true;
	if (stat_at(dirfd, path, &st, looks)) {
		say(out, "%s", errno_name(errno));
		return;
	}
	say_attributes(out, &st, &without_blocks);
	/* See "fifo-times" in exceptions.c. */
	if (!glance->valid || looks->no_times || S_ISFIFO(st.st_mode))
		return;
	if (glance->ino != st.st_ino) {
		say(out, " another file");
		return;
	}
	if (!looks->no_file_atime || !S_ISREG(st.st_mode))
		say_change(out, "atime", &glance->atime, &st.st_atim, &glance->began);
	say_change(out, "mtime", &glance->mtime, &st.st_mtim, &glance->began);
	say_change(out, "ctime", &glance->ctime, &st.st_ctim, &glance->began);
}

/* ---- A tree --------------------------------------------------------------------------------- */

struct walk {
	const struct looks *looks;
	struct text *out;
	struct timespec began;
	struct known {
		ino_t ino;
		unsigned int number;
	} known[4096];
	unsigned int n_known;
};

/* Which file it is: the same number for all of its names. */
static unsigned int identity(struct walk *walk, ino_t ino)
{
	for (unsigned int i = 0; i < walk->n_known; i++) {
		if (walk->known[i].ino == ino)
			return walk->known[i].number;
	}
	if (walk->n_known < 4096) {
		walk->known[walk->n_known] = (struct known){ino, walk->n_known};
		walk->n_known++;
	}
	return walk->n_known - 1;
}

/* Where to go on in a file: of those that are large, their holes are passed over. */
static off_t next_data(int fd, off_t at)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_size < 1 << 21)
		return at;
	return lseek(fd, at, SEEK_DATA);
}

/* Only bytes that are not zero count: where holes are is the file system's affair. */
static void say_data(struct text *out, int fd)
{
	static char data[65536];
	off_t at = 0;
	uint64_t hash = 0;

	while ((at = next_data(fd, at)) >= 0) {
		ssize_t size = pread(fd, data, sizeof(data), at);

		if (size <= 0) {
			if (size < 0)
				say(out, " data %s", errno_name(errno));
			break;
		}
		for (ssize_t i = 0; i < size; i++) {
			if (data[i]) {
				off_t place = at + i;

				hash = hash_bytes(hash, &place, sizeof(place));
				hash = hash_bytes(hash, &data[i], 1);
			}
		}
		at += size;
	}
	say(out, " data %016llx", (unsigned long long)hash);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void say_xattrs(struct text *out, const char *path)
{
	static char list[XATTR_LIST_MAX], value[XATTR_SIZE_MAX];
	ssize_t size = llistxattr(path, list, sizeof(list));
	const char *names[256];
	size_t n = 0;

	if (size < 0)
		say(out, " xattrs %s", errno_name(errno));
	for (const char *at = list; at < list + size && n < 256; at += strlen(at) + 1)
		names[n++] = at;
	qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++) {
		ssize_t got = lgetxattr(path, names[i], value, sizeof(value));

		if (strncmp(names[i], "security.", 9) == 0 &&
		    strcmp(names[i], "security.capability"))
			continue;
		say(out, " ");
		say_quoted(out, names[i]);
		if (got < 0)
			say(out, " %s", errno_name(errno));
		else
			say(out, "=%zd:%016llx", got,
			    (unsigned long long)hash_bytes(0, value, (size_t)got));
	}
}

/* One that was set is told; that of the clock is not. */
static void say_time(struct walk *walk, const char *name, const struct timespec *time)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	/* A run is shorter than a day. */
	now.tv_sec -= 86400;
	walk->began = now;
	now.tv_sec += 2 * 86400;
	if (!within(time, &walk->began, &now))
		say(walk->out, " %s=%lld.%09ld", name, (long long)time->tv_sec, time->tv_nsec);
}

static void walk_dir(struct walk *walk, const char *path);

static void walk_one(struct walk *walk, const char *path)
{
	struct stat st;

	say_quoted(walk->out, path);
	if (stat_at(AT_FDCWD, path, &st, walk->looks)) {
		say(walk->out, " %s\n", errno_name(errno));
		return;
	}
	say(walk->out, " #%u ", identity(walk, st.st_ino));
	say_attributes(walk->out, &st, walk->looks);
	if (S_ISREG(st.st_mode)) {
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0)
			say(walk->out, " data %s", errno_name(errno));
		else
			say_data(walk->out, fd);
		if (fd >= 0)
			close(fd);
	} else if (S_ISLNK(st.st_mode)) {
		char target[PATH_MAX];
		ssize_t size = readlink(path, target, sizeof(target) - 1);

		target[size < 0 ? 0 : size] = 0;
		say(walk->out, " -> ");
		say_quoted(walk->out, size < 0 ? errno_name(errno) : target);
	}
	if (!walk->looks->no_file_atime || !S_ISREG(st.st_mode))
		say_time(walk, "atime", &st.st_atim);
	say_time(walk, "mtime", &st.st_mtim);
	say_time(walk, "ctime", &st.st_ctim);
	if (!walk->looks->no_xattrs)
		say_xattrs(walk->out, path);
	say(walk->out, "\n");
	if (S_ISDIR(st.st_mode))
		walk_dir(walk, path);
}

static void walk_dir(struct walk *walk, const char *path)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir))) {
		char *full;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (asprintf(&full, "%s/%s", path, entry->d_name) < 0)
			abort();
		names = reallocarray(names, n + 1, sizeof(*names));
		if (!names)
			abort();
		names[n++] = full;
	}
	if (dir)
		closedir(dir);
	else
		say(walk->out, "%s\n", errno_name(errno));
	if (n)
		qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++) {
		walk_one(walk, names[i]);
		free(names[i]);
	}
	free(names);
}

/* The root directory of the process is the tree's. */
void tree_dump(int dirfd, const struct looks *looks, struct text *out)
{
	static struct walk walk;

	walk = (struct walk){.looks = looks, .out = out};
	/* What was not written yet has no blocks. */
	if (!looks->no_blocks)
		syncfs(dirfd);
	walk_one(&walk, ".");
}
