/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy_target.c - opens folders below DST name by name, and remembers the last one for each
 * thread: entries come folder by folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_target.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct copy_target_thread {
	_Alignas(64) uint64_t id; /* walk_entry_folder_id(); 0: none yet */
	int fd;			  /* or a negative errno */
};

/* The folder that a file lies in. */
static int open_parent(struct copy_target *target, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct stat st;

	if (!folder)
		return -ENOMEM;
	target->name = slash ? slash + 1 : path;
	target->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (target->fd < 0)
		return -errno;
	if (fstatat(target->fd, target->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	close(target->fd);
	return -ENOENT;
}

int copy_target_open(struct copy_target *target, const char *path, int n_threads)
{
	size_t size = sizeof(*target->threads) * (size_t)n_threads;
	int ret = 0;

	*target = (struct copy_target){.path = path, .n_threads = n_threads};
	target->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->fd < 0)
		ret = errno == ENOTDIR ? open_parent(target, path) : -errno;
	if (ret < 0)
		return ret;
	target->threads = aligned_alloc(_Alignof(struct copy_target_thread), size);
	if (!target->threads) {
		close(target->fd);
		return -ENOMEM;
	}
	memset(target->threads, 0, size);
	for (int i = 0; i < n_threads; i++)
		target->threads[i].fd = -1;
	return 0;
}

void copy_target_close(struct copy_target *target)
{
	for (int i = 0; i < target->n_threads; i++) {
		if (target->threads[i].fd >= 0)
			close(target->threads[i].fd);
	}
	free(target->threads);
	close(target->fd);
}

/* path: names with slashes between, "" for DST itself; changed while it is read. */
static int descend(const struct copy_target *target, char *path)
{
	int fd = openat(target->fd, ".", FOLDER_FLAGS), next;
	char *rest, *name = strtok_r(path, "/", &rest);

	if (fd < 0)
		return -errno;
	for (; name && fd >= 0; name = strtok_r(NULL, "/", &rest)) {
		next = openat(fd, name, FOLDER_FLAGS);
		next = next < 0 ? -errno : next;
		close(fd);
		fd = next;
	}
	return fd;
}

/*
 * The way from DST, name by name, or from the folder that the thread had last: walks go deep
 * before they go wide, and the way to a deep folder is long.
 */
static int open_folder(const struct copy_target *target, const struct copy_target_thread *thread,
		       const struct walk_entry *entry)
{
	uint64_t parent;
	const char *name = walk_entry_folder_name(entry, &parent);
	struct walk_entry folder = *entry;
	char *path;
	int fd;

	if (*name && thread->fd >= 0 && thread->id == parent) {
		fd = openat(thread->fd, name, FOLDER_FLAGS);
		return fd < 0 ? -errno : fd;
	}
	folder.name = "";
	folder.operand = false;
	path = walk_entry_below(&folder);
	if (!path)
		return -ENOMEM;
	fd = descend(target, path);
	free(path);
	return fd;
}

int copy_target_folder(struct copy_target *target, const struct walk_entry *entry,
		       const char **name)
{
	struct copy_target_thread *thread = &target->threads[entry->thread];
	bool single = entry->operand && entry->type != DT_DIR;
	int fd;

	/* A file goes with a file, and a folder with a folder. */
	if (single != (target->name != NULL))
		return single ? -EISDIR : -ENOTDIR;
	if (single) {
		*name = target->name;
		return target->fd;
	}
	if (thread->id == walk_entry_folder_id(entry))
		return thread->fd;
	fd = open_folder(target, thread, entry);
	if (thread->fd >= 0)
		close(thread->fd);
	thread->fd = fd;
	thread->id = walk_entry_folder_id(entry);
	return thread->fd;
}

char *copy_target_path(const struct copy_target *target, const struct walk_entry *entry)
{
	char *below = walk_entry_below(entry), *path;
	size_t len = strlen(target->path);
	bool slash = len > 0 && target->path[len - 1] == '/';

	if (!below)
		return NULL;
	if (asprintf(&path, "%s%s%s", target->path, *below && !slash ? "/" : "", below) < 0)
		path = NULL;
	free(below);
	return path;
}
