/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * overlap.c - see overlap.h. Sorts the operands' real paths, so that what a folder covers
 * follows right behind it.
 */
#include "overlap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct operand {
	char *below; /* path below the share's root; NULL: not to be compared */
	size_t from; /* a walk comes by if it starts at this much of below, or more of it */
	int at;	     /* in opts->args */
	bool folder;
	bool dropped;
	const struct operand *above; /* the nearest one that is not dropped */
};

/* The length of the path of the folder that something lies in. */
static size_t folder_length(const char *below, size_t len)
{
	const char *slash = memrchr(below, '/', len);

	return slash ? (size_t)(slash - below) : 0;
}

/*
 * With -x: the length of the path of the uppermost folder from which on, down to the operand, all
 * folders are on one file system, as the walk asks each of them. dev: of the operand, if it is a
 * folder, else of the one that it is in.
 */
static size_t same_from(const struct place *place, bool folder, dev_t dev)
{
	size_t len = strlen(place->below);
	int fd = openat(place->dirfd, folder ? "." : "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (!folder)
		len = folder_length(place->below, len);
	while (fd >= 0 && len && fstat(fd, &st) == 0 && st.st_dev == dev) {
		int up;

		len = folder_length(place->below, len);
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
	}
	if (fd >= 0)
		close(fd);
	return len;
}

/* Links, and what is not there, get a message of their own from the walk: NULL. */
static int find(const struct share *share, const char *path, bool one_fs, struct operand *operand)
{
	struct place place;
	struct stat st, in;
	int ret = share_find(share, path, &place);

	if (ret < 0)
		return ret == -ENOMEM ? ret : 0;
	if (fstatat(place.dirfd, place.name, &st,
		    AT_SYMLINK_NOFOLLOW | (*place.name ? 0 : AT_EMPTY_PATH)) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		operand->folder = S_ISDIR(st.st_mode);
		operand->below = strdup(place.below);
		ret = operand->below ? 0 : -ENOMEM;
		if (one_fs && fstat(place.dirfd, &in) == 0)
			operand->from = same_from(&place, operand->folder,
						  operand->folder ? st.st_dev : in.st_dev);
	}
	place_release(&place);
	return ret;
}

/* A slash sorts before all else, so that nothing comes between a folder and what is in it. */
static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (!*a || !*b)
		return !*b - !*a;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a - (unsigned char)*b;
}

static int compare(const void *a, const void *b)
{
	const struct operand *x = a, *y = b;
	int order;

	if (!x->below || !y->below)
		return !x->below - !y->below;
	order = compare_paths(x->below, y->below);
	return order ? order : x->at - y->at;
}

static int by_position(const void *a, const void *b)
{
	const struct operand *x = a, *y = b;

	return x->at - y->at;
}

/* Whether path is top, or lies below it. */
static bool is_below(const struct operand *top, const struct operand *path)
{
	size_t len = strlen(top->below);

	return strncmp(top->below, path->below, len) == 0 &&
	       (!len || !path->below[len] || path->below[len] == '/');
}

/* Whether a walk of top, which path is below, comes by path. */
static bool covers(const struct operand *top, const struct operand *path)
{
	size_t len = strlen(top->below);

	return !path->below[len] || (top->folder && len >= path->from);
}

static void mark(struct operand *operands, int n)
{
	const struct operand *top = NULL;

	qsort(operands, (size_t)n, sizeof(*operands), compare);
	for (int i = 0; i < n && operands[i].below; i++) {
		while (top && !is_below(top, &operands[i]))
			top = top->above;
		operands[i].dropped = top && covers(top, &operands[i]);
		if (operands[i].dropped)
			continue;
		operands[i].above = top;
		top = &operands[i];
	}
	qsort(operands, (size_t)n, sizeof(*operands), by_position);
}

int overlap_drop(const struct share *share, const struct options *opts, char ***args, int *n_args)
{
	struct operand *operands = calloc((size_t)opts->n_args, sizeof(*operands));
	char **left = calloc((size_t)opts->n_args, sizeof(*left));
	int ret = operands && left ? 0 : -ENOMEM, n = 0;

	for (int i = 0; i < opts->n_args && ret == 0; i++) {
		operands[i].at = i;
		ret = find(share, opts->args[i], opts->one_fs, &operands[i]);
	}
	if (ret == 0)
		mark(operands, opts->n_args);
	for (int i = 0; i < opts->n_args && operands; i++) {
		if (ret == 0 && !operands[i].dropped)
			left[n++] = opts->args[i];
		free(operands[i].below);
	}
	free(operands);
	if (ret < 0) {
		free(left);
		return ret;
	}
	*args = left;
	*n_args = n;
	return 0;
}
