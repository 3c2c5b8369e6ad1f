/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_window.c - races about the DAX window: the same places and the same files from several
 * queues, and files that are cut meanwhile, by the guest and on the host.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping.h"
#include "race.h"

enum { FILES = 3, PLACES = 6, FILE_CHUNKS = 3 };

#define FILE_SIZE (FILE_CHUNKS * CHUNK)

static const char *const names[FILES] = {"map-0", "map-1", "map-2"};

/* Not the race's, whose files may be opened both ways in turn: these are all DAX. */
static uint64_t nodes[FILES];

static bool make_files(struct race *race)
{
	struct test *t = race->t;

	for (unsigned i = 0; i < FILES; i++) {
		struct fuse_entry_out entry;
		int err = test_file(t, names[i], FILE_SIZE, i, &entry);

		if (err) {
			test_fail(t, "%s: %s", names[i], test_errno(t, err));
			return false;
		}
		if (!mapping_wanted(t, &entry))
			return false;
		nodes[i] = entry.nodeid;
	}
	return true;
}

static void map_and_unmap(struct racer *racer)
{
	const uint64_t place = race_random(racer, PLACES) * CHUNK;
	const uint64_t node = nodes[race_random(racer, FILES)];
	const uint64_t offset = race_random(racer, FILE_CHUNKS) * CHUNK;
	struct fuse_removemapping_one one = {place, CHUNK};
	int err;

	if (race_random(racer, 3) == 0) {
		err = client_removemapping(&racer->c, node, &one, 1);
		/* Another has removed it. */
		if (err && err != -EINVAL && !racer->c.broken)
			race_fail(racer, "REMOVEMAPPING: %s", strerror(-err));
		return;
	}
	err = client_setupmapping(&racer->c, node, offset, CHUNK, MAP_WRITE, place);
	if (err && !racer->c.broken)
		race_fail(racer, "SETUPMAPPING: %s", strerror(-err));
}

static void cut_by_guest(struct racer *racer)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE};
	const uint64_t node = nodes[race_random(racer, FILES)];
	struct fuse_attr attr;
	int err;

	in.size = race_random(racer, 2) ? FILE_SIZE : race_random(racer, FILE_SIZE);
	err = client_setattr(&racer->c, node, &in, &attr);
	if (err && err != -ESTALE && !racer->c.broken)
		race_fail(racer, "SETATTR: %s", strerror(-err));
	usleep(race_random(racer, 500));
}

static void cut_on_host(struct racer *racer)
{
	char path[4096];

	race_path(racer->race, names[race_random(racer, FILES)], path);
	if (truncate(path, race_random(racer, 2) ? FILE_SIZE : race_random(racer, FILE_SIZE)))
		race_fail(racer, "truncate(): %s", strerror(errno));
	usleep(race_random(racer, 3000));
}

/* The window and the file have the same bytes. */
static void expect_same(struct test *t, unsigned i)
{
	static char file[1 << 16], window[1 << 16];
	const int fd = open(test_path(t, names[i]), O_RDONLY | O_CLOEXEC);

	MUST(t, fd >= 0, "%s: %s", names[i], strerror(errno));
	for (uint64_t at = 0; at < FILE_SIZE && !t->failures; at += sizeof(file)) {
		EXPECT(t, pread(fd, file, sizeof(file), (off_t)at) == sizeof(file), "%s: is short",
		       names[i]);
		EXPECT(t, !window_read(&t->fe.window, at, window, sizeof(window)),
		       "%s: a guest that reads at %llu would crash", names[i],
		       (unsigned long long)at);
		EXPECT(t, !memcmp(file, window, sizeof(file)),
		       "%s: the window has other bytes at %llu", names[i], (unsigned long long)at);
	}
	close(fd);
}

static void unmap_all(struct test *t)
{
	struct window_stats stats;

	for (unsigned i = 0; i < PLACES; i++) {
		struct fuse_removemapping_one one = {i * CHUNK, CHUNK};
		int err = client_removemapping(&t->c, nodes[0], &one, 1);

		EXPECT(t, !err || err == -EINVAL, "REMOVEMAPPING: %s", test_errno(t, err));
	}
	window_get_stats(&t->fe.window, &stats);
	EXPECT(t, !stats.live, "%u mappings are left after all were removed", stats.live);
	EXPECT(t, !stats.overlap, "%u mappings were asked for over others", stats.overlap);
	EXPECT(t, !stats.not_mapped, "%u were removed that were not there", stats.not_mapped);
}

/* What is left works: each file, mapped anew, is what it is on the host. */
static void expect_whole(struct race *race)
{
	struct test *t = race->t;

	unmap_all(t);
	if (t->options->control)
		EXPECT(t, race_status(race, "window", "mapped_chunks") == 0,
		       "the daemon counts mappings that are not there");
	for (unsigned i = 0; i < FILES && !t->failures; i++) {
		struct fuse_entry_out entry;

		EXPECT(t, !truncate(test_path(t, names[i]), FILE_SIZE), "%s: truncate", names[i]);
		OK(t, client_lookup(&t->c, t->node, names[i], &entry));
		OK(t, mapping_set(t, entry.nodeid, FILE_SIZE, 0, MAP_READ));
		expect_same(t, i);
		OK(t, mapping_unset(t, entry.nodeid, FILE_SIZE, 0));
	}
}

static void run(struct test *t, bool guest_cuts, bool host_cuts)
{
	struct race race;

	if (race_begin(&race, t, 5) && make_files(&race)) {
		race_add(&race, 4, map_and_unmap);
		if (guest_cuts)
			race_add(&race, 1, cut_by_guest);
		if (host_cuts)
			race_add_host(&race, cut_on_host);
		race_run(&race);
		if (!t->failures)
			expect_whole(&race);
	}
	race_end(&race);
}

static void race_map(struct test *t)
{
	run(t, false, false);
}

static void race_cut_by_guest(struct test *t)
{
	run(t, true, false);
}

static void race_cut_on_host(struct test *t)
{
	run(t, true, true);
}

const struct check races_window[] = {
	{"race-map", "the same places of the window from several queues", NEEDS_DAX | NEEDS_WRITE,
	 race_map},
	{"race-cut", "the guest cuts files while they are mapped", NEEDS_DAX | NEEDS_WRITE,
	 race_cut_by_guest},
	{"race-host-cut", "files are cut on the host while they are mapped",
	 NEEDS_DAX | NEEDS_WRITE, race_cut_on_host},
	{NULL, NULL, 0, NULL},
};
