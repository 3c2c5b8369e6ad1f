/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-vhost.c - fuzz: daemon. A front-end's messages over a real socket, in any order, with any
 * descriptors: tables of memory that overlap or wrap or are not there, rings that are started and
 * stopped, a second socket whose answers are already there, notes of what another daemon left
 * undone. The queues have real threads, and serve real requests, in a place from which nothing else
 * can be reached (confined.h).
 *
 * The front-end does its next step when the daemon's thread for the socket waits: so it sees what
 * has been done, can cut memory that the daemon has mapped, and lets the daemon wait for it to read.
 *
 * At the end of the connection there is no thread, no mapping and no descriptor left, and each
 * request was given back, also one that waited for a lock when its queue was stopped; and nothing was
 * given back by queues that were stopped. Behind each file that is mapped there is a page that nobody
 * may touch.
 *
 * Not reached in what is named after the target: no memory, descriptors or threads; more regions of
 * memory than a process can have; a thread that is stuck, since time is not waited for here.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
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

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
void *__wrap_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset);
void *__real_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t size);
int __real_munmap(void *at, size_t size);

static int stop_fd;

static struct {
	const uint8_t *at, *end; /* the steps that are left */
	int socket, other_end;	 /* the front-end's end; -1: closed; and the daemon's */
	bool is_told;		 /* the daemon was told to stop */
} scene;

/* Only for the thread that serves the socket. */
static _Thread_local bool has_scene;

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

/* What happens while a queue runs, behind all else. */
static size_t add_events(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	static const uint8_t requests[] = {
		VHOST_GET_VRING_BASE,
		VHOST_SET_MEM_TABLE,
		VHOST_RESET_DEVICE,
		STEP_WRITE,
	};

	for (unsigned int i = 0; i < 4 && used + sizeof(struct step) <= room; i++, seed /= 64) {
		struct step step = {
			.request = seed % 4 ? (uint8_t)(STEP_EVENT + seed / 4 % 16)
					    : requests[seed / 4 % 4],
			.a = seed / 64 % 8,
		};

		memcpy(data + used, &step, sizeof(step));
		used += sizeof(step);
	}
	return used;
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
	if (seed % 16 == 2)
		return add_events(data, used, room, seed / 16);
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

/* ---- The front-end ----------------------------------------------------------------------- */

static void close_socket(void)
{
	if (scene.socket >= 0)
		close(scene.socket);
	scene.socket = -1;
}

/* Descriptors that come with the replies are closed by the kernel. */
static void read_replies(void)
{
	uint8_t bytes[4096];

	while (scene.socket >= 0 && recv(scene.socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void tell_to_stop(void)
{
	const uint64_t one = 1;

	if (write(stop_fd, &one, sizeof(one)) < 0)
		insist(false, "not told: %s", strerror(errno));
	scene.is_told = true;
}

enum taken { TAKEN, TAKEN_SENT, TAKEN_INTERRUPTED };

static enum taken take_step(void)
{
	struct step step;

	memcpy(&step, scene.at, sizeof(step));
	scene.at += sizeof(step);
	if (step.request < STEP_EVENT || step.request >= STEP_WRITE)
		return front_end_send(scene.socket, &step) ? TAKEN_SENT : TAKEN;
	switch (front_end_event(&step)) {
	case EVENT_READ: read_replies(); break;
	case EVENT_CLOSE: close_socket(); break;
	case EVENT_STOP: tell_to_stop(); break;
	case EVENT_SIGNAL: return TAKEN_INTERRUPTED;
	case EVENT_DONE: break;
	}
	return TAKEN;
}

/* Nothing was ready, and now there is a message: no need to ask the kernel once more. */
static int find_message(struct pollfd *fds, nfds_t n)
{
	int ready = 0;

	for (nfds_t i = 0; i < n; i++) {
		fds[i].revents = fds[i].fd == scene.other_end ? fds[i].events & POLLIN : 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* What the daemon waits for. When nothing more comes, the front-end has gone. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	enum taken taken;
	int ready;

	if (!has_scene)
		return __real_poll(fds, n, timeout_ms);
	while (!(ready = __real_poll(fds, n, 0)) && timeout_ms) {
		front_end_look_at_ring();
		if (scene.at + sizeof(struct step) > scene.end) {
			if (timeout_ms > 0)
				return 0;
			close_socket();
			continue;
		}
		taken = take_step();
		if (taken == TAKEN_INTERRUPTED) {
			errno = EINTR;
			return -1;
		}
		ready = taken == TAKEN_SENT ? find_message(fds, n) : 0;
		if (ready)
			break;
	}
	return ready;
}

/* ---- Mappings ------------------------------------------------------------------------------- */

enum { PAGE = 4096, GUARDED_MAX = 256 };

static struct {
	void *at[GUARDED_MAX];
	unsigned int n;
	pthread_mutex_t lock;
} guarded = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t with_guard(size_t size)
{
	return (size + PAGE - 1) / PAGE * PAGE + PAGE;
}

static void note_guarded(void *at)
{
	pthread_mutex_lock(&guarded.lock);
	insist(guarded.n < GUARDED_MAX, "mappings are left");
	guarded.at[guarded.n++] = at;
	pthread_mutex_unlock(&guarded.lock);
}

static bool forget_guarded(const void *at)
{
	unsigned int i = 0;
	bool found;

	pthread_mutex_lock(&guarded.lock);
	while (i < guarded.n && guarded.at[i] != at)
		i++;
	found = i < guarded.n;
	if (found)
		guarded.at[i] = guarded.at[--guarded.n];
	pthread_mutex_unlock(&guarded.lock);
	return found;
}

void *__wrap_mmap64(void *at, size_t size, int access, int flags, int fd, off_t offset)
{
	void *start = MAP_FAILED;
	int err;

	if (!at && fd >= 0 && size && size < SIZE_MAX / 2)
		start = __real_mmap64(NULL, with_guard(size), PROT_NONE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return __real_mmap64(at, size, access, flags, fd, offset);
	if (__real_mmap64(start, size, access, flags | MAP_FIXED, fd, offset) == start) {
		note_guarded(start);
		return start;
	}
	err = errno;
	__real_munmap(start, with_guard(size));
	errno = err;
	return MAP_FAILED;
}

int __wrap_munmap(void *at, size_t size)
{
	return __real_munmap(at, forget_guarded(at) ? with_guard(size) : size);
}

/* ---- The end ------------------------------------------------------------------------------------ */

static void forget_stop(void)
{
	uint64_t count;

	if (scene.is_told && read(stop_fd, &count, sizeof(count)) < 0)
		insist(false, "nothing was told: %s", strerror(errno));
	scene.is_told = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int inputs;
	const unsigned int n_guarded = guarded.n;
	const int least = 0;
	int ends[2], err;

	confined_fds_before();
	if (size > STEPS_MAX * sizeof(struct step))
		size = STEPS_MAX * sizeof(struct step);
	front_end_reset();
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	/* Room for a few replies that are not read. */
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	scene.at = data;
	scene.end = data + size;
	scene.socket = ends[0];
	scene.other_end = ends[1];
	has_scene = true;
	err = vhost_user_serve(fixture_share(0), ends[1], stop_fd);
	has_scene = false;
	insist(err <= 0 && err > -4096, "the connection ends with %d", err);
	close_socket();
	forget_stop();
	insist(inode_count(fixture_share(0)) == 1, "inodes are left of a guest that has gone");
	insist(guarded.n == n_guarded, "%u mappings are left", guarded.n);
	front_end_look_at_ring();
	front_end_check_notes();
	confined_fds_after();
	fixture_check();
	if (++inputs % 64 == 0)
		fixture_restore();
	return 0;
}
