/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-answer.c - fuzz: cli. What a daemon, or who pretends to be one, answers to fsdax-ctl. The first
 * byte of an input says what was asked, the second one in which pieces the answer comes, and the
 * rest is the answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"
#include "command.h"
#include "confined.h"
#include "explain_daemon.h"
#include "insist.h"
#include "json_mutate.h"
#include "output.h"
#include "pickup.h"
#include "watched.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed);

/* ---- The daemon -------------------------------------------------------------------------- */

static char socket_path[64];

static struct {
	const char *text;
	size_t size, done, piece;
} answer;

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	(void)fd;
	(void)address;
	(void)size;
	answer.done = 0;
	return 0;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd;
	(void)bytes;
	(void)flags;
	return (ssize_t)size;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags)
{
	size_t n = answer.size - answer.done;

	(void)fd;
	(void)flags;
	if (n > room)
		n = room;
	if (answer.piece && n > answer.piece)
		n = answer.piece;
	memcpy(bytes, answer.text + answer.done, n);
	answer.done += n;
	return (ssize_t)n;
}

static void make_socket(const char *dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	strcpy(address.sun_path, socket_path);
	insist(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "no socket: %s",
	       strerror(errno));
}

/* ---- Answers that are JSON still, with another value in a place ---------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	size_t size = used > 2 && seed % 4
			      ? json_mutate(data + 2, used - 2, room - 2, seed / 4 % 64, seed / 256)
			      : 0;

	if (!size)
		return LLVMFuzzerMutate(data, used, room);
	if (seed % 16 == 1)
		data[0] = (uint8_t)(seed >> 16);
	return size + 2;
}

/* ---- What is asked -------------------------------------------------------------------------- */

static int ask_explain(const struct options *opts)
{
	const struct explanation e = {.inode = {.dev = 1, .ino = 2}};
	struct json_object *told;

	if (explain_ask(&e, opts, &told))
		return EXIT_FAILED;
	explain_print_told(told);
	json_object_put(told);
	return EXIT_DONE;
}

static int ask_pickup(const struct options *opts)
{
	struct pickup pickup = PICKUP_INIT;

	pickup.named.inodes = calloc(1, sizeof(*pickup.named.inodes));
	pickup.named.n = pickup.named.room = 1;
	pickup.named.inodes[0] = (struct pickup_inode){.dev = 1, .ino = 2};
	return pickup_wait(&pickup, opts, EXIT_DONE);
}

/* A screen of `status --watch`, with the same answer as before. */
static int draw_watched(void)
{
	struct watched watched = {.socket = socket_path, .now_ms = 2000, .before_ms = 1000};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	insist(out, "no memory");
	watched.err = ask_quietly(socket_path, "status", 1, &watched.now);
	if (!watched.err)
		watched.before = json_object_get(watched.now);
	watch_draw(out, &watched, 80);
	fclose(out);
	free(text);
	json_object_put(watched.now);
	json_object_put(watched.before);
	return EXIT_DONE;
}

static int show(const struct options *opts, uint8_t what)
{
	if (what & 128)
		return cmd_metrics(opts);
	return what & 8 ? draw_watched() : cmd_status(opts);
}

static int run(const struct options *opts, uint8_t what)
{
	switch (what % 4) {
	case 0: return show(opts, what);
	case 1: return cmd_reload(opts);
	case 2: return ask_explain(opts);
	default: return ask_pickup(opts);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_socket(confined_enter());
	confined_be_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options opts = {
		.socket = socket_path,
		.root = "/",
		.wait = true,
		.jobs = 1,
		.top = 10,
	};
	int status;

	if (size < 2)
		return -1;
	confined_fds_before();
	opts.json = data[0] & 16;
	opts.recursive = data[0] & 32;
	opts.quiet = data[0] & 64;
	answer.text = (const char *)data + 2;
	answer.size = size - 2;
	answer.piece = data[1];
	output_init(&opts);
	status = run(&opts, data[0]);
	insist(status >= 0 && status < 128, "an exit status of %d", status);
	confined_fds_after();
	return 0;
}
