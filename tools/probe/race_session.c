/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_session.c - races of requests with what is around them: the session's end, queues that
 * are stopped, memory that is told anew; and of locks with the end of what they are held by.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "race.h"

/* ---- DESTROY and INIT ---- */

/* Between two sessions, all of this may be refused; nothing else may happen. */
static void expect_refusal(struct racer *racer, const char *what, int err)
{
	if (err < 0 && err != -EIO && err != -ESTALE && err != -EBADF && err != -ENOENT &&
	    err != -ENOSYS && !racer->c.broken)
		race_fail(racer, "%s: %s", what, strerror(-err));
}

static void use(struct racer *racer)
{
	struct race_file *file = race_pick(racer);
	struct client *c = &racer->c;
	struct fuse_entry_out folder, entry;
	const char *dir = strrchr(racer->race->t->path, '/') + 1;
	char byte;
	uint64_t fh;
	int err = client_lookup(c, FUSE_ROOT_ID, dir, &folder);

	if (!err)
		err = client_lookup(c, folder.nodeid, file->name, &entry);
	expect_refusal(racer, "LOOKUP", err);
	if (err)
		return;
	err = client_open_file(c, entry.nodeid, O_RDWR, &fh);
	expect_refusal(racer, "OPEN", err);
	if (err)
		return;
	expect_refusal(racer, "READ", (int)client_read(c, entry.nodeid, fh, 0, &byte, 1));
	if (racer->race->t->fe.has_window)
		expect_refusal(
			racer, "SETUPMAPPING",
			client_setupmapping(c, entry.nodeid, 0, CHUNK, 1, racer->index * CHUNK));
	if (race_random(racer, 2))
		expect_refusal(racer, "RELEASE", client_release(c, entry.nodeid, fh));
}

static void begin_anew(struct racer *racer)
{
	struct test *t = racer->race->t;
	struct client_init init = {.flags = t->fe.has_window ? CLIENT_DAX_FLAGS : 0};
	int err = race_random(racer, 2) ? client_destroy(&racer->c) : 0;

	if (!err)
		err = client_init(&racer->c, &init);
	if (err && !racer->c.broken)
		race_fail(racer, "DESTROY, INIT: %s", strerror(-err));
	usleep(race_random(racer, 2000));
}

static void race_destroy(struct test *t)
{
	struct race race;

	if (race_begin(&race, t, 5) && race_make_files(&race)) {
		race_add(&race, 4, use);
		race_add(&race, 1, begin_anew);
		race_run(&race);
		if (!t->failures)
			EXPECT(t, !test_reinit(t, NULL), "DESTROY, INIT and LOOKUP afterwards");
		if (!t->failures && t->options->control) {
			EXPECT(t, race_status(&race, NULL, "files") == 0, "files are left");
			EXPECT(t, race_status(&race, NULL, "open_handles") == 0,
			       "handles are left");
			EXPECT(t, race_status(&race, "window", "mapped_chunks") <= 0,
			       "mappings are left");
		}
	}
	race_end(&race);
}

/* ---- Queues and memory ---- */

static void look_up_and_read(struct racer *racer)
{
	struct client *c = &racer->c;
	struct fuse_entry_out entry;
	char bytes[512];
	uint64_t fh;
	int err = race_lookup(racer, racer->race->t->node, race_pick(racer)->name, &entry);

	if (!err)
		err = client_open_file(c, entry.nodeid, O_RDONLY, &fh);
	if (err) {
		if (!c->broken)
			race_fail(racer, "LOOKUP, OPEN: %s", strerror(-err));
		return;
	}
	if (client_read(c, entry.nodeid, fh, 0, bytes, sizeof(bytes)) != sizeof(bytes) &&
	    !c->broken)
		race_fail(racer, "READ");
	client_release(c, entry.nodeid, fh);
	race_forget(racer, entry.nodeid, 1);
}

/* A machine that is paused while requests are in its queues: none is lost, none served twice. */
static void stop_and_start(struct racer *racer)
{
	struct test *t = racer->race->t;
	const unsigned queue = race_random(racer, t->fe.n_vqs);
	uint16_t base = 0;
	int err = frontend_stop_queue(&t->fe, queue, &base);

	if (!err)
		err = frontend_start_queue(&t->fe, queue, base);
	if (err)
		race_fail(racer, "queue %u can't be stopped and started: %s", queue,
			  strerror(-err));
	usleep(race_random(racer, 1000));
}

static void change_memory(struct racer *racer)
{
	struct test *t = racer->race->t;
	/* All requests are in the first region; the second one comes and goes. */
	int err = frontend_set_memory(&t->fe, 1 + race_random(racer, 2));

	if (err)
		race_fail(racer, "SET_MEM_TABLE: %s", strerror(-err));
	if (race_random(racer, 4) == 0)
		stop_and_start(racer);
	usleep(race_random(racer, 1000));
}

static void race_queues_with(struct test *t, void (*step)(struct racer *racer))
{
	const struct race_role roles[] = {{4, look_up_and_read}, {RACE_ON_HOST, step}, {0}};

	race_files(t, roles);
}

static void race_stop_queue(struct test *t)
{
	race_queues_with(t, stop_and_start);
}

static void race_memory(struct test *t)
{
	race_queues_with(t, change_memory);
}

/* ---- Locks ---- */

static int set_lock(struct racer *racer, uint64_t nodeid, uint64_t fh, uint32_t type)
{
	struct fuse_file_lock lock = {.start = 0, .end = 99, .type = type, .pid = racer->index + 1};

	return client_lock(&racer->c, FUSE_SETLK, nodeid, fh, racer->index + 1, &lock);
}

/* One takes a lock and closes; whoever comes next can have it, and never two at once. */
static atomic_int n_locked;

static void lock_and_close(struct racer *racer)
{
	struct client *c = &racer->c;
	struct fuse_entry_out entry;
	uint64_t fh;
	int err = race_lookup(racer, racer->race->t->node, racer->race->files[0].name, &entry);

	if (err)
		return;
	err = client_open_file(c, entry.nodeid, O_RDWR, &fh);
	if (!err && !set_lock(racer, entry.nodeid, fh, F_WRLCK)) {
		if (atomic_fetch_add(&n_locked, 1) && !c->broken)
			race_fail(racer, "two owners have the same lock");
		atomic_fetch_sub(&n_locked, 1);
		if (race_random(racer, 2))
			set_lock(racer, entry.nodeid, fh, F_UNLCK);
		else
			client_flush(c, entry.nodeid, fh, racer->index + 1);
	}
	if (!err)
		client_release(c, entry.nodeid, fh);
	race_forget(racer, entry.nodeid, 1);
}

static void expect_unlocked(struct test *t, const char *name)
{
	struct fuse_file_lock lock = {.start = 0, .end = 99, .type = F_WRLCK, .pid = 99};
	struct fuse_entry_out entry;
	uint64_t fh;

	OK(t, test_lookup(t, name, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	OK(t, client_lock(&t->c, FUSE_GETLK, entry.nodeid, fh, 99, &lock));
	EXPECT(t, lock.type == F_UNLCK, "a lock is left of what was closed");
	client_release(&t->c, entry.nodeid, fh);
	client_forget(&t->c, entry.nodeid, 1);
}

static void race_lock(struct test *t)
{
	struct race race;

	atomic_store(&n_locked, 0);
	if (race_begin(&race, t, 4) && race_make_files(&race)) {
		if (!(t->c.flags & FUSE_POSIX_LOCKS))
			test_skip(t, "the back-end has no locks");
		race_add(&race, 4, lock_and_close);
		if (!t->skip)
			race_run(&race);
		if (!t->skip && !t->failures)
			expect_unlocked(t, race.files[0].name);
		if (!t->skip)
			race_forget_all(&race);
	}
	race_end(&race);
}

const struct check races_session[] = {
	{"race-destroy", "DESTROY and INIT while other queues are busy", NEEDS_WRITE, race_destroy},
	{"race-stop-queue", "queues are stopped and go on under load", NEEDS_WRITE,
	 race_stop_queue},
	{"race-memory", "SET_MEM_TABLE under load", NEEDS_WRITE, race_memory},
	{"race-lock", "a lock's owner goes while others ask for it", NEEDS_WRITE, race_lock},
	{NULL, NULL, 0, NULL},
};
