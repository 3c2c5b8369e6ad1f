/* SPDX-License-Identifier: BSD-3-Clause */
/* dropin.c - finds policy files in drop-in folders, and reads them. See dropin.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"
#include "dropin.h"

enum { LARGEST_FILE = 64 << 20 };

/* A policy file that was found. */
struct dropin {
	char *path;
	const char *name; /* the last component of path */
	size_t dir;       /* number of its folder */
};

struct dropins {
	struct dropin *items;
	uint32_t n, capacity;
	struct fsdax_report *report;
};

/* ---- Reading ------------------------------------------------------------------ */

static int refuse(struct fsdax_report *report, const char *path, int err, const char *hint)
{
	struct span span = {.file = path};

	report_add(report, FSDAX_ERROR, &span, hint, "cannot read it: %s", strerror(err));
	return -err;
}

static int read_all(int fd, char **text, size_t *size)
{
	size_t capacity = 16 * 1024, n = 0;
	char *data = malloc(capacity);
	ssize_t got = 1;

	while (data && got > 0) {
		if (n == capacity) {
			char *grown = capacity < LARGEST_FILE ? realloc(data, capacity * 2) : NULL;

			if (!grown) {
				free(data);
				return capacity < LARGEST_FILE ? -ENOMEM : -EFBIG;
			}
			data = grown;
			capacity *= 2;
		}
		got = read(fd, data + n, capacity - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (!data)
		return -ENOMEM;
	if (got < 0) {
		int err = -errno;

		free(data);
		return err;
	}
	*text = data;
	*size = n;
	return 0;
}

static bool is_null_device(const struct stat *st)
{
	struct stat null;

	return S_ISCHR(st->st_mode) && !stat("/dev/null", &null) && st->st_rdev == null.st_rdev;
}

/*
 * Open a regular file, or /dev/null. Anything else is not even opened: a pipe has somebody
 * at its other end, and a device may do something.
 */
static int open_policy(const char *path)
{
	int handle = open(path, O_PATH | O_CLOEXEC);
	char again[64];
	struct stat st;
	int fd = -EINVAL;

	if (handle < 0)
		return -errno;
	if (fstat(handle, &st))
		fd = -errno;
	else if (S_ISDIR(st.st_mode))
		fd = -EISDIR;
	else if (S_ISREG(st.st_mode) || is_null_device(&st)) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", handle);
		fd = open(again, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			fd = -errno;
	}
	close(handle);
	return fd;
}

int dropin_read_file(struct fsdax_report *report, const char *path, dropin_fn *fn, void *data)
{
	int fd = open_policy(path);
	char *text = NULL;
	size_t size = 0;
	int err;

	if (fd == -EINVAL)
		return refuse(report, path, EINVAL, "it is no regular file");
	if (fd < 0)
		return refuse(report, path, -fd, NULL);
	err = read_all(fd, &text, &size);
	close(fd);
	if (err == -ENOMEM)
		return err;
	if (err)
		return refuse(report, path, -err, NULL);
	err = fn(data, path, text, size);
	free(text);
	return err;
}

/* ---- Folders ------------------------------------------------------------------- */

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t m = strlen(end);

	return n > m && !strcmp(name + n - m, end);
}

/*
 * Names that an editor or a package manager leaves behind, or that explain things. They
 * never end in ".ini", but for hidden ones.
 */
static bool is_bystander(const char *name)
{
	if (*name == '.')
		return true;
	return !ends_in(name, ".ini") &&
	       (!strncmp(name, "README", 6) || ends_in(name, "~") || ends_in(name, ".swp") ||
		strstr(name, ".dpkg-") || strstr(name, ".rpm") || strstr(name, ".ucf-"));
}

static void warn_misnamed(struct fsdax_report *report, const char *path)
{
	struct span span = {.file = path};

	report_add(report, FSDAX_WARNING, &span, "policy files have names that end in .ini",
		   "this is not read");
}

static int add_dropin(struct dropins *found, const char *dir, size_t number, const char *name)
{
	struct dropin *item;
	int err;

	if (is_bystander(name))
		return 0;
	err = array_reserve(&found->items, &found->capacity, found->n, sizeof(*found->items));
	if (err)
		return err;
	item = &found->items[found->n];
	if (asprintf(&item->path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	if (!ends_in(name, ".ini")) {
		warn_misnamed(found->report, item->path);
		free(item->path);
		return 0;
	}
	item->name = item->path + strlen(dir) + 1;
	item->dir = number;
	found->n++;
	return 0;
}

static int list_dir(struct dropins *found, const char *dir, size_t number, bool optional)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	int err = 0;

	if (!stream && errno == ENOENT && optional)
		return 0;
	if (!stream && errno == ENOMEM)
		return -ENOMEM;
	if (!stream)
		return refuse(found->report, dir, errno, NULL);
	do {
		errno = 0; /* what is called in between may leave one behind */
		entry = readdir(stream);
		if (entry)
			err = add_dropin(found, dir, number, entry->d_name);
		else if (errno)
			err = refuse(found->report, dir, errno, NULL);
	} while (entry && !err);
	closedir(stream);
	return err;
}

/* A policy file beside the drop-in folder rather than in it. */
static int warn_misplaced(struct fsdax_report *report, const char *dir)
{
	struct dropins beside = {.report = NULL};
	struct fsdax_report *unused = report_new();
	char *parent = strdup(dir);
	char *slash = parent ? strrchr(parent, '/') : NULL;
	int err = parent && unused ? 0 : -ENOMEM;

	beside.report = unused;
	if (!err && slash && slash != parent && ends_in(dir, "policy.d")) {
		*slash = '\0';
		err = list_dir(&beside, parent, 0, true);
		err = err == -ENOMEM ? err : 0;
	}
	for (uint32_t i = 0; i < beside.n; i++) {
		struct span span = {.file = beside.items[i].path};

		report_add(report, FSDAX_WARNING, &span, "policy files belong into policy.d beside it",
			   "this is not read");
		free(beside.items[i].path);
	}
	free(beside.items);
	free(parent);
	fsdax_report_free(unused);
	return err;
}

static int by_name(const void *left, const void *right)
{
	const struct dropin *a = left;
	const struct dropin *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	return a->dir < b->dir ? -1 : a->dir > b->dir;
}

/* Read the files, but for those that one in a later folder replaces. */
static int read_found(struct dropins *found, dropin_fn *fn, void *data)
{
	int err = 0;

	if (found->n)
		qsort(found->items, found->n, sizeof(*found->items), by_name);
	for (uint32_t i = 0; i < found->n && !err; i++) {
		if (i + 1 < found->n && !strcmp(found->items[i].name, found->items[i + 1].name))
			continue;
		err = dropin_read_file(found->report, found->items[i].path, fn, data);
		/* It was reported; the others may have mistakes too. */
		if (err != -ENOMEM && fsdax_report_errors(found->report))
			err = 0;
	}
	return err;
}

int dropin_read_dirs(struct fsdax_report *report, const char *const *dirs, size_t n, dropin_fn *fn,
		     void *data)
{
	struct dropins found = {.report = report};
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		err = list_dir(&found, dirs[i], i, n > 1);
		if (!err)
			err = warn_misplaced(report, dirs[i]);
		if (err && err != -ENOMEM && n > 1)
			err = 0; /* it was reported */
	}
	if (!err)
		err = read_found(&found, fn, data);
	for (uint32_t i = 0; i < found.n; i++)
		free(found.items[i].path);
	free(found.items);
	return err;
}
