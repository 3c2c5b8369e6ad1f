/* SPDX-License-Identifier: BSD-3-Clause */
/* test-xattr.c - what of a file's xattrs the guest sees and may change; and hostile requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fuse_client.h"
#include "share.h"

#define ACL "system.posix_acl_access"

static int setup(void **state)
{
	static struct client client;

	client_make(&client);
	client.settings.xattr = true;
	client_open(&client);
	client_put_file(&client, "file", "x");
	*state = &client;
	return 0;
}

/* With other settings. */
static void reopen(struct client *client)
{
	share_free(client->share);
	client_open(client);
}

static uint64_t file(struct client *client)
{
	return client_nodeid(client, FUSE_ROOT_ID, "file");
}

static int set(struct client *client, uint64_t nodeid, const char *name, const char *value)
{
	struct fuse_setxattr_in in = {.size = (uint32_t)strlen(value)};
	char bytes[512];
	size_t len = strlen(name) + 1;

	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), name, len);
	memcpy(bytes + sizeof(in) + len, value, in.size);
	return client_send(client, FUSE_SETXATTR, nodeid, bytes, sizeof(in) + len + in.size, NULL,
			   0);
}

static int get(struct client *client, uint64_t nodeid, const char *name, void *value, uint32_t size)
{
	struct fuse_getxattr_in in = {.size = size};

	return client_call(client, FUSE_GETXATTR, nodeid, &in, sizeof(in), name, NULL, value,
			   size ? size : sizeof(struct fuse_getxattr_out));
}

static int list(struct client *client, uint64_t nodeid, void *names, uint32_t size)
{
	struct fuse_getxattr_in in = {.size = size};

	return client_send(client, FUSE_LISTXATTR, nodeid, &in, sizeof(in), names,
			   size ? size : sizeof(struct fuse_getxattr_out));
}

static int drop(struct client *client, uint64_t nodeid, const char *name)
{
	return client_call(client, FUSE_REMOVEXATTR, nodeid, NULL, 0, name, NULL, NULL, 0);
}

static void put_on_host(struct client *client, const char *name, const char *value)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/file", client->dir);
	assert_int_equal(setxattr(path, name, value, strlen(value), 0), 0);
}

/* ---- As on the host --------------------------------------------------------------------------- */

static void test_there_and_back(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client);
	struct fuse_getxattr_out size;
	char value[64];

	assert_int_equal(set(client, nodeid, "user.a", "value"), 0);
	assert_int_equal(get(client, nodeid, "user.a", &size, 0), sizeof(size));
	assert_int_equal(size.size, 5);
	assert_int_equal(get(client, nodeid, "user.a", value, 5), 5);
	assert_memory_equal(value, "value", 5);
	assert_int_equal(get(client, nodeid, "user.a", value, 4), -ERANGE);
	assert_int_equal(list(client, nodeid, &size, 0), sizeof(size));
	assert_int_equal(size.size, 7);
	assert_int_equal(list(client, nodeid, value, 7), 7);
	assert_memory_equal(value, "user.a", 7);
	assert_int_equal(list(client, nodeid, value, 6), -ERANGE);
	assert_int_equal(drop(client, nodeid, "user.a"), 0);
	assert_int_equal(get(client, nodeid, "user.a", value, 5), -ENODATA);
	assert_int_equal(drop(client, nodeid, "user.a"), -ENODATA);
}

/* A link has xattrs of its own, and what it points to must never be meant. */
static void test_links_and_pipes(void **state)
{
	struct client *client = *state;
	uint64_t link, pipe;
	char value[64];

	assert_int_equal(symlinkat("file", client->dirfd, "link"), 0);
	assert_int_equal(mknodat(client->dirfd, "pipe", S_IFIFO | 0600, 0), 0);
	link = client_nodeid(client, FUSE_ROOT_ID, "link");
	pipe = client_nodeid(client, FUSE_ROOT_ID, "pipe");
	assert_int_equal(set(client, link, "trusted.a", "link"), 0);
	assert_int_equal(set(client, pipe, "trusted.a", "pipe"), 0);
	assert_int_equal(get(client, link, "trusted.a", value, 4), 4);
	assert_memory_equal(value, "link", 4);
	assert_int_equal(get(client, pipe, "trusted.a", value, 4), 4);
	assert_memory_equal(value, "pipe", 4);
	assert_int_equal(get(client, file(client), "trusted.a", value, 4), -ENODATA);
}

static void test_flags(void **state)
{
	struct client *client = *state;
	struct fuse_setxattr_in in = {.size = 1, .flags = XATTR_REPLACE};
	uint64_t nodeid = file(client);
	char bytes[64];

	memcpy(bytes + sizeof(in), "user.a\0v", 8);
	memcpy(bytes, &in, sizeof(in));
	assert_int_equal(client_send(client, FUSE_SETXATTR, nodeid, bytes, sizeof(in) + 8, NULL, 0),
			 -ENODATA);
	in.flags = XATTR_CREATE;
	memcpy(bytes, &in, sizeof(in));
	assert_int_equal(client_send(client, FUSE_SETXATTR, nodeid, bytes, sizeof(in) + 8, NULL, 0),
			 0);
	assert_int_equal(client_send(client, FUSE_SETXATTR, nodeid, bytes, sizeof(in) + 8, NULL, 0),
			 -EEXIST);
}

/* ---- What is kept from the guest ----------------------------------------------------------------- */

static void test_tags_are_hidden(void **state)
{
	static const char *const names[] = {"trusted.fsdax", "user.fsdax"};
	struct client *client = *state;
	uint64_t nodeid = file(client);
	struct fuse_getxattr_out size;
	char value[64];

	put_on_host(client, "user.b", "1");
	for (int i = 0; i < 2; i++) {
		put_on_host(client, names[i], "yes");
		assert_int_equal(get(client, nodeid, names[i], value, 64), -ENODATA);
		assert_int_equal(get(client, nodeid, names[i], &size, 0), -ENODATA);
		assert_int_equal(set(client, nodeid, names[i], "no"), -EPERM);
		assert_int_equal(drop(client, nodeid, names[i]), -EPERM);
	}
	assert_int_equal(list(client, nodeid, &size, 0), sizeof(size));
	assert_int_equal(size.size, 7);
	/* The host's list is longer, and must not count. */
	assert_int_equal(list(client, nodeid, value, 7), 7);
	assert_memory_equal(value, "user.b", 7);
}

static void test_guest_tags(void **state)
{
	struct client *client = *state;
	uint64_t nodeid;
	char value[64];

	client->settings.guest_tags = true;
	reopen(client);
	nodeid = file(client);
	assert_int_equal(set(client, nodeid, "user.fsdax", "yes"), 0);
	assert_int_equal(get(client, nodeid, "user.fsdax", value, 3), 3);
	assert_int_equal(list(client, nodeid, value, 64), 11);
	assert_int_equal(drop(client, nodeid, "user.fsdax"), 0);
}

static void test_the_policys_tag_is_hidden(void **state)
{
	struct client *client = *state;
	char policy[300];
	uint64_t nodeid;
	char value[64];

	client_put_file(client, "policy.ini", "[tag]\nxattr = user.mine\n");
	snprintf(policy, sizeof(policy), "%s/policy.ini", client->dir);
	client->settings.policy_off = false;
	client->settings.policy = policy;
	reopen(client);
	put_on_host(client, "user.mine", "yes");
	nodeid = file(client);
	assert_int_equal(get(client, nodeid, "user.mine", value, 64), -ENODATA);
	assert_int_equal(set(client, nodeid, "user.mine", "no"), -EPERM);
	assert_int_equal(drop(client, nodeid, "user.mine"), -EPERM);
	assert_int_equal(list(client, nodeid, value, 64), 0);
	assert_int_equal(set(client, nodeid, "user.mine2", "no"), 0);
}

static void test_acls_need_an_option(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client);
	char value[64];

	assert_int_equal(get(client, nodeid, ACL, value, 64), -EOPNOTSUPP);
	assert_int_equal(set(client, nodeid, ACL, "x"), -EOPNOTSUPP);
	assert_int_equal(drop(client, nodeid, ACL), -EOPNOTSUPP);
	client->settings.posix_acl = true;
	reopen(client);
	nodeid = file(client);
	assert_int_equal(get(client, nodeid, ACL, value, 64), -ENODATA);
	assert_int_equal(set(client, nodeid, ACL, "x"), -EINVAL);
}

/* As setfacl(1) writes it: rw-rw----, and rw- for uid 1234. */
static const struct {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[5];
} acl = {
	{POSIX_ACL_XATTR_VERSION},
	{
		{ACL_USER_OBJ, ACL_READ | ACL_WRITE, ACL_UNDEFINED_ID},
		{ACL_USER, ACL_READ | ACL_WRITE, 1234},
		{ACL_GROUP_OBJ, ACL_READ, ACL_UNDEFINED_ID},
		{ACL_MASK, ACL_READ | ACL_WRITE, ACL_UNDEFINED_ID},
		{ACL_OTHER, 0, ACL_UNDEFINED_ID},
	},
};

static int set_acl(struct client *client, uint64_t nodeid, uint32_t flags)
{
	struct fuse_setxattr_in in = {.size = sizeof(acl), .setxattr_flags = flags};
	char bytes[256];

	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), ACL, sizeof(ACL));
	memcpy(bytes + sizeof(in) + sizeof(ACL), &acl, sizeof(acl));
	return client_send(client, FUSE_SETXATTR, nodeid, bytes,
			   sizeof(in) + sizeof(ACL) + sizeof(acl), NULL, 0);
}

static unsigned int mode_of(struct client *client)
{
	struct stat st;

	assert_int_equal(fstatat(client->dirfd, "file", &st, 0), 0);
	return st.st_mode & 07777;
}

/* A user who is not in the file's group must not leave it set-group-ID. */
static void test_an_acl_kills_sgid(void **state)
{
	struct client *client = *state;
	uint64_t nodeid;

	client->settings.posix_acl = true;
	reopen(client);
	nodeid = file(client);
	assert_int_equal(fchownat(client->dirfd, "file", 1000, 1001, 0), 0);
	assert_int_equal(fchmodat(client->dirfd, "file", 02777, 0), 0);
	client->uid = 1000;
	client->gid = 1000;
	assert_int_equal(set_acl(client, nodeid, 0), 0);
	assert_int_equal(mode_of(client), 02660);
	assert_int_equal(set_acl(client, nodeid, FUSE_SETXATTR_ACL_KILL_SGID), 0);
	assert_int_equal(mode_of(client), 0660);
	/* Nor root, if the guest says so; else it may, and the thread can still do so. */
	client->uid = 0;
	client->gid = 0;
	assert_int_equal(fchmodat(client->dirfd, "file", 02777, 0), 0);
	assert_int_equal(set_acl(client, nodeid, FUSE_SETXATTR_ACL_KILL_SGID), 0);
	assert_int_equal(mode_of(client), 0660);
	assert_int_equal(fchmodat(client->dirfd, "file", 02777, 0), 0);
	assert_int_equal(set_acl(client, nodeid, 0), 0);
	assert_int_equal(mode_of(client), 02660);
}

/* ---- Capabilities of files ----------------------------------------------------------------- */

static void give_capability(struct client *client)
{
	const struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2,
		.data = {{.permitted = 1 << CAP_NET_RAW}},
	};
	int fd = openat(client->dirfd, "file", O_RDWR);

	assert_int_equal(fsetxattr(fd, "security.capability", &data, sizeof(data), 0), 0);
	close(fd);
}

static void do_write(struct client *client, uint64_t nodeid)
{
	struct fuse_open_in open = {.flags = O_RDWR};
	struct fuse_open_out opened;
	struct {
		struct fuse_write_in in;
		char data[4];
	} write = {.in = {.size = sizeof(write.data)}};
	struct fuse_write_out written;

	assert_true(client_send(client, FUSE_OPEN, nodeid, &open, sizeof(open), &opened,
				sizeof(opened)) > 0);
	write.in.fh = opened.fh;
	assert_true(client_send(client, FUSE_WRITE, nodeid, &write,
				sizeof(write.in) + sizeof(write.data), &written,
				sizeof(written)) > 0);
}

static void do_setattr(struct client *client, uint64_t nodeid, struct fuse_setattr_in in)
{
	struct fuse_attr_out out;

	assert_true(client_send(client, FUSE_SETATTR, nodeid, &in, sizeof(in), &out, sizeof(out)) >
		    0);
}

static void do_truncate(struct client *client, uint64_t nodeid)
{
	do_setattr(client, nodeid, (struct fuse_setattr_in){.valid = FATTR_SIZE, .size = 1});
}

static void do_chown(struct client *client, uint64_t nodeid)
{
	do_setattr(client, nodeid, (struct fuse_setattr_in){.valid = FATTR_UID, .uid = 7});
}

/* As on a local file system: who changes a program does not inherit what it was trusted with. */
static void test_a_change_takes_capabilities_away(void **state)
{
	static void (*const changes[])(struct client * client, uint64_t nodeid) = {
		do_write, do_truncate, do_chown};
	struct client *client = *state;
	char value[64];

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		give_capability(client);
		assert_true(get(client, file(client), "security.capability", value,
				sizeof(value)) > 0);
		changes[i](client, file(client));
		assert_int_equal(get(client, file(client), "security.capability", value,
				     sizeof(value)),
				 -ENODATA);
	}
}

static void test_options(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client);
	char value[64];

	client->settings.readonly = true;
	reopen(client);
	nodeid = file(client);
	assert_int_equal(set(client, nodeid, "user.a", "x"), -EROFS);
	assert_int_equal(drop(client, nodeid, "user.a"), -EROFS);
	assert_int_equal(get(client, nodeid, "user.a", value, 64), -ENODATA);
	client->settings.xattr = false;
	client->settings.readonly = false;
	reopen(client);
	nodeid = file(client);
	assert_int_equal(set(client, nodeid, "user.a", "x"), -ENOSYS);
	assert_int_equal(get(client, nodeid, "user.a", value, 64), -ENOSYS);
	assert_int_equal(list(client, nodeid, value, 64), -ENOSYS);
	assert_int_equal(drop(client, nodeid, "user.a"), -ENOSYS);
}

/* ---- Hostile requests ---------------------------------------------------------------------------- */

static int set_raw(struct client *client, uint32_t claimed, const char *rest, size_t size)
{
	struct fuse_setxattr_in in = {.size = claimed};
	char *bytes = malloc(sizeof(in) + size);
	int result;

	memcpy(bytes, &in, sizeof(in));
	memcpy(bytes + sizeof(in), rest, size);
	result =
		client_send(client, FUSE_SETXATTR, file(client), bytes, sizeof(in) + size, NULL, 0);
	free(bytes);
	return result;
}

static void test_sizes_must_fit(void **state)
{
	struct client *client = *state;
	char *large = calloc(1, XATTR_SIZE_MAX + 100);

	assert_int_equal(set_raw(client, 5, "user.a\0four", 11), -EINVAL);
	assert_int_equal(set_raw(client, 3, "user.a\0four", 11), -EINVAL);
	assert_int_equal(set_raw(client, UINT32_MAX, "user.a\0four", 11), -E2BIG);
	assert_int_equal(set_raw(client, 4, "user.a", 6), -EINVAL);
	memcpy(large, "user.a", 6);
	assert_int_equal(set_raw(client, XATTR_SIZE_MAX + 1, large, XATTR_SIZE_MAX + 8), -E2BIG);
	memset(large, 'x', 300);
	assert_int_equal(set_raw(client, 0, large, 301), -ERANGE);
	free(large);
}

static void test_large_values(void **state)
{
	struct client *client = *state;
	uint64_t nodeid = file(client);
	char *value = malloc(1 << 20);

	put_on_host(client, "user.a", "value");
	/* More than there can be: what is there fits. */
	assert_int_equal(get(client, nodeid, "user.a", value, 1 << 20), 5);
	assert_int_equal(list(client, nodeid, value, 1 << 20), 7);
	/* The room that is really there is less. */
	client->out_room = sizeof(struct fuse_out_header) + 4;
	assert_int_equal(get(client, nodeid, "user.a", value, 5), -EIO);
	free(value);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),
		TEST(test_links_and_pipes),
		TEST(test_flags),
		TEST(test_tags_are_hidden),
		TEST(test_guest_tags),
		TEST(test_the_policys_tag_is_hidden),
		TEST(test_acls_need_an_option),
		TEST(test_an_acl_kills_sgid),
		TEST(test_a_change_takes_capabilities_away),
		TEST(test_options),
		TEST(test_sizes_must_fit),
		TEST(test_large_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
