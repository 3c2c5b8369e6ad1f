/* SPDX-License-Identifier: BSD-3-Clause */
/* test-file.c - OPEN, READ, WRITE and the rest on open files, as a hostile guest may send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuse_client.h"
#include "share.h"

struct opened {
	uint64_t nodeid;
	uint64_t fh;
	uint32_t flags;
};

static int try_open(struct client *client, uint64_t nodeid, int flags, struct fuse_open_out *out)
{
	struct fuse_open_in in = {.flags = (uint32_t)flags};
	int got = client_send(client, FUSE_OPEN, nodeid, &in, sizeof(in), out, sizeof(*out));

	return got < 0 ? got : 0;
}

static struct opened open_file(struct client *client, const char *name, int flags)
{
	struct opened opened = {.nodeid = client_nodeid(client, FUSE_ROOT_ID, name)};
	struct fuse_open_out out;

	assert_int_equal(try_open(client, opened.nodeid, flags, &out), 0);
	opened.fh = out.fh;
	opened.flags = out.open_flags;
	return opened;
}

static int release(struct client *client, const struct opened *opened)
{
	struct fuse_release_in in = {.fh = opened->fh};

	return client_send(client, FUSE_RELEASE, opened->nodeid, &in, sizeof(in), NULL, 0);
}

static int read_at(struct client *client, const struct opened *opened, uint64_t offset,
		   uint32_t size, void *buffer, size_t room)
{
	struct fuse_read_in in = {.fh = opened->fh, .offset = offset, .size = size};

	return client_send(client, FUSE_READ, opened->nodeid, &in, sizeof(in), buffer, room);
}

/*
 * Returns the bytes written. `claimed` is what the request says that it brings; `flags` are those of
 * the open file.
 */
static int write_with(struct client *client, const struct opened *opened, uint64_t offset,
		      uint32_t claimed, const char *data, size_t size, uint32_t write_flags,
		      uint32_t flags)
{
	struct fuse_write_in in = {
		.fh = opened->fh,
		.offset = offset,
		.size = claimed,
		.write_flags = write_flags,
		.flags = flags,
	};
	struct fuse_write_out out;
	char bytes[256];
	int got;

	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), data, size);
	got = client_send(client, FUSE_WRITE, opened->nodeid, bytes, sizeof(in) + size, &out,
			  sizeof(out));
	return got < 0 ? got : (int)out.size;
}

static int write_at(struct client *client, const struct opened *opened, uint64_t offset,
		    uint32_t claimed, const char *data, size_t size, uint32_t write_flags)
{
	return write_with(client, opened, offset, claimed, data, size, write_flags, 0);
}

static void check_content(struct client *client, const char *name, const char *content)
{
	char buffer[256];
	int fd = openat(client->dirfd, name, O_RDONLY);

	assert_int_equal(read(fd, buffer, sizeof(buffer)), strlen(content));
	assert_memory_equal(buffer, content, strlen(content));
	close(fd);
}

/* ---- OPEN ------------------------------------------------------------------------------------ */

static void test_open_flags(void **state)
{
	struct client *client = *state;
	struct opened opened;
	struct stat st;

	client_put_file(client, "file", "content");
	/* None of these may do what it says: the file is there, and known by a nodeid. */
	opened =
		open_file(client, "file",
			  O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_DIRECTORY | O_PATH | O_DIRECT);
	assert_int_equal(write_at(client, &opened, 0, 1, "C", 1, 0), 1);
	assert_int_equal(release(client, &opened), 0);
	assert_int_equal(release(client, &opened), -EBADF);
	check_content(client, "file", "Content");
	opened = open_file(client, "file", O_WRONLY | O_TRUNC);
	assert_int_equal(fstatat(client->dirfd, "file", &st, 0), 0);
	assert_int_equal(st.st_size, 0);
}

static void test_open_of_what_is_no_file(void **state)
{
	struct client *client = *state;
	struct fuse_open_out out;

	client_put_dir(client, "dir");
	assert_int_equal(mknodat(client->dirfd, "pipe", S_IFIFO | 0600, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", client->dirfd, "link"), 0);
	assert_int_equal(
		try_open(client, client_nodeid(client, FUSE_ROOT_ID, "dir"), O_RDONLY, &out),
		-EISDIR);
	/* Would wait for a writer. */
	assert_int_equal(
		try_open(client, client_nodeid(client, FUSE_ROOT_ID, "pipe"), O_RDONLY, &out),
		-ENXIO);
	assert_true(try_open(client, client_nodeid(client, FUSE_ROOT_ID, "link"), O_RDONLY, &out) <
		    0);
	assert_int_equal(try_open(client, 4711, O_RDONLY, &out), -ESTALE);
}

static void test_readonly(void **state)
{
	struct client *client = *state;
	struct fuse_open_out out;
	uint64_t nodeid;

	client_put_file(client, "file", "content");
	share_free(client->share);
	client->settings.readonly = true;
	client_open(client);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(try_open(client, nodeid, O_WRONLY, &out), -EROFS);
	assert_int_equal(try_open(client, nodeid, O_RDWR, &out), -EROFS);
	assert_int_equal(try_open(client, nodeid, O_RDONLY | O_TRUNC, &out), -EROFS);
	assert_int_equal(try_open(client, nodeid, O_RDONLY, &out), 0);
	check_content(client, "file", "content");
}

static void test_what_the_cache_is_told(void **state)
{
	static const struct {
		enum cache_mode cache;
		uint32_t flags;
	} cases[] = {
		{CACHE_AUTO, 0},
		{CACHE_ALWAYS, FOPEN_KEEP_CACHE},
		{CACHE_METADATA, FOPEN_DIRECT_IO},
		{CACHE_NEVER, FOPEN_DIRECT_IO},
	};
	struct client *client = *state;

	client_put_file(client, "file", "content");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		share_free(client->share);
		client->settings.cache = cases[i].cache;
		client_open(client);
		assert_int_equal(open_file(client, "file", O_RDONLY).flags, cases[i].flags);
	}
}

/* ---- READ, WRITE -------------------------------------------------------------------------------- */

static void test_read(void **state)
{
	struct client *client = *state;
	struct opened opened;
	char buffer[64];

	client_put_file(client, "file", "0123456789");
	opened = open_file(client, "file", O_RDONLY);
	assert_int_equal(read_at(client, &opened, 0, 64, buffer, 64), 10);
	assert_memory_equal(buffer, "0123456789", 10);
	/* No more than what was asked for, and no more than there is room for. */
	assert_int_equal(read_at(client, &opened, 2, 3, buffer, 64), 3);
	assert_memory_equal(buffer, "234", 3);
	assert_int_equal(read_at(client, &opened, 2, UINT32_MAX, buffer, 4), 4);
	assert_int_equal(read_at(client, &opened, 10, 64, buffer, 64), 0);
	assert_int_equal(read_at(client, &opened, 1ull << 62, 64, buffer, 64), 0);
	assert_int_equal(read_at(client, &opened, INT64_MAX, 64, buffer, 64), -EINVAL);
	assert_int_equal(read_at(client, &opened, UINT64_MAX, 64, buffer, 64), -EINVAL);
	assert_int_equal(read_at(client, &opened, 0, 0, buffer, 64), 0);
	opened.fh++;
	assert_int_equal(read_at(client, &opened, 0, 64, buffer, 64), -EBADF);
}

static void test_write(void **state)
{
	struct client *client = *state;
	struct opened opened, reader;

	client_put_file(client, "file", "0123456789");
	opened = open_file(client, "file", O_WRONLY);
	reader = open_file(client, "file", O_RDONLY);
	assert_int_equal(write_at(client, &opened, 8, 4, "abcd", 4, 0), 4);
	check_content(client, "file", "01234567abcd");
	/* The size must be that of what was sent. */
	assert_int_equal(write_at(client, &opened, 0, 5, "XXXX", 4, 0), -EINVAL);
	assert_int_equal(write_at(client, &opened, 0, 3, "XXXX", 4, 0), -EINVAL);
	assert_int_equal(write_at(client, &opened, 0, UINT32_MAX, "XXXX", 4, 0), -EINVAL);
	assert_int_equal(write_at(client, &opened, UINT64_MAX, 4, "XXXX", 4, 0), -EINVAL);
	assert_int_equal(write_at(client, &opened, INT64_MAX, 4, "XXXX", 4, 0), -EINVAL);
	assert_int_equal(write_at(client, &reader, 0, 4, "XXXX", 4, 0), -EBADF);
	check_content(client, "file", "01234567abcd");
	opened = open_file(client, "file", O_WRONLY | O_APPEND);
	assert_int_equal(write_with(client, &opened, 3, 1, "e", 1, 0, O_APPEND), 1);
	check_content(client, "file", "01234567abcde");
	/* What comes from the cache has its place, and O_APPEND may have been taken back. */
	assert_int_equal(
		write_with(client, &opened, 3, 1, "f", 1, FUSE_WRITE_CACHE, O_WRONLY | O_APPEND),
		1);
	assert_int_equal(write_with(client, &opened, 4, 1, "g", 1, 0, O_WRONLY), 1);
	check_content(client, "file", "012fg567abcde");
}

static unsigned int mode_of(struct client *client, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(client->dirfd, name, &st, 0), 0);
	return st.st_mode & 07777;
}

/* Root may write to a file and leave it set-user-ID; the guest says when it must not stay so. */
static void test_write_as_a_user(void **state)
{
	struct client *client = *state;
	struct opened opened;

	client_put_file(client, "file", "0123456789");
	assert_int_equal(fchmodat(client->dirfd, "file", 06777, 0), 0);
	opened = open_file(client, "file", O_WRONLY);
	assert_int_equal(write_at(client, &opened, 0, 1, "a", 1, 0), 1);
	assert_int_equal(mode_of(client, "file"), 06777);
	assert_int_equal(write_at(client, &opened, 0, 1, "a", 1, FUSE_WRITE_KILL_SUIDGID), 1);
	assert_int_equal(mode_of(client, "file"), 0777);
	assert_int_equal(fchmodat(client->dirfd, "file", 06777, 0), 0);
	assert_int_equal(write_at(client, &opened, 0, 1, "a", 1, 0), 1);
	assert_int_equal(mode_of(client, "file"), 06777);
}

static void test_truncated_by_a_user(void **state)
{
	struct client *client = *state;
	struct fuse_open_in in = {.flags = O_WRONLY | O_TRUNC,
				  .open_flags = FUSE_OPEN_KILL_SUIDGID};
	struct fuse_open_out out;
	uint64_t nodeid;

	client_put_file(client, "file", "0123456789");
	assert_int_equal(fchmodat(client->dirfd, "file", 04777, 0), 0);
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_send(client, FUSE_OPEN, nodeid, &in, sizeof(in), &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(mode_of(client, "file"), 0777);
	/* A guest without HANDLE_KILLPRIV_V2 says nothing, and does nothing either. */
	in.open_flags = 0;
	for (client->uid = 0; client->uid <= 1000; client->uid += 1000) {
		assert_int_equal(fchmodat(client->dirfd, "file", 04777, 0), 0);
		assert_int_equal(client_send(client, FUSE_OPEN, nodeid, &in, sizeof(in), &out,
					     sizeof(out)),
				 sizeof(out));
		assert_int_equal(mode_of(client, "file"), client->uid ? 0777 : 04777);
	}
}

/* ---- The rest ------------------------------------------------------------------------------------ */

static void test_lseek(void **state)
{
	struct client *client = *state;
	struct fuse_lseek_in in = {.whence = SEEK_HOLE};
	struct fuse_lseek_out out;
	struct opened opened;

	client_put_file(client, "file", "0123456789");
	opened = open_file(client, "file", O_RDONLY);
	in.fh = opened.fh;
	assert_int_equal(
		client_send(client, FUSE_LSEEK, opened.nodeid, &in, sizeof(in), &out, sizeof(out)),
		sizeof(out));
	assert_int_equal(out.offset, 10);
	in.offset = 11;
	assert_int_equal(
		client_send(client, FUSE_LSEEK, opened.nodeid, &in, sizeof(in), &out, sizeof(out)),
		-ENXIO);
	in.whence = SEEK_CUR;
	assert_int_equal(
		client_send(client, FUSE_LSEEK, opened.nodeid, &in, sizeof(in), &out, sizeof(out)),
		-EINVAL);
}

static int allocate(struct client *client, const struct opened *opened, uint64_t offset,
		    uint64_t length, uint32_t mode)
{
	struct fuse_fallocate_in in = {opened->fh, offset, length, mode, 0};

	return client_send(client, FUSE_FALLOCATE, opened->nodeid, &in, sizeof(in), NULL, 0);
}

static void test_fallocate(void **state)
{
	struct client *client = *state;
	struct opened opened;

	client_put_file(client, "file", "0123456789");
	opened = open_file(client, "file", O_RDWR);
	assert_int_equal(allocate(client, &opened, 0, 12, 0), 0);
	assert_int_equal(allocate(client, &opened, 0, 100, FALLOC_FL_KEEP_SIZE), 0);
	assert_int_equal(
		allocate(client, &opened, 2, 1, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE), 0);
	/* These move data, under what may be mapped. */
	assert_int_equal(allocate(client, &opened, 0, 4096, FALLOC_FL_COLLAPSE_RANGE), -EOPNOTSUPP);
	assert_int_equal(allocate(client, &opened, 0, 4096, FALLOC_FL_INSERT_RANGE), -EOPNOTSUPP);
	assert_int_equal(allocate(client, &opened, 0, 4096, UINT32_MAX), -EOPNOTSUPP);
	assert_int_equal(allocate(client, &opened, UINT64_MAX, 1, 0), -EINVAL);
	assert_int_equal(allocate(client, &opened, 0, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(allocate(client, &opened, INT64_MAX, INT64_MAX, 0), -EFBIG);
	assert_int_equal(mode_of(client, "file"), 0644);
}

static void test_copy_file_range(void **state)
{
	struct client *client = *state;
	struct fuse_copy_file_range_in in = {.off_in = 2, .off_out = 1, .len = UINT64_MAX};
	struct fuse_write_out out;
	struct opened from, to;

	client_put_file(client, "from", "0123456789");
	client_put_file(client, "to", "abc");
	from = open_file(client, "from", O_RDONLY);
	to = open_file(client, "to", O_WRONLY);
	in.fh_in = from.fh;
	in.fh_out = to.fh;
	in.nodeid_out = from.nodeid;
	assert_int_equal(client_send(client, FUSE_COPY_FILE_RANGE, from.nodeid, &in, sizeof(in),
				     &out, sizeof(out)),
			 -EBADF);
	in.nodeid_out = to.nodeid;
	assert_int_equal(client_send(client, FUSE_COPY_FILE_RANGE, from.nodeid, &in, sizeof(in),
				     &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(out.size, 8);
	check_content(client, "to", "a23456789");
	in.flags = 1;
	assert_int_equal(client_send(client, FUSE_COPY_FILE_RANGE, from.nodeid, &in, sizeof(in),
				     &out, sizeof(out)),
			 -EINVAL);
	in.flags = 0;
	in.off_in = UINT64_MAX;
	assert_true(client_send(client, FUSE_COPY_FILE_RANGE, from.nodeid, &in, sizeof(in), &out,
				sizeof(out)) < 0);
}

static void test_syncing(void **state)
{
	struct client *client = *state;
	struct fuse_syncfs_in syncfs = {0};
	struct fuse_fsync_in fsync = {0};
	struct fuse_flush_in flush = {0};
	struct opened opened;

	client_put_file(client, "file", "0123456789");
	opened = open_file(client, "file", O_RDWR);
	fsync.fh = opened.fh;
	flush.fh = opened.fh;
	assert_int_equal(
		client_send(client, FUSE_FSYNC, opened.nodeid, &fsync, sizeof(fsync), NULL, 0), 0);
	fsync.fsync_flags = FUSE_FSYNC_FDATASYNC;
	assert_int_equal(
		client_send(client, FUSE_FSYNC, opened.nodeid, &fsync, sizeof(fsync), NULL, 0), 0);
	assert_int_equal(
		client_send(client, FUSE_FSYNCDIR, opened.nodeid, &fsync, sizeof(fsync), NULL, 0),
		-EBADF);
	assert_int_equal(
		client_send(client, FUSE_FLUSH, opened.nodeid, &flush, sizeof(flush), NULL, 0), 0);
	assert_int_equal(
		client_send(client, FUSE_SYNCFS, FUSE_ROOT_ID, &syncfs, sizeof(syncfs), NULL, 0),
		0);
	assert_int_equal(client_send(client, FUSE_SYNCFS, 4711, &syncfs, sizeof(syncfs), NULL, 0),
			 -ESTALE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_flags),
		TEST(test_open_of_what_is_no_file),
		TEST(test_readonly),
		TEST(test_what_the_cache_is_told),
		TEST(test_read),
		TEST(test_write),
		TEST(test_write_as_a_user),
		TEST(test_truncated_by_a_user),
		TEST(test_lseek),
		TEST(test_fallocate),
		TEST(test_copy_file_range),
		TEST(test_syncing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
