/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_dir.c - folders are read: at rest, and while names come and go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "truth.h"

enum { MOST_NAMES = 400, CHUNK = 600 };

/* As getdents64(2) has it. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* ---- At rest -------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In which order they come is the file system's affair. */
static void say_entries(DIR *dir, struct text *out)
{
	char *names[MOST_NAMES], line[300];
	struct dirent *entry;
	struct stat st;
	size_t n = 0;

	errno = 0;
	while (n < MOST_NAMES && (entry = readdir(dir))) {
		bool other = !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
			     st.st_ino != entry->d_ino;

		errno = 0;
		snprintf(line, sizeof(line), "%s/%d%s", entry->d_name, entry->d_type,
			 other && strcmp(entry->d_name, "..") ? "/another inode" : "");
		names[n++] = strdup(line);
	}
	say(out, "%s, %zu entries", errno_name(errno), n);
	qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++) {
		say(out, " ");
		say_quoted(out, names[i]);
		free(names[i]);
	}
}

static void do_readdir(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];
	DIR *dir = opendir(path_text(arg[0], path));

	(void)actor;
	if (!dir) {
		say_result(out, -1);
		return;
	}
	say_entries(dir, out);
	closedir(dir);
}

/* From the start, of a folder that was opened some time ago: after rewinddir() all is seen. */
static void do_freaddir(struct actor *actor, const int64_t *arg, struct text *out)
{
	int fd = slot_fd(actor, arg[0]);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir) {
		say_result(out, -1);
		if (copy >= 0)
			close(copy);
		return;
	}
	rewinddir(dir);
	say_entries(dir, out);
	closedir(dir);
}

/* ---- While names come and go --------------------------------------------------------------- */

/* A folder with the names 0 to n - 1. */
struct crowd {
	int fd;
	uint64_t random;
	unsigned int n, n_new;
	bool gone[MOST_NAMES];
	unsigned char seen[MOST_NAMES];
	unsigned int twice, strange;
};

static int make_name(const struct crowd *crowd, const char *kind, unsigned int number)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "%s-%u", kind, number);
	fd = openat(crowd->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static void see(struct crowd *crowd, const char *name)
{
	unsigned int number;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, "new-", 4) == 0)
		return;
	if (sscanf(name, "old-%u", &number) != 1 || number >= crowd->n) {
		crowd->strange++;
		return;
	}
	crowd->twice += crowd->seen[number]++ > 0;
}

static void stir(struct crowd *crowd)
{
	char name[32];

	for (int i = 0; i < 3; i++) {
		unsigned int number = (unsigned int)random_below(&crowd->random, crowd->n);

		snprintf(name, sizeof(name), "old-%u", number);
		if (!crowd->gone[number] && !unlinkat(crowd->fd, name, 0))
			crowd->gone[number] = true;
		make_name(crowd, "new", crowd->n_new++);
	}
}

/* Returns bytes, 0 or -1. *next: where the next piece is. */
static long read_chunk(struct crowd *crowd, bool count, int64_t *next, char *first)
{
	_Alignas(struct entry) char data[CHUNK];
	long size = syscall(SYS_getdents64, crowd->fd, data, sizeof(data));

	first[0] = 0;
	for (long at = 0; at < size;) {
		const struct entry *entry = (const struct entry *)(data + at);

		if (!first[0])
			snprintf(first, 256, "%s", entry->name);
		if (count)
			see(crowd, entry->name);
		*next = entry->off;
		at += entry->reclen;
	}
	return size;
}

static void say_crowd(const struct crowd *crowd, struct text *out)
{
	unsigned int missing = 0;

	for (unsigned int i = 0; i < crowd->n; i++)
		missing += !crowd->gone[i] && !crowd->seen[i];
	say(out, "%u missing, %u twice, %u strange", missing, crowd->twice, crowd->strange);
}

static void read_all(struct crowd *crowd, bool stirred, struct text *out)
{
	int64_t next = 0;
	char first[256];
	long size;

	lseek(crowd->fd, 0, SEEK_SET);
	memset(crowd->seen, 0, sizeof(crowd->seen));
	crowd->twice = 0;
	for (unsigned int i = 0; i < 2 * MOST_NAMES; i++) {
		size = read_chunk(crowd, true, &next, first);
		if (size <= 0)
			break;
		if (stirred && i % 2)
			stir(crowd);
	}
	say(out, size ? "; did not end: " : "; ");
	say_crowd(crowd, out);
}

/* To go back to a place is to see what was there. */
static void seek_back(struct crowd *crowd, struct text *out)
{
	char first[256], again[256];
	int64_t place = 0, next;

	lseek(crowd->fd, 0, SEEK_SET);
	for (uint64_t i = 0, n = 1 + random_below(&crowd->random, 4); i < n; i++)
		read_chunk(crowd, false, &place, first);
	read_chunk(crowd, false, &next, first);
	read_chunk(crowd, false, &next, again);
	lseek(crowd->fd, place, SEEK_SET);
	read_chunk(crowd, false, &next, again);
	say(out, "; %s", strcmp(first, again) ? "another entry after seekdir" : "seekdir");
}

static void empty(struct crowd *crowd)
{
	char name[32];

	for (unsigned int i = 0; i < crowd->n; i++) {
		snprintf(name, sizeof(name), "old-%u", i);
		unlinkat(crowd->fd, name, 0);
	}
	for (unsigned int i = 0; i < crowd->n_new; i++) {
		snprintf(name, sizeof(name), "new-%u", i);
		unlinkat(crowd->fd, name, 0);
	}
}

static void do_crowd(struct actor *actor, const int64_t *arg, struct text *out)
{
	static struct crowd crowd;
	char path[PATH_ROOM];

	(void)actor;
	crowd = (struct crowd){.random = (uint64_t)arg[1]};
	crowd.n = 20 + (unsigned int)random_below(&crowd.random, MOST_NAMES - 20);
	path_text(arg[0], path);
	if (say_result(out, mkdir(path, 0755)))
		return;
	crowd.fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (crowd.fd < 0) {
		say_result(out, -1);
		return;
	}
	for (unsigned int i = 0; i < crowd.n; i++)
		make_name(&crowd, "old", i);
	read_all(&crowd, false, out);
	seek_back(&crowd, out);
	read_all(&crowd, true, out);
	read_all(&crowd, false, out);
	empty(&crowd);
	close(crowd.fd);
	rmdir(path);
}

const struct call DIR_CALLS[] = {
	{"readdir", 10, do_readdir, {PATH}},
	{"freaddir", 4, do_freaddir, {SLOT}},
	{"crowd", 1, do_crowd, {PATH, SEED}},
};
const unsigned int N_DIR_CALLS = sizeof(DIR_CALLS) / sizeof(*DIR_CALLS);
