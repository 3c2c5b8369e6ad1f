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

struct operand {
	char *below; /* path below the share's root; NULL: not to be compared */
	int at;	     /* in opts->args */
	bool folder;
	bool dropped;
};

/* Links, and what is not there, get a message of their own from the walk: NULL. */
static int find(const struct share *share, const char *path, struct operand *operand)
{
	struct place place;
	struct stat st;
	int ret = share_find(share, path, &place);

	if (ret < 0)
		return ret == -ENOMEM ? ret : 0;
	if (fstatat(place.dirfd, place.name, &st,
		    AT_SYMLINK_NOFOLLOW | (*place.name ? 0 : AT_EMPTY_PATH)) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		operand->folder = S_ISDIR(st.st_mode);
		operand->below = strdup(place.below);
		ret = operand->below ? 0 : -ENOMEM;
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

/* Whether a walk of top comes by path. */
static bool covers(const struct operand *top, const struct operand *path, bool one_fs)
{
	size_t len = strlen(top->below);

	if (strncmp(top->below, path->below, len) != 0)
		return false;
	if (!path->below[len])
		return true;
	return top->folder && !one_fs && (len == 0 || path->below[len] == '/');
}

static void mark(struct operand *operands, int n, bool one_fs)
{
	const struct operand *top = NULL;

	qsort(operands, (size_t)n, sizeof(*operands), compare);
	for (int i = 0; i < n && operands[i].below; i++) {
		if (top && covers(top, &operands[i], one_fs))
			operands[i].dropped = true;
		else
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
		ret = find(share, opts->args[i], &operands[i]);
	}
	if (ret == 0)
		mark(operands, opts->n_args, opts->one_fs);
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
