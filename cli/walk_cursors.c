/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_cursors.c - the cursors of a folder: under the policy, under a second one for
 * comparison, and under the globs of --exclude.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exclude.h"
#include "walk_internal.h"

static int read_tag(const struct walk *walk, const struct fsdax_policy *policy, int fd,
		    const char *name, enum fsdax_tag *tag)
{
	*tag = FSDAX_TAG_NONE;
	if (!walk->ops->tags)
		return 0;
	if (policy == walk->share->policy)
		return share_folder_tag(walk->share, fd, name, tag);
	return fsdax_folder_tag(policy, fd, name, tag);
}

/* From the root down to the folder that below lies in, under one policy. */
struct descent {
	const struct walk *walk;
	struct fsdax_policy *policy;
	struct fsdax_cursor *cursor;
	int fd; /* -1: the policy has no tags */
};

/* The root's own cursor. */
static int descent_start(struct descent *d)
{
	enum fsdax_tag tag = FSDAX_TAG_NONE;
	int ret = 0;

	if (d->fd >= 0)
		ret = read_tag(d->walk, d->policy, d->fd, "", &tag);
	return ret < 0 ? ret : fsdax_cursor_root(d->policy, tag, &d->cursor);
}

static int descent_enter(struct descent *d, const char *name, size_t len)
{
	enum fsdax_tag tag = FSDAX_TAG_NONE;
	struct fsdax_cursor *child;
	int ret = 0, fd;

	if (d->fd >= 0) {
		ret = read_tag(d->walk, d->policy, d->fd, name, &tag);
		if (ret < 0)
			return ret;
		/* We may have to pass through what we may not read. */
		fd = openat(d->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		close(d->fd);
		d->fd = fd;
	}
	if (ret == 0)
		ret = fsdax_cursor_enter(d->cursor, name, len, tag, &child);
	if (ret < 0)
		return ret;
	fsdax_cursor_unref(d->cursor);
	d->cursor = child;
	return 0;
}

/*
 * Enter each folder above the last name of below. excluded: NULL, or set to whether the
 * policy, taken for globs to leave out, matches one of them or the last name.
 */
static int descent_run(struct descent *d, const char *below, bool *excluded)
{
	char *path = strdup(below), *name = path, *slash;
	int ret = path ? descent_start(d) : -ENOMEM;

	while (ret == 0) {
		slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		if (excluded && *name && exclude_match(d->cursor, name, strlen(name)))
			*excluded = true;
		if (!slash)
			break;
		ret = descent_enter(d, name, (size_t)(slash - name));
		name = slash + 1;
	}
	free(path);
	return ret;
}

static int find_exclude(const struct walk *walk, const char *below, struct fsdax_cursor **cursor,
			bool *excluded)
{
	struct descent d = {.walk = walk, .policy = walk->exclude, .fd = -1};
	bool found = false;
	int ret;

	if (!walk->exclude)
		return 0;
	ret = descent_run(&d, below, &found);
	if (ret < 0) {
		fsdax_cursor_unref(d.cursor);
		return ret;
	}
	*cursor = d.cursor;
	*excluded = found;
	return 0;
}

static int find_other(const struct walk *walk, const char *below, struct fsdax_cursor **cursor)
{
	struct descent d = {.walk = walk, .policy = walk->ops->other};
	int ret;

	if (!d.policy)
		return 0;
	d.fd = openat(walk->share->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.fd < 0)
		return -errno;
	ret = descent_run(&d, below, NULL);
	close(d.fd);
	if (ret < 0)
		fsdax_cursor_unref(d.cursor);
	else
		*cursor = d.cursor;
	return ret;
}

/* One of the three, for one folder deeper. */
static int enter_one(struct fsdax_cursor *parent, const char *name, size_t len, enum fsdax_tag tag,
		     struct fsdax_cursor **child)
{
	return parent ? fsdax_cursor_enter(parent, name, len, tag, child) : 0;
}

int walk_cursors_enter(const struct walk *walk, const struct walk_cursors *parent, const char *name,
		       size_t len, int fd, struct walk_cursors *cursors, bool *tagged)
{
	struct walk_cursors c = {NULL, NULL, NULL};
	enum fsdax_tag tag, other_tag = FSDAX_TAG_NONE;
	int ret = read_tag(walk, walk->share->policy, fd, "", &tag);

	if (ret == 0 && parent->other)
		ret = read_tag(walk, walk->ops->other, fd, "", &other_tag);
	if (ret == 0)
		ret = enter_one(parent->policy, name, len, tag, &c.policy);
	if (ret == 0)
		ret = enter_one(parent->other, name, len, other_tag, &c.other);
	if (ret == 0)
		ret = enter_one(parent->exclude, name, len, FSDAX_TAG_NONE, &c.exclude);
	if (ret < 0) {
		walk_cursors_release(&c);
		return ret;
	}
	*cursors = c;
	*tagged = tag != FSDAX_TAG_NONE;
	return 0;
}

/* The share's root has no folder above it to enter it from: find_...() went to itself. */
static int place_root(const struct walk *walk, int fd, struct walk_cursors *cursors, bool *tagged)
{
	enum fsdax_tag tag;
	int ret = read_tag(walk, walk->share->policy, fd, "", &tag);

	if (ret == 0)
		ret = fsdax_cursor_root(walk->share->policy, tag, &cursors->policy);
	if (ret == 0)
		*tagged = tag != FSDAX_TAG_NONE;
	return ret;
}

int walk_cursors_place(const struct walk *walk, const struct place *place, int fd,
		       struct walk_cursors *cursors, bool *excluded, bool *tagged)
{
	struct walk_cursors above = {NULL, NULL, NULL};
	bool is_root = !*place->name;
	int ret = find_exclude(walk, place->below, &above.exclude, excluded);

	if (ret == 0)
		ret = find_other(walk, place->below, &above.other);
	if (ret == 0 && is_root)
		ret = place_root(walk, fd, &above, tagged);
	if (ret == 0 && !is_root)
		above.policy = fsdax_cursor_ref(place->cursor);
	if (ret == 0 && !is_root && fd >= 0)
		ret = walk_cursors_enter(walk, &above, place->name, strlen(place->name), fd,
					 cursors, tagged);
	else if (ret == 0) {
		*cursors = above;
		return 0;
	}
	walk_cursors_release(&above);
	return ret;
}

void walk_cursors_release(struct walk_cursors *cursors)
{
	fsdax_cursor_unref(cursors->policy);
	fsdax_cursor_unref(cursors->other);
	fsdax_cursor_unref(cursors->exclude);
}
