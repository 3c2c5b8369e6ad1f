/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-control.c - fuzz: daemon. What clients say on the control socket: each gets one JSON object in
 * one line, which says whether it went well, or nothing if it sent no line of printable
 * characters. The guest knows some files meanwhile, and has some open.
 *
 * In an input, "@N" stands for the device and inode number of the N-th of them, which differ from run
 * to run, and "#N" for its nodeid.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "control_internal.h"
#include "control_proto.h"
#include "handle.h"
#include "inode.h"
#include "insist.h"
#include "share_fixture.h"
#include "thread.h"
#include "window.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KNOWN = 5 };

static struct control control;
static struct inode *known[KNOWN];

/* ---- What the guest knows -------------------------------------------------------------------- */

static void look_up(unsigned int i, struct inode *parent, const char *name)
{
	struct statx stx;
	uint32_t flag;

	insist(!inode_lookup(control.share, parent, name, &known[i], &stx, &flag), "no %s", name);
}

static void open_one(unsigned int i)
{
	uint64_t fh;
	int fd = inode_open(control.share, known[i], O_RDONLY | O_CLOEXEC);

	insist(fd >= 0 && !handle_new(control.share, known[i], fd, false, &fh), "not opened");
}

static int map(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
	       bool writable)
{
	(void)data;
	(void)fd_offset;
	(void)window_offset;
	(void)len;
	return fd < 0 || !writable ? -EIO : 0;
}

static int unmap(void *data, uint64_t window_offset, uint64_t len)
{
	(void)data;
	(void)window_offset;
	return len ? 0 : -EIO;
}

/* Two files are in the window. */
static void map_some(struct window *window)
{
	static const struct mapper front_end = {map, unmap, NULL};

	window_attach(window, &front_end);
	control.share->dax.window = true;
	control.share->dax.inode_dax = true;
	insist(!window_setup(window, known[2], 0, 2 << 20, 0, true) &&
		       !window_setup(window, known[4], 0, 4 << 20, 4 << 20, true),
	       "not mapped");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fixture_begin();
	thread_begin("fuzz", 0);
	control.share = fixture_share(0);
	control.dir = strdup(control.share->settings->shared_dir);
	control.listener = control.hangup_fd = control.spare_fd = -1;
	control.stop_fd = eventfd(0, EFD_CLOEXEC);
	atomic_store(&control.share->initialized, true);
	known[0] = inode_get(control.share, FUSE_ROOT_ID);
	look_up(1, known[0], "a");
	look_up(2, known[0], "b.dax");
	look_up(3, known[0], "d");
	look_up(4, known[3], "y.dax");
	open_one(1);
	open_one(4);
	map_some(control.share->window);
	return 0;
}

/* ---- One client ------------------------------------------------------------------------------- */

static size_t put_inode(char *to, size_t room, char sign, const struct inode *inode)
{
	int n = sign == '@' ? snprintf(to, room, "%llu:%llu", (unsigned long long)inode->key.dev,
				       (unsigned long long)inode->key.ino)
			    : snprintf(to, room, "%llu", (unsigned long long)inode->nodeid);

	return (size_t)n < room ? (size_t)n : 0;
}

/* The input, with numbers of inodes in the place of their names. Returns the size. */
static size_t expand(const uint8_t *data, size_t size, char *line, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < size && n < room; i++) {
		if (i + 1 < size && (data[i] == '@' || data[i] == '#') && data[i + 1] >= '0' &&
		    data[i + 1] < '0' + KNOWN) {
			n += put_inode(line + n, room - n, (char)data[i], known[data[i + 1] - '0']);
			i++;
		} else {
			line[n++] = (char)data[i];
		}
	}
	return n;
}

static bool is_line(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);

	for (const char *c = text; end && c < end; c++) {
		if (*c < ' ' || *c > '~')
			return false;
	}
	return end;
}

static void check_answer(const char *text, size_t size)
{
	struct json_tokener *parser = json_tokener_new();
	struct json_object *object, *ok, *error;

	insist(size && text[size - 1] == '\n' && !memchr(text, '\n', size - 1),
	       "an answer is no line");
	object = json_tokener_parse_ex(parser, text, (int)size);
	insist(object && json_object_is_type(object, json_type_object), "an answer is no object");
	insist(json_object_object_get_ex(object, "ok", &ok) &&
		       json_object_is_type(ok, json_type_boolean),
	       "an answer does not say whether it went well");
	insist(json_object_get_boolean(ok) || json_object_object_get_ex(object, "error", &error) ||
		       json_object_object_get_ex(object, "remarks", &error),
	       "an answer does not say what went wrong");
	json_object_put(object);
	json_tokener_free(parser);
}

static size_t receive_all(int socket, char *text, size_t room)
{
	size_t size = 0;
	ssize_t n;

	while ((n = recv(socket, text + size, room - size, 0)) > 0)
		size += (size_t)n;
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[2 * CONTROL_LINE_MAX], answer[1 << 18];
	size_t n = expand(data, size, line, sizeof(line));
	bool answered = is_line(line, n < CONTROL_LINE_MAX ? n : CONTROL_LINE_MAX);
	int ends[2];

	confined_fds_before();
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	insist(send(ends[0], line, n, MSG_DONTWAIT) == (ssize_t)n, "send: %s", strerror(errno));
	shutdown(ends[0], SHUT_WR);
	control_serve_client(&control, ends[1]);
	size = receive_all(ends[0], answer, sizeof(answer));
	if (size)
		check_answer(answer, size);
	else
		insist(!answered, "a line has no answer");
	close(ends[0]);
	confined_fds_after();
	return 0;
}
