/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-channel.c - fuzz: daemon. What a front-end answers when it is asked to map a file: whatever it
 * is, the question comes to an end, and no descriptor that came with it stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend_channel.h"
#include "confined.h"
#include "insist.h"
#include "log.h"
#include "records.h"
#include "send_fds.h"
#include "vhost_proto.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A question, or a piece of what the front-end says. */
struct step {
	uint8_t kind, request, flags, n_fds;
	uint32_t size;
	uint64_t value;
};

enum { STEPS_MAX = 32 };

RECORDS_MUTATOR(0, sizeof(struct step))

static int some_fd;

/* ---- The front-end --------------------------------------------------------------------- */

static void send_bytes(int socket, const void *bytes, size_t size, unsigned int n_fds)
{
	int fds[SEND_FDS_MAX];

	for (unsigned int i = 0; i < n_fds; i++)
		fds[i] = some_fd;
	send_fds(socket, bytes, size, fds, n_fds);
}

static uint32_t pick_request(uint8_t raw)
{
	static const uint32_t some[] = {VHOST_BACKEND_SHMEM_MAP, VHOST_BACKEND_SHARED_OBJECT_REMOVE,
					VHOST_BACKEND_SHMEM_UNMAP};

	return raw < 192 ? some[raw % 3] : raw;
}

/* An answer, mostly one that is fine. */
static void send_answer(int socket, const struct step *step)
{
	uint8_t bytes[sizeof(struct vhost_header) + 64] = {0};
	struct vhost_header header = {
		.request = pick_request(step->request),
		.flags = step->flags < 192 ? VHOST_VERSION | VHOST_REPLY : step->flags,
		.size = step->size < 256 ? 8
			: step->size % 2 ? step->size
					 : step->size % 64,
	};
	uint64_t value = step->value < 256 ? step->value % 2 : step->value;

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &value, sizeof(value));
	send_bytes(socket, bytes, sizeof(header) + (header.size < 64 ? header.size : 64),
		   step->n_fds < 128 ? 0 : step->n_fds % 36);
}

/* All that it will ever say, before it is asked: then nobody has to wait. */
static void say_all(int socket, const uint8_t *data, size_t size)
{
	struct step step;

	for (size_t at = 0; at + sizeof(step) <= size; at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		if (step.kind % 8 >= 5)
			send_answer(socket, &step);
		else if (step.kind % 8 == 4)
			send_bytes(socket, &step.size, 1 + step.flags % 12u, 0);
	}
	shutdown(socket, SHUT_WR);
}

/* ---- The daemon --------------------------------------------------------------------------- */

static void ask_all(struct backend_channel *channel, const uint8_t *data, size_t size)
{
	const struct mapper *mapper = backend_channel_mapper(channel);
	struct step step;

	for (size_t at = 0; at + sizeof(step) <= size; at += sizeof(step)) {
		int err = 0;

		memcpy(&step, data + at, sizeof(step));
		switch (step.kind % 8) {
		case 0:
			err = mapper->map(mapper->data, some_fd, step.value, step.size, 2 << 20,
					  true);
			break;
		case 1: err = mapper->unmap(mapper->data, step.size, 2 << 20); break;
		case 2: backend_channel_hurry(channel, true); break;
		case 3: backend_channel_hurry(channel, false); break;
		default: break;
		}
		insist(err <= 0 && err > -4096, "an answer is taken as %d", err);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_start(LOG_LEVEL_OFF, false);
	some_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct backend_channel *channel;
	int ends[2];

	confined_fds_before();
	if (size > STEPS_MAX * sizeof(struct step))
		size = STEPS_MAX * sizeof(struct step);
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	insist(!backend_channel_new(ends[1], true, &channel), "no channel");
	say_all(ends[0], data, size);
	ask_all(channel, data, size);
	backend_channel_free(channel);
	close(ends[0]);
	confined_fds_after();
	return 0;
}
