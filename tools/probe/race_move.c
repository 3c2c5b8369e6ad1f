/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_move.c - races about folders that move while the files below are decided on by their path:
 * the policy says yes below one place and no below another. What is told of a nodeid stays; and
 * when all is quiet, each file is as its path wants it.
 *
 * Three kinds of moves: from one folder to another, another name in the same folder, and two
 * folders that change places. In each folder there are
 *
 *	file-N		opened; file-N is in one folder of them all, so that it can be followed
 *	closed		never opened: so whoever looks it up after a move sees what is right then
 *	always, never	for which the policy says the same in all places
 *	sub/		the same once more
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "race.h"

enum { FILE_SIZE = 4096, POLICY_MAX = 8192 };

enum kind { PARENT, NAME, EXCHANGE, KINDS };

#define POLICY_FILE "50-probe-move.ini"

/* What a race keeps: where folders are moved between. */
struct places {
	uint64_t nodes[2]; /* of "no" and "yes" */
	uint64_t folders;  /* that the daemon knew before */
};

static const char *const words[] = {"no", "yes"};

/* How the folders are called when the policy says no, and yes. */
static const char *const folder_paths[KINDS][2] = {
	[PARENT] = {"no/moved", "yes/moved"},
	[NAME] = {"named-no", "named-yes"},
	[EXCHANGE] = {"changed-no", "changed-yes"},
};

/* In which folder a file is made: by its number. */
static const char *const file_folders[RACE_FILES] = {
	"no/moved", "no/moved/sub", "named-no", "named-no/sub", "changed-no", "changed-yes/sub",
};

/* ---- The tree and the policy ---- */

static int make_folder(const struct race *race, const char *name)
{
	char path[4096];

	race_path(race, name, path);
	return mkdir(path, 0755) ? -errno : 0;
}

static int make_file(const struct race *race, const char *folder, const char *name)
{
	char path[4096];

	race_path(race, folder, path);
	return scratch_file(path, name, FILE_SIZE, 1);
}

static int fill(const struct race *race, const char *folder)
{
	int err = make_folder(race, folder);

	if (!err)
		err = make_file(race, folder, "closed");
	if (!err)
		err = make_file(race, folder, "always");
	return err ? err : make_file(race, folder, "never");
}

static int fill_both(const struct race *race, const char *folder)
{
	char sub[64];
	int err = fill(race, folder);

	snprintf(sub, sizeof(sub), "%s/sub", folder);
	return err ? err : fill(race, sub);
}

static int make_tree(struct race *race)
{
	int err = make_folder(race, "no");

	if (!err)
		err = make_folder(race, "yes");
	if (!err)
		err = fill_both(race, "no/moved");
	if (!err)
		err = fill_both(race, "named-no");
	if (!err)
		err = fill_both(race, "changed-no");
	if (!err)
		err = fill_both(race, "changed-yes");
	for (unsigned i = 0; i < RACE_FILES && !err; i++) {
		struct race_file *file = &race->files[i];

		file->claimed = -1;
		snprintf(file->name, sizeof(file->name), "file-%u", i);
		err = make_file(race, file_folders[i], file->name);
	}
	return err;
}

static int put_policy(const struct race *race)
{
	const char *top = strrchr(race->t->path, '/') + 1;
	char text[POLICY_MAX];
	int err;

	snprintf(text, sizeof(text),
		 "[rule probe-no]\npath = /%s/no/**\npath = /%s/*-no/**\ndax = no\n"
		 "[rule probe-yes]\npath = /%s/yes/**\npath = /%s/*-yes/**\ndax = yes\n"
		 "[rule probe-always]\npath = /%s/**/always\ndax = yes\n"
		 "[rule probe-never]\npath = /%s/**/never\ndax = no\n",
		 top, top, top, top, top, top);
	err = race_policy_put(race, POLICY_FILE, text);
	return err ? err : race_policy_reload(race) ? 0 : -EBADMSG;
}

static void drop_policy(const struct race *race)
{
	race_policy_drop(race, POLICY_FILE);
	race_policy_reload(race);
}

static bool begin(struct race *race)
{
	struct places *places = race->own;
	struct test *t = race->t;
	int err = make_tree(race);

	if (!err)
		err = put_policy(race);
	places->folders = (uint64_t)race_status(race, NULL, "folders");
	for (unsigned i = 0; i < 2 && !err; i++) {
		struct fuse_entry_out entry;

		err = test_lookup(t, words[i], &entry);
		places->nodes[i] = entry.nodeid;
	}
	if (err)
		test_fail(t, "folders and their policy can't be made: %s", test_errno(t, err));
	return !err;
}

/* ---- Moving ---- */

/* What may be said when others move, too. */
static bool is_expected(int err)
{
	return !err || err == -ENOENT || err == -EEXIST || err == -ENOTEMPTY;
}

static int move_on_host(struct racer *racer, enum kind kind, unsigned from)
{
	char old[4096], new[4096];

	race_path(racer->race, folder_paths[kind][from], old);
	race_path(racer->race, folder_paths[kind][!from], new);
	return renameat2(AT_FDCWD, old, AT_FDCWD, new,
			 kind == EXCHANGE ? RENAME_EXCHANGE : RENAME_NOREPLACE)
		       ? -errno
		       : 0;
}

/* Where a folder is: its parent's nodeid, and its name there. */
static uint64_t place_of(struct racer *racer, enum kind kind, unsigned where, const char **name)
{
	const struct places *places = racer->race->own;

	*name = kind == PARENT ? "moved" : folder_paths[kind][where];
	return kind == PARENT ? places->nodes[where] : racer->race->t->node;
}

static int move_by_guest(struct racer *racer, enum kind kind, unsigned from)
{
	const char *old, *new;
	const uint64_t parent = place_of(racer, kind, from, &old);
	const uint64_t newparent = place_of(racer, kind, !from, &new);

	return client_rename2(&racer->c, parent, old, newparent, new,
			      kind == EXCHANGE ? RENAME_EXCHANGE : RENAME_NOREPLACE);
}

static void expect_closed(struct racer *racer, uint64_t folder, unsigned where)
{
	struct fuse_entry_out entry;
	int err = race_lookup(racer, folder, "closed", &entry);

	if (err) {
		if (!racer->c.broken)
			race_fail(racer, "closed: %s", strerror(-err));
		return;
	}
	if (!(entry.attr.flags & FUSE_ATTR_DAX) != !where)
		race_fail(racer, "what was just moved to where %s is right is told otherwise",
			  words[where]);
	race_forget(racer, entry.nodeid, 1);
}

/*
 * Move, and look below at once, by the nodeid from before, as the guest's kernel does: nobody has
 * opened those files, and nobody else moves them, so it is the new path that counts.
 */
static void move_and_look(struct racer *racer)
{
	const enum kind kind = race_random(racer, KINDS);
	const unsigned from = race_random(racer, 2);
	struct fuse_entry_out folder, sub;
	const char *name;
	const uint64_t parent = place_of(racer, kind, from, &name);
	int err = race_lookup(racer, parent, name, &folder);

	if (err) {
		if (err != -ENOENT && !racer->c.broken)
			race_fail(racer, "LOOKUP of a folder: %s", strerror(-err));
		return;
	}
	err = race_lookup(racer, folder.nodeid, "sub", &sub);
	if (!err)
		err = move_by_guest(racer, kind, from);
	if (err && !racer->c.broken)
		race_fail(racer, "RENAME: %s", strerror(-err));
	if (!err) {
		expect_closed(racer, race_random(racer, 2) ? folder.nodeid : sub.nodeid, !from);
		race_forget(racer, sub.nodeid, 1);
	}
	race_forget(racer, folder.nodeid, 1);
	usleep(race_random(racer, 500));
}

static void move_any(struct racer *racer)
{
	const enum kind kind = race_random(racer, KINDS);
	const unsigned from = race_random(racer, 2);
	const int err =
		racer->on_host ? move_on_host(racer, kind, from) : move_by_guest(racer, kind, from);

	if (!is_expected(err) && !racer->c.broken)
		race_fail(racer, "a folder can't be moved: %s", strerror(-err));
	usleep(race_random(racer, 500));
}

/* ---- Looking meanwhile ---- */

static void told(struct racer *racer, const char *name, bool dax)
{
	if (strcmp(name, "always") == 0 && !dax)
		race_fail(racer, "no was told where all places say yes");
	if (strcmp(name, "never") == 0 && dax)
		race_fail(racer, "yes was told where all places say no");
}

static void open_and_close(struct racer *racer, uint64_t folder)
{
	struct race_opened o;
	int err = race_open(racer, folder, race_pick(racer), O_RDONLY, &o);

	if (!err) {
		race_getattr(racer, o.nodeid, o.fh);
		usleep(race_random(racer, 200));
		race_getattr(racer, o.nodeid, CLIENT_NO_FH);
		race_close(racer, &o);
	} else if (err != -ENOENT && !racer->c.broken) {
		race_fail(racer, "OPEN: %s", strerror(-err));
	}
}

static void look(struct racer *racer, uint64_t folder, const char *name)
{
	struct fuse_entry_out entry;
	int err = race_lookup(racer, folder, name, &entry);

	if (!err) {
		race_getattr(racer, entry.nodeid, CLIENT_NO_FH);
		race_forget(racer, entry.nodeid, 1);
	} else if (err != -ENOENT && !racer->c.broken) {
		race_fail(racer, "LOOKUP: %s", strerror(-err));
	}
}

static void use(struct racer *racer, uint64_t folder)
{
	static const char *const names[] = {"always", "never", "closed"};

	switch (race_random(racer, 4)) {
	case 0: race_list(racer, folder); break;
	case 1: look(racer, folder, names[race_random(racer, 3)]); break;
	default: open_and_close(racer, folder);
	}
}

static void visit(struct racer *racer)
{
	struct fuse_entry_out folder, sub;
	const char *name;
	const uint64_t parent =
		place_of(racer, race_random(racer, KINDS), race_random(racer, 2), &name);
	int err = race_lookup(racer, parent, name, &folder);

	if (err) {
		if (err != -ENOENT && !racer->c.broken)
			race_fail(racer, "LOOKUP of a folder: %s", strerror(-err));
		return;
	}
	for (unsigned i = race_random(racer, 4); i; i--)
		use(racer, folder.nodeid);
	err = race_lookup(racer, folder.nodeid, "sub", &sub);
	if (!err) {
		use(racer, sub.nodeid);
		race_forget(racer, sub.nodeid, 1);
	}
	race_getattr(racer, folder.nodeid, CLIENT_NO_FH);
	race_forget(racer, folder.nodeid, 1);
}

/* ---- When all is quiet ---- */

/* LOOKUP from the scratch folder down, component by component. 0 or -errno. */
static int look_down(struct test *t, const char *path, uint64_t nodes[4], unsigned *n,
		     struct fuse_entry_out *entry)
{
	uint64_t node = t->node;
	char name[64];
	int err = 0;

	for (*n = 0; *path && !err; path += *path == '/') {
		const size_t len = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		path += len;
		err = client_lookup(&t->c, node, name, entry);
		if (!err && !entry->nodeid)
			err = -ENOENT;
		if (err)
			break;
		node = entry->nodeid;
		nodes[(*n)++] = node;
	}
	return err;
}

/* As it is at that place; one that is not there is not asked for. */
static void expect_file(struct test *t, const char *folder, const char *name, bool dax)
{
	struct fuse_entry_out entry;
	uint64_t nodes[4];
	char path[256];
	struct stat st;
	unsigned n;
	int err;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (test_stat(t, path, &st))
		return;
	err = look_down(t, path, nodes, &n, &entry);
	EXPECT(t, !err, "%s: %s", path, test_errno(t, err));
	if (!err)
		EXPECT(t, !(entry.attr.flags & FUSE_ATTR_DAX) == !dax, "%s is told %s", path,
		       dax ? "no" : "yes");
	while (n && !t->c.broken)
		client_forget(&t->c, nodes[--n], 1);
}

static void expect_folder(struct race *race, const char *folder, bool dax)
{
	struct test *t = race->t;

	expect_file(t, folder, "closed", dax);
	expect_file(t, folder, "always", true);
	expect_file(t, folder, "never", false);
	for (unsigned i = 0; i < RACE_FILES; i++)
		expect_file(t, folder, race->files[i].name, dax);
}

static void expect_places(struct race *race)
{
	char sub[64];

	for (unsigned kind = 0; kind < KINDS; kind++) {
		for (unsigned where = 0; where < 2; where++) {
			expect_folder(race, folder_paths[kind][where], where);
			snprintf(sub, sizeof(sub), "%s/sub", folder_paths[kind][where]);
			expect_folder(race, sub, where);
		}
	}
}

/*
 * The host moves a folder that the guest knows, and the guest asks about it by its nodeid for long
 * before it finds it by its new name.
 */
static void move_late(struct race *race, enum kind kind, unsigned from)
{
	struct test *t = race->t;
	struct racer host = {.race = race, .on_host = true};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t nodes[4];
	char path[64];
	unsigned n;

	snprintf(path, sizeof(path), "%s/closed", folder_paths[kind][from]);
	if (!look_down(t, path, nodes, &n, &entry)) {
		OK(t, move_on_host(&host, kind, from));
		/* Longer than a kernel's clock stands still. */
		usleep(50000);
		OK(t, client_getattr(&t->c, nodes[n - 2], CLIENT_NO_FH, &attr));
		expect_places(race);
	}
	while (n && !t->c.broken)
		client_forget(&t->c, nodes[--n], 1);
}

static void expect_settled(struct race *race)
{
	struct places *places = race->own;
	struct test *t = race->t;

	expect_places(race);
	for (unsigned kind = 0; kind < KINDS && !t->failures; kind++) {
		move_late(race, kind, 0);
		move_late(race, kind, 1);
	}
	for (unsigned i = 0; i < 2 && !t->c.broken; i++)
		client_forget(&t->c, places->nodes[i], 1);
	race_forget_all(race);
	EXPECT(t, race_status(race, NULL, "folders") == (int64_t)places->folders,
	       "folders are known after all were forgotten");
}

static void run(struct test *t, const struct race_role *roles)
{
	struct places places = {0};
	const struct race_plan plan = {roles, &places, told, begin, expect_settled, drop_policy};

	race_planned(t, &plan);
}

static void race_move(struct test *t)
{
	static const struct race_role roles[] = {{4, visit}, {1, move_and_look}, {0}};

	run(t, roles);
}

static void race_host_move(struct test *t)
{
	static const struct race_role roles[] = {
		{3, visit},
		{1, move_any},
		{RACE_ON_HOST, move_any},
		{0},
	};

	run(t, roles);
}

const struct check races_move[] = {
	{"race-move", "folders move while files below are decided on by their path",
	 NEEDS_DAX | NEEDS_WRITE, race_move},
	{"race-host-move", "the same, and the host moves them, too", NEEDS_DAX | NEEDS_WRITE,
	 race_host_move},
	{NULL, NULL, 0, NULL},
};
