/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-polling.c - queues that are watched before their threads sleep: a guest that kicks only
 * when it is asked to is served always; one that is slow or idle is not waited for; and what
 * decides for how long. The device is served by a thread, as by pthread_create().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../frontend/frontend.h"
#include "../frontend/request.h"
#include "fuse_client.h"
#include "polling.h"
#include "share.h"
#include "virtq.h"
#include "vhost_user.h"
#include "worker.h"

enum { LIMIT_US = 50, REQUESTS = 20000 };

struct vm {
	struct client client; /* the share */
	struct frontend fe;
	struct frontend_options options;
	struct request *request; /* a GETATTR of the root */
	char socket[300];
	int listener, stop_fd;
	pthread_t device;
	cpu_set_t cpus; /* of the test, before it changed them */
};

/* ---- The guest ----------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void be_busy(uint64_t us)
{
	uint64_t end = now_ns() + us * 1000;

	while (now_ns() < end)
		;
}

static void make_request(struct vm *vm)
{
	const struct fuse_in_header header = {
		.len = sizeof(header) + sizeof(struct fuse_getattr_in),
		.opcode = FUSE_GETATTR,
		.unique = 2,
		.nodeid = FUSE_ROOT_ID,
	};

	vm->request = request_new(&vm->fe, 4096, 4096);
	assert_non_null(vm->request);
	memcpy(vm->request->in, &header, sizeof(header));
	vm->request->in_len = header.len;
	vm->request->out_len = sizeof(struct fuse_out_header) + sizeof(struct fuse_attr_out);
}

/* One that gets no answer fails when the front-end's time is over. */
static void ask(struct vm *vm)
{
	struct vq *vq = &vm->fe.vqs[FRONTEND_REQUESTS];

	assert_int_equal(request_add(vm->request, vq), 0);
	assert_int_equal(request_wait(vm->request, vq), 0);
	assert_int_equal(vm->request->written, vm->request->out_len);
}

static uint64_t looks(const struct vm *vm)
{
	struct worker_sums sums;

	worker_sum(vm->client.share, &sums);
	assert_true(sums.finds <= sums.looks);
	return sums.looks;
}

/* ---- Setting up ---------------------------------------------------------------------------------- */

static void *serve_device(void *data)
{
	struct vm *vm = data;
	int socket = accept(vm->listener, NULL, NULL);

	vhost_user_serve(vm->client.share, socket, vm->stop_fd);
	return NULL;
}

static void listen_for_front_end(struct vm *vm)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(vm->socket, sizeof(vm->socket), "%s/socket", vm->client.dir);
	assert_in_range(strlen(vm->socket), 1, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, vm->socket);
	vm->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(vm->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(vm->listener, 1), 0);
}

/* A device that watches its queues for at most so long, and a guest with or without events. */
static void start(struct vm *vm, unsigned int limit_us, bool event_idx)
{
	vm->client.settings.poll_us = limit_us;
	client_open(&vm->client);
	listen_for_front_end(vm);
	vm->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&vm->device, NULL, serve_device, vm), 0);
	vm->options = (struct frontend_options){
		.socket = vm->socket,
		.no_event_idx = !event_idx,
		.timeout_ms = 10000,
	};
	assert_int_equal(frontend_start(&vm->fe, &vm->options), 0);
	make_request(vm);
}

static int setup(void **state)
{
	static struct vm vm;

	memset(&vm, 0, sizeof(vm));
	client_make(&vm.client);
	sched_getaffinity(0, sizeof(vm.cpus), &vm.cpus);
	*state = &vm;
	return 0;
}

static int teardown(void **state)
{
	struct vm *vm = *state;

	request_free(vm->request);
	frontend_stop(&vm->fe);
	pthread_join(vm->device, NULL);
	close(vm->listener);
	close(vm->stop_fd);
	sched_setaffinity(0, sizeof(vm->cpus), &vm->cpus);
	client_free(&vm->client);
	return 0;
}

/* ---- No kick is lost ------------------------------------------------------------------------------- */

/* The guest comes back about when the thread goes to sleep; at times, long after it did. */
static void ask_around_the_limit(struct vm *vm, int n)
{
	unsigned int seed = 1;

	for (int i = 0; i < n; i++) {
		be_busy((unsigned int)rand_r(&seed) % (2 * LIMIT_US));
		if (i % 128 == 0)
			usleep((unsigned int)rand_r(&seed) % 1000);
		ask(vm);
	}
}

static void no_kick_is_lost_with_events(void **state)
{
	start(*state, LIMIT_US, true);
	ask_around_the_limit(*state, REQUESTS);
}

static void no_kick_is_lost_with_flags(void **state)
{
	start(*state, LIMIT_US, false);
	ask_around_the_limit(*state, REQUESTS);
}

static void no_kick_is_lost_without_polling(void **state)
{
	start(*state, 0, true);
	ask_around_the_limit(*state, REQUESTS / 4);
	assert_int_equal(looks(*state), 0);
}

static void no_kick_is_lost_without_polling_or_events(void **state)
{
	start(*state, 0, false);
	ask_around_the_limit(*state, REQUESTS / 4);
}

/*
 * In between: the guest offers a request at the very moment at which the thread, about to sleep,
 * asks for kicks: just before that, when it still need not kick, or just after.
 */
static struct {
	_Atomic(struct vm *) vm; /* NULL: nothing is to be done */
	struct request *request;
	bool after;
	uint16_t at; /* so many chains must have been taken */
	int err;
	atomic_bool ready, done; /* the guest's thread waits; the request was offered */
} ambush;

void __real_virtq_want_kicks(struct virtq *vq, bool want);
void __wrap_virtq_want_kicks(struct virtq *vq, bool want);

static void offer_in_ambush(struct vm *vm)
{
	struct vq *vq = &vm->fe.vqs[FRONTEND_REQUESTS];

	atomic_store(&ambush.vm, NULL);
	ambush.err = request_add(ambush.request, vq);
	vq_kick(vq);
	atomic_store(&ambush.done, true);
}

/* On the queue's thread, while the guest's waits for it to be done. */
void __wrap_virtq_want_kicks(struct virtq *vq, bool want)
{
	struct vm *vm = atomic_load(&ambush.vm);
	bool now = want && vm && vq->last_avail == ambush.at &&
		   (uintptr_t)vm->fe.vqs[FRONTEND_REQUESTS].avail == vq->avail_user;
	bool after = now && ambush.after;

	while (now && !atomic_load(&ambush.ready))
		usleep(10);
	if (now && !after)
		offer_in_ambush(vm);
	__real_virtq_want_kicks(vq, want);
	if (after)
		offer_in_ambush(vm);
}

static void ask_in_ambush(struct vm *vm, unsigned int limit_us, bool event_idx, bool after)
{
	struct request *first;
	struct vq *vq;

	start(vm, limit_us, event_idx);
	vq = &vm->fe.vqs[FRONTEND_REQUESTS];
	first = vm->request;
	make_request(vm);
	for (int i = 0; i < 20; i++) {
		/* When the first one is served, and the thread is about to sleep again. */
		atomic_store(&ambush.done, false);
		atomic_store(&ambush.ready, false);
		ambush.request = vm->request;
		ambush.after = after;
		ambush.at = (uint16_t)(vq->avail_idx + 1);
		atomic_store(&ambush.vm, vm);
		assert_int_equal(request_add(first, vq), 0);
		vq_kick(vq);
		atomic_store(&ambush.ready, true);
		while (!atomic_load(&ambush.done))
			usleep(100);
		assert_int_equal(ambush.err, 0);
		assert_int_equal(request_wait(vm->request, vq), 0);
		assert_true(first->done);
		/* So that it sleeps, and is woken by a kick. */
		usleep(1000);
	}
	request_free(first);
}

static void no_kick_is_lost_just_before_sleep(void **state)
{
	ask_in_ambush(*state, 0, true, false);
}

static void no_kick_is_lost_just_before_sleep_with_flags(void **state)
{
	ask_in_ambush(*state, LIMIT_US, false, false);
}

static void no_kick_is_lost_as_sleep_begins(void **state)
{
	ask_in_ambush(*state, LIMIT_US, true, true);
}

static void no_kick_is_lost_as_sleep_begins_with_flags(void **state)
{
	ask_in_ambush(*state, 0, false, true);
}

/* The front-end waits for it, and times out if the thread does not see that it is to end. */
static void stop_and_go_on(struct vm *vm, bool event_idx)
{
	uint16_t base;

	start(vm, 1000, event_idx);
	for (int i = 0; i < 100; i++) {
		const struct vq *vq = &vm->fe.vqs[FRONTEND_REQUESTS];

		for (int j = 0; j < 20; j++)
			ask(vm);
		assert_int_equal(frontend_stop_queue(&vm->fe, FRONTEND_REQUESTS, &base), 0);
		assert_int_equal(base, vq->avail_idx);
		/* Whoever serves the ring next may wait for a kick. */
		assert_int_equal(vq->used->flags, 0);
		assert_int_equal(frontend_start_queue(&vm->fe, FRONTEND_REQUESTS, base), 0);
	}
}

static void a_queue_that_is_watched_can_be_stopped(void **state)
{
	stop_and_go_on(*state, true);
}

static void a_queue_that_is_watched_can_be_stopped_with_flags(void **state)
{
	stop_and_go_on(*state, false);
}

/* ---- What it costs ----------------------------------------------------------------------------------- */

static void a_guest_that_is_quick_is_waited_for(void **state)
{
	struct vm *vm = *state;

	if (CPU_COUNT(&vm->cpus) < 2)
		skip();
	start(vm, 1000, true);
	/* Until it has been: that is soon, but the machine may be busy with something else. */
	while (looks(vm) == 0)
		ask(vm);
}

static void a_guest_that_is_slow_is_not_waited_for(void **state)
{
	struct vm *vm = *state;

	start(vm, LIMIT_US, true);
	for (int i = 0; i < 100; i++) {
		usleep(2000);
		ask(vm);
	}
	/* None, were it not for a busy machine, which stops the thread where it thinks it waits. */
	assert_in_range(looks(vm), 0, 50);
}

static void an_idle_guest_costs_nothing(void **state)
{
	struct timespec before, after;
	struct vm *vm = *state;
	uint64_t n;

	start(vm, LIMIT_US, true);
	ask_around_the_limit(vm, 1000);
	/* On a busy machine, it may take a while until the thread sleeps. */
	do {
		n = looks(vm);
		usleep(50000);
	} while (looks(vm) != n);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	usleep(500000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_int_equal(looks(vm), n);
	/* A thread that went on looking would have used half a second. */
	assert_in_range((after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec -
				before.tv_nsec,
			0, 20000000);
}

/* There, the guest can't do anything while it is waited for. */
static void one_processor_is_left_to_the_guest(void **state)
{
	struct vm *vm = *state;
	cpu_set_t one;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &vm->cpus))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	start(vm, 1000, true);
	for (int i = 0; i < 5000; i++)
		ask(vm);
	assert_int_equal(looks(vm), 0);
}

/* ---- For how long --------------------------------------------------------------------------------------- */

static void the_time_grows_up_to_the_limit(void **state)
{
	struct pollers pollers = {0};
	struct polling polling;

	(void)state;
	polling_init(&polling, &pollers, 30);
	assert_int_equal(polling.time, 0);
	for (int i = 0; i < 10; i++)
		polling_learn(&polling, 30000);
	assert_int_equal(polling.time, 30000);
	/* Found by looking: as long as it takes is right. */
	polling_learn(&polling, 100);
	assert_int_equal(polling.time, 30000);
}

static void the_time_shrinks_to_nothing(void **state)
{
	struct pollers pollers = {0};
	struct polling polling;

	(void)state;
	polling_init(&polling, &pollers, 30);
	for (int i = 0; i < 10; i++)
		polling_learn(&polling, 20000);
	assert_in_range(polling.time, 20000, 30000);
	for (int i = 0; i < 10; i++)
		polling_learn(&polling, 31000);
	assert_int_equal(polling.time, 0);
	assert_false(polling_begin(&polling, 1));
}

static void nothing_is_looked_for_with_a_limit_of_nothing(void **state)
{
	struct pollers pollers = {0};
	struct polling polling;

	(void)state;
	polling_init(&polling, &pollers, 0);
	for (int i = 0; i < 10; i++)
		polling_learn(&polling, 0);
	assert_false(polling_begin(&polling, 1));
	assert_int_equal(polling_now(&polling), 0);
}

/* As if it could run on so many processors. */
static struct polling ready(struct pollers *pollers, unsigned int cpus)
{
	struct polling polling;

	polling_init(&polling, pollers, 30);
	polling.time = 30000;
	polling.counted = 1;
	polling.cpus = cpus;
	return polling;
}

static void one_processor_is_left_to_who_is_waited_for(void **state)
{
	struct pollers pollers = {0};
	struct polling a = ready(&pollers, 3), b = a, c = a;

	(void)state;
	assert_true(polling_begin(&a, 2));
	assert_true(polling_begin(&b, 2));
	assert_false(polling_begin(&c, 2));
	polling_end(&a, 10, true);
	assert_true(polling_begin(&c, 2));
}

static void looks_in_vain_must_be_paid_for(void **state)
{
	struct pollers pollers = {0};
	struct polling polling = ready(&pollers, 2);
	uint64_t now = 2;
	int n = 0;

	(void)state;
	for (; polling_begin(&polling, now) && n < 1000; n++)
		polling_end(&polling, 30000, false);
	assert_in_range(n, 1, 100);
	/* Not soon, and not for long. */
	now += 1000000;
	assert_false(polling_begin(&polling, now));
	now += 5000000;
	assert_true(polling_begin(&polling, now));
	polling_end(&polling, 30000, false);
	assert_false(polling_begin(&polling, now));
	/* One that pays off lets others be in vain. */
	now += 10000000;
	for (int i = 0; i < 3; i++) {
		assert_true(polling_begin(&polling, now));
		polling_end(&polling, 10, true);
	}
	assert_true(polling_begin(&polling, now));
	polling_end(&polling, 30000, false);
	assert_true(polling_begin(&polling, now));
	polling_end(&polling, 30000, false);
}

static void a_processor_that_is_wanted_by_others_is_left_to_them(void **state)
{
	struct pollers pollers = {0};
	struct polling polling = ready(&pollers, 2);
	uint64_t now = 2;

	(void)state;
	assert_true(polling_begin(&polling, now));
	/* A look of 30 us took 3 ms, since the thread was not running. */
	polling_end(&polling, 3000000, false);
	now += 300000000;
	assert_false(polling_begin(&polling, now));
	/* However long it was, it is forgotten within two seconds. */
	polling_end(&polling, UINT64_MAX, false);
	now += 2000000000;
	polling.counted = now;
	polling.cpus = 2;
	pollers.n = 0;
	assert_true(polling_begin(&polling, now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_kick_is_lost_with_events),
		TEST(no_kick_is_lost_with_flags),
		TEST(no_kick_is_lost_without_polling),
		TEST(no_kick_is_lost_without_polling_or_events),
		TEST(no_kick_is_lost_just_before_sleep),
		TEST(no_kick_is_lost_just_before_sleep_with_flags),
		TEST(no_kick_is_lost_as_sleep_begins),
		TEST(no_kick_is_lost_as_sleep_begins_with_flags),
		TEST(a_queue_that_is_watched_can_be_stopped),
		TEST(a_queue_that_is_watched_can_be_stopped_with_flags),
		TEST(a_guest_that_is_quick_is_waited_for),
		TEST(a_guest_that_is_slow_is_not_waited_for),
		TEST(an_idle_guest_costs_nothing),
		TEST(one_processor_is_left_to_the_guest),
		cmocka_unit_test(the_time_grows_up_to_the_limit),
		cmocka_unit_test(the_time_shrinks_to_nothing),
		cmocka_unit_test(nothing_is_looked_for_with_a_limit_of_nothing),
		cmocka_unit_test(one_processor_is_left_to_who_is_waited_for),
		cmocka_unit_test(looks_in_vain_must_be_paid_for),
		cmocka_unit_test(a_processor_that_is_wanted_by_others_is_left_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
