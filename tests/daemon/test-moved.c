/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-moved.c - a LOOKUP is under way while its name is moved or removed by another queue: what
 * the daemon knows of the name afterwards is what the host has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse_client.h"
#include "inode.h"
#include "share.h"

static struct client *client;
static struct client other;	/* the same guest, by another queue */
static void (*meanwhile)(void); /* right after this name was looked up on the host */
static const char *watched;

int __real_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx);
int __wrap_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx);

int __wrap_statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	int result = __real_statx(dirfd, path, flags, mask, stx);
	void (*now)(void) = meanwhile;

	if (now && strcmp(path, watched) == 0) {
		meanwhile = NULL;
		now();
	}
	return result;
}

static void move(void)
{
	struct fuse_rename_in in = {.newdir = FUSE_ROOT_ID};

	assert_int_equal(client_call(&other, FUSE_RENAME, FUSE_ROOT_ID, &in, sizeof(in), "old",
				     "new", NULL, 0),
			 0);
}

static void remove_name(void)
{
	assert_int_equal(
		client_call(&other, FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "old", NULL, NULL, 0), 0);
}

static void expect_path(uint64_t nodeid, const char *path)
{
	struct inode *inode = inode_get(client->share, nodeid);
	char *known = inode_path(client->share, inode);

	if (path) {
		assert_non_null(known);
		assert_string_equal(known, path);
	} else {
		assert_null(known);
	}
	free(known);
	inode_put(client->share, inode);
}

static void begin(void **state)
{
	client = *state;
	other = *client;
	meanwhile = NULL;
	watched = "old";
	client_put_file(client, "old", "x");
}

static void a_lookup_does_not_bring_a_moved_name_back(void **state)
{
	uint64_t nodeid;

	begin(state);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "old");
	meanwhile = move;
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "old"), nodeid);
	expect_path(nodeid, "/new");
}

static void what_has_another_name_keeps_that(void **state)
{
	uint64_t nodeid;
	struct inode *inode;

	begin(state);
	assert_int_equal(linkat(client->dirfd, "old", client->dirfd, "other", 0), 0);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "old");
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "other"), nodeid);
	meanwhile = remove_name;
	assert_int_equal(client_nodeid(client, FUSE_ROOT_ID, "old"), nodeid);
	expect_path(nodeid, "/other");
	inode = inode_get(client->share, nodeid);
	assert_int_equal(inode->n_others, 0);
	inode_put(client->share, inode);
}

static void move_back_on_the_host(void)
{
	assert_int_equal(renameat(client->dirfd, "new", client->dirfd, "old"), 0);
}

/* What the guest renames was not there yet when it was looked for, but where it is to go. */
static void what_the_host_moves_meanwhile_keeps_a_name(void **state)
{
	uint64_t nodeid;

	begin(state);
	assert_int_equal(renameat(client->dirfd, "old", client->dirfd, "new"), 0);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "new");
	watched = "new";
	meanwhile = move_back_on_the_host;
	move();
	assert_null(meanwhile);
	expect_path(nodeid, "/new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_lookup_does_not_bring_a_moved_name_back,
						client_setup, client_teardown),
		cmocka_unit_test_setup_teardown(what_has_another_name_keeps_that, client_setup,
						client_teardown),
		cmocka_unit_test_setup_teardown(what_the_host_moves_meanwhile_keeps_a_name,
						client_setup, client_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
