/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-readdir.c - folders are read in full, and no name twice, however small the guest's
 * buffers are and whatever happens to the folder meanwhile; and READDIRPLUS counts its lookups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse_client.h"
#include "inode.h"
#include "share.h"

enum { MANY = 3000 };

static uint64_t open_dir(struct client *client, uint64_t nodeid)
{
	struct fuse_open_in in = {0};
	struct fuse_open_out out;

	assert_int_equal(
		client_send(client, FUSE_OPENDIR, nodeid, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	return out.fh;
}

static int release_dir(struct client *client, uint64_t nodeid, uint64_t fh)
{
	struct fuse_release_in in = {.fh = fh};

	return client_send(client, FUSE_RELEASEDIR, nodeid, &in, sizeof(in), NULL, 0);
}

static int read_dir(struct client *client, uint32_t opcode, uint64_t nodeid, uint64_t fh,
		    uint64_t offset, void *buffer, uint32_t size)
{
	struct fuse_read_in in = {.fh = fh, .offset = offset, .size = size};

	return client_send(client, opcode, nodeid, &in, sizeof(in), buffer, size);
}

/* What was told: how often each "N" was, and how often all else. */
struct seen {
	unsigned int files[MANY];
	unsigned int dots, others, entries;
	uint64_t offset; /* of the last one */
	struct fuse_entry_out attributes;
};

static void see(struct seen *seen, const char *name, size_t len)
{
	char text[NAME_MAX + 1];
	char *end;
	long number;

	memcpy(text, name, len);
	text[len] = '\0';
	number = strtol(text, &end, 10);
	seen->entries++;
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		seen->dots++;
	else if (!*end && number >= 0 && number < MANY)
		seen->files[number]++;
	else
		seen->others++;
}

/* One reply. The buffer need not be aligned. */
static void see_all(struct seen *seen, const char *buffer, int size, int plus)
{
	for (int at = 0; at < size;) {
		struct fuse_dirent entry;
		int head = plus ? (int)sizeof(struct fuse_entry_out) : 0;
		int whole;

		assert_true(size - at >= head + (int)FUSE_NAME_OFFSET);
		if (plus)
			memcpy(&seen->attributes, buffer + at, sizeof(seen->attributes));
		memcpy(&entry, buffer + at + head, FUSE_NAME_OFFSET);
		whole = (int)FUSE_REC_ALIGN((size_t)head + FUSE_NAME_OFFSET + entry.namelen);
		assert_true(entry.namelen > 0 && whole <= size - at);
		see(seen, buffer + at + head + FUSE_NAME_OFFSET, entry.namelen);
		seen->offset = entry.off;
		at += whole;
	}
}

/* Read on from where `seen` is. Returns the size of the reply. */
static int read_more(struct client *client, uint32_t opcode, uint64_t nodeid, uint64_t fh,
		     uint32_t size, struct seen *seen)
{
	char buffer[65536];
	int got = read_dir(client, opcode, nodeid, fh, seen->offset, buffer, size);

	assert_true(got >= 0);
	see_all(seen, buffer, got, opcode == FUSE_READDIRPLUS);
	return got;
}

static void put_many(struct client *client, int first, int end)
{
	char path[32];

	for (int i = first; i < end; i++) {
		snprintf(path, sizeof(path), "dir/%d", i);
		client_put_file(client, path, "");
	}
}

static uint64_t make_dir(struct client *client, int files)
{
	client_put_dir(client, "dir");
	put_many(client, 0, files);
	return client_nodeid(client, FUSE_ROOT_ID, "dir");
}

static void check_each_once(const struct seen *seen, int files)
{
	for (int i = 0; i < files; i++)
		assert_int_equal(seen->files[i], 1);
	assert_int_equal(seen->dots, 2);
	assert_int_equal(seen->others, 0);
	assert_int_equal(seen->entries, files + 2);
}

/* ---- Buffers --------------------------------------------------------------------------------- */

static void try_sizes(struct client *client, uint32_t opcode, uint32_t least)
{
	const uint32_t sizes[] = {least, least + 1, least + 60, 511,  1000,
				  4096,	 5000,	    32768,	65536};
	uint64_t nodeid = make_dir(client, 400);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint64_t fh = open_dir(client, nodeid);
		struct seen seen = {0};

		while (read_more(client, opcode, nodeid, fh, sizes[i], &seen))
			;
		check_each_once(&seen, 400);
		assert_int_equal(release_dir(client, nodeid, fh), 0);
	}
}

static void test_readdir_sizes(void **state)
{
	try_sizes(*state, FUSE_READDIR, 32);
}

static void test_readdirplus_sizes(void **state)
{
	try_sizes(*state, FUSE_READDIRPLUS, 160);
}

/* An empty reply would be the end of the folder. */
static void test_no_room_is_an_error(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 1);
	uint64_t fh = open_dir(client, nodeid);
	char buffer[256];

	assert_int_equal(read_dir(client, FUSE_READDIR, nodeid, fh, 0, buffer, 31), -EINVAL);
	assert_int_equal(read_dir(client, FUSE_READDIRPLUS, nodeid, fh, 0, buffer, 159), -EINVAL);
	assert_int_equal(read_dir(client, FUSE_READDIR, nodeid, fh, 0, buffer, 0), -EINVAL);
}

/* The size that the guest asks for may be more than it gave room for. */
static void test_the_room_is_what_was_given(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 400);
	struct fuse_read_in in = {.fh = open_dir(client, nodeid), .size = UINT32_MAX};
	struct seen seen = {0};
	char buffer[700];
	int got;

	while ((got = client_send(client, FUSE_READDIRPLUS, nodeid, &in, sizeof(in), buffer,
				  sizeof(buffer))) > 0) {
		see_all(&seen, buffer, got, 1);
		in.offset = seen.offset;
	}
	assert_int_equal(got, 0);
	check_each_once(&seen, 400);
}

/* ---- Positions --------------------------------------------------------------------------------- */

static void test_any_position_again(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 200);
	uint64_t fh = open_dir(client, nodeid);
	struct seen seen = {0};

	for (int round = 0; round < 8; round++) {
		struct seen again = {0};
		uint64_t from;

		read_more(client, FUSE_READDIR, nodeid, fh, 700, &seen);
		from = seen.offset;
		/* Somewhere else, with the same descriptor. */
		read_more(client, FUSE_READDIRPLUS, nodeid, fh, 2000, &again);
		seen.offset = from;
	}
	while (read_more(client, FUSE_READDIR, nodeid, fh, 700, &seen))
		;
	check_each_once(&seen, 200);
}

static void test_a_rewind_sees_what_is_new(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 3);
	uint64_t fh = open_dir(client, nodeid);
	struct seen first = {0}, second = {0};

	while (read_more(client, FUSE_READDIR, nodeid, fh, 4096, &first))
		;
	check_each_once(&first, 3);
	put_many(client, 3, 5);
	while (read_more(client, FUSE_READDIR, nodeid, fh, 4096, &second))
		;
	check_each_once(&second, 5);
}

static void test_bad_positions(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 3);
	uint64_t fh = open_dir(client, nodeid);
	char buffer[4096];

	assert_int_equal(read_dir(client, FUSE_READDIR, nodeid, fh, UINT64_MAX, buffer, 4096),
			 -EINVAL);
	assert_int_equal(read_dir(client, FUSE_READDIR, nodeid, fh, 1ull << 63, buffer, 4096),
			 -EINVAL);
	assert_int_equal(read_dir(client, FUSE_READDIR, nodeid, fh + 1, 0, buffer, 4096), -EBADF);
	assert_int_equal(read_dir(client, FUSE_READDIR, FUSE_ROOT_ID, fh, 0, buffer, 4096), -EBADF);
}

/* ---- A folder that changes ------------------------------------------------------------------------ */

/* What is there all the time is told once; what comes and goes, once at most. */
static void try_changes(struct client *client, uint32_t opcode)
{
	uint64_t nodeid = make_dir(client, MANY / 2);
	uint64_t fh = open_dir(client, nodeid);
	struct seen seen = {0};
	char path[32];
	int removed = 1, added = MANY / 2;

	while (read_more(client, opcode, nodeid, fh, 1500, &seen)) {
		if (added < MANY)
			put_many(client, added, added + 5);
		added += 5;
		for (int i = 0; i < 5 && removed < MANY / 2; i++, removed += 2) {
			snprintf(path, sizeof(path), "dir/%d", removed);
			assert_int_equal(unlinkat(client->dirfd, path, 0), 0);
		}
	}
	for (int i = 0; i < MANY; i++)
		assert_true(seen.files[i] <= 1);
	for (int i = 0; i < MANY / 2; i += 2)
		assert_int_equal(seen.files[i], 1);
}

static void test_changes(void **state)
{
	try_changes(*state, FUSE_READDIR);
}

static void test_changes_plus(void **state)
{
	try_changes(*state, FUSE_READDIRPLUS);
}

/* ---- Attributes and lookups ------------------------------------------------------------------------- */

static void test_plus_looks_up(void **state)
{
	struct client *client = *state;
	struct share *share = client->share;
	uint64_t nodeid = make_dir(client, 50);
	uint64_t fh = open_dir(client, nodeid);
	uint64_t known = inode_count(share);
	struct fuse_entry_out entry;
	struct seen seen = {0};

	while (read_more(client, FUSE_READDIRPLUS, nodeid, fh, 1000, &seen))
		;
	check_each_once(&seen, 50);
	assert_int_equal(inode_count(share), known + 50);
	for (int i = 0; i < 50; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(client_lookup(client, nodeid, name, &entry), 0);
		client_forget(client, entry.nodeid, 2);
	}
	assert_int_equal(inode_count(share), known);
	release_dir(client, nodeid, fh);
}

static void test_plus_has_the_attributes_of_lookup(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = make_dir(client, 0);
	uint64_t fh = open_dir(client, nodeid);
	struct fuse_entry_out entry;
	struct seen seen = {0};

	client_put_file(client, "dir/7", "seven bytes");
	do {
		assert_true(read_more(client, FUSE_READDIRPLUS, nodeid, fh, 170, &seen));
		if (seen.dots && !seen.files[7])
			assert_int_equal(seen.attributes.nodeid, 0);
	} while (!seen.files[7]);
	assert_int_equal(client_lookup(client, nodeid, "7", &entry), 0);
	assert_memory_equal(&seen.attributes, &entry, sizeof(entry));
	assert_int_equal(entry.attr.size, 11);
}

/* Where the share lies on the host is not told. */
static void test_above_the_root_is_the_root(void **state)
{
	struct client *client = *state;
	uint64_t fh = open_dir(client, FUSE_ROOT_ID);
	char buffer[4096];
	struct stat st;
	int size = read_dir(client, FUSE_READDIR, FUSE_ROOT_ID, fh, 0, buffer, sizeof(buffer));

	assert_int_equal(fstat(client->dirfd, &st), 0);
	assert_int_equal(size, 2 * 32);
	for (int i = 0; i < 2; i++) {
		uint64_t ino;

		memcpy(&ino, buffer + i * 32, sizeof(ino));
		assert_int_equal(ino, st.st_ino);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_readdir_sizes),
		TEST(test_readdirplus_sizes),
		TEST(test_no_room_is_an_error),
		TEST(test_the_room_is_what_was_given),
		TEST(test_any_position_again),
		TEST(test_a_rewind_sees_what_is_new),
		TEST(test_bad_positions),
		TEST(test_changes),
		TEST(test_changes_plus),
		TEST(test_plus_looks_up),
		TEST(test_plus_has_the_attributes_of_lookup),
		TEST(test_above_the_root_is_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
