/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-channel.c - fuzz: daemon. What a front-end answers when it is asked to map a file: whatever it
 * is, and whenever it comes, the question comes to an end, and no descriptor that came with it
 * stays open.
 *
 * An input is one row of steps: questions, and what happens else. A question that waits for
 * something takes the steps behind it; when there are none left, time is up, or the front-end
 * has gone.
 *
 * Not reached in what is asked of: no memory or descriptors; a system call that fails or is
 * interrupted though it had not to wait; and control messages that are no descriptors, which the
 * kernel only passes to who asks for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);

/* A question, or something that the front-end does. */
struct step {
	uint8_t kind, request, flags, n_fds;
	uint32_t size;
	uint64_t value;
};

enum { STEPS_MAX = 32 };

RECORDS_MUTATOR(0, sizeof(struct step))

static int some_fd, folder_fd;

static struct {
	const uint8_t *at, *end; /* the steps that are left */
	struct backend_channel *channel;
	int socket;  /* the front-end's end; -1: closed */
	bool silent; /* it cannot say anything more */
} scene;

/* ---- The front-end --------------------------------------------------------------------- */

static void send_bytes(const void *bytes, size_t size, unsigned int n_fds, int fd)
{
	int fds[SEND_FDS_MAX];

	for (unsigned int i = 0; i < n_fds; i++)
		fds[i] = fd;
	if (!scene.silent)
		send_fds(scene.socket, bytes, size, fds, n_fds);
}

static uint32_t pick_request(uint8_t raw)
{
	static const uint32_t some[] = {VHOST_BACKEND_SHMEM_MAP, VHOST_BACKEND_SHARED_OBJECT_REMOVE,
					VHOST_BACKEND_SHMEM_UNMAP};

	return raw < 192 ? some[raw % 3] : raw;
}

/* An answer, mostly one that is fine. */
static void send_answer(const struct step *step)
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
	send_bytes(bytes, sizeof(header) + (header.size < 64 ? header.size : 64),
		   step->n_fds < 128 ? 0 : step->n_fds % 36,
		   step->n_fds < 240 ? some_fd : folder_fd);
}

static void close_socket(void)
{
	if (scene.socket >= 0)
		close(scene.socket);
	scene.socket = -1;
	scene.silent = true;
}

static void read_questions(void)
{
	uint8_t bytes[4096];

	if (scene.socket >= 0)
		recv(scene.socket, bytes, sizeof(bytes), MSG_DONTWAIT);
}

static void close_half(bool writing)
{
	if (scene.socket >= 0)
		shutdown(scene.socket, writing ? SHUT_WR : SHUT_RD);
	scene.silent |= writing;
}

/* It says half of something, reads what it was asked, or goes. */
static void act(const struct step *step)
{
	switch (step->request % 8) {
	case 5: close_half(step->flags % 2); break;
	case 6: read_questions(); break;
	case 7: close_socket(); break;
	default: send_bytes(&step->size, 1 + step->flags % 12u, 0, -1); break;
	}
}

/* ---- The daemon --------------------------------------------------------------------------- */

static bool next_step(struct step *step)
{
	if (scene.at + sizeof(*step) > scene.end)
		return false;
	memcpy(step, scene.at, sizeof(*step));
	scene.at += sizeof(*step);
	return true;
}

static void take_step(const struct step *step)
{
	const struct mapper *mapper = backend_channel_mapper(scene.channel);
	int err = 0;

	switch (step->kind % 8) {
	case 0:
		err = mapper->map(mapper->data, some_fd, step->value, step->size, 2 << 20, true);
		break;
	case 1: err = mapper->unmap(mapper->data, step->size, 2 << 20); break;
	case 2: backend_channel_hurry(scene.channel, true); break;
	case 3: backend_channel_hurry(scene.channel, false); break;
	case 4: act(step); break;
	default: send_answer(step); break;
	}
	insist(err <= 0 && err > -4096, "an answer is taken as %d", err);
}

/* What the daemon waits for, if it has to. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct step step;
	int ready;

	while (!(ready = __real_poll(fds, n, 0)) && timeout_ms) {
		if (!next_step(&step)) {
			if (timeout_ms > 0)
				return 0;
			close_socket();
		} else if (step.kind % 8 < 2) {
			/* One question at a time; a signal may come at any. */
			errno = EINTR;
			return -1;
		} else {
			take_step(&step);
		}
	}
	return ready;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_start(LOG_LEVEL_OFF, false);
	some_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	folder_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int least = 0;
	struct step step;
	int ends[2];

	confined_fds_before();
	if (size > STEPS_MAX * sizeof(struct step))
		size = STEPS_MAX * sizeof(struct step);
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	/* Room for a few questions that nobody reads. */
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	insist(!backend_channel_new(ends[1], true, &scene.channel), "no channel");
	scene.at = data;
	scene.end = data + size;
	scene.socket = ends[0];
	scene.silent = false;
	while (next_step(&step))
		take_step(&step);
	backend_channel_free(scene.channel);
	close_socket();
	confined_fds_after();
	return 0;
}
