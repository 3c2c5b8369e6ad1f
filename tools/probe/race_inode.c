/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_inode.c - races about inodes: whether a file is DAX and when that changes, what is
 * forgotten, and names that move.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "race.h"

/* ---- Opening ---- */

static void open_and_close(struct racer *racer)
{
	struct race_opened o;
	int err = race_open(racer, racer->race->t->node, race_pick(racer),
			    race_random(racer, 2) ? O_RDONLY : O_RDWR, &o);

	if (racer->c.broken)
		return;
	if (err) {
		race_fail(racer, "OPEN: %s", strerror(-err));
		return;
	}
	race_getattr(racer, o.nodeid, o.fh);
	if (race_random(racer, 3) == 0)
		usleep(race_random(racer, 1000));
	race_getattr(racer, o.nodeid, CLIENT_NO_FH);
	race_close(racer, &o);
}

/* ---- Looking ---- */

static void look(struct racer *racer)
{
	struct fuse_setattr_in in = {.valid = FATTR_MTIME | FATTR_MTIME_NOW};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	int err = race_lookup(racer, racer->race->t->node, race_pick(racer)->name, &entry);

	if (err)
		return;
	race_getattr(racer, entry.nodeid, CLIENT_NO_FH);
	if (race_random(racer, 8) == 0 && !client_setattr(&racer->c, entry.nodeid, &in, &attr))
		race_note_attr(racer, entry.nodeid, &attr);
	race_forget(racer, entry.nodeid, 1);
}

static void list(struct racer *racer)
{
	race_list(racer, racer->race->t->node);
}

/* ---- Tags ---- */

static void flip(struct racer *racer)
{
	struct race_file *file = race_pick(racer);
	int err = race_tag(racer->race, file->name, race_random(racer, 2));

	if (err && err != -ENOENT)
		race_fail(racer, "%s can't be tagged: %s", file->name, strerror(-err));
	usleep(race_random(racer, 2000));
}

static void race_flip(struct test *t)
{
	static const struct race_role roles[] = {
		{3, open_and_close},
		{1, look},
		{1, list},
		{RACE_ON_HOST, flip},
		{0},
	};

	race_files(t, roles);
}

/* ---- set --wait ---- */

static void claim(struct racer *racer, struct race_file *file, int state)
{
	bool held = false;

	pthread_mutex_lock(&racer->race->lock);
	file->claimed = state;
	file->claim_number++;
	if (state >= 0)
		held = file->open[!state] > 0;
	pthread_mutex_unlock(&racer->race->lock);
	if (held)
		race_fail(racer, "%s is open in the state that was said to be over", file->name);
}

/* As fsdax-ctl set --wait: asks until nothing is pending. false: no answer. */
static bool wait_for(struct racer *racer, const struct race_file *file)
{
	char line[128], path[4096];
	int64_t pending = 1;
	struct stat st;

	race_path(racer->race, file->name, path);
	if (lstat(path, &st))
		return false;
	snprintf(line, sizeof(line), "pickup %ju:%ju\n", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	while (pending > 0 && !atomic_load(&racer->race->stop)) {
		struct json_object *answer = race_ask(racer->race, line);

		pending = answer ? race_number(answer, NULL, "pending") : -1;
		json_object_put(answer);
		if (pending < 0)
			race_fail(racer, "there is no answer to pickup");
	}
	return pending == 0;
}

static void flip_and_wait(struct racer *racer)
{
	struct race_file *file = race_pick(racer);
	const bool state = race_random(racer, 2);

	claim(racer, file, -1);
	if (race_tag(racer->race, file->name, state))
		race_fail(racer, "%s can't be tagged", file->name);
	if (!wait_for(racer, file))
		return;
	claim(racer, file, state);
	usleep(race_random(racer, 3000));
}

static void race_wait(struct test *t)
{
	static const struct race_role roles[] = {
		{3, open_and_close},
		{1, look},
		{1, list},
		{RACE_ON_HOST, flip_and_wait},
		{0},
	};

	race_controlled(t, roles);
}

/* ---- Reloads, and questions ---- */

static void ask(struct racer *racer, const char *line)
{
	struct json_object *answer = race_ask(racer->race, line);

	if (race_number(answer, NULL, "ok") != 1)
		race_fail(racer, "the daemon's answer to %s", line);
	json_object_put(answer);
}

static void reload(struct racer *racer)
{
	ask(racer, "reload\n");
	usleep(race_random(racer, 2000));
}

static void ask_status(struct racer *racer)
{
	ask(racer, "status 5\n");
}

static void race_reload(struct test *t)
{
	static const struct race_role roles[] = {
		{2, open_and_close},
		{1, look},
		{1, list},
		{RACE_ON_HOST, flip},
		{RACE_ON_HOST, reload},
		{RACE_ON_HOST, reload},
		{RACE_ON_HOST, ask_status},
		{0},
	};

	race_controlled(t, roles);
}

/* ---- Forgetting ---- */

/* What is looked up is known until it is forgotten, whatever others forget. */
static void look_up_and_forget(struct racer *racer)
{
	const unsigned n = 1 + race_random(racer, 3);
	struct race_file *file = &racer->race->files[race_random(racer, 2)];
	uint64_t nodes[3];
	unsigned done = 0;

	while (done < n) {
		struct fuse_entry_out entry;

		if (race_lookup(racer, racer->race->t->node, file->name, &entry))
			break;
		nodes[done++] = entry.nodeid;
	}
	for (unsigned i = 0; i < done; i++) {
		race_getattr(racer, nodes[i], CLIENT_NO_FH);
		race_forget(racer, nodes[i], 1);
	}
}

static void race_forget_lookup(struct test *t)
{
	static const struct race_role roles[] = {{4, look_up_and_forget}, {1, list}, {0}};

	race_files(t, roles);
}

/* ---- Names ---- */

/* What may be said of names that others move and remove. */
static bool is_expected(int err)
{
	return !err || err == -ENOENT || err == -EEXIST || err == -ESTALE || err == -EISDIR ||
	       err == -ENOTDIR || err == -ENOTEMPTY || err == -EMLINK;
}

static void expect(struct racer *racer, const char *what, int err)
{
	if (!is_expected(err) && !racer->c.broken)
		race_fail(racer, "%s: %s", what, strerror(-err));
}

static void rename_files(struct racer *racer)
{
	const char *from = race_pick(racer)->name, *to = race_pick(racer)->name;
	const uint64_t node = racer->race->t->node;
	const bool exchange = race_random(racer, 2);

	expect(racer, "RENAME",
	       exchange ? client_rename2(&racer->c, node, from, node, to, 2 /* RENAME_EXCHANGE */)
			: client_rename2(&racer->c, node, from, node, "elsewhere",
					 1 /* NOREPLACE */));
	if (!exchange)
		client_rename(&racer->c, node, "elsewhere", node, from);
}

/* Opened by whatever name it has: so what counts is the nodeid, not the file's name. */
static void open_any(struct racer *racer)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	int err = race_lookup(racer, racer->race->t->node, race_pick(racer)->name, &entry);

	if (err) {
		expect(racer, "LOOKUP", err);
		return;
	}
	err = client_open_file(&racer->c, entry.nodeid, O_RDONLY, &fh);
	expect(racer, "OPEN", err);
	if (!err) {
		race_getattr(racer, entry.nodeid, fh);
		expect(racer, "RELEASE", client_release(&racer->c, entry.nodeid, fh));
	}
	race_forget(racer, entry.nodeid, 1);
}

static void race_rename(struct test *t)
{
	static const struct race_role roles[] = {
		{2, rename_files},
		{2, open_any},
		{1, list},
		{RACE_ON_HOST, flip},
		{0},
	};

	race_files(t, roles);
}

static void unlink_and_create(struct racer *racer)
{
	const char *name = race_pick(racer)->name;
	const uint64_t node = racer->race->t->node;
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	expect(racer, "UNLINK", client_unlink(&racer->c, node, name));
	err = client_create(&racer->c, node, name, O_RDWR, 0644, &entry, &fh);
	expect(racer, "CREATE", err);
	if (err)
		return;
	race_note(racer, &entry);
	if (client_write(&racer->c, entry.nodeid, fh, 0, "x", 1, 0) != 1 && !racer->c.broken)
		race_fail(racer, "WRITE to what was just created");
	expect(racer, "RELEASE", client_release(&racer->c, entry.nodeid, fh));
	race_forget(racer, entry.nodeid, 1);
}

static void race_unlink(struct test *t)
{
	static const struct race_role roles[] = {
		{2, unlink_and_create},
		{2, open_any},
		{1, list},
		{RACE_ON_HOST, flip},
		{0},
	};

	race_files(t, roles);
}

/* A second name for what may just be retired. */
static void link_and_unlink(struct racer *racer)
{
	const uint64_t node = racer->race->t->node;
	struct fuse_entry_out entry, linked;
	char name[32];
	int err;

	if (race_lookup(racer, node, race_pick(racer)->name, &entry))
		return;
	snprintf(name, sizeof(name), "link-%u", racer->index);
	err = client_link(&racer->c, entry.nodeid, node, name, &linked);
	expect(racer, "LINK", err);
	if (!err) {
		race_note(racer, &linked);
		race_getattr(racer, linked.nodeid, CLIENT_NO_FH);
		expect(racer, "UNLINK", client_unlink(&racer->c, node, name));
		race_forget(racer, linked.nodeid, 1);
	}
	race_forget(racer, entry.nodeid, 1);
}

static void race_link(struct test *t)
{
	static const struct race_role roles[] = {
		{2, link_and_unlink},
		{2, open_and_close},
		{1, list},
		{RACE_ON_HOST, flip},
		{0},
	};

	race_files(t, roles);
}

const struct check races_inode[] = {
	{"race-flip", "tags change while files are opened, looked up and listed",
	 NEEDS_DAX | NEEDS_WRITE, race_flip},
	{"race-wait", "what is said to be picked up is, for all that open it then",
	 NEEDS_DAX | NEEDS_WRITE, race_wait},
	{"race-reload", "the policy is read again, twice at once, and asked about",
	 NEEDS_DAX | NEEDS_WRITE, race_reload},
	{"race-forget", "the last FORGET while another queue looks the same file up", NEEDS_WRITE,
	 race_forget_lookup},
	{"race-rename", "files change names while they are looked up, listed and opened",
	 NEEDS_WRITE, race_rename},
	{"race-unlink", "names go and come while they are opened", NEEDS_WRITE, race_unlink},
	{"race-link", "a second name for what is being retired", NEEDS_DAX | NEEDS_WRITE,
	 race_link},
	{NULL, NULL, 0, NULL},
};
