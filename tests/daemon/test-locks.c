/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-locks.c - requests that wait for locks are answered once each, whatever the guest does
 * meanwhile; and locks as a hostile guest may ask for them. Who waits is answered by a thread
 * that is started for that, by pthread_create().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fuse_client.h"
#include "handle.h"
#include "lock_ranges.h"
#include "locks.h"
#include "request.h"
#include "share.h"

enum { PENDING = 1 };

/* A request that may be answered later, on another thread. */
struct asked {
	char in[sizeof(struct fuse_in_header) + sizeof(struct fuse_lk_in)];
	struct fuse_out_header out;
	pthread_mutex_t lock;
	pthread_cond_t done;
	unsigned int replies;
};

static int setup(void **state)
{
	static struct client client;

	client_make(&client);
	client.settings.posix_lock = true;
	client.settings.flock = true;
	client_open(&client);
	client_put_file(&client, "file", "0123456789");
	*state = &client;
	return 0;
}

static uint64_t file(struct client *client)
{
	return client_nodeid(client, FUSE_ROOT_ID, "file");
}

static uint64_t open_file(struct client *client, uint64_t nodeid)
{
	uint64_t fh;

	assert_int_equal(client_open_file(client, nodeid, O_RDWR, &fh), 0);
	return fh;
}

static struct fuse_lk_in lock_in(uint64_t fh, uint64_t owner, uint32_t type, uint64_t start,
				 uint64_t end)
{
	return (struct fuse_lk_in){.fh = fh, .owner = owner, .lk = {start, end, type, 0}};
}

static int set(struct client *client, uint64_t nodeid, struct fuse_lk_in in)
{
	return client_send(client, FUSE_SETLK, nodeid, &in, sizeof(in), NULL, 0);
}

static int set_flock(struct client *client, uint64_t nodeid, uint64_t fh, uint32_t type)
{
	struct fuse_lk_in in = lock_in(fh, 0, type, 0, 0);

	in.lk_flags = FUSE_LK_FLOCK;
	return set(client, nodeid, in);
}

/* ---- Asking and waiting ------------------------------------------------------------------------- */

static void on_done(struct request *request, size_t len)
{
	struct asked *asked = request->transport;

	assert_int_equal(len, sizeof(asked->out));
	pthread_mutex_lock(&asked->lock);
	asked->replies++;
	pthread_cond_signal(&asked->done);
	pthread_mutex_unlock(&asked->lock);
}

static struct asked *ask(struct client *client, uint64_t nodeid, struct fuse_lk_in in,
			 uint64_t unique)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	struct fuse_in_header header = {
		.len = sizeof(asked->in),
		.opcode = FUSE_SETLKW,
		.unique = unique,
		.nodeid = nodeid,
	};
	struct iovec *iov = calloc(2, sizeof(*iov));
	struct request *request = calloc(1, sizeof(*request));

	memcpy(asked->in, &header, sizeof(header));
	memcpy(asked->in + sizeof(header), &in, sizeof(in));
	pthread_mutex_init(&asked->lock, NULL);
	pthread_cond_init(&asked->done, NULL);
	iov[0] = (struct iovec){asked->in, sizeof(asked->in)};
	iov[1] = (struct iovec){&asked->out, sizeof(asked->out)};
	request->share = client->share;
	request->in = (struct iov_cursor){iov, 1, sizeof(asked->in)};
	request->out = (struct iov_cursor){iov + 1, 1, sizeof(asked->out)};
	request->done = on_done;
	request->transport = asked;
	serve(request);
	/* As a transport does: all but the reply's place is used anew. */
	free(request);
	free(iov);
	return asked;
}

static int answer_now(struct asked *asked)
{
	int answer;

	pthread_mutex_lock(&asked->lock);
	answer = asked->replies ? asked->out.error : PENDING;
	pthread_mutex_unlock(&asked->lock);
	return answer;
}

/* Wait for it, and that there was only one is checked when all is over. */
static int answer(struct asked *asked)
{
	pthread_mutex_lock(&asked->lock);
	while (!asked->replies)
		pthread_cond_wait(&asked->done, &asked->lock);
	assert_int_equal(asked->replies, 1);
	pthread_mutex_unlock(&asked->lock);
	return asked->out.error;
}

static void forget(struct asked *asked)
{
	assert_int_equal(asked->replies, 1);
	pthread_mutex_destroy(&asked->lock);
	pthread_cond_destroy(&asked->done);
	free(asked);
}

/* ---- Waiting -------------------------------------------------------------------------------------- */

static void test_an_unlock_answers_who_waits(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct asked *asked;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	asked = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 5, 20), 1000);
	assert_int_equal(answer_now(asked), PENDING);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_UNLCK, 5, 9)), 0);
	assert_int_equal(answer(asked), 0);
	assert_int_equal(asked->out.unique, 1000);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 5, 9)), -EAGAIN);
	forget(asked);
}

static void test_a_flush_answers_who_waits(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct fuse_flush_in flush = {.fh = fh, .lock_owner = 1};
	struct asked *asked;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	asked = ask(client, nodeid, lock_in(fh, 2, F_RDLCK, 0, 0), 1000);
	assert_int_equal(client_send(client, FUSE_FLUSH, nodeid, &flush, sizeof(flush), NULL, 0),
			 0);
	assert_int_equal(answer(asked), 0);
	forget(asked);
}

/*
 * One thread of a process waits, another closes the file: the wait goes on, and what it gets can
 * be unlocked.
 */
static void test_a_flush_of_who_waits(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct fuse_flush_in flush = {.fh = fh, .lock_owner = 2};
	struct asked *asked;

	assert_int_equal(set(client, nodeid, lock_in(fh, 2, F_WRLCK, 100, 109)), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	asked = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 0, 9), 1000);
	assert_int_equal(client_send(client, FUSE_FLUSH, nodeid, &flush, sizeof(flush), NULL, 0),
			 0);
	assert_int_equal(answer_now(asked), PENDING);
	assert_int_equal(set(client, nodeid, lock_in(fh, 3, F_WRLCK, 100, 109)), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_UNLCK, 0, 9)), 0);
	assert_int_equal(answer(asked), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 3, F_WRLCK, 0, 9)), -EAGAIN);
	assert_int_equal(set(client, nodeid, lock_in(fh, 2, F_UNLCK, 0, 9)), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 3, F_WRLCK, 0, 9)), 0);
	forget(asked);
}

static void interrupt(struct client *client, uint64_t unique)
{
	struct fuse_interrupt_in in = {unique};

	assert_int_equal(client_send(client, FUSE_INTERRUPT, 0, &in, sizeof(in), NULL, 0),
			 CLIENT_NO_REPLY);
}

static void test_an_interrupt(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct asked *first, *second;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	first = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 0, 9), 1000);
	second = ask(client, nodeid, lock_in(fh, 3, F_WRLCK, 0, 9), 1002);
	interrupt(client, 1002);
	assert_int_equal(answer_now(second), -EINTR);
	assert_int_equal(answer_now(first), PENDING);
	/* One that comes before its request, for it was another thread that took it. */
	interrupt(client, 1004);
	forget(second);
	second = ask(client, nodeid, lock_in(fh, 4, F_WRLCK, 0, 9), 1004);
	assert_int_equal(answer_now(second), -EINTR);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_UNLCK, 0, 9)), 0);
	assert_int_equal(answer(first), 0);
	forget(first);
	forget(second);
}

static void test_a_reset_answers_all(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	uint64_t other = open_file(client, nodeid);
	struct fuse_lk_in flock = lock_in(other, 0, F_WRLCK, 0, 0);
	struct asked *asked[20];
	int fd;

	flock.lk_flags = FUSE_LK_FLOCK;
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	assert_int_equal(set_flock(client, nodeid, fh, F_WRLCK), 0);
	for (int i = 0; i < 10; i++) {
		asked[2 * i] = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 0, 9), 1000);
		asked[2 * i + 1] = ask(client, nodeid, flock, 1000);
	}
	serve_reset(client->share);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(answer_now(asked[i]), -EINTR);
		forget(asked[i]);
	}
	/* Nothing is locked any more. */
	fd = openat(client->dirfd, "file", O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK}), 0);
	close(fd);
}

/* Who has closed the file does not wait for its locks; a guest's kernel never asks for that. */
static void test_a_release_of_who_waits(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct fuse_release_in release = {.fh = fh};
	struct asked *asked;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	asked = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 0, 9), 1000);
	assert_int_equal(
		client_send(client, FUSE_RELEASE, nodeid, &release, sizeof(release), NULL, 0), 0);
	assert_int_equal(answer(asked), -EINTR);
	forget(asked);
}

static void test_waiting_has_an_end(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct asked *asked[2000];
	int n = 0;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), 0);
	do
		asked[n++] = ask(client, nodeid, lock_in(fh, 2, F_WRLCK, 0, 9), 1000);
	while (n < 2000 && answer_now(asked[n - 1]) == PENDING);
	assert_int_equal(answer_now(asked[n - 1]), -ENOLCK);
	assert_int_equal(n, 1025);
	serve_reset(client->share);
	while (n)
		forget(asked[--n]);
}

/* ---- Hostile requests -------------------------------------------------------------------------------- */

static void test_bad_ranges(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 10, 9)), -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, UINT64_MAX)), -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 1ull << 63, UINT64_MAX)),
			 -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, 3, 0, 9)), -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, UINT32_MAX, 0, 9)), -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh + 1, 1, F_WRLCK, 0, 9)), -EBADF);
	assert_int_equal(set_flock(client, nodeid, fh, 3), -EINVAL);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, INT64_MAX, INT64_MAX)), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, INT64_MAX)), 0);
	assert_int_equal(set(client, nodeid, lock_in(fh, 2, F_UNLCK, 0, INT64_MAX)), 0);
}

static void test_getlk(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct fuse_lk_in in = lock_in(fh, 2, F_WRLCK, 0, INT64_MAX);
	struct fuse_lk_out out;
	int got;

	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_RDLCK, 3, INT64_MAX)), 0);
	assert_int_equal(
		client_send(client, FUSE_GETLK, nodeid, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	assert_int_equal(out.lk.type, F_RDLCK);
	assert_int_equal(out.lk.start, 3);
	assert_int_equal(out.lk.end, INT64_MAX);
	/* What the owner has himself: kernels before 6.5 can't tell. */
	in.lk.type = F_UNLCK;
	got = client_send(client, FUSE_GETLK, nodeid, &in, sizeof(in), &out, sizeof(out));
	assert_true(got == -EINVAL || (got == sizeof(out) && out.lk.type == F_UNLCK));
	in.owner = 1;
	in.lk.type = F_WRLCK;
	assert_int_equal(
		client_send(client, FUSE_GETLK, nodeid, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	assert_int_equal(out.lk.type, F_UNLCK);
}

static void test_options(void **state)
{
	struct client *client = *state;
	uint64_t nodeid, fh;

	share_free(client->share);
	client->settings.posix_lock = false;
	client_open(client);
	nodeid = file(client);
	fh = open_file(client, nodeid);
	assert_int_equal(set(client, nodeid, lock_in(fh, 1, F_WRLCK, 0, 9)), -ENOSYS);
	assert_int_equal(set_flock(client, nodeid, fh, F_WRLCK), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, client_teardown)

/* ---- Very many ------------------------------------------------------------------------------------ */

static unsigned int looks;

const struct lock_range *__real_lock_ranges_in_way(const struct lock_ranges *ranges,
						   const struct flock *lock, unsigned int *steps);
const struct lock_range *__wrap_lock_ranges_in_way(const struct lock_ranges *ranges,
						   const struct flock *lock, unsigned int *steps);

const struct lock_range *__wrap_lock_ranges_in_way(const struct lock_ranges *ranges,
						   const struct flock *lock, unsigned int *steps)
{
	looks++;
	return __real_lock_ranges_in_way(ranges, lock, steps);
}

/* Many wait for many, and all of them are looked at when one who waits gets another lock. */
static void test_who_looks_for_circles_comes_to_an_end(void **state)
{
	enum { MANY = 300 };
	struct client *client = *state;
	uint64_t nodeid = file(client), fh = open_file(client, nodeid);
	struct asked *asked[MANY];
	uint64_t other;

	client_put_file(client, "other", "0123456789");
	other = client_nodeid(client, FUSE_ROOT_ID, "other");
	for (uint64_t i = 1; i <= MANY; i++)
		assert_int_equal(set(client, nodeid, lock_in(fh, i, F_RDLCK, 0, 0)), 0);
	for (uint64_t i = 0; i < MANY; i++)
		asked[i] = ask(client, nodeid, lock_in(fh, 1000 + i, F_WRLCK, 0, 0), 1000 + i);
	looks = 0;
	assert_int_equal(set(client, other, lock_in(open_file(client, other), 1000, F_WRLCK, 0, 9)),
			 0);
	assert_in_range(looks, 1, MANY * MANY / 10);
	for (uint64_t i = 1; i <= MANY; i++)
		assert_int_equal(set(client, nodeid, lock_in(fh, i, F_UNLCK, 0, 0)), 0);
	for (uint64_t i = 0; i < MANY; i++) {
		assert_int_equal(answer(asked[i]), 0);
		assert_int_equal(set(client, nodeid, lock_in(fh, 1000 + i, F_UNLCK, 0, 9)), 0);
		forget(asked[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_unlock_answers_who_waits),
		TEST(test_a_flush_answers_who_waits),
		TEST(test_a_flush_of_who_waits),
		TEST(test_an_interrupt),
		TEST(test_a_reset_answers_all),
		TEST(test_a_release_of_who_waits),
		TEST(test_waiting_has_an_end),
		TEST(test_bad_ranges),
		TEST(test_getlk),
		TEST(test_options),
		TEST(test_who_looks_for_circles_comes_to_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
