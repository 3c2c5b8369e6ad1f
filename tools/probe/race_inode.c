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

/* ---- Opening, as a guest's kernel does ---- */

/* A file that is open: in which state, as the guest knows. */
struct opened {
	struct race_file *file;
	uint64_t nodeid, fh, looked;
	unsigned flag;
	int claimed; /* before it was opened */
	unsigned claim_number;
};

static void read_claim(struct racer *racer, struct opened *o)
{
	pthread_mutex_lock(&racer->race->lock);
	o->claimed = o->file->claimed;
	o->claim_number = o->file->claim_number;
	pthread_mutex_unlock(&racer->race->lock);
}

/* Open now: never while it is open in the other state, nor in one that is said to be over. */
static void count_open(struct racer *racer, const struct opened *o)
{
	struct race_file *file = o->file;
	bool both, stale;

	pthread_mutex_lock(&racer->race->lock);
	file->open[o->flag]++;
	both = file->open[!o->flag] > 0;
	stale = o->claimed >= 0 && o->claim_number == file->claim_number &&
		(unsigned)o->claimed != o->flag;
	pthread_mutex_unlock(&racer->race->lock);
	if (both)
		race_fail(racer, "%s is open both ways", file->name);
	if (stale)
		race_fail(racer, "%s was opened in a state that was said to be over", file->name);
}

static int look_up(struct racer *racer, struct opened *o)
{
	struct fuse_entry_out entry;
	int err = race_lookup(racer, racer->race->t->node, o->file->name, &entry);

	if (err)
		return err;
	o->nodeid = entry.nodeid;
	o->flag = entry.attr.flags & FUSE_ATTR_DAX ? 1 : 0;
	o->looked = 1;
	return 0;
}

/* ESTALE: the name is looked up again, once. 0, or -errno with nothing to forget. */
static int open_one(struct racer *racer, struct race_file *file, uint32_t flags, struct opened *o)
{
	int err = -ESTALE;

	*o = (struct opened){.file = file};
	read_claim(racer, o);
	for (int i = 0; i < 2 && err == -ESTALE; i++) {
		err = look_up(racer, o);
		if (err)
			return err;
		/* A kernel may take its time. */
		if (race_random(racer, 4) == 0)
			usleep(200);
		err = client_open_file(&racer->c, o->nodeid, flags, &o->fh);
		if (err)
			race_forget(racer, o->nodeid, 1);
	}
	if (!err)
		count_open(racer, o);
	return err;
}

static void close_one(struct racer *racer, const struct opened *o)
{
	int err;

	pthread_mutex_lock(&racer->race->lock);
	o->file->open[o->flag]--;
	pthread_mutex_unlock(&racer->race->lock);
	err = client_release(&racer->c, o->nodeid, o->fh);
	if (err && !racer->c.broken)
		race_fail(racer, "RELEASE: %s", strerror(-err));
	race_forget(racer, o->nodeid, 1);
}

static void getattr(struct racer *racer, uint64_t nodeid, uint64_t fh)
{
	struct fuse_attr attr;
	int err = client_getattr(&racer->c, nodeid, fh, &attr);

	if (!err)
		race_note_attr(racer, nodeid, &attr);
	else if (!racer->c.broken)
		race_fail(racer, "GETATTR of what is looked up: %s", strerror(-err));
}

static void open_and_close(struct racer *racer)
{
	struct opened o;
	int err = open_one(racer, race_pick(racer), race_random(racer, 2) ? O_RDONLY : O_RDWR, &o);

	if (racer->c.broken)
		return;
	if (err) {
		race_fail(racer, "OPEN: %s", strerror(-err));
		return;
	}
	getattr(racer, o.nodeid, o.fh);
	if (race_random(racer, 3) == 0)
		usleep(race_random(racer, 1000));
	getattr(racer, o.nodeid, CLIENT_NO_FH);
	close_one(racer, &o);
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
	getattr(racer, entry.nodeid, CLIENT_NO_FH);
	if (race_random(racer, 8) == 0 && !client_setattr(&racer->c, entry.nodeid, &in, &attr))
		race_note_attr(racer, entry.nodeid, &attr);
	race_forget(racer, entry.nodeid, 1);
}

static void note_entries(struct racer *racer, const char *buf, size_t size)
{
	struct client_dirent dirent;
	ssize_t n;

	while ((n = client_next_dirent(buf, size, true, &dirent)) > 0) {
		if (dirent.entry.nodeid)
			race_note(racer, &dirent.entry);
		if (dirent.entry.nodeid)
			race_forget(racer, dirent.entry.nodeid, 1);
		buf += n;
		size -= (size_t)n;
	}
	if (n < 0)
		race_fail(racer, "READDIRPLUS: entries that make no sense");
}

static void list(struct racer *racer)
{
	static _Thread_local char buf[32768];
	struct client *c = &racer->c;
	const uint64_t node = racer->race->t->node;
	uint64_t fh;
	ssize_t n;

	if (client_opendir(c, node, &fh))
		return;
	n = client_readdir(c, node, fh, 0, buf, sizeof(buf), true);
	if (n > 0)
		note_entries(racer, buf, (size_t)n);
	client_releasedir(c, node, fh);
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
		getattr(racer, nodes[i], CLIENT_NO_FH);
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
		getattr(racer, entry.nodeid, fh);
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
		getattr(racer, linked.nodeid, CLIENT_NO_FH);
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
