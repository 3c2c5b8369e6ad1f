/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_init.c - the vhost-user side of a start, and FUSE_INIT.
 */
#include <errno.h>
#include <string.h>

#include "check.h"

static void check_features(struct test *t)
{
	EXPECT(t, t->fe.offered & VIRTIO_VERSION_1, "VIRTIO_F_VERSION_1 is not offered");
	EXPECT(t, t->fe.offered & VHOST_PROTOCOL_FEATURES,
	       "VHOST_USER_F_PROTOCOL_FEATURES is not offered");
	EXPECT(t, t->fe.protocol_offered & VHOST_F_MQ, "MQ is not offered");
	EXPECT(t, t->fe.protocol_offered & VHOST_F_REPLY_ACK, "REPLY_ACK is not offered");
	if (!(t->fe.protocol_offered & VHOST_F_SHMEM))
		return;
	EXPECT(t, t->fe.protocol_offered & VHOST_F_BACKEND_REQ, "SHMEM without BACKEND_REQ");
	EXPECT(t, t->fe.protocol_offered & VHOST_F_BACKEND_SEND_FD,
	       "SHMEM without BACKEND_SEND_FD");
}

static void check_config(struct test *t)
{
	if (!(t->fe.protocol_features & VHOST_F_CONFIG)) {
		test_skip(t, "the CONFIG feature was not negotiated");
		return;
	}
	MUST(t, t->fe.has_config, "GET_CONFIG has no answer");
	EXPECT(t, t->fe.config.tag[0], "the tag is empty");
	EXPECT(t, t->fe.config.num_request_queues >= 1, "there is no request queue");
	EXPECT(t, !t->fe.queue_max || t->fe.config.num_request_queues < t->fe.queue_max,
	       "%u request queues, but %u queues in all", t->fe.config.num_request_queues,
	       t->fe.queue_max);
}

static void check_window_size(struct test *t)
{
	uint64_t size = t->fe.shmem_size;

	if (!t->fe.has_window) {
		test_skip(t, "there is no window");
		return;
	}
	EXPECT(t, (size & (size - 1)) == 0, "the window's size %llu is not a power of two",
	       (unsigned long long)size);
	EXPECT(t, size >= CHUNK, "the window is smaller than a chunk");
}

static void check_reply(struct test *t)
{
	const struct fuse_init_out *out = &t->c.init;
	uint64_t offered = CLIENT_INIT_FLAGS | (t->fe.has_window ? CLIENT_DAX_FLAGS : 0);

	EXPECT(t, out->major == 7, "major version %u", out->major);
	EXPECT(t, out->minor >= 31, "minor version %u", out->minor);
	EXPECT(t, !(t->c.flags & ~offered), "flags %#llx were not offered",
	       (unsigned long long)(t->c.flags & ~offered));
	EXPECT(t, out->max_write >= 4096, "max_write is %u", out->max_write);
	EXPECT(t, !(t->c.flags & FUSE_MAX_PAGES) || out->max_pages, "MAX_PAGES, but none");
	EXPECT(t, out->time_gran && out->time_gran <= 1000000000, "time_gran is %u",
	       out->time_gran);
}

static void check_alignment(struct test *t)
{
	if (!t->fe.has_window) {
		EXPECT(t, !(t->c.flags & FUSE_MAP_ALIGNMENT), "MAP_ALIGNMENT without a window");
		EXPECT(t, !(t->c.flags & FUSE_HAS_INODE_DAX), "HAS_INODE_DAX without a window");
		return;
	}
	/* A share that can't be written to can't be mapped either. */
	if (!(t->c.flags & FUSE_MAP_ALIGNMENT)) {
		EXPECT(t, !(t->c.flags & FUSE_HAS_INODE_DAX),
		       "HAS_INODE_DAX without MAP_ALIGNMENT");
		test_skip(t, "a window, but MAP_ALIGNMENT is not taken");
		return;
	}
	EXPECT(t, t->c.init.map_alignment == 12, "map_alignment is %u; guests need 12",
	       t->c.init.map_alignment);
}

/* What the kernel has done since 2.6.29 when the other side is newer than it. */
static void check_old_minor(struct test *t)
{
	struct session old = {.init = {.minor = 31, .short_in = true}, .bare = true};
	struct fuse_attr attr;

	old.init.flags = FUSE_BIG_WRITES | FUSE_DO_READDIRPLUS;
	if (!test_session(t, &old))
		return;
	EXPECT(t, !(t->c.flags >> 32), "flags2 for a client of 7.31");
	OK(t, client_getattr(&t->c, t->node, CLIENT_NO_FH, &attr));
}

static void check_major(struct test *t)
{
	struct session none = {.no_init = true};
	struct fuse_init_in in = {.major = 8, .minor = 0};
	struct iovec iov[] = {{&in, sizeof(in)}};
	struct fuse_init_out out = {0};
	size_t len = 0;
	int err;

	if (!test_session(t, &none))
		return;
	err = client_call(&t->c, FUSE_INIT, 0, iov, 1, &out, sizeof(out), &len);
	if (!err)
		EXPECT(t, len >= 4 && out.major == 7, "major version 8 is answered with %u",
		       out.major);
	/* The kernel begins again with the version that it was told. */
	if (!t->c.broken)
		OK(t, client_init(&t->c, &(struct client_init){0}));
}

static void check_before_init(struct test *t)
{
	struct session none = {.no_init = true};
	struct fuse_attr attr;
	int err;

	if (!test_session(t, &none))
		return;
	err = client_getattr(&t->c, FUSE_ROOT_ID, CLIENT_NO_FH, &attr);
	EXPECT(t, !t->c.broken, "GETATTR before INIT: %s", test_errno(t, err));
	test_survives(t, "a request before INIT");
}

const struct check checks_init[] = {
	{"vhost-features", "what a front-end needs is offered", 0, check_features},
	{"vhost-config", "the config space has a tag and queues", 0, check_config},
	{"vhost-window-size", "the window is a power of two", 0, check_window_size},
	{"init-reply", "FUSE_INIT is answered with what was offered", 0, check_reply},
	{"init-map-alignment", "map_alignment is 12, and only with a window", 0, check_alignment},
	{"init-old-minor", "a client of protocol 7.31 is served", 0, check_old_minor},
	{"init-major", "another major version is answered with 7", 0, check_major},
	{"init-missing", "a request before INIT does no harm", 0, check_before_init},
	{0},
};
