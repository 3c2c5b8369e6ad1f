/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-threads.c - several queues at once: threads look the same names up, rename and forget
 * them, while sessions end. For the thread sanitizer, and for the counts at the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuse_client.h"
#include "inode.h"
#include "request.h"
#include "share.h"

enum { N_THREADS = 4, N_FILES = 64, N_ROUNDS = 2000 };

struct worker {
	struct client client; /* its own, of the same share */
	pthread_t thread;
	unsigned int seed;
	bool resets;
};

static int client_new(void **state, enum file_handles_mode mode)
{
	static struct client client;
	struct rlimit limit, low;

	client_make(&client);
	client.settings.file_handles = mode;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 64;
	/* So that few descriptors are kept, and they are closed and made again all the time. */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	client_open(&client);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < N_FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		client_put_file(&client, name, "x");
	}
	client_put_dir(&client, "dir");
	*state = &client;
	return 0;
}

static int setup_descriptors(void **state)
{
	return client_new(state, HANDLES_NEVER);
}

static int setup_handles(void **state)
{
	return client_new(state, HANDLES_PREFER);
}

static void rename_one(struct client *client, const char *name, const char *new_name)
{
	struct fuse_rename_in in = {.newdir = FUSE_ROOT_ID};

	client_call(client, FUSE_RENAME, FUSE_ROOT_ID, &in, sizeof(in), name, new_name, NULL, 0);
}

static void link_one(struct client *client, uint64_t nodeid, const char *name)
{
	struct fuse_link_in in = {nodeid};
	struct fuse_entry_out entry;

	if (client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), name, NULL, &entry,
			sizeof(entry)) > 0)
		client_forget(client, entry.nodeid, 1);
}

/* Anything may fail here, since the others change the same files: but nothing may break. */
static void do_one(struct client *client, unsigned int *seed)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	char name[16], other[16];

	snprintf(name, sizeof(name), "%d", rand_r(seed) % N_FILES);
	snprintf(other, sizeof(other), "%d", rand_r(seed) % N_FILES);
	if (client_lookup(client, FUSE_ROOT_ID, name, &entry))
		return;
	client_getattr(client, entry.nodeid, &attr);
	if (rand_r(seed) % 16 == 0)
		rename_one(client, name, other);
	if (rand_r(seed) % 16 == 0)
		link_one(client, entry.nodeid, other);
	client_forget(client, entry.nodeid, 1);
}

static void *run(void *data)
{
	struct worker *worker = data;
	struct fuse_init_out out;

	for (int i = 0; i < N_ROUNDS; i++) {
		if (worker->resets && i % 100 == 99)
			assert_int_equal(client_init(&worker->client, UINT64_MAX, &out), 0);
		do_one(&worker->client, &worker->seed);
	}
	return NULL;
}

static void run_all(struct client *client, bool resets)
{
	struct worker workers[N_THREADS];

	for (int i = 0; i < N_THREADS; i++) {
		workers[i] = (struct worker){*client, 0, (unsigned int)i + 1, resets && i == 0};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

static void all_is_forgotten_in_the_end(void **state)
{
	struct client *client = *state;

	run_all(client, false);
	assert_int_equal(inode_count(client->share), 1);
}

static void sessions_may_end_in_between(void **state)
{
	struct client *client = *state;

	run_all(client, true);
	inode_table_reset(client->share);
	assert_int_equal(inode_count(client->share), 1);
}

#define TEST(name, setup)                                                 \
	{                                                                 \
#name " (" #setup ")", name, setup, client_teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_is_forgotten_in_the_end, setup_descriptors),
		TEST(all_is_forgotten_in_the_end, setup_handles),
		TEST(sessions_may_end_in_between, setup_descriptors),
		TEST(sessions_may_end_in_between, setup_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
