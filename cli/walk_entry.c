/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_entry.c - what a callback may ask about the entry it is called with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk_internal.h"

char *walk_entry_path(const struct walk_entry *entry)
{
	return folder_path(entry->folder, entry->name, false);
}

char *walk_entry_below(const struct walk_entry *entry)
{
	if (entry->operand)
		return strdup("");
	return folder_path(entry->folder, entry->name, true);
}

char *walk_entry_folder(const struct walk_entry *entry)
{
	const char *below = entry->folder->origin->below;
	const char *slash = strrchr(below, '/');
	char *inner, *path;

	if (entry->folder->origin->single)
		return strndup(below, slash ? (size_t)(slash - below) : 0);
	inner = folder_path(entry->folder, "", true);
	if (!inner)
		return NULL;
	if (asprintf(&path, "%s%s%s", below, *below && *inner ? "/" : "", inner) < 0)
		path = NULL;
	free(inner);
	return path;
}

char *walk_entry_tagged_by(const struct walk_entry *entry)
{
	const struct walk_folder *folder = entry->folder;
	const struct walk_origin *origin = folder->origin;

	/* A folder's entry stands for the folder itself. */
	if (!*entry->name && folder->parent)
		folder = folder->parent;
	else if (!*entry->name)
		folder = NULL;
	for (; folder; folder = folder->parent) {
		if (folder->tagged)
			return folder_path(folder, "", false);
	}
	return origin->tagged_by ? strdup(origin->tagged_by) : NULL;
}

uint64_t walk_entry_folder_id(const struct walk_entry *entry)
{
	return entry->folder->id;
}

const char *walk_entry_folder_name(const struct walk_entry *entry, uint64_t *parent)
{
	const struct walk_folder *folder = entry->folder;

	*parent = folder->parent ? folder->parent->id : 0;
	return folder->parent ? folder->name : "";
}
