/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_place.c - finds the folders of operands. Lists such as those of find(1) name many
 * files of one folder in a row, and the way to it is gone only once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk_internal.h"

/* What is behind the last slash. */
static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether name lies in the folder that path has in front of it, which "." and ".." do not. */
static bool is_plain(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Another name in the folder that was found last. */
static int rename_place(struct place *place, const char *name)
{
	size_t above = (size_t)(last_name(place->below) - place->below);
	char *copy = strdup(name), *below;

	if (!copy)
		return -ENOMEM;
	if (asprintf(&below, "%.*s%s", (int)above, place->below, name) < 0) {
		free(copy);
		return -ENOMEM;
	}
	free(place->name);
	free(place->below);
	place->name = copy;
	place->below = below;
	return 0;
}

void walk_place_forget(struct walk_place *last)
{
	free(last->folder);
	last->folder = NULL;
	if (last->found)
		place_release(&last->place);
	last->found = false;
}

int walk_place_find(struct walk_place *last, const struct share *share, const char *path)
{
	const char *name = last_name(path);
	size_t len = (size_t)(name - path);
	int ret;

	if (last->folder && is_plain(name) && strlen(last->folder) == len &&
	    memcmp(last->folder, path, len) == 0)
		return rename_place(&last->place, name);
	walk_place_forget(last);
	ret = share_find(share, path, &last->place);
	if (ret < 0)
		return ret;
	last->found = true;
	/* Where the place is the root, or not where the name says, there is nothing to reuse. */
	if (is_plain(name) && *last->place.name)
		last->folder = strndup(path, len);
	return 0;
}
