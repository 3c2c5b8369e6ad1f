/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-vhost.c - fuzz: daemon. A front-end's messages over a real socket, in any order, with any
 * descriptors: tables of memory that overlap or wrap or are not there, rings that are started and
 * stopped, a second socket whose answers are already there. The queues have real threads, and serve
 * real requests, in a place from which nothing else can be reached (confined.h).
 *
 * At the end of the connection there is no thread, no mapping and no descriptor left.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "confined.h"
#include "inode.h"
#include "insist.h"
#include "records.h"
#include "share_fixture.h"
#include "vhost_front_end.h"
#include "vhost_proto.h"
#include "vhost_user.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 32 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_used, const uint8_t *b, size_t b_used,
				 uint8_t *out, size_t room, unsigned int seed);

static int stop_fd;

/* All that comes before a queue is served, before what there is. */
static size_t add_handshake(uint8_t *data, size_t used, size_t room, unsigned int queue)
{
	const size_t size = HANDSHAKE * sizeof(struct step);
	struct step steps[HANDSHAKE];

	front_end_handshake(steps, queue);
	if (used > room - size)
		used = room - size;
	memmove(data + size, data, used);
	memcpy(data, steps, size);
	return size + used;
}

/* One field of one region that is not as it should be, in a table if there is one. */
static size_t change_region(uint8_t *data, size_t used, unsigned int seed)
{
	struct step step;

	for (size_t at = 0; at + sizeof(step) <= used; at += sizeof(step)) {
		uint8_t *region = step.bytes + 5 * (seed % 4 ? 0 : seed / 4 % 8);

		memcpy(&step, data + at, sizeof(step));
		if (step.request != VHOST_SET_MEM_TABLE)
			continue;
		region[0] = 0xe0 | (1 << seed / 32 % 4);
		region[1 + seed / 32 % 4] = (uint8_t)(seed / 128);
		memcpy(data + at, &step, sizeof(step));
		if (seed / 4096 % 2)
			break;
	}
	return used;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	if (seed % 16 == 0 && room >= HANDSHAKE * sizeof(struct step))
		return add_handshake(data, used, room, seed / 16 % 3);
	if (seed % 16 == 1)
		return change_region(data, used, seed / 16);
	return records_mutate(data, used, room, seed, 0, sizeof(struct step));
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_used, const uint8_t *b, size_t b_used,
				 uint8_t *out, size_t room, unsigned int seed)
{
	return records_cross(a, a_used, b, b_used, out, room, seed, 0, sizeof(struct step));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fixture_begin();
	front_end_begin();
	stop_fd = eventfd(0, EFD_CLOEXEC);
	return 0;
}

/* All is sent before it is read; what is sent back has room in the socket. */
static void send_all(int socket, const uint8_t *data, size_t size)
{
	struct step step;

	for (size_t at = 0; at + sizeof(step) <= size; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		front_end_send(socket, &step);
	}
	shutdown(socket, SHUT_WR);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int inputs;
	int ends[2], err;

	confined_fds_before();
	if (size > STEPS_MAX * sizeof(struct step))
		size = STEPS_MAX * sizeof(struct step);
	front_end_reset();
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	send_all(ends[0], data, size);
	err = vhost_user_serve(fixture_share(0), ends[1], stop_fd);
	insist(err <= 0 && err > -4096, "the connection ends with %d", err);
	close(ends[0]);
	insist(inode_count(fixture_share(0)) == 1, "inodes are left of a guest that has gone");
	confined_fds_after();
	fixture_check();
	if (++inputs % 64 == 0)
		fixture_restore();
	return 0;
}
