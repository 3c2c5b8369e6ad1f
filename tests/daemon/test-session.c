/* SPDX-License-Identifier: BSD-3-Clause */
/* test-session.c - what holds for all requests: sessions, lengths, opcodes, read-only shares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuse_client.h"
#include "fuse_compat.h"
#include "share.h"

/* As the kernel's: the last opcode that any of them sends, and some to spare. */
#define MOST_OPCODES 64

static void the_reply_has_what_both_sides_can(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;

	assert_int_equal(
		client_init(client, FUSE_INIT_EXT | FUSE_ASYNC_READ | FUSE_MAX_PAGES, &out), 0);
	assert_int_equal(out.major, 7);
	assert_int_equal(out.minor, 38);
	assert_int_equal(out.flags, FUSE_INIT_EXT | FUSE_ASYNC_READ | FUSE_MAX_PAGES);
	assert_int_equal(out.flags2, 0);
	assert_int_equal(out.max_pages, 256);
	assert_int_equal(out.max_write, 1 << 20);
}

static void nothing_is_offered_that_is_not_asked_for(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;

	assert_int_equal(client_init(client, 0, &out), 0);
	assert_int_equal(out.flags, 0);
	assert_int_equal(out.flags2, 0);
	assert_int_equal(out.max_pages, 0);
	assert_int_equal(out.map_alignment, 0);
}

static void flags_past_32_need_a_guest_that_reads_them(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;

	assert_int_equal(client_init(client, FUSE_CREATE_SUPP_GROUP, &out), 0);
	assert_int_equal(out.flags2, 0);
	assert_int_equal(client_init(client, FUSE_INIT_EXT | FUSE_CREATE_SUPP_GROUP, &out), 0);
	assert_int_equal(out.flags2, FUSE_CREATE_SUPP_GROUP >> 32);
}

/* Or inodes would be uncacheable in the guest. */
static void no_dax_without_a_window(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;

	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
	assert_int_equal(out.flags & FUSE_MAP_ALIGNMENT, 0);
	assert_int_equal(out.flags2 & (uint32_t)(FUSE_HAS_INODE_DAX >> 32), 0);
	assert_int_equal(out.map_alignment, 0);
}

static void an_older_init_is_shorter(void **state)
{
	struct client *client = *state;
	struct fuse_init_in in = {.major = 7, .minor = 31, .flags = FUSE_ASYNC_READ};
	struct fuse_init_out out;

	assert_int_equal(client_send(client, FUSE_INIT, 0, &in, 16, &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(out.flags, FUSE_ASYNC_READ);
	assert_int_equal(client->share->minor, 31);
	assert_int_equal(client_send(client, FUSE_INIT, 0, &in, 15, &out, sizeof(out)), -EINVAL);
}

static void a_protocol_too_old_is_refused(void **state)
{
	struct client *client = *state;
	struct fuse_init_in in = {.major = 7, .minor = 26};
	struct fuse_init_out out;

	assert_int_equal(client_send(client, FUSE_INIT, 0, &in, sizeof(in), &out, sizeof(out)),
			 -EPROTO);
	in = (struct fuse_init_in){.major = 6, .minor = 38};
	assert_int_equal(client_send(client, FUSE_INIT, 0, &in, sizeof(in), &out, sizeof(out)),
			 -EPROTO);
}

static void a_newer_major_hears_ours(void **state)
{
	struct client *client = *state;
	struct fuse_init_in in = {.major = 8};
	struct fuse_init_out out;

	assert_int_equal(client_send(client, FUSE_INIT, 0, &in, sizeof(in), &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(out.major, 7);
}

static void a_new_session_knows_nothing_of_the_old(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;
	struct fuse_attr attr;
	uint64_t nodeid;

	client_put_file(client, "file", "x");
	nodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_getattr(client, nodeid, &attr), 0);
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
	assert_int_equal(client_getattr(client, nodeid, &attr), -ESTALE);
	assert_int_equal(client_getattr(client, FUSE_ROOT_ID, &attr), 0);
}

static void nothing_is_served_outside_of_a_session(void **state)
{
	struct client *client = *state;
	char zeros[256] = {0}, out[4096];

	assert_int_equal(client_send(client, FUSE_DESTROY, 0, NULL, 0, NULL, 0), 0);
	for (uint32_t opcode = 0; opcode < MOST_OPCODES; opcode++) {
		int got;

		if (opcode == FUSE_INIT || opcode == FUSE_DESTROY)
			continue;
		got = client_send(client, opcode, FUSE_ROOT_ID, zeros, sizeof(zeros), out,
				  sizeof(out));
		if (opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET ||
		    opcode == FUSE_INTERRUPT)
			assert_int_equal(got, CLIENT_NO_REPLY);
		else
			assert_int_equal(got, -EIO);
	}
}

static void unknown_opcodes_are_not_implemented(void **state)
{
	static const uint32_t opcodes[] = {
		0,  7,	  19,	     FUSE_BMAP, FUSE_IOCTL, FUSE_POLL, COMPAT_FUSE_STATX,
		53, 1000, UINT32_MAX};
	struct client *client = *state;
	char zeros[256] = {0}, out[256];

	for (size_t i = 0; i < sizeof(opcodes) / sizeof(*opcodes); i++)
		assert_int_equal(client_send(client, opcodes[i], FUSE_ROOT_ID, zeros, sizeof(zeros),
					     out, sizeof(out)),
				 -ENOSYS);
}

/* Each opcode with each length of zeros up to what is too much for most: one reply, no crash. */
static void short_requests_get_an_error(void **state)
{
	struct client *client = *state;
	char zeros[128] = {0}, out[8192];

	for (uint32_t opcode = 1; opcode < MOST_OPCODES; opcode++) {
		if (opcode == FUSE_INIT || opcode == FUSE_DESTROY)
			continue;
		for (size_t size = 0; size < sizeof(zeros); size++)
			client_send(client, opcode, FUSE_ROOT_ID, zeros, size, out, sizeof(out));
	}
	assert_int_equal(client_send(client, FUSE_SETATTR, FUSE_ROOT_ID, zeros, 87, out, 200),
			 -EINVAL);
	assert_int_equal(client_send(client, FUSE_LOOKUP, FUSE_ROOT_ID, zeros, 1, out, 200),
			 -EINVAL);
}

static void the_header_may_not_promise_more_than_was_sent(void **state)
{
	static const int32_t wrong[] = {1, 100, 0x7fffff00, -18, -1000};
	struct client *client = *state;
	struct fuse_getattr_in in = {0};
	struct fuse_attr_out out;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		client->len_off_by = wrong[i];
		assert_int_equal(client_send(client, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in),
					     &out, sizeof(out)),
				 -EINVAL);
	}
	/* Less is cut. */
	client->len_off_by = -1;
	assert_int_equal(client_call(client, FUSE_LOOKUP, FUSE_ROOT_ID, NULL, 0, "ab", NULL, &out,
				     sizeof(out)),
			 -EINVAL);
	client->len_off_by = 0;
}

/* Or a guest could keep a thread at work for as long as it likes with a single one. */
static void a_request_is_no_longer_than_a_write(void **state)
{
	static char zeros[(1 << 20) + (1 << 14)];
	struct client *client = *state;
	struct fuse_attr_out out;
	size_t most = sizeof(zeros) - sizeof(struct fuse_in_header);

	assert_int_equal(client_send(client, FUSE_GETATTR, FUSE_ROOT_ID, zeros, most, &out,
				     sizeof(out)),
			 sizeof(out));
	assert_int_equal(client_send(client, FUSE_GETATTR, FUSE_ROOT_ID, zeros, most + 1, &out,
				     sizeof(out)),
			 -EINVAL);
}

static void no_room_for_a_reply(void **state)
{
	struct client *client = *state;
	struct fuse_getattr_in in = {0};
	struct fuse_attr_out out;

	for (size_t room = 0; room < sizeof(struct fuse_out_header) + sizeof(out); room++) {
		int expected = room < sizeof(struct fuse_out_header) ? CLIENT_NO_REPLY : -EIO;

		client->out_room = room;
		assert_int_equal(client_send(client, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in),
					     &out, sizeof(out)),
				 expected);
	}
	client->out_room = SIZE_MAX;
}

static void readonly_refuses_all_that_changes(void **state)
{
	static const uint32_t changing[] = {
		FUSE_SETATTR,	  FUSE_SYMLINK,	  FUSE_MKNOD,		FUSE_MKDIR,
		FUSE_UNLINK,	  FUSE_RMDIR,	  FUSE_RENAME,		FUSE_RENAME2,
		FUSE_LINK,	  FUSE_WRITE,	  FUSE_CREATE,		FUSE_SETXATTR,
		FUSE_REMOVEXATTR, FUSE_FALLOCATE, FUSE_COPY_FILE_RANGE, FUSE_TMPFILE,
	};
	struct client *client = *state;
	struct fuse_open_in open_in = {.flags = O_RDWR};
	char zeros[256] = {0}, out[256];
	struct fuse_entry_out entry;

	client_put_file(client, "file", "x");
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "file", &entry), 0);
	client->settings.readonly = true;
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++)
		assert_int_equal(client_send(client, changing[i], FUSE_ROOT_ID, zeros,
					     sizeof(zeros), out, sizeof(out)),
				 -EROFS);
	assert_int_equal(client_send(client, FUSE_OPEN, entry.nodeid, &open_in, sizeof(open_in),
				     out, sizeof(out)),
			 -EROFS);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "file", &entry), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_reply_has_what_both_sides_can),
		TEST(nothing_is_offered_that_is_not_asked_for),
		TEST(flags_past_32_need_a_guest_that_reads_them),
		TEST(no_dax_without_a_window),
		TEST(an_older_init_is_shorter),
		TEST(a_protocol_too_old_is_refused),
		TEST(a_newer_major_hears_ours),
		TEST(a_new_session_knows_nothing_of_the_old),
		TEST(nothing_is_served_outside_of_a_session),
		TEST(unknown_opcodes_are_not_implemented),
		TEST(short_requests_get_an_error),
		TEST(the_header_may_not_promise_more_than_was_sent),
		TEST(a_request_is_no_longer_than_a_write),
		TEST(no_room_for_a_reply),
		TEST(readonly_refuses_all_that_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
