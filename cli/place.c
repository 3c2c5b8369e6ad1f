/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.c - from a path on the command line to its folder, name and cursor; see share.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolve.h"
#include "share.h"

/* A folder on the way down from the root. */
struct descent {
	const struct share *share;
	int fd;
	struct fsdax_cursor *cursor;
	size_t tagged; /* length, in place.below, of the nearest tagged folder's path */
	bool is_tagged;
};

/* Whether a path means a folder whatever its last component is: "a/", "a/..", ".". */
static bool means_folder(const char *name)
{
	return !*name || !strcmp(name, ".") || !strcmp(name, "..");
}

/* The real path of a path, but for its last component, which may be a link. */
static int real_path(const char *path, char **real)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *folder, *above;
	int err;

	if (means_folder(name))
		return resolve_folder(path, real, NULL);
	folder = slash ? strndup(path, slash + 1 - path) : strdup(".");
	if (!folder)
		return -ENOMEM;
	err = resolve_folder(folder, &above, NULL);
	free(folder);
	if (err)
		return err;
	err = asprintf(real, "%s/%s", above, name) < 0 ? -ENOMEM : 0;
	free(above);
	return err;
}

/* What of a real path lies below the share's root; NULL if it is elsewhere. */
static const char *below_root(const struct share *share, const char *real)
{
	size_t len = strlen(share->root);

	if (strncmp(real, share->root, len))
		return NULL;
	if (!real[len])
		return real + len;
	return real[len] == '/' ? real + len + 1 : NULL;
}

/*
 * The folder that holds what we look for is opened for reading, or with O_PATH where we
 * may only pass through: its files can still be asked about.
 */
static int open_below(int dirfd, const char *name, bool last)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags | (last ? O_RDONLY : O_PATH));

	if (fd < 0 && last && errno == EACCES)
		fd = openat(dirfd, name, flags | O_PATH);
	return fd < 0 ? -errno : fd;
}

static int start(struct descent *d, bool last)
{
	enum fsdax_tag tag;
	int err;

	err = share_folder_tag(d->share, d->share->root_fd, "", &tag);
	if (err)
		return err;
	err = fsdax_cursor_root(d->share->policy, tag, &d->cursor);
	if (err)
		return err;
	d->is_tagged = tag != FSDAX_TAG_NONE;
	d->fd = open_below(d->share->root_fd, ".", last);
	return d->fd < 0 ? d->fd : 0;
}

/* Enter the folder name, whose path below the root is as long as end. */
static int enter(struct descent *d, const char *name, size_t end, bool last)
{
	struct fsdax_cursor *child;
	enum fsdax_tag tag;
	int fd, err;

	err = share_folder_tag(d->share, d->fd, name, &tag);
	if (err)
		return err;
	fd = open_below(d->fd, name, last);
	if (fd < 0)
		return fd;
	close(d->fd);
	d->fd = fd;
	err = fsdax_cursor_enter(d->cursor, name, strlen(name), tag, &child);
	if (err)
		return err;
	fsdax_cursor_unref(d->cursor);
	d->cursor = child;
	if (tag != FSDAX_TAG_NONE) {
		d->is_tagged = true;
		d->tagged = end;
	}
	return 0;
}

/* Enter each folder of path, which is changed while it is read; its last name stays. */
static int descend(struct descent *d, char *path, char **name)
{
	char *at = path, *slash = strchr(path, '/');
	int err = start(d, !slash);

	while (!err && slash) {
		*slash = '\0';
		char *next = strchr(slash + 1, '/');

		err = enter(d, at, slash - path, !next);
		at = slash + 1;
		slash = next;
	}
	*name = at;
	return err;
}

/* Fill in the place of below, which is taken over on success. */
static int settle(const struct descent *d, char *below, const char *name, struct place *place)
{
	struct place found = {.dirfd = d->fd, .below = below, .cursor = d->cursor};
	const char *root = d->share->root;
	const char *slash = d->tagged || !*root ? "/" : "";

	found.name = strdup(name);
	if (!found.name)
		return -ENOMEM;
	if (d->is_tagged &&
	    asprintf(&found.tagged_by, "%s%s%.*s", root, slash, (int)d->tagged, below) < 0) {
		free(found.name);
		return -ENOMEM;
	}
	*place = found;
	return 0;
}

static int find_below(const struct share *share, char *below, struct place *place)
{
	struct descent d = {.share = share, .fd = -1};
	char *path = strdup(below);
	char *name;
	int err;

	if (!path)
		return -ENOMEM;
	err = descend(&d, path, &name);
	if (!err)
		err = settle(&d, below, name, place);
	free(path);
	if (err) {
		fsdax_cursor_unref(d.cursor);
		if (d.fd >= 0)
			close(d.fd);
	}
	return err;
}

static int find_root(const struct share *share, char *below, struct place *place)
{
	char *name = strdup("");

	if (!name)
		return -ENOMEM;
	*place = (struct place){.dirfd = share->root_fd, .name = name, .below = below};
	return 0;
}

int share_find(const struct share *share, const char *path, struct place *place)
{
	const char *rest;
	char *real, *below;
	int err;

	err = real_path(path, &real);
	if (err)
		return err;
	rest = below_root(share, real);
	below = rest ? strdup(rest) : NULL;
	free(real);
	if (!below)
		return rest ? -ENOMEM : -EXDEV;
	err = *below ? find_below(share, below, place) : find_root(share, below, place);
	if (err)
		free(below);
	return err;
}

void place_release(struct place *place)
{
	if (*place->name)
		close(place->dirfd);
	fsdax_cursor_unref(place->cursor);
	free(place->name);
	free(place->below);
	free(place->tagged_by);
	*place = (struct place){.dirfd = -1};
}
