/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_operand.c - where a walk starts: finds one operand, and visits it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "walk_internal.h"

static void operand_failed(struct walk_worker *worker, const char *path, int err, const char *hint)
{
	const char *action = worker->walk->ops->action;

	if (worker->walk->ops->seen_before && (err == -ENOENT || err == -ENOTDIR)) {
		worker_count(&worker->vanished);
		return;
	}
	worker_count(&worker->failed);
	if (hint)
		message_path_hint(action, path, err, hint);
	else
		message_path(action, path, err);
}

static struct walk_folder *make_top(const char *path, const struct place *place, int fd)
{
	struct walk_origin *origin = calloc(1, sizeof(*origin));

	if (!origin) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	origin->fd = fd;
	origin->single = fd < 0;
	origin->operand = strdup(path);
	origin->below = strdup(place->below);
	origin->tagged_by = place->tagged_by ? strdup(place->tagged_by) : NULL;
	if (!origin->operand || !origin->below || (place->tagged_by && !origin->tagged_by)) {
		if (fd >= 0)
			close(fd);
		free(origin->operand);
		free(origin->below);
		free(origin);
		return NULL;
	}
	return folder_top(origin);
}

static int visit_single(struct walk_worker *worker, struct walk_folder *top,
			const struct place *place, unsigned char type)
{
	const struct walk_ops *ops = worker->walk->ops;
	bool excluded = false, tagged = false;
	int ret = walk_cursors_place(worker->walk, place, -1, &top->cursors, &excluded, &tagged);
	struct walk_entry entry = {
		.folder = top,
		.dirfd = place->dirfd,
		.name = place->name,
		.len = strlen(place->name),
		.type = type,
		.cursor = top->cursors.policy,
		.other = top->cursors.other,
		.thread = worker->index,
		.operand = !ops->seen_before,
	};

	if (ret == 0 && !excluded) {
		worker_count(&worker->files);
		if (ops->file)
			worker_result(worker, &entry, ops->file(ops->data, &entry));
	}
	folder_unref(top);
	return ret;
}

static int visit_top(struct walk_worker *worker, struct walk_folder *top, const struct place *place)
{
	struct walk_origin *origin = top->origin;
	bool excluded = false;
	struct stat st;
	int ret = walk_cursors_place(worker->walk, place, origin->fd, &top->cursors, &excluded,
				     &top->tagged);

	if (ret == 0 && worker->walk->opts->one_fs && fstat(origin->fd, &st) == 0)
		origin->dev = st.st_dev;
	if (ret < 0 || excluded) {
		folder_unref(top);
		return ret;
	}
	folder_opened(worker->walk, top, origin->fd);
	visit_opened(worker, top);
	return 0;
}

static int visit_place(struct walk_worker *worker, const char *path, const struct place *place)
{
	struct walk_folder *top;
	struct statx stx;
	int fd = -1;

	if (statx(place->dirfd, place->name,
		  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*place->name ? 0 : AT_EMPTY_PATH),
		  STATX_TYPE, &stx) < 0)
		return -errno;
	if (S_ISLNK(stx.stx_mode) && worker->walk->recursive)
		return -ELOOP;
	if (S_ISDIR(stx.stx_mode)) {
		fd = openat(place->dirfd, *place->name ? place->name : ".",
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	top = make_top(path, place, fd);
	if (!top)
		return -ENOMEM;
	return fd < 0 ? visit_single(worker, top, place, IFTODT(stx.stx_mode))
		      : visit_top(worker, top, place);
}

/* What to name instead of a link. */
static const char *link_hint(const struct place *place)
{
	struct stat st;

	if (fstatat(place->dirfd, place->name, &st, 0) < 0)
		return "links are not followed, and this one leads nowhere";
	if (S_ISDIR(st.st_mode))
		return "links are not followed: put a slash behind the name to mean the folder "
		       "that it leads to";
	return "links are not followed: name the file it leads to";
}

void visit_operand(struct walk_worker *worker, const char *path)
{
	int ret = walk_place_find(&worker->last, worker->walk->share, path);

	if (ret == 0)
		ret = visit_place(worker, path, &worker->last.place);
	if (ret == -ELOOP && worker->last.found)
		operand_failed(worker, path, ret, link_hint(&worker->last.place));
	else if (ret < 0)
		operand_failed(worker, path, ret, NULL);
}
