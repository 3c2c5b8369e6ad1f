/* SPDX-License-Identifier: BSD-3-Clause */
/* test-reset.c - a guest's session ends: what it knew is forgotten, and nobody waits for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#include "fuse_client.h"
#include "inode.h"
#include "inode_table.h"
#include "share.h"

enum { FILES = 1500, MOST_AT_ONCE = 1024 };

static bool watched;
static uint64_t last_known, most_at_once;

/* Of inodes that nobody can reach any more. The table is free for others meanwhile. */
void __wrap_inode_fd_release(struct inode_table *table, struct inode *inode);
void __real_inode_fd_release(struct inode_table *table, struct inode *inode);
void __wrap_inode_fd_release(struct inode_table *table, struct inode *inode)
{
	if (watched) {
		assert_int_equal(pthread_mutex_trylock(&table->lock), 0);
		if (last_known - table->n_inodes > most_at_once)
			most_at_once = last_known - table->n_inodes;
		last_known = table->n_inodes;
		pthread_mutex_unlock(&table->lock);
	}
	__real_inode_fd_release(table, inode);
}

/* Each may have a descriptor. */
static void need_descriptors(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < FILES + 100)
		skip();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A guest can know millions: who wants to know something of the daemon is not to wait for them. */
static void others_come_in_between(void **state)
{
	struct client *client = *state;
	char name[16];

	need_descriptors();
	for (int i = 0; i < FILES; i++) {
		sprintf(name, "%d", i);
		client_put_file(client, name, "");
		client_nodeid(client, FUSE_ROOT_ID, name);
	}
	last_known = inode_count(client->share);
	assert_int_equal(last_known, FILES + 1);
	watched = true;
	inode_table_reset(client->share);
	watched = false;
	assert_int_equal(inode_count(client->share), 1);
	assert_in_range(most_at_once, 1, MOST_AT_ONCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(others_come_in_between, client_setup,
						client_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
