/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_session.c - guests that mount, unmount, are reset, stopped, or killed; and the queues.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "check.h"

/* What the session before knew is unknown; and what is there works. */
static void expect_fresh(struct test *t, const char *what, const struct fuse_entry_out *old,
			 uint64_t fh)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	ssize_t n;

	if (old->nodeid != t->node)
		EXPECT(t, client_getattr(&t->c, old->nodeid, CLIENT_NO_FH, &attr) < 0,
		       "%s: the nodeid of the session before is still known", what);
	if (fh) {
		n = client_read(&t->c, old->nodeid, fh, 0, t->buffer, 100);
		EXPECT(t, n < 0, "%s: a handle of the session before still reads", what);
	}
	OK(t, test_lookup(t, "file", &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	n = client_read(&t->c, entry.nodeid, fh, 0, t->buffer, 100);
	EXPECT(t, n == 100, "%s: READ: %s", what, test_errno(t, (int)n));
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

static int open_file(struct test *t, struct fuse_entry_out *entry, uint64_t *fh)
{
	int err = test_file(t, "file", 1000, 1, entry);

	return err ? err : client_open_file(&t->c, entry->nodeid, O_RDONLY, fh);
}

static void check_again(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;

	for (int i = 0; i < 20 && !t->failures; i++) {
		OK(t, open_file(t, &entry, &fh));
		OK(t, test_reinit(t, NULL));
		expect_fresh(t, "DESTROY, INIT", &entry, fh);
	}
}

/* A guest that is reset says nothing before it begins anew. */
static void check_two_inits(struct test *t)
{
	struct client_init init = {.flags = t->fe.has_window ? CLIENT_DAX_FLAGS : 0};
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	OK(t, open_file(t, &entry, &fh));
	err = client_init(&t->c, &init);
	EXPECT(t, !t->c.broken, "a second INIT: %s", test_errno(t, err));
	if (err || t->c.broken)
		return; /* refused: that is an answer, too */
	OK(t, client_lookup(&t->c, FUSE_ROOT_ID, strrchr(t->path, '/') + 1, &entry));
	t->node = entry.nodeid;
	OK(t, test_lookup(t, "file", &entry));
}

static void check_after_destroy(struct test *t)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh;

	OK(t, open_file(t, &entry, &fh));
	OK(t, client_destroy(&t->c));
	EXPECT(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr) < 0,
	       "GETATTR after DESTROY is served");
	EXPECT(t, client_read(&t->c, entry.nodeid, fh, 0, t->buffer, 100) < 0,
	       "READ after DESTROY is served");
	client_release(&t->c, entry.nodeid, fh);
	client_destroy(&t->c);
	EXPECT(t, !t->c.broken, "requests after DESTROY: %s", t->c.problem);
	if (!t->c.broken)
		OK(t, client_init(&t->c, &(struct client_init){0}));
}

static void check_reconnect(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;

	for (int i = 0; i < 10; i++) {
		OK(t, open_file(t, &entry, &fh));
		if (!test_next(t, "a front-end that hangs up"))
			return;
	}
	OK(t, open_file(t, &entry, &fh));
}

#define N_BUSY 32

/* Killed in the middle: the back-end may be writing a reply right then. */
static void check_killed(struct test *t)
{
	struct request *requests[N_BUSY];
	struct fuse_entry_out entry;
	uint64_t fh;

	for (int round = 0; round < 10 && !t->failures; round++) {
		OK(t, test_file(t, "file", 1 << 20, 1, &entry));
		OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
		for (unsigned i = 0; i < N_BUSY; i++) {
			struct fuse_read_in in = {.fh = fh, .size = 1 << 18};
			struct iovec iov[] = {{&in, sizeof(in)}};

			requests[i] = request_new(&t->fe, 4096, (1 << 18) + 4096);
			if (requests[i])
				client_start(&t->c, requests[i], FUSE_READ, entry.nodeid, iov, 1,
					     1 << 18);
		}
		test_next(t, "a guest that is killed while it reads");
		for (unsigned i = 0; i < N_BUSY; i++)
			request_free(requests[i]);
	}
}

/* A machine that is paused and goes on: the queue begins where it stood. */
static void check_stop_queue(struct test *t)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint16_t base;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	for (int i = 0; i < 5 && !t->failures; i++) {
		for (unsigned queue = 0; queue < t->fe.n_vqs; queue++) {
			OK(t, frontend_stop_queue(&t->fe, queue, &base));
			EXPECT(t, base == t->fe.vqs[queue].avail_idx,
			       "queue %u stood at %u, not %u", queue, base,
			       t->fe.vqs[queue].avail_idx);
		}
		for (unsigned queue = 0; queue < t->fe.n_vqs; queue++)
			OK(t, frontend_start_queue(&t->fe, queue, t->fe.vqs[queue].avail_idx));
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		EXPECT(t, attr.size == 1000, "GETATTR gives another size");
	}
}

/* By a buffer of its own, since a daemon's threads may use the queues at the same time. */
static void ask_queue(struct test *t, unsigned queue, uint64_t node)
{
	struct request *own = request_new(&t->fe, 4096, 4096), *old = t->c.slot;
	struct fuse_attr attr;
	int err;

	MUST(t, own, "memory");
	t->c.queue = queue;
	t->c.slot = own;
	err = client_getattr(&t->c, node, CLIENT_NO_FH, &attr);
	EXPECT(t, !err && attr.size == 1000, "GETATTR by queue %u: %s", queue, test_errno(t, err));
	t->c.queue = FRONTEND_REQUESTS;
	t->c.slot = old;
	request_free(own);
}

/* All request queues are served, and know the same files. */
static void check_queues(struct test *t)
{
	struct session four = {.queues = 4};
	struct fuse_entry_out entry;

	if (!test_session(t, &four))
		return;
	if (t->fe.n_vqs <= FRONTEND_REQUESTS + 1) {
		test_skip(t, "the back-end has one request queue");
		return;
	}
	OK(t, test_file(t, "file", 1000, 1, &entry));
	for (unsigned queue = FRONTEND_REQUESTS; queue < t->fe.n_vqs && !t->c.broken; queue++)
		ask_queue(t, queue, entry.nodeid);
}

/* The guest is reset while another of its processors is in the middle of something. */
static void check_busy_reset(struct test *t)
{
	struct session four = {.queues = 4};
	struct request *requests[N_BUSY];
	int err = 0;

	if (!test_session(t, &four))
		return;
	if (t->fe.n_vqs <= FRONTEND_REQUESTS + 1) {
		test_skip(t, "the back-end has one request queue");
		return;
	}
	OK(t, scratch_file(t->path, "file", 1000, 1));
	for (unsigned i = 0; i < N_BUSY; i++) {
		requests[i] = request_new(&t->fe, 4096, 4096);
		MUST(t, requests[i], "memory");
	}
	for (int round = 0; round < 20 && !err && !t->failures; round++) {
		/* LOOKUPs by one queue, INIT by another. */
		t->c.queue = FRONTEND_REQUESTS + 1;
		for (unsigned i = 0; i < N_BUSY && !err; i++)
			err = client_start(&t->c, requests[i], FUSE_LOOKUP, t->node,
					   (struct iovec[]){{"file", 5}}, 1,
					   sizeof(struct fuse_entry_out));
		t->c.queue = FRONTEND_REQUESTS;
		if (!err)
			err = client_init(&t->c, &(struct client_init){0});
		t->c.queue = FRONTEND_REQUESTS + 1;
		for (unsigned i = 0; i < N_BUSY && !t->c.broken; i++)
			client_finish(&t->c, requests[i], t->buffer, 4096, &(size_t){0});
		t->c.queue = FRONTEND_REQUESTS;
	}
	EXPECT(t, !err && !t->c.broken, "INIT among LOOKUPs: %s", test_errno(t, err));
	for (unsigned i = 0; i < N_BUSY; i++)
		request_free(requests[i]);
	test_next(t, "INIT among LOOKUPs");
}

const struct check checks_session[] = {
	{"session-again", "DESTROY and INIT begin anew", 0, check_again},
	{"session-two-inits", "INIT without DESTROY does no harm", 0, check_two_inits},
	{"session-after-destroy", "after DESTROY nothing is served", 0, check_after_destroy},
	{"session-reconnect", "a front-end that comes back is served", 0, check_reconnect},
	{"session-killed", "so is one after a guest that was killed", 0, check_killed},
	{"session-stop-queue", "queues can be stopped, and go on", 0, check_stop_queue},
	{"session-queues", "all request queues know the same files", 0, check_queues},
	{"session-busy-reset", "INIT while other queues are busy", 0, check_busy_reset},
	{0},
};
