/* SPDX-License-Identifier: BSD-3-Clause */
/* test-handle.c - the numbers of open files: counted, never mistaken, bounded, any thread's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse_client.h"
#include "handle.h"
#include "inode.h"
#include "share.h"

/* A descriptor, of which can be told whether it was closed. */
static int some_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static struct inode *file_inode(struct client *client)
{
	struct inode *inode;

	client_put_file(client, "file", "x");
	inode = inode_get(client->share, client_nodeid(client, FUSE_ROOT_ID, "file"));
	assert_non_null(inode);
	return inode;
}

static uint64_t open_one(struct client *client, struct inode *inode, int fd)
{
	uint64_t fh;

	assert_int_equal(handle_new(client->share, inode, fd, false, &fh), 0);
	return fh;
}

static void test_a_handle_lives_while_it_is_used(void **state)
{
	struct client *client = *state;
	struct inode *inode = file_inode(client);
	int fd = some_fd();
	uint64_t fh = open_one(client, inode, fd);
	struct handle *handle = handle_get(client->share, fh, inode, false);

	assert_non_null(handle);
	assert_int_equal(handle->fd, fd);
	assert_int_equal(inode->opens, 1);
	assert_true(handle_release(client->share, fh, inode->nodeid, false));
	assert_int_equal(inode->opens, 0);
	assert_true(is_open(fd));
	assert_null(handle_get(client->share, fh, inode, false));
	handle_put(client->share, handle);
	assert_false(is_open(fd));
	inode_put(client->share, inode);
}

static void test_a_number_is_good_for_one_thing(void **state)
{
	struct client *client = *state;
	struct share *share = client->share;
	struct inode *inode = file_inode(client);
	struct inode *root = inode_get(share, FUSE_ROOT_ID);
	uint64_t fh = open_one(client, inode, some_fd());

	assert_null(handle_get(share, fh, root, false));
	assert_null(handle_get(share, fh, inode, true));
	assert_null(handle_get_of(share, fh, FUSE_ROOT_ID, false));
	assert_false(handle_release(share, fh, FUSE_ROOT_ID, false));
	assert_false(handle_release(share, fh, inode->nodeid, true));
	assert_null(handle_get(share, fh ^ 1ull << 32, NULL, false));
	assert_null(handle_get(share, fh + 1, NULL, false));
	assert_null(handle_get(share, (uint32_t)fh, NULL, false));
	assert_null(handle_get(share, 0, NULL, false));
	assert_null(handle_get(share, UINT64_MAX, NULL, false));
	assert_true(handle_release(share, fh, inode->nodeid, false));
	assert_false(handle_release(share, fh, inode->nodeid, false));
	inode_put(share, root);
	inode_put(share, inode);
}

static void test_a_slot_gets_another_number(void **state)
{
	struct client *client = *state;
	struct inode *inode = file_inode(client);
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t fh = open_one(client, inode, some_fd());

		assert_int_not_equal(fh, last);
		assert_null(handle_get(client->share, last, NULL, false));
		assert_true(handle_release(client->share, fh, inode->nodeid, false));
		last = fh;
	}
	inode_put(client->share, inode);
}

static void test_a_reset_closes_all(void **state)
{
	struct client *client = *state;
	struct inode *inode = file_inode(client);
	int fds[200];

	for (int i = 0; i < 200; i++) {
		fds[i] = some_fd();
		open_one(client, inode, fds[i]);
	}
	assert_int_equal(inode->opens, 200);
	handle_table_reset(client->share, client->share->handles);
	assert_int_equal(inode->opens, 0);
	for (int i = 0; i < 200; i++)
		assert_false(is_open(fds[i]));
	inode_put(client->share, inode);
}

static void test_a_retired_file_is_not_opened(void **state)
{
	struct client *client = *state;
	struct inode *inode = file_inode(client);
	int fd = some_fd();
	uint64_t fh;

	inode_lock(client->share, inode);
	inode_retire(client->share, inode);
	inode_unlock(client->share, inode);
	assert_int_equal(handle_new(client->share, inode, fd, false, &fh), -ESTALE);
	assert_true(is_open(fd));
	assert_int_equal(inode->opens, 0);
	close(fd);
	inode_put(client->share, inode);
}

/* Some descriptors must be left for what else the daemon has to do. */
static void test_there_is_an_end(void **state)
{
	struct client client;
	struct rlimit old, few = {.rlim_cur = 200};
	struct inode *inode;
	int opened = 0, err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	client_make(&client);
	client_open(&client);
	inode = file_inode(&client);
	do {
		uint64_t fh;
		int fd = some_fd();

		err = handle_new(client.share, inode, fd, false, &fh);
		if (err)
			close(fd);
		else
			opened++;
	} while (!err);
	assert_int_equal(err, -ENFILE);
	assert_int_equal(opened, 150);
	assert_int_equal(inode->opens, opened);
	inode_put(client.share, inode);
	client_free(&client);
	setrlimit(RLIMIT_NOFILE, &old);
}

/* ---- Threads -------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 2000 };

struct worker_data {
	struct client *client;
	struct inode *inode;
	_Atomic uint64_t *last; /* a number of whoever: it may be released at any moment */
};

static void *open_and_release(void *data)
{
	struct worker_data *worker = data;
	struct share *share = worker->client->share;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t fh = open_one(worker->client, worker->inode, some_fd());
		struct handle *other;

		other = handle_get(share, atomic_exchange(worker->last, fh), NULL, false);
		assert_true(handle_release(share, fh, worker->inode->nodeid, false));
		if (other) {
			assert_true(is_open(other->fd));
			handle_put(share, other);
		}
	}
	return NULL;
}

static void test_threads(void **state)
{
	_Atomic uint64_t last = 0;
	struct worker_data data = {*state, file_inode(*state), &last};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_release, &data), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(data.inode->opens, 0);
	inode_put(data.client->share, data.inode);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_handle_lives_while_it_is_used),
		TEST(test_a_number_is_good_for_one_thing),
		TEST(test_a_slot_gets_another_number),
		TEST(test_a_reset_closes_all),
		TEST(test_a_retired_file_is_not_opened),
		cmocka_unit_test(test_there_is_an_end),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
