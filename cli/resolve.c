/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * resolve.c - see resolve.h. Goes from folder to folder by file descriptor, one component
 * at a time, so that no path that the kernel sees is longer than one component.
 */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As many as the kernel follows. */
#define MAX_LINKS 40

struct resolver {
	int fd;		    /* where we are */
	char *real;	    /* the path of fd; "" for "/" */
	char *rest;	    /* the components still to go, changed while it is read */
	char *next;	    /* points into rest */
	unsigned int links; /* followed so far */
};

static int open_folder(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Be in the folder fd, which is taken over, with the path real, taken over too. */
static void arrive(struct resolver *r, int fd, char *real)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->real);
	r->fd = fd;
	r->real = real;
}

static int start_at(struct resolver *r, const char *folder, char *real)
{
	int fd;

	if (!real)
		return -ENOMEM;
	fd = open_folder(AT_FDCWD, folder);
	if (fd < 0) {
		free(real);
		return fd;
	}
	arrive(r, fd, real);
	return 0;
}

static int start_at_root(struct resolver *r)
{
	return start_at(r, "/", strdup(""));
}

static int start_at_cwd(struct resolver *r)
{
	char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return -errno;
	if (!strcmp(cwd, "/"))
		*cwd = '\0';
	return start_at(r, ".", cwd);
}

/* Put text in front of what is still to go. */
static int push(struct resolver *r, const char *text)
{
	char *rest;

	if (asprintf(&rest, "%s/%s", text, r->next ? r->next : "") < 0)
		return -ENOMEM;
	free(r->rest);
	r->rest = rest;
	r->next = rest;
	return *text == '/' ? start_at_root(r) : 0;
}

/* The next component, or NULL after the last. Lives until the next push(). */
static char *pop(struct resolver *r)
{
	char *name;

	do {
		name = strsep(&r->next, "/");
	} while (name && !*name);
	return name;
}

static int go_up(struct resolver *r)
{
	char *slash = strrchr(r->real, '/');
	char *real;
	int fd;

	if (!slash)
		return 0; /* "/.." is "/" */
	fd = open_folder(r->fd, "..");
	if (fd < 0)
		return fd;
	real = strndup(r->real, slash - r->real);
	if (!real) {
		close(fd);
		return -ENOMEM;
	}
	arrive(r, fd, real);
	return 0;
}

/* name is no folder: follow it if it is a link. */
static int follow(struct resolver *r, const char *name)
{
	char target[PATH_MAX + 1];
	ssize_t len = readlinkat(r->fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return errno == EINVAL ? -ENOTDIR : -errno;
	if (++r->links > MAX_LINKS)
		return -ELOOP;
	target[len] = '\0';
	return push(r, target);
}

static int go_down(struct resolver *r, const char *name)
{
	char *real;
	int fd = open_folder(r->fd, name);

	if (fd == -ENOTDIR || fd == -ELOOP)
		return follow(r, name);
	if (fd < 0)
		return fd;
	if (asprintf(&real, "%s/%s", r->real, name) < 0) {
		close(fd);
		return -ENOMEM;
	}
	arrive(r, fd, real);
	return 0;
}

static int step(struct resolver *r, const char *name)
{
	if (!strcmp(name, "."))
		return 0;
	return strcmp(name, "..") ? go_down(r, name) : go_up(r);
}

static int walk(struct resolver *r, const char *path)
{
	char *name;
	int err = *path == '/' ? 0 : start_at_cwd(r);

	if (!err)
		err = push(r, path);
	while (!err && (name = pop(r)))
		err = step(r, name);
	return err;
}

int resolve_folder(const char *path, char **real, int *fd)
{
	struct resolver r = {.fd = -1};
	int err = *path ? walk(&r, path) : -ENOENT;

	free(r.rest);
	if (!err && fd) {
		*fd = r.fd;
		r.fd = -1;
	}
	if (r.fd >= 0)
		close(r.fd);
	if (err) {
		free(r.real);
		return err;
	}
	*real = r.real;
	return 0;
}
