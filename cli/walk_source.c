/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk_source.c - the operands: from the command line, or from --files0-from as they come
 * in, so that a list of any length takes no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "walk_internal.h"

#define FIRST_SIZE 65536

int source_open(struct walk_source *source, const struct options *opts, int stop_fd)
{
	const char *file = opts->files0;

	*source = (struct walk_source){
		.args = opts->args, .n_args = opts->n_args, .fd = -1, .stop_fd = stop_fd};
	if (!file)
		return 0;
	if (strcmp(file, "-") == 0)
		source->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		source->fd = open(file, O_RDONLY | O_CLOEXEC);
	if (source->fd < 0) {
		int err = -errno;

		message_path("cannot read", strcmp(file, "-") == 0 ? "standard input" : file, err);
		return err;
	}
	return 0;
}

void source_close(struct walk_source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	free(source->buf);
	source->fd = -1;
	source->buf = NULL;
}

/* Room for more behind end. */
static int make_room(struct walk_source *source)
{
	size_t size = source->size ? source->size * 2 : FIRST_SIZE;
	char *buf;

	if (source->start > 0) {
		memmove(source->buf, source->buf + source->start, source->end - source->start);
		source->end -= source->start;
		source->start = 0;
	}
	if (source->end < source->size)
		return 0;
	buf = realloc(source->buf, size);
	if (!buf)
		return -ENOMEM;
	source->buf = buf;
	source->size = size;
	return 0;
}

/* Read some more. Returns 1, 0 at the end or when the walk is stopped, or a negative errno. */
static int read_more(struct walk_source *source)
{
	struct pollfd fds[] = {{source->fd, POLLIN, 0}, {source->stop_fd, POLLIN, 0}};
	ssize_t n;
	int ret = make_room(source);

	if (ret < 0)
		return ret;
	do {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return 0;
		n = read(source->fd, source->buf + source->end, source->size - source->end);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return -errno;
	source->end += (size_t)n;
	return n > 0;
}

static int take(struct walk_source *source, size_t len, char **path)
{
	*path = strndup(source->buf + source->start, len);
	source->start += len < source->end - source->start ? len + 1 : len;
	return *path ? 1 : -ENOMEM;
}

int source_next(struct walk_source *source, char **path)
{
	size_t searched = 0;

	if (source->fd < 0) {
		if (source->at >= source->n_args)
			return 0;
		*path = strdup(source->args[source->at++]);
		return *path ? 1 : -ENOMEM;
	}
	for (;;) {
		size_t left = source->end - source->start;
		char *from = source->buf ? source->buf + source->start : NULL;
		char *nul = left > searched ? memchr(from + searched, '\0', left - searched) : NULL;
		int ret;

		if (nul)
			return take(source, (size_t)(nul - from), path);
		searched = left;
		ret = read_more(source);
		if (ret < 0)
			return ret;
		if (ret == 0) /* the last one need not end in a NUL */
			return left > 0 ? take(source, left, path) : 0;
	}
}
