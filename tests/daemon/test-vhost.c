/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-vhost.c - a whole device at its socket: its queues start, stop and end whatever the guest
 * is doing, and the front-end says what it likes. The device is served by a thread, as by
 * pthread_create().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "fuse_client.h"
#include "share.h"
#include "vhost_proto.h"
#include "vhost_socket.h"
#include "vhost_user.h"
#include "window.h"

/* The guest's memory. The descriptors are at its end: there is no room for a longer ring. */
enum { GUEST = 0x100000, USER = 0x7f0000000, SIZE = 32768, SHORT = 8 };
enum {
	AVAIL_AT = 0,
	USED_AT = AVAIL_AT + (6 + SIZE * 2 + 63) / 64 * 64,
	IN_AT = USED_AT + (6 + SIZE * 8 + 63) / 64 * 64,
	SMALL_OUT_AT = IN_AT + 2048,
	OUT_AT = IN_AT + 4096,
	OUT_SIZE = (1 << 20) + 4096,
	LONG_DESC_AT = OUT_AT + OUT_SIZE,
	SHORT_DESC_AT = LONG_DESC_AT + SIZE * 16,
	REGION = SHORT_DESC_AT + SHORT * 16,
};

struct vm {
	struct client client; /* the share; and what asks it without a queue */
	int socket, stop_fd;
	int kick, call; /* of the queue */
	int memory;
	pthread_t device;
	int theirs; /* the device's end of the socket */
	int result;
	unsigned char *bytes;
	uint32_t size; /* of the queue */
	struct vring_avail *avail;
	struct vring_used *used;
};

static void *serve_device(void *data)
{
	struct vm *vm = data;

	vm->result = vhost_user_serve(vm->client.share, vm->theirs, vm->stop_fd);
	return NULL;
}

/* ---- The front-end --------------------------------------------------------------------------- */

static void tell(struct vm *vm, uint32_t request, const void *payload, uint32_t size, int fd)
{
	const struct vhost_header header = {request, VHOST_VERSION, size};

	assert_int_equal(vhost_send(vm->socket, -1, -1, &header, payload, fd), 0);
}

static void tell_state(struct vm *vm, uint32_t request, uint32_t num)
{
	const struct vhost_vring_state state = {0, num};

	tell(vm, request, &state, sizeof(state), -1);
}

static uint32_t take_base(struct vm *vm)
{
	struct vhost_message answer;

	assert_int_equal(vhost_receive(vm->socket, -1, &answer), 0);
	assert_int_equal(answer.header.request, VHOST_GET_VRING_BASE);
	return answer.payload.state.num;
}

static uint32_t get_base(struct vm *vm)
{
	tell_state(vm, VHOST_GET_VRING_BASE, 0);
	return take_base(vm);
}

/* An answer means that all that was told before has been done. */
static void let_it_be_done(struct vm *vm)
{
	struct vhost_message answer;

	tell(vm, VHOST_GET_FEATURES, NULL, 0, -1);
	assert_int_equal(vhost_receive(vm->socket, -1, &answer), 0);
}

static void tell_memory(struct vm *vm)
{
	struct vhost_memory table = {.n_regions = 1, .regions = {{GUEST, REGION, USER, 0}}};
	int fd = memfd_create("guest", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, REGION), 0);
	vm->bytes = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(vm->bytes, MAP_FAILED);
	vm->avail = (struct vring_avail *)(vm->bytes + AVAIL_AT);
	vm->used = (struct vring_used *)(vm->bytes + USED_AT);
	tell(vm, VHOST_SET_MEM_TABLE, &table, sizeof(table), fd);
	vm->memory = fd;
}

static uint32_t desc_at(const struct vm *vm)
{
	return vm->size == SHORT ? SHORT_DESC_AT : LONG_DESC_AT;
}

static void tell_ring(struct vm *vm, uint32_t size)
{
	struct vhost_vring_addr addr = {.avail = USER + AVAIL_AT, .used = USER + USED_AT};

	vm->size = size;
	addr.desc = USER + desc_at(vm);
	tell_state(vm, VHOST_SET_VRING_NUM, size);
	tell_state(vm, VHOST_SET_VRING_BASE, 0);
	tell(vm, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
}

static void tell_start(struct vm *vm)
{
	const uint64_t queue = 0;

	tell(vm, VHOST_SET_VRING_CALL, &queue, sizeof(queue), vm->call);
	tell(vm, VHOST_SET_VRING_KICK, &queue, sizeof(queue), vm->kick);
	tell_state(vm, VHOST_SET_VRING_ENABLE, 1);
	let_it_be_done(vm);
}

/* ---- The guest --------------------------------------------------------------------------------- */

/* Chain 0 or 1: the request, and the room for its reply. */
static void put_request(struct vm *vm, uint16_t chain, uint32_t opcode, uint64_t nodeid,
			const void *in, size_t size)
{
	struct vring_desc *desc = (struct vring_desc *)(vm->bytes + desc_at(vm)) + 2 * chain;
	const uint32_t in_at = IN_AT + 1024 * chain;
	const uint16_t next = 2 * chain + 1;
	struct fuse_in_header header = {
		.len = (uint32_t)(sizeof(header) + size),
		.opcode = opcode,
		.unique = 1,
		.nodeid = nodeid,
	};

	memcpy(vm->bytes + in_at, &header, sizeof(header));
	memcpy(vm->bytes + in_at + sizeof(header), in, size);
	desc[0] = (struct vring_desc){GUEST + in_at, header.len, VRING_DESC_F_NEXT, next};
	desc[1] = chain ? (struct vring_desc){GUEST + SMALL_OUT_AT, 1024, VRING_DESC_F_WRITE, 0}
			: (struct vring_desc){GUEST + OUT_AT, OUT_SIZE, VRING_DESC_F_WRITE, 0};
}

static void put_getattr(struct vm *vm, uint16_t chain)
{
	const struct fuse_getattr_in in = {0};

	put_request(vm, chain, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in));
}

static void offer(struct vm *vm, uint16_t chain, uint32_t n)
{
	const uint64_t one = 1;

	for (uint32_t i = 0; i < n; i++)
		vm->avail->ring[(vm->avail->idx + i) % vm->size] = 2 * chain;
	__atomic_store_n(&vm->avail->idx, (uint16_t)(vm->avail->idx + n), __ATOMIC_RELEASE);
	assert_int_equal(write(vm->kick, &one, sizeof(one)), sizeof(one));
}

static uint16_t used(const struct vm *vm)
{
	return __atomic_load_n(&vm->used->idx, __ATOMIC_ACQUIRE);
}

/* The device calls when it has made replies. Returns how often it did, since the last time. */
static uint64_t wait_for_call(const struct vm *vm)
{
	struct pollfd call = {.fd = vm->call, .events = POLLIN};
	uint64_t calls;

	/* Reading may not block. */
	assert_int_equal(poll(&call, 1, -1), 1);
	assert_int_equal(read(vm->call, &calls, sizeof(calls)), sizeof(calls));
	return calls;
}

static bool can_read(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};

	return poll(&pollfd, 1, 0) == 1;
}

static void wait_until_used(const struct vm *vm, uint16_t n)
{
	while (used(vm) != n)
		wait_for_call(vm);
}

static int32_t reply_error(const struct vm *vm)
{
	return ((const struct fuse_out_header *)(vm->bytes + OUT_AT))->error;
}

static uint64_t open_file(struct client *client, uint64_t nodeid)
{
	uint64_t fh;

	assert_int_equal(client_open_file(client, nodeid, O_RDWR, &fh), 0);
	return fh;
}

/* ---- Setting up ---------------------------------------------------------------------------------- */

/* All tests are run with queues that are watched, too: see polling.h. */
static unsigned int poll_us;

static int setup_with(void **state, uint64_t dax_window)
{
	static struct vm vm;
	int sockets[2];

	memset(&vm, 0, sizeof(vm));
	client_make(&vm.client);
	vm.client.settings.posix_lock = true;
	vm.client.settings.poll_us = poll_us;
	vm.client.settings.dax_window = dax_window;
	client_open(&vm.client);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	vm.socket = sockets[0];
	vm.theirs = sockets[1];
	vm.stop_fd = eventfd(0, EFD_CLOEXEC);
	vm.kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	vm.call = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&vm.device, NULL, serve_device, &vm), 0);
	tell_memory(&vm);
	*state = &vm;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, 0);
}

static int setup_window(void **state)
{
	return setup_with(state, 8 << 20);
}

static void leave(struct vm *vm)
{
	if (vm->socket < 0)
		return;
	close(vm->socket);
	vm->socket = -1;
	pthread_join(vm->device, NULL);
	assert_int_equal(vm->result, 0);
}

static int teardown(void **state)
{
	struct vm *vm = *state;

	leave(vm);
	munmap(vm->bytes, REGION);
	close(vm->stop_fd);
	close(vm->kick);
	close(vm->call);
	close(vm->memory);
	client_free(&vm->client);
	return 0;
}

/* ---- Rings ----------------------------------------------------------------------------------------- */

static void a_ring_is_served(void **state)
{
	struct vm *vm = *state;

	tell_ring(vm, SHORT);
	tell_start(vm);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	wait_until_used(vm, 1);
	assert_int_equal(reply_error(vm), 0);
	assert_int_equal(get_base(vm), 1);
}

static void a_ring_that_makes_no_sense_is_given_up_and_counted(void **state)
{
	struct vm *vm = *state;
	const atomic_uint_least64_t *broken = &vm->client.share->front_ends.broken_queues;

	tell_ring(vm, SHORT);
	tell_start(vm);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	wait_until_used(vm, 1);
	assert_int_equal(*broken, 0);
	/* A head behind the ring's end. */
	offer(vm, SHORT, 1);
	while (!*broken)
		usleep(1000);
	assert_int_equal(get_base(vm), 1);
	assert_int_equal(*broken, 1);
	assert_int_equal(used(vm), 1);
}

/*
 * The guest sleeps until it is told, so no reply may be kept from it. But it is told less often
 * than there are replies: not once in so many rounds would mean that none waits for another.
 */
static void replies_are_told_of_together(void **state)
{
	enum { ROUNDS = 500, EACH = 6 };
	struct vm *vm = *state;
	uint64_t calls = 0;

	tell_ring(vm, SHORT);
	tell_start(vm);
	put_getattr(vm, 0);
	for (uint16_t i = 1; i <= ROUNDS; i++) {
		offer(vm, 0, EACH);
		while (used(vm) != i * EACH)
			calls += wait_for_call(vm);
	}
	assert_int_equal(get_base(vm), ROUNDS * EACH);
	if (can_read(vm->call))
		calls += wait_for_call(vm);
	assert_in_range(calls, 1, ROUNDS * EACH - 1);
}

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER; /* who holds it holds up fsync() */

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	(void)fd;
	pthread_mutex_lock(&disk);
	pthread_mutex_unlock(&disk);
	return 0;
}

/*
 * A reply that was made in no time does not wait for a disk, because of what comes behind it. On a
 * busy machine it takes longer, and is told of at once: so in one of many rounds.
 */
static void the_guest_is_told_before_what_takes_long(void **state)
{
	enum { ROUNDS = 200 };
	const uint64_t one = 1;
	struct vm *vm = *state;
	struct fuse_fsync_in in = {0};
	uint64_t nodeid;

	client_put_file(&vm->client, "file", "x");
	nodeid = client_nodeid(&vm->client, FUSE_ROOT_ID, "file");
	in.fh = open_file(&vm->client, nodeid);
	tell_ring(vm, SHORT);
	tell_start(vm);
	put_request(vm, 0, UINT32_MAX, nodeid, &in, 0);
	put_request(vm, 1, FUSE_FSYNC, nodeid, &in, sizeof(in));
	for (uint16_t i = 0; i < SHORT; i++)
		vm->avail->ring[i] = i % 2 * 2;
	for (uint16_t done = 0; done < 2 * ROUNDS; done += 2) {
		pthread_mutex_lock(&disk);
		__atomic_store_n(&vm->avail->idx, (uint16_t)(done + 2), __ATOMIC_RELEASE);
		assert_int_equal(write(vm->kick, &one, sizeof(one)), sizeof(one));
		wait_for_call(vm);
		assert_int_equal(used(vm), done + 1);
		pthread_mutex_unlock(&disk);
		/* Told by the next to come, or because there is none. */
		wait_for_call(vm);
		assert_int_equal(used(vm), done + 2);
	}
	assert_int_equal(get_base(vm), 2 * ROUNDS);
}

/* The thread ends while replies wait for others: where in between, the delay is to hit. */
static void a_stopped_ring_has_told_of_all_replies(void **state)
{
	enum { ROUNDS = 1000, DELAYS = 50 };
	struct vm *vm = *state;
	uint16_t before = 0, base;

	tell_ring(vm, SHORT);
	put_getattr(vm, 0);
	for (int i = 0; i < ROUNDS; i++, before = base) {
		tell_start(vm);
		tell_state(vm, VHOST_GET_VRING_BASE, 0);
		for (uint64_t start = clock_ns(); clock_ns() - start < i % DELAYS * 1000u;)
			;
		offer(vm, 0, (uint16_t)(before + SHORT - vm->avail->idx));
		base = (uint16_t)take_base(vm);
		assert_int_equal(used(vm), base);
		assert_int_equal(can_read(vm->call), base != before);
		if (base != before)
			wait_for_call(vm);
	}
}

/* Where it was located as a short one there is no memory for the long one. */
static void a_ring_that_grows_must_be_in_memory(void **state)
{
	struct vm *vm = *state;

	tell_ring(vm, SHORT);
	tell_state(vm, VHOST_SET_VRING_NUM, SIZE);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	tell_start(vm);
	assert_int_equal(get_base(vm), 0);
	assert_int_equal(used(vm), 0);
}

/* A guest that always has more to do must not keep the front-end waiting. */
static void a_busy_ring_can_be_stopped(void **state)
{
	struct vm *vm = *state;
	struct fuse_read_in in = {.size = 1 << 20};
	struct fuse_fallocate_in grow = {.length = 1 << 20};
	uint64_t nodeid;
	uint32_t base;

	client_put_file(&vm->client, "file", "x");
	nodeid = client_nodeid(&vm->client, FUSE_ROOT_ID, "file");
	in.fh = open_file(&vm->client, nodeid);
	grow.fh = in.fh;
	assert_int_equal(
		client_send(&vm->client, FUSE_FALLOCATE, nodeid, &grow, sizeof(grow), NULL, 0), 0);
	tell_ring(vm, SIZE);
	put_request(vm, 0, FUSE_READ, nodeid, &in, sizeof(in));
	tell_start(vm);
	offer(vm, 0, SIZE);
	wait_for_call(vm);
	base = get_base(vm);
	assert_in_range(base, 1, SIZE - 1);
	assert_int_equal(used(vm), base);
}

/* Who gives the channel for requests of ours later finds the queues at work as before. */
static void a_channel_may_come_later(void **state)
{
	struct vm *vm = *state;
	int sockets[2];

	tell_ring(vm, SHORT);
	tell_start(vm);
	put_getattr(vm, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
		tell(vm, VHOST_SET_BACKEND_REQ_FD, NULL, 0, sockets[1]);
		let_it_be_done(vm);
		close(sockets[1]);
		offer(vm, 0, 1);
		wait_until_used(vm, (uint16_t)(i + 1));
		close(sockets[0]);
	}
}

/* ---- Messages ---------------------------------------------------------------------------------------- */

static void half_a_message_does_not_keep_the_daemon(void **state)
{
	const uint32_t half[] = {VHOST_GET_FEATURES, VHOST_VERSION};
	const uint64_t one = 1;
	struct vm *vm = *state;
	int unread;

	let_it_be_done(vm);
	assert_int_equal(write(vm->socket, half, sizeof(half)), sizeof(half));
	/* Until the device has begun to read it. */
	do
		assert_int_equal(ioctl(vm->socket, SIOCOUTQ, &unread), 0);
	while (unread);
	assert_int_equal(write(vm->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(vm->device, NULL);
	assert_int_equal(vm->result, -ECANCELED);
	close(vm->socket);
	vm->socket = -1;
}

/* The daemon is told to end. */
static void stop(struct vm *vm, int expected)
{
	const uint64_t one = 1;

	assert_int_equal(write(vm->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(vm->device, NULL);
	assert_int_equal(vm->result, expected);
	close(vm->socket);
	vm->socket = -1;
}

static void a_front_end_that_reads_nothing_does_not_keep_the_daemon(void **state)
{
	const struct vhost_header header = {VHOST_GET_SHMEM_CONFIG, VHOST_VERSION, 0};
	struct vm *vm = *state;

	/* Each answer has 2 KiB: there is no room for so many. */
	for (int i = 0; i < 4096; i++) {
		if (send(vm->socket, &header, sizeof(header), MSG_DONTWAIT) < 0)
			break;
	}
	usleep(100 * 1000);
	stop(vm, -ECANCELED);
}

/* ---- Descriptors of the front-end's -------------------------------------------------------------- */

static bool is_taken(struct vm *vm, uint32_t request, int fd)
{
	const struct vhost_header header = {request, VHOST_VERSION | VHOST_NEED_REPLY, 8};
	const uint64_t queue = 0;
	struct vhost_message answer;

	assert_int_equal(vhost_send(vm->socket, -1, -1, &header, &queue, fd), 0);
	assert_int_equal(vhost_receive(vm->socket, -1, &answer), 0);
	return !answer.payload.u64;
}

static void only_eventfds_are_taken(void **state)
{
	const uint64_t reply_ack = VHOST_PROTOCOL_REPLY_ACK;
	struct vm *vm = *state;
	int fds[2];

	tell(vm, VHOST_SET_PROTOCOL_FEATURES, &reply_ack, sizeof(reply_ack), -1);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_false(is_taken(vm, VHOST_SET_VRING_CALL, fds[1]));
	assert_false(is_taken(vm, VHOST_SET_VRING_KICK, fds[0]));
	assert_false(is_taken(vm, VHOST_SET_VRING_ERR, vm->socket));
	assert_true(is_taken(vm, VHOST_SET_VRING_CALL, vm->call));
	assert_true(is_taken(vm, VHOST_SET_VRING_KICK, vm->kick));
	close(fds[0]);
	close(fds[1]);
}

/* A reply that was seen may be told of before that, or after. */
static void fill(int eventfd)
{
	const uint64_t most = UINT64_MAX - 1;
	uint64_t told;

	while (write(eventfd, &most, sizeof(most)) != sizeof(most)) {
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(read(eventfd, &told, sizeof(told)), sizeof(told));
	}
}

static void await_used(const struct vm *vm, uint16_t n)
{
	while (used(vm) != n)
		usleep(1000);
}

static void serve_full_counter(struct vm *vm)
{
	tell_ring(vm, SHORT);
	fill(vm->call);
	tell_start(vm);
	put_getattr(vm, 0);
	for (uint16_t i = 1; i <= 3; i++) {
		offer(vm, 0, 1);
		await_used(vm, i);
	}
}

/* Its own eventfd blocks, and nobody reads it. */
static void a_full_counter_does_not_stop_a_queue(void **state)
{
	struct vm *vm = *state;

	close(vm->call);
	vm->call = eventfd(0, EFD_CLOEXEC);
	serve_full_counter(vm);
	assert_int_equal(fcntl(vm->call, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(get_base(vm), 3);
	leave(vm);
}

/* It did not block when the daemon got it. */
static void a_counter_that_comes_to_block_does_not_keep_the_daemon(void **state)
{
	struct vm *vm = *state;

	close(vm->call);
	vm->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tell_ring(vm, SHORT);
	tell_start(vm);
	fill(vm->call);
	assert_int_equal(fcntl(vm->call, F_SETFL, 0), 0);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	await_used(vm, 1);
	usleep(50 * 1000);
	/* Both want the queue's lock. */
	tell_state(vm, VHOST_SET_VRING_ENABLE, 1);
	let_it_be_done(vm);
	offer(vm, 0, 1);
	await_used(vm, 2);
	usleep(50 * 1000);
	assert_int_equal(get_base(vm), 2);
	stop(vm, -ECANCELED);
}

static void memory_that_is_cut_ends_the_connection(void **state)
{
	struct vm *vm = *state;

	/* In the test itself: before and after it, cmocka has a handler of its own. */
	munmap(vm->bytes, REGION);
	close(vm->memory);
	tell_memory(vm);
	tell_ring(vm, SHORT);
	tell_start(vm);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	wait_until_used(vm, 1);
	assert_int_equal(ftruncate(vm->memory, 0), 0);
	assert_int_equal(write(vm->kick, &(uint64_t){1}, 8), 8);
	pthread_join(vm->device, NULL);
	assert_int_equal(vm->result, 0);
	close(vm->socket);
	vm->socket = -1;
}

/* ---- Questions to the front-end -------------------------------------------------------------------- */

struct asker {
	struct vm *vm;
	uint64_t nodeid;
	int result;
	pthread_t thread;
};

static void *ask_for_chunk(void *data)
{
	struct asker *asker = data;
	struct fuse_setupmapping_in in = {.len = 2 << 20, .flags = 1};

	asker->result = client_send(&asker->vm->client, FUSE_SETUPMAPPING, asker->nodeid, &in,
				    sizeof(in), NULL, 0);
	return NULL;
}

static void *remove_chunk(void *data)
{
	struct asker *asker = data;
	struct {
		struct fuse_removemapping_in in;
		struct fuse_removemapping_one one;
	} __attribute__((packed)) remove = {.in = {.count = 1}, .one = {.len = 2 << 20}};

	asker->result = client_send(&asker->vm->client, FUSE_REMOVEMAPPING, asker->nodeid, &remove,
				    sizeof(remove), NULL, 0);
	return NULL;
}

/* A window, and a file for it. The channel for questions, or -1: no view here. */
static int open_window(struct vm *vm, struct asker *asker, uint64_t more_features)
{
	const uint64_t features = VHOST_PROTOCOL_REPLY_ACK | VHOST_PROTOCOL_BACKEND_REQ |
				  VHOST_PROTOCOL_SHMEM | more_features;
	struct vhost_message message;
	struct fuse_init_out out;
	int sockets[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	tell(vm, VHOST_SET_PROTOCOL_FEATURES, &features, sizeof(features), -1);
	tell(vm, VHOST_SET_BACKEND_REQ_FD, NULL, 0, sockets[1]);
	close(sockets[1]);
	tell(vm, VHOST_GET_SHMEM_CONFIG, NULL, 0, -1);
	assert_int_equal(vhost_receive(vm->socket, -1, &message), 0);
	assert_int_equal(client_init(&vm->client, UINT64_MAX, &out), 0);
	if (!vm->client.share->dax.window) {
		close(sockets[0]);
		return -1;
	}
	client_put_file(&vm->client, "file", "content");
	*asker = (struct asker){vm, client_nodeid(&vm->client, FUSE_ROOT_ID, "file"), 0, 0};
	return sockets[0];
}

static void assert_asked(int channel, uint32_t request)
{
	struct vhost_message message;

	assert_int_equal(vhost_receive(channel, -1, &message), 0);
	assert_int_equal(message.header.request, request);
	vhost_message_close(&message);
}

/* Status can be asked, and the daemon ends, long before the daemon would give up waiting. */
static void a_question_without_an_answer_does_not_keep_the_daemon(void **state)
{
	struct vm *vm = *state;
	struct window_stats stats;
	struct asker asker;
	int channel = open_window(vm, &asker, VHOST_PROTOCOL_BACKEND_SEND_FD);

	if (channel < 0)
		return;
	assert_int_equal(pthread_create(&asker.thread, NULL, ask_for_chunk, &asker), 0);
	assert_asked(channel, VHOST_BACKEND_SHMEM_MAP);
	window_stats(vm->client.share->window, &stats);
	assert_int_equal(stats.mapped_chunks, 0);
	stop(vm, -ECANCELED);
	pthread_join(asker.thread, NULL);
	close(channel);
}

static void answer(int channel, uint32_t request, uint64_t value)
{
	const struct vhost_header header = {request, VHOST_VERSION | VHOST_REPLY, 8};

	assert_int_equal(vhost_send(channel, -1, -1, &header, &value, -1), 0);
}

/* By the ring; and the front-end has the question, which it does not answer yet. */
static void ask_to_map(struct vm *vm, const struct asker *asker, int channel)
{
	const struct fuse_setupmapping_in in = {.len = 2 << 20, .flags = 1};

	tell_ring(vm, SHORT);
	tell_start(vm);
	put_request(vm, 0, FUSE_SETUPMAPPING, asker->nodeid, &in, sizeof(in));
	offer(vm, 0, 1);
	assert_asked(channel, VHOST_BACKEND_SHMEM_MAP);
}

/* A front-end that gives a queue another eventfd waits for that, and answers only then. */
static void a_queue_gets_another_kick_amid_a_question(void **state)
{
	const uint64_t queue = 0;
	struct vm *vm = *state;
	struct asker asker;
	int channel = open_window(vm, &asker, VHOST_PROTOCOL_BACKEND_SEND_FD);

	if (channel < 0)
		return;
	ask_to_map(vm, &asker, channel);
	tell(vm, VHOST_SET_VRING_KICK, &queue, sizeof(queue), vm->kick);
	let_it_be_done(vm);
	assert_int_equal(used(vm), 1);
	assert_int_equal(reply_error(vm), 0);
	stop(vm, -ECANCELED);
	close(channel);
}

/*
 * QEMU stops the queue while it is asked to map, and answers that later: the guest is told that
 * it is mapped, and what is asked next gets the answer to that.
 */
static void a_queue_is_stopped_amid_a_question(void **state)
{
	struct vm *vm = *state;
	struct asker asker;
	int channel = open_window(vm, &asker, VHOST_PROTOCOL_SHARED_OBJECT);

	if (channel < 0)
		return;
	ask_to_map(vm, &asker, channel);
	assert_int_equal(get_base(vm), 1);
	assert_int_equal(used(vm), 1);
	assert_int_equal(reply_error(vm), 0);
	/* The barrier behind it was asked in the same hurry. */
	assert_asked(channel, VHOST_BACKEND_SHARED_OBJECT_REMOVE);
	answer(channel, VHOST_BACKEND_SHMEM_MAP, 0);
	answer(channel, VHOST_BACKEND_SHARED_OBJECT_REMOVE, 0);
	/* The next one is refused. */
	assert_int_equal(pthread_create(&asker.thread, NULL, remove_chunk, &asker), 0);
	assert_asked(channel, VHOST_BACKEND_SHMEM_UNMAP);
	answer(channel, VHOST_BACKEND_SHMEM_UNMAP, 1);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.result, -EIO);
	stop(vm, -ECANCELED);
	close(channel);
}

/* crosvm ends its device when it is told of what it has not acknowledged. */
static void a_front_end_without_shared_objects_is_asked_for_none(void **state)
{
	struct vm *vm = *state;
	struct asker asker;
	int channel = open_window(vm, &asker, 0);

	if (channel < 0)
		return;
	assert_int_equal(pthread_create(&asker.thread, NULL, ask_for_chunk, &asker), 0);
	assert_asked(channel, VHOST_BACKEND_SHMEM_MAP);
	answer(channel, VHOST_BACKEND_SHMEM_MAP, 0);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.result, 0);
	assert_int_equal(pthread_create(&asker.thread, NULL, remove_chunk, &asker), 0);
	assert_asked(channel, VHOST_BACKEND_SHMEM_UNMAP);
	answer(channel, VHOST_BACKEND_SHMEM_UNMAP, 0);
	pthread_join(asker.thread, NULL);
	assert_int_equal(asker.result, 0);
	stop(vm, -ECANCELED);
	close(channel);
}

static unsigned int folders_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;
	const struct dirent *entry;
	struct stat st;

	while ((entry = readdir(dir))) {
		if (!fstatat(dirfd(dir), entry->d_name, &st, 0) && S_ISDIR(st.st_mode))
			n++;
	}
	closedir(dir);
	return n;
}

/* A front-end must not put a way out of the share into the daemon's hands. */
static void a_folder_is_refused_in_any_message(void **state)
{
	static const uint32_t requests[] = {VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL,
					    VHOST_SET_VRING_ERR, VHOST_SET_MEM_TABLE,
					    VHOST_SET_BACKEND_REQ_FD, VHOST_GET_FEATURES};
	const uint64_t queue = 0;

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		struct vm *vm;
		int folder = open("/", i % 2 ? O_PATH | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
		unsigned int before;

		if (i)
			setup(state);
		vm = *state;
		let_it_be_done(vm);
		before = folders_open();
		tell(vm, requests[i], &queue, sizeof(queue), folder);
		pthread_join(vm->device, NULL);
		assert_int_equal(vm->result, -EPROTO);
		assert_int_equal(folders_open(), before);
		close(folder);
		close(vm->socket);
		vm->socket = -1;
		if (i + 1 < sizeof(requests) / sizeof(*requests))
			teardown(state);
	}
}

/* ---- Descriptors ------------------------------------------------------------------------------------- */

enum { MOST_FDS = 1024 };

static struct rlimit rlimit_before;

static int setup_few_fds(void **state)
{
	struct rlimit few;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &rlimit_before), 0);
	few = rlimit_before;
	few.rlim_cur = MOST_FDS;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	return setup(state);
}

static int teardown_few_fds(void **state)
{
	teardown(state);
	return setrlimit(RLIMIT_NOFILE, &rlimit_before);
}

static const char *name_of(int i)
{
	static char name[16];

	snprintf(name, sizeof(name), "%d", i);
	return name;
}

/* Look up files until there is an error, which is returned. Each takes a descriptor. */
static int take_all_fds(struct client *client)
{
	struct fuse_entry_out entry;
	int err = 0;

	for (int i = 0; i < MOST_FDS; i++)
		client_put_file(client, name_of(i), "0123456789");
	for (int i = 0; i < MOST_FDS && !err; i++)
		err = client_lookup(client, FUSE_ROOT_ID, name_of(i), &entry);
	return err;
}

/* Or any of the guest's users could take the device away from all. */
static void a_guest_that_takes_all_descriptors_can_be_told_of_its_memory(void **state)
{
	const struct vhost_memory table = {.n_regions = 1, .regions = {{GUEST, REGION, USER, 0}}};
	struct vm *vm = *state;

	tell_ring(vm, SHORT);
	tell_start(vm);
	assert_int_equal(take_all_fds(&vm->client), -EMFILE);
	tell(vm, VHOST_SET_MEM_TABLE, &table, sizeof(table), vm->memory);
	let_it_be_done(vm);
	put_getattr(vm, 0);
	offer(vm, 0, 1);
	wait_until_used(vm, 1);
	assert_int_equal(reply_error(vm), 0);
}

static void what_can_not_be_opened_is_not_cut_or_made(void **state)
{
	const struct fuse_create_in create = {.flags = O_RDWR | O_CREAT, .mode = 0644};
	struct vm *vm = *state;
	uint64_t nodeid, fh;
	struct stat st;

	client_put_file(&vm->client, "file", "0123456789");
	nodeid = client_nodeid(&vm->client, FUSE_ROOT_ID, "file");
	assert_int_equal(take_all_fds(&vm->client), -EMFILE);
	assert_int_equal(client_open_file(&vm->client, nodeid, O_RDWR | O_TRUNC, &fh), -EMFILE);
	assert_int_equal(fstatat(vm->client.dirfd, "file", &st, 0), 0);
	assert_int_equal(st.st_size, 10);
	assert_int_equal(client_call(&vm->client, FUSE_CREATE, FUSE_ROOT_ID, &create,
				     sizeof(create), "new", NULL, NULL, 0),
			 -EMFILE);
	assert_int_equal(fstatat(vm->client.dirfd, "new", &st, 0), -1);
}

/* ---- Requests that wait ------------------------------------------------------------------------------ */

/* One that waits, since another owner has the lock. */
static void wait_for_lock(struct vm *vm)
{
	struct fuse_lk_in in = {.owner = 1, .lk = {0, 9, F_WRLCK, 0}};
	uint64_t nodeid;

	client_put_file(&vm->client, "file", "0123456789");
	nodeid = client_nodeid(&vm->client, FUSE_ROOT_ID, "file");
	in.fh = open_file(&vm->client, nodeid);
	assert_int_equal(client_send(&vm->client, FUSE_SETLK, nodeid, &in, sizeof(in), NULL, 0), 0);
	in.owner = 2;
	tell_ring(vm, SHORT);
	tell_start(vm);
	put_request(vm, 0, FUSE_SETLKW, nodeid, &in, sizeof(in));
	put_getattr(vm, 1);
	offer(vm, 0, 1);
	/* When the next one is done, this one was taken. */
	offer(vm, 1, 1);
	wait_until_used(vm, 1);
}

/* Who answers is stuck with one queue's counter, and it is another queue that is to stop. */
static void an_answer_that_is_stuck_does_not_keep_the_daemon(void **state)
{
	const struct vhost_vring_state other = {1, 0};
	struct fuse_lk_in unlock = {.owner = 1, .lk = {0, 9, F_UNLCK, 0}};
	struct vm *vm = *state;
	uint64_t nodeid;

	close(vm->call);
	vm->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wait_for_lock(vm);
	nodeid = client_nodeid(&vm->client, FUSE_ROOT_ID, "file");
	unlock.fh = open_file(&vm->client, nodeid);
	fill(vm->call);
	assert_int_equal(fcntl(vm->call, F_SETFL, 0), 0);
	assert_int_equal(
		client_send(&vm->client, FUSE_SETLK, nodeid, &unlock, sizeof(unlock), NULL, 0), 0);
	await_used(vm, 2);
	usleep(50 * 1000);
	tell(vm, VHOST_GET_VRING_BASE, &other, sizeof(other), -1);
	assert_int_equal(take_base(vm), 0);
	stop(vm, -ECANCELED);
}

static void who_waits_is_answered_before_the_ring_stops(void **state)
{
	struct vm *vm = *state;

	wait_for_lock(vm);
	assert_int_equal(get_base(vm), 2);
	assert_int_equal(used(vm), 2);
	assert_int_equal(reply_error(vm), -EINTR);
}

static void who_waits_is_forgotten_with_the_device(void **state)
{
	struct vm *vm = *state;

	wait_for_lock(vm);
	leave(vm);
}

static void a_guest_that_has_gone_holds_nothing(void **state)
{
	struct vm *vm = *state;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct fuse_attr attr;
	int fd;

	wait_for_lock(vm);
	leave(vm);
	fd = openat(vm->client.dirfd, "file", O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	close(fd);
	assert_int_equal(client_getattr(&vm->client, FUSE_ROOT_ID, &attr), -EIO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FDS_TEST(name) cmocka_unit_test_setup_teardown(name, setup_few_fds, teardown_few_fds)
#define WINDOW_TEST(name) cmocka_unit_test_setup_teardown(name, setup_window, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_ring_is_served),
		TEST(a_ring_that_makes_no_sense_is_given_up_and_counted),
		TEST(replies_are_told_of_together),
		TEST(the_guest_is_told_before_what_takes_long),
		TEST(a_stopped_ring_has_told_of_all_replies),
		TEST(a_ring_that_grows_must_be_in_memory),
		TEST(a_busy_ring_can_be_stopped),
		TEST(a_channel_may_come_later),
		TEST(half_a_message_does_not_keep_the_daemon),
		TEST(a_front_end_that_reads_nothing_does_not_keep_the_daemon),
		TEST(only_eventfds_are_taken),
		TEST(a_full_counter_does_not_stop_a_queue),
		TEST(a_counter_that_comes_to_block_does_not_keep_the_daemon),
		TEST(memory_that_is_cut_ends_the_connection),
		WINDOW_TEST(a_question_without_an_answer_does_not_keep_the_daemon),
		WINDOW_TEST(a_queue_is_stopped_amid_a_question),
		WINDOW_TEST(a_queue_gets_another_kick_amid_a_question),
		WINDOW_TEST(a_front_end_without_shared_objects_is_asked_for_none),
		TEST(a_folder_is_refused_in_any_message),
		FDS_TEST(a_guest_that_takes_all_descriptors_can_be_told_of_its_memory),
		FDS_TEST(what_can_not_be_opened_is_not_cut_or_made),
		TEST(who_waits_is_answered_before_the_ring_stops),
		TEST(who_waits_is_forgotten_with_the_device),
		TEST(an_answer_that_is_stuck_does_not_keep_the_daemon),
		TEST(a_guest_that_has_gone_holds_nothing),
	};
	int failed;

	failed = cmocka_run_group_tests_name("asleep", tests, NULL, NULL);

	poll_us = 500;
	return failed + cmocka_run_group_tests_name("watching", tests, NULL, NULL);
}
