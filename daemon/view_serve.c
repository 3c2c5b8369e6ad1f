/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view_serve.c - see view_serve.h. Speaks FUSE with the kernel, about one folder, whose files
 * have numbers for names and are all as long as can be. The kernel asks for little: to look a
 * number up, and to open it, which is answered with the host's file that the kernel then uses.
 */
#include "view_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuse_compat.h"
#include "helper.h"

enum {
	REQUEST_SIZE = 128 * 1024, /* the kernel wants room for a write, though none comes */
	MAX_WRITE = 64 * 1024,
	ANSWERS_HOLD_S = 24 * 60 * 60,
};

/* The greatest multiple of 2 MiB that a file's size can be. */
#define VIEW_SIZE 0x7fffffffffe00000

/* A number with a file behind it, as the kernel knows it. */
struct file {
	uint32_t number; /* 0: free; else nodeid - FUSE_ROOT_ID */
	int32_t backing_id;
};

struct server {
	int socket;
	int fuse_fd;
	struct file *files;
	uint32_t n_files;
	uint32_t last_number;
	bool ready;
	char request[REQUEST_SIZE] __attribute__((aligned(8)));
};

/* ---- Numbers -------------------------------------------------------------------------------- */

static struct file *find(struct server *server, uint64_t number)
{
	for (uint32_t i = 0; number && i < server->n_files; i++) {
		if (server->files[i].number == number)
			return &server->files[i];
	}
	return NULL;
}

static struct file *free_file(struct server *server)
{
	uint32_t old = server->n_files, n = old ? 2 * old : 64;
	struct file *grown;

	for (uint32_t i = 0; i < old; i++) {
		if (!server->files[i].number)
			return &server->files[i];
	}
	grown = realloc(server->files, n * sizeof(*grown));
	if (!grown)
		return NULL;
	memset(grown + old, 0, (n - old) * sizeof(*grown));
	server->files = grown;
	server->n_files = n;
	return &grown[old];
}

static void drop(struct server *server, uint64_t number)
{
	struct file *file = find(server, number);
	uint32_t id;

	if (!file)
		return;
	id = (uint32_t)file->backing_id;
	ioctl(server->fuse_fd, FUSE_DEV_IOC_BACKING_CLOSE, &id);
	file->number = 0;
}

/* Returns the number, or -errno. */
static int64_t add(struct server *server, int fd)
{
	struct fuse_backing_map map = {.fd = fd};
	struct file *file = free_file(server);
	int id;

	if (!file)
		return -ENOMEM;
	id = ioctl(server->fuse_fd, FUSE_DEV_IOC_BACKING_OPEN, &map);
	if (id < 0)
		return -errno;
	do
		server->last_number++;
	while (!server->last_number || find(server, server->last_number));
	*file = (struct file){server->last_number, id};
	return server->last_number;
}

/* ---- Answers to the kernel --------------------------------------------------------------------- */

static const struct fuse_in_header *header_of(const struct server *server)
{
	return (const struct fuse_in_header *)server->request;
}

/* A request that the kernel has given up meanwhile can't be answered: never mind. */
static void answer(struct server *server, int err, const void *payload, size_t size)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + size),
		.error = err,
		.unique = header_of(server)->unique,
	};
	struct iovec iov[] = {
		{&header, sizeof(header)},
		{(void *)(uintptr_t)payload, size},
	};

	if (writev(server->fuse_fd, iov, size ? 2 : 1) < 0 && errno == ENODEV)
		_exit(EXIT_SUCCESS);
}

static void answer_error(struct server *server, int err)
{
	answer(server, err, NULL, 0);
}

static void fill_attr(uint64_t nodeid, struct fuse_attr *attr)
{
	bool root = nodeid == FUSE_ROOT_ID;

	*attr = (struct fuse_attr){
		.ino = nodeid,
		.size = root ? 0 : VIEW_SIZE,
		.mode = root ? S_IFDIR | 0700 : S_IFREG | 0600,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void serve_init(struct server *server)
{
	const struct fuse_init_in *in = (const void *)(header_of(server) + 1);
	struct compat_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 40,
		.max_write = MAX_WRITE,
		.flags = FUSE_INIT_EXT,
		.flags2 = FUSE_PASSTHROUGH >> 32,
		.max_stack_depth = 1,
	};
	struct view_message message = {.err = -EOPNOTSUPP};

	server->ready = (in->flags & FUSE_INIT_EXT) && (in->flags2 & (FUSE_PASSTHROUGH >> 32));
	if (server->ready)
		message.err = 0;
	else
		out.flags = out.flags2 = 0;
	answer(server, 0, &out, sizeof(out));
	send(server->socket, &message, sizeof(message), MSG_NOSIGNAL);
}

static void serve_lookup(struct server *server)
{
	const char *name = (const char *)(header_of(server) + 1);
	char *end;
	unsigned long number = strtoul(name, &end, 10);
	struct fuse_entry_out out = {.attr_valid = ANSWERS_HOLD_S};

	if (*end || !find(server, number)) {
		answer_error(server, -ENOENT);
		return;
	}
	/* Not to be found again by this name, for it may soon stand for another file. */
	out.nodeid = number + FUSE_ROOT_ID;
	out.generation = 1;
	fill_attr(out.nodeid, &out.attr);
	answer(server, 0, &out, sizeof(out));
}

static void serve_getattr(struct server *server)
{
	struct fuse_attr_out out = {.attr_valid = ANSWERS_HOLD_S};

	fill_attr(header_of(server)->nodeid, &out.attr);
	answer(server, 0, &out, sizeof(out));
}

static void serve_open(struct server *server)
{
	uint64_t number = header_of(server)->nodeid - FUSE_ROOT_ID;
	const struct file *file = find(server, number);
	struct compat_open_out out = {.open_flags = FOPEN_PASSTHROUGH};

	if (!file) {
		answer_error(server, -ENOENT);
		return;
	}
	out.backing_id = file->backing_id;
	answer(server, 0, &out, sizeof(out));
}

static void serve_request(struct server *server)
{
	switch (header_of(server)->opcode) {
	case FUSE_INIT: serve_init(server); break;
	case FUSE_LOOKUP: serve_lookup(server); break;
	case FUSE_GETATTR: serve_getattr(server); break;
	case FUSE_OPEN: serve_open(server); break;
	case FUSE_RELEASE:
		/* Mappings have the host's file by now, and don't need this any more. */
		drop(server, header_of(server)->nodeid - FUSE_ROOT_ID);
		answer_error(server, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break; /* no answer */
	case FUSE_DESTROY: _exit(EXIT_SUCCESS);
	default: answer_error(server, -ENOSYS); break;
	}
}

static void read_request(struct server *server)
{
	ssize_t n = read(server->fuse_fd, server->request, REQUEST_SIZE - 1);

	if (n < 0 && errno == ENODEV)
		_exit(EXIT_SUCCESS);
	if (n < (ssize_t)sizeof(struct fuse_in_header))
		return;
	server->request[n] = '\0';
	serve_request(server);
}

/* ---- The daemon's questions ----------------------------------------------------------------------- */

static void serve_daemon(struct server *server)
{
	struct view_message message = {0};
	int64_t number;
	int fd;

	if (helper_receive(server->socket, &message, sizeof(message), &fd))
		_exit(EXIT_SUCCESS); /* the file system goes with us */
	if (fd < 0) {
		drop(server, message.number);
		return;
	}
	number = add(server, fd);
	close(fd);
	message.err = number < 0 ? (int32_t)number : 0;
	message.number = number < 0 ? 0 : (uint32_t)number;
	send(server->socket, &message, sizeof(message), MSG_NOSIGNAL);
}

_Noreturn void view_serve(int socket, int fuse_fd)
{
	struct server *server = calloc(1, sizeof(*server));
	struct pollfd fds[] = {
		{.fd = fuse_fd, .events = POLLIN},
		{.fd = socket, .events = POLLIN},
	};

	if (!server)
		_exit(EXIT_FAILURE);
	server->socket = socket;
	server->fuse_fd = fuse_fd;
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			read_request(server);
		if (fds[1].revents)
			serve_daemon(server);
	}
}
