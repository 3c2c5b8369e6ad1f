/* SPDX-License-Identifier: BSD-3-Clause */
/* request.c - see request.h. */
#include "request.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "worker.h"

/* ---- Buffers ----------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Go `size` bytes on, of which the caller made sure that they are there. */
static void advance(struct iov_cursor *cursor, size_t size)
{
	cursor->size -= size;
	while (size) {
		size_t step = smaller(size, cursor->iov->iov_len);

		cursor->iov->iov_base = (char *)cursor->iov->iov_base + step;
		cursor->iov->iov_len -= step;
		size -= step;
		if (!cursor->iov->iov_len) {
			cursor->iov++;
			cursor->n--;
		}
	}
}

void iov_cursor_advance(struct iov_cursor *cursor, size_t size)
{
	advance(cursor, size);
}

/* Copy the next `size` bytes, which are there, and stay where we are. */
static void copy_from(const struct iov_cursor *cursor, char *copy, size_t size)
{
	for (const struct iovec *iov = cursor->iov; size; iov++) {
		size_t step = smaller(size, iov->iov_len);

		memcpy(copy, iov->iov_base, step);
		copy += step;
		size -= step;
	}
}

static void copy_to(struct iovec *iov, const char *from, size_t size)
{
	for (; size; iov++) {
		size_t step = smaller(size, iov->iov_len);

		memcpy(iov->iov_base, from, step);
		from += step;
		size -= step;
	}
}

void iov_cursor_limit(struct iov_cursor *cursor, size_t size)
{
	unsigned int n = 0;

	if (cursor->size <= size)
		return;
	cursor->size = size;
	while (size) {
		size_t step = smaller(size, cursor->iov[n].iov_len);

		cursor->iov[n].iov_len = step;
		size -= step;
		n++;
	}
	cursor->n = n;
}

bool iov_cursor_split(struct iov_cursor *cursor, size_t size, struct iovec *head, unsigned int room)
{
	unsigned int n = 0;

	if (cursor->size < size)
		return false;
	for (; size && n < room; n++) {
		/* Empty buffers would only use up the room. */
		while (!cursor->iov->iov_len) {
			cursor->iov++;
			cursor->n--;
		}
		head[n] = *cursor->iov;
		head[n].iov_len = smaller(size, head[n].iov_len);
		size -= head[n].iov_len;
		advance(cursor, head[n].iov_len);
	}
	return !size;
}

/* ---- Reading ------------------------------------------------------------------------ */

bool request_read(struct request *request, void *copy, size_t size)
{
	if (request->in.size < size)
		return false;
	copy_from(&request->in, copy, size);
	advance(&request->in, size);
	return true;
}

bool request_read_short(struct request *request, void *copy, size_t size)
{
	size_t sent = smaller(request->in.size, size);

	memset(copy, 0, size);
	return request_read(request, copy, sent);
}

int request_read_string(struct request *request, char *buffer, size_t room)
{
	size_t size = smaller(request->in.size, room);
	const char *end;

	copy_from(&request->in, buffer, size);
	end = size ? memchr(buffer, '\0', size) : NULL;
	if (!end)
		return size == room ? -ENAMETOOLONG : -EINVAL;
	advance(&request->in, (size_t)(end - buffer) + 1);
	return 0;
}

int request_read_name(struct request *request, char *name)
{
	int err = request_read_string(request, name, NAME_MAX + 1);

	if (err)
		return err;
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return -EINVAL;
	return 0;
}

/* ---- Replying ------------------------------------------------------------------------ */

static void finish(struct request *request, int err, size_t payload)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + payload),
		.error = err,
		.unique = request->header.unique,
	};

	if (err)
		worker_count_error(request->worker, request->counted, err);
	copy_to(request->out_header_iov, (const char *)&header, sizeof(header));
	request->done(request, header.len);
}

void request_reply_error(struct request *request, int err)
{
	finish(request, err, 0);
}

void request_reply_none(struct request *request)
{
	request->done(request, 0);
}

void request_reply_filled(struct request *request, size_t size)
{
	finish(request, 0, size);
}

void request_reply(struct request *request, const void *payload, size_t size)
{
	if (request->out.size < size) {
		finish(request, -EIO, 0);
		return;
	}
	copy_to(request->out.iov, payload, size);
	finish(request, 0, size);
}

void request_reply_two(struct request *request, const void *first, size_t first_size,
		       const void *second, size_t second_size)
{
	if (request->out.size < first_size + second_size) {
		finish(request, -EIO, 0);
		return;
	}
	copy_to(request->out.iov, first, first_size);
	advance(&request->out, first_size);
	copy_to(request->out.iov, second, second_size);
	finish(request, 0, first_size + second_size);
}
