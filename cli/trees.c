/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trees.c - see trees.h.
 */
#include "trees.h"

#include <errno.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 2 /* below the common folder */

static int by_path(const void *a, const void *b)
{
	const struct tree *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void free_tree(void *data)
{
	struct tree *tree = data;

	free(tree->path);
	free(tree);
}

void trees_free(struct trees *trees)
{
	tdestroy(trees->root, free_tree);
	free(trees->common);
	free(trees->last_folder);
	*trees = (struct trees){0};
}

/* The length of the first so many names of a path. depth: set to how many there are of them. */
static size_t cut(const char *path, size_t names, size_t *depth)
{
	size_t len = 0;

	for (*depth = 0; *depth < names && path[len]; ++*depth) {
		len += path[len] == '/';
		len += strcspn(path + len, "/");
	}
	return len;
}

/* How many names two paths begin with that are the same. */
static size_t common_depth(const char *a, const char *b)
{
	size_t depth = 0;

	for (size_t i = 0;; i++) {
		bool end_a = !a[i] || a[i] == '/', end_b = !b[i] || b[i] == '/';

		if (end_a && end_b && i)
			depth++;
		if (!a[i] || a[i] != b[i])
			return depth;
	}
}

static int add(struct trees *trees, const char *path, size_t len, bool deep, struct tree **tree)
{
	struct tree *new = calloc(1, sizeof(*new));
	struct tree **found;

	if (!new)
		return -ENOMEM;
	*new = (struct tree){.path = strndup(path, len), .deep = deep};
	found = new->path ? tsearch(new, &trees->root, by_path) : NULL;
	if (!found || *found != new)
		free_tree(new);
	if (!found)
		return -ENOMEM;
	*tree = *found;
	return 0;
}

static int find(struct trees *trees, const char *folder, struct tree **tree)
{
	size_t depth, len = cut(folder, trees->depth + LEVELS, &depth);

	return add(trees, folder, len, depth == trees->depth + LEVELS, tree);
}

struct adding {
	struct trees *to;
	int err;
};

static void add_each(const void *node, VISIT visit, void *data)
{
	struct adding *adding = data;

	if ((visit == postorder || visit == leaf) && !adding->err) {
		const struct tree *from = *(struct tree *const *)node;
		struct tree *tree;

		adding->err = find(adding->to, from->path, &tree);
		for (int dax = 0; dax < 2 && !adding->err; dax++)
			count_add(&tree->of[dax], &from->of[dax]);
	}
}

/* The common folder moves up. What lies deeper than is looked at goes together. */
static int move_up(struct trees *trees, size_t depth)
{
	struct trees higher = {.common = trees->common, .depth = depth};
	struct adding adding = {.to = &higher};
	size_t names;

	twalk_r(trees->root, add_each, &adding);
	if (adding.err) {
		tdestroy(higher.root, free_tree);
		return adding.err;
	}
	higher.common[cut(higher.common, depth, &names)] = '\0';
	higher.last_folder = trees->last_folder;
	tdestroy(trees->root, free_tree);
	*trees = higher;
	return 0;
}

int trees_note(struct trees *trees, const char *folder)
{
	size_t depth;

	if (trees->last && strcmp(trees->last_folder, folder) == 0)
		return 0;
	if (!trees->common) {
		trees->common = strdup(folder);
		if (!trees->common)
			return -ENOMEM;
		cut(folder, SIZE_MAX, &trees->depth);
		return 0;
	}
	depth = common_depth(trees->common, folder);
	return depth < trees->depth ? move_up(trees, depth) : 0;
}

int trees_at(struct trees *trees, const char *folder, struct tree **tree)
{
	char *copy;
	int err;

	if (trees->last && strcmp(trees->last_folder, folder) == 0) {
		*tree = trees->last;
		return 0;
	}
	err = trees_note(trees, folder);
	copy = err ? NULL : strdup(folder);
	if (!copy)
		return -ENOMEM;
	free(trees->last_folder);
	trees->last_folder = copy;
	err = find(trees, folder, &trees->last);
	if (!err)
		*tree = trees->last;
	else
		trees->last = NULL;
	return err;
}

int trees_merge(struct trees *to, const struct trees *from)
{
	struct adding adding = {.to = to};

	if (!from->common)
		return 0;
	adding.err = trees_note(to, from->common);
	if (!adding.err)
		twalk_r(from->root, add_each, &adding);
	return adding.err;
}

struct listing {
	const struct tree **list;
	size_t n;
};

static void list_each(const void *node, VISIT visit, void *data)
{
	const struct tree *tree = *(struct tree *const *)node;
	struct listing *listing = data;

	if ((visit != postorder && visit != leaf) || !(tree->of[0].files + tree->of[1].files))
		return;
	if (listing->list)
		listing->list[listing->n] = tree;
	listing->n++;
}

static int by_use(const void *a, const void *b)
{
	const struct tree *x = *(const struct tree *const *)a;
	const struct tree *y = *(const struct tree *const *)b;
	const uint64_t bytes_x = x->of[0].bytes + x->of[1].bytes;
	const uint64_t bytes_y = y->of[0].bytes + y->of[1].bytes;

	if (x->of[1].chunks != y->of[1].chunks)
		return x->of[1].chunks > y->of[1].chunks ? -1 : 1;
	if (bytes_x != bytes_y)
		return bytes_x > bytes_y ? -1 : 1;
	return strcmp(x->path, y->path);
}

int trees_list(const struct trees *trees, const struct tree ***list, size_t *n)
{
	struct listing listing = {0};

	twalk_r(trees->root, list_each, &listing);
	listing.list = calloc(listing.n + 1, sizeof(*listing.list));
	if (!listing.list)
		return -ENOMEM;
	listing.n = 0;
	twalk_r(trees->root, list_each, &listing);
	qsort(listing.list, listing.n, sizeof(*listing.list), by_use);
	*list = listing.list;
	*n = listing.n;
	return 0;
}
