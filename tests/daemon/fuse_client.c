/* SPDX-License-Identifier: BSD-3-Clause */
/* fuse_client.c - see fuse_client.h. */
#include "fuse_client.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "request.h"
#include "share.h"
#include "worker.h"

void client_make(struct client *client)
{
	const char *tmp = getenv("TMPDIR");

	*client = (struct client){.out_room = SIZE_MAX};
	snprintf(client->dir, sizeof(client->dir), "%s/fsdaxd-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(client->dir));
	assert_int_equal(chmod(client->dir, 0755), 0);
	client->dirfd = open(client->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	client->settings = (struct settings){
		.shared_dir = client->dir,
		.tag = "test",
		.socket_fd = -1,
		.policy_off = true,
		.cache = CACHE_AUTO,
		.sandbox = SANDBOX_NONE,
		.file_handles = HANDLES_NEVER,
		.thread_pool_size = 1,
		.request_queues = 1,
	};
}

void client_open(struct client *client)
{
	struct fuse_init_out out;

	umask(0);
	assert_int_equal(share_new(&client->settings, &client->share), 0);
	assert_int_equal(share_open(client->share, open(client->dir, O_PATH | O_CLOEXEC),
				    open("/proc/self/fd", O_PATH | O_CLOEXEC)),
			 0);
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void client_free(struct client *client)
{
	share_free(client->share);
	close(client->dirfd);
	nftw(client->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int client_setup(void **state)
{
	static struct client client;

	client_make(&client);
	client_open(&client);
	*state = &client;
	return 0;
}

int client_teardown(void **state)
{
	client_free(*state);
	return 0;
}

/* ---- Requests ------------------------------------------------------------------------- */

static void on_done(struct request *request, size_t len)
{
	struct client *client = request->transport;

	client->replies++;
	client->reply.len = (uint32_t)len;
}

/*
 * The buffers are split at odd places, as a guest may do it, and of their exact size on the
 * heap, so that the address sanitizer sees any byte too many.
 */
int client_send(struct client *client, uint32_t opcode, uint64_t nodeid, const void *in,
		size_t size, void *out, size_t out_size)
{
	struct fuse_in_header header = {
		.len = (uint32_t)((int32_t)(sizeof(header) + size) + client->len_off_by),
		.opcode = opcode,
		.unique = ++client->unique,
		.nodeid = nodeid,
		.uid = client->uid,
		.gid = client->gid,
		.pid = client->pid,
		.total_extlen = client->total_extlen,
	};
	size_t in_total = sizeof(header) + size;
	size_t out_total = sizeof(struct fuse_out_header) + out_size;
	struct iovec iov[4];
	struct request request = {
		.share = client->share,
		.worker = worker_get(client->share, 0),
		.done = on_done,
		.transport = client,
	};
	char *in_copy = malloc(in_total);
	char *out_copy;
	int result;

	if (out_total > client->out_room)
		out_total = client->out_room;
	out_copy = calloc(1, out_total ? out_total : 1);
	memcpy(in_copy, &header, sizeof(header));
	if (size)
		memcpy(in_copy + sizeof(header), in, size);
	iov[0] = (struct iovec){in_copy, 7};
	iov[1] = (struct iovec){in_copy + 7, in_total - 7};
	iov[2] = (struct iovec){out_copy, out_total < 9 ? out_total : 9};
	iov[3] = (struct iovec){out_copy + iov[2].iov_len, out_total - iov[2].iov_len};
	request.in = (struct iov_cursor){iov, 2, in_total};
	request.out = (struct iov_cursor){iov + 2, 2, out_total};
	client->reply = (struct fuse_out_header){0};
	client->replies = 0;
	serve(&request);
	assert_int_equal(client->replies, 1);
	if (!client->reply.len) {
		result = CLIENT_NO_REPLY;
	} else {
		size_t len = client->reply.len;

		memcpy(&client->reply, out_copy, sizeof(client->reply));
		assert_int_equal(client->reply.len, len);
		assert_int_equal(client->reply.unique, header.unique);
		assert_true(len <= out_total);
		len -= sizeof(client->reply);
		if (len)
			memcpy(out, out_copy + sizeof(client->reply), len);
		result = client->reply.error ? client->reply.error : (int)len;
	}
	free(in_copy);
	free(out_copy);
	return result;
}

int client_call(struct client *client, uint32_t opcode, uint64_t nodeid, const void *in,
		size_t size, const char *name, const char *second, void *out, size_t out_size)
{
	char bytes[16384];
	size_t at = size;

	if (size)
		memcpy(bytes, in, size);
	if (name) {
		memcpy(bytes + at, name, strlen(name) + 1);
		at += strlen(name) + 1;
	}
	if (second) {
		memcpy(bytes + at, second, strlen(second) + 1);
		at += strlen(second) + 1;
	}
	return client_send(client, opcode, nodeid, bytes, at, out, out_size);
}

int client_init(struct client *client, uint64_t flags, struct fuse_init_out *out)
{
	struct fuse_init_in in = {
		.major = 7,
		.minor = 38,
		.max_readahead = 131072,
		.flags = (uint32_t)flags,
		.flags2 = (uint32_t)(flags >> 32),
	};
	int got = client_send(client, FUSE_INIT, 0, &in, sizeof(in), out, sizeof(*out));

	if (got < 0)
		return got;
	assert_int_equal(got, sizeof(*out));
	return 0;
}

int client_lookup(struct client *client, uint64_t parent, const char *name,
		  struct fuse_entry_out *entry)
{
	int got = client_call(client, FUSE_LOOKUP, parent, NULL, 0, name, NULL, entry,
			      sizeof(*entry));

	if (got < 0)
		return got;
	assert_int_equal(got, sizeof(*entry));
	return 0;
}

int client_getattr(struct client *client, uint64_t nodeid, struct fuse_attr *attr)
{
	struct fuse_getattr_in in = {0};
	struct fuse_attr_out out;
	int got = client_send(client, FUSE_GETATTR, nodeid, &in, sizeof(in), &out, sizeof(out));

	if (got < 0)
		return got;
	assert_int_equal(got, sizeof(out));
	*attr = out.attr;
	return 0;
}

int client_open_file(struct client *client, uint64_t nodeid, uint32_t flags, uint64_t *fh)
{
	struct fuse_open_in in = {.flags = flags};
	struct fuse_open_out out = {0};
	int got = client_send(client, FUSE_OPEN, nodeid, &in, sizeof(in), &out, sizeof(out));

	assert_true(got < 0 || (size_t)got == sizeof(out));
	*fh = got < 0 ? 0 : out.fh;
	return got < 0 ? got : 0;
}

int client_release(struct client *client, uint64_t nodeid, uint64_t fh)
{
	struct fuse_release_in in = {.fh = fh};

	return client_send(client, FUSE_RELEASE, nodeid, &in, sizeof(in), NULL, 0);
}

void client_forget(struct client *client, uint64_t nodeid, uint64_t n)
{
	struct fuse_forget_in in = {n};
	int got = client_send(client, FUSE_FORGET, nodeid, &in, sizeof(in), NULL, 0);

	assert_int_equal(got, CLIENT_NO_REPLY);
}

uint64_t client_nodeid(struct client *client, uint64_t parent, const char *name)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(client, parent, name, &entry), 0);
	return entry.nodeid;
}

/* ---- The host -------------------------------------------------------------------------- */

void client_put_file(struct client *client, const char *path, const char *content)
{
	int fd = openat(client->dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

void client_put_size(struct client *client, const char *path, off_t size)
{
	int fd = openat(client->dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

void client_put_dir(struct client *client, const char *path)
{
	assert_int_equal(mkdirat(client->dirfd, path, 0755), 0);
}

const char *client_host_path(struct client *client, const char *path)
{
	static char buffer[512];

	snprintf(buffer, sizeof(buffer), "%s/%s", client->dir, path);
	return buffer;
}

void client_tag(struct client *client, const char *path, const char *xattr, const char *value)
{
	assert_int_equal(
		setxattr(client_host_path(client, path), xattr, value, strlen(value), 0), 0);
}
