/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_folder.c - the folders that are known at the moment: a tree in which each node
 * holds on to its parent, and an fd stays open while someone needs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "walk_internal.h"

static struct walk_folder *new_folder(const char *name, size_t len)
{
	struct walk_folder *folder = calloc(1, sizeof(*folder) + len + 1);

	if (!folder)
		return NULL;
	atomic_init(&folder->refs, 1);
	atomic_init(&folder->uses, 0);
	folder->fd = -1;
	folder->len = (uint16_t)len;
	memcpy(folder->name, name, len);
	return folder;
}

static void free_origin(struct walk_origin *origin)
{
	if (origin->fd >= 0)
		close(origin->fd);
	free(origin->operand);
	free(origin->below);
	free(origin->tagged_by);
	free(origin);
}

struct walk_folder *folder_top(struct walk_origin *origin)
{
	struct walk_folder *folder = new_folder("", 0);

	if (!folder) {
		free_origin(origin);
		return NULL;
	}
	folder->origin = origin;
	return folder;
}

struct walk_folder *folder_child(struct walk_folder *parent, const char *name, size_t len)
{
	struct walk_folder *folder = new_folder(name, len);

	if (!folder)
		return NULL;
	folder->origin = parent->origin;
	folder->parent = parent;
	atomic_fetch_add_explicit(&parent->refs, 1, memory_order_relaxed);
	if (parent->lends)
		folder_use(parent);
	return folder;
}

void folder_unref(struct walk_folder *folder)
{
	while (folder && atomic_fetch_sub_explicit(&folder->refs, 1, memory_order_acq_rel) == 1) {
		struct walk_folder *parent = folder->parent;

		walk_cursors_release(&folder->cursors);
		if (!parent)
			free_origin(folder->origin);
		free(folder);
		folder = parent;
	}
}

void folder_opened(struct walk *walk, struct walk_folder *folder, int fd)
{
	static atomic_uint_fast64_t last_id;
	int n = atomic_fetch_add_explicit(&walk->n_open, 1, memory_order_relaxed);

	folder->fd = fd;
	folder->lends = !folder->parent || n < walk->max_open;
	folder->id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1;
	atomic_store_explicit(&folder->uses, 1, memory_order_relaxed);
}

void folder_use(struct walk_folder *folder)
{
	atomic_fetch_add_explicit(&folder->uses, 1, memory_order_relaxed);
}

void folder_unuse(struct walk *walk, struct walk_folder *folder)
{
	if (atomic_fetch_sub_explicit(&folder->uses, 1, memory_order_acq_rel) != 1)
		return;
	atomic_fetch_sub_explicit(&walk->n_open, 1, memory_order_relaxed);
	/* The top's stays open, for those who must find the way again. */
	if (folder->parent)
		close(folder->fd);
}

void folder_abandon(struct walk *walk, struct walk_folder *folder)
{
	if (folder->fd >= 0)
		folder_unuse(walk, folder);
	else if (folder->parent->lends)
		folder_unuse(walk, folder->parent);
	folder_unref(folder);
}

/* The length of the names from below the top down to folder, each with a slash in front. */
static size_t names_length(const struct walk_folder *folder)
{
	size_t len = 0;

	for (; folder->parent; folder = folder->parent)
		len += folder->len + 1u;
	return len;
}

char *folder_path(const struct walk_folder *folder, const char *name, bool below)
{
	const char *operand = below ? "" : folder->origin->operand;
	size_t start = strlen(operand), len = names_length(folder), name_len = strlen(name);
	char *path, *end;

	if (folder->origin->single)
		return strdup(operand);
	/* "dir/" and "/" bring a slash of their own; below has none in front. */
	if (start > 0 && operand[start - 1] == '/')
		start--;
	if (len == 0 && name_len == 0)
		return strdup(operand);
	path = malloc(start + len + name_len + 2);
	if (!path)
		return NULL;
	memcpy(path, operand, start);
	end = path + start + len;
	*end = '\0';
	if (name_len > 0)
		strcpy(stpcpy(end, "/"), name);
	for (; folder->parent; folder = folder->parent) {
		end -= folder->len;
		memcpy(end, folder->name, folder->len);
		*--end = '/';
	}
	if (below)
		memmove(path, path + 1, len + name_len + (name_len > 0));
	return path;
}

/* The nodes between the top and folder, folder included, the top not, in order. */
static const struct walk_folder **list_down(const struct walk_folder *folder, size_t *n)
{
	const struct walk_folder **list, *f;
	size_t depth = 0;

	for (f = folder; f->parent; f = f->parent)
		depth++;
	list = calloc(depth + 1, sizeof(*list));
	if (!list)
		return NULL;
	*n = depth;
	for (f = folder; f->parent; f = f->parent)
		list[--depth] = f;
	return list;
}

int folder_reopen(const struct walk_folder *folder)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const struct walk_folder **list;
	size_t n;
	int fd, next;

	fd = openat(folder->origin->fd, ".", flags);
	if (fd < 0)
		return -errno;
	list = list_down(folder, &n);
	if (!list) {
		close(fd);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n && fd >= 0; i++) {
		next = openat(fd, list[i]->name, flags);
		next = next < 0 ? -errno : next;
		close(fd);
		fd = next;
	}
	free(list);
	return fd;
}
