/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test.c - sessions for checks, each over a connection of its own unless it is told
 * otherwise, so that what one check breaks does not fail the next.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

void test_fail(struct test *t, const char *format, ...)
{
	va_list ap;

	t->failures++;
	/* The first ones tell enough. */
	if (t->failures > 20)
		return;
	va_start(ap, format);
	vfprintf(t->text, format, ap);
	va_end(ap);
	fputc('\n', t->text);
}

void test_skip(struct test *t, const char *format, ...)
{
	va_list ap;

	if (t->skip)
		return;
	va_start(ap, format);
	if (vasprintf(&t->skip, format, ap) < 0)
		t->skip = NULL;
	va_end(ap);
}

const char *test_errno(struct test *t, int err)
{
	const char *name;

	if (t->open && t->c.broken && t->c.problem[0])
		return t->c.problem;
	if (err >= 0)
		return "success";
	name = strerrorname_np(-err);
	return name ? name : "an unknown errno";
}

/* ---- Sessions ---- */

void test_close(struct test *t)
{
	if (!t->open)
		return;
	if (!t->c.broken && t->c.init.major)
		client_destroy(&t->c);
	/* A back-end that does not answer would not answer to this either. */
	if (t->c.broken)
		frontend_hang_up(&t->fe);
	client_close(&t->c);
	frontend_stop(&t->fe);
	t->open = false;
}

static struct client_init init_of(const struct test *t, const struct session *session)
{
	struct client_init init = session->init;

	init.no_defaults = session->bare;
	if (!session->bare && t->fe.has_window && !init.flags)
		init.flags = CLIENT_DAX_FLAGS;
	return init;
}

static int begin(struct test *t, const struct session *session)
{
	struct client_init init = init_of(t, session);
	struct fuse_entry_out entry;
	int err = client_init(&t->c, &init);

	if (err)
		return err;
	err = client_lookup(&t->c, FUSE_ROOT_ID, strrchr(t->path, '/') + 1, &entry);
	if (!err)
		t->node = entry.nodeid;
	return err;
}

int test_reinit(struct test *t, const struct session *session)
{
	static const struct session usual;
	int err = client_destroy(&t->c);

	return err ? err : begin(t, session ? session : &usual);
}

static int connect_as(struct test *t, const struct session *session)
{
	const struct options *o = t->options;
	struct frontend_options options = {
		.socket = o->socket,
		.window = !o->no_window && !session->no_window,
		.no_config = o->no_config,
		.no_mem_slots = o->no_mem_slots,
		.no_event_idx = o->no_event_idx,
		.indirect = o->indirect,
		.queues = session->queues,
		.timeout_ms = o->timeout * 1000,
	};
	int err = backend_connect(t->backend, &t->fe, &options);

	if (!err)
		err = client_open(&t->c, &t->fe);
	if (err) {
		frontend_stop(&t->fe);
		return err;
	}
	t->open = true;
	return 0;
}

bool test_session(struct test *t, const struct session *session)
{
	static const struct session usual;
	int err;

	if (!session)
		session = &usual;
	test_close(t);
	err = connect_as(t, session);
	if (err) {
		test_fail(t, "no session over %s: %s", t->options->socket, test_errno(t, err));
		/* The next one shall not suffer from what this one did. */
		backend_stop(t->backend);
		return false;
	}
	if (session->no_init)
		return true;
	err = begin(t, session);
	if (err)
		test_fail(t, "INIT and the scratch folder's LOOKUP: %s", test_errno(t, err));
	return !err;
}

void test_look(struct test *t, const char *what)
{
	struct backend *backend = t->backend;

	backend_check(backend);
	if (backend->signal)
		test_fail(t, "%s: the back-end died of signal %d", what, backend->signal);
	else if (backend->status)
		test_fail(t, "%s: the back-end ended with exit status %d", what, backend->status);
	backend_clear(backend);
}

bool test_next(struct test *t, const char *what)
{
	unsigned failures = t->failures;

	if (t->open) {
		t->c.broken = true;
		test_close(t);
	}
	backend_settle(t->backend);
	test_look(t, what);
	if (!test_session(t, NULL)) {
		test_fail(t, "%s: after that the back-end was of no more use", what);
		return false;
	}
	return t->failures == failures;
}

/* Connected, and no answer: a thread of it has died or waits for ever. */
static bool is_hung(const struct test *t)
{
	return t->open && t->c.broken && frontend_alive(&t->fe);
}

bool test_survives(struct test *t, const char *what)
{
	struct fuse_attr attr;

	if (t->open && !t->c.broken)
		client_getattr(&t->c, FUSE_ROOT_ID, CLIENT_NO_FH, &attr);
	if (t->open && !t->c.broken)
		return true;
	if (is_hung(t))
		test_fail(t, "%s: %s", what, t->c.problem);
	return test_next(t, what);
}

/* ---- The scratch folder ---- */

const char *test_path(struct test *t, const char *name)
{
	static _Thread_local char paths[8][4096];
	static _Thread_local unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", t->path, name);
	return path;
}

int test_lookup(struct test *t, const char *name, struct fuse_entry_out *entry)
{
	return client_lookup(&t->c, t->node, name, entry);
}

int test_file(struct test *t, const char *name, uint64_t size, unsigned seed,
	      struct fuse_entry_out *entry)
{
	int err = scratch_file(t->path, name, size, seed);

	return err ? err : test_lookup(t, name, entry);
}

int test_stat(struct test *t, const char *name, struct stat *st)
{
	return lstat(test_path(t, name), st) < 0 ? -errno : 0;
}

bool test_needs_dax(struct test *t)
{
	if (!t->fe.has_window)
		test_skip(t, t->fe.protocol_offered & VHOST_F_SHMEM
				     ? "this front-end has no window"
				     : "the back-end offers no window");
	else if (!(t->c.flags & FUSE_HAS_INODE_DAX) || !(t->c.flags & FUSE_MAP_ALIGNMENT))
		test_skip(t, "the back-end does not take per-inode DAX");
	return !t->skip;
}
