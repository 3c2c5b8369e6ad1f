/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_map_edge.c - mappings that make no sense, that the host refuses, or that outlive what
 * they belong to.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "mapping.h"

/* An empty file must never be mapped: that makes it longer. */
static void check_empty(struct test *t)
{
	struct fuse_entry_out entry;
	struct stat st;
	int err;

	OK(t, test_file(t, "empty", 0, 0, &entry));
	err = client_setupmapping(&t->c, entry.nodeid, 0, CHUNK, MAP_READ, 0);
	if (!err)
		err = client_setupmapping(&t->c, entry.nodeid, 0, CHUNK, MAP_WRITE, 0);
	EXPECT(t, !t->c.broken, "%s", test_errno(t, err));
	OK(t, test_stat(t, "empty", &st));
	EXPECT(t, st.st_size == 0, "an empty file has now %lld bytes", (long long)st.st_size);
}

/* The same behind the end of a file that has some. */
static void check_behind_end(struct test *t)
{
	struct fuse_entry_out entry;
	struct stat st;
	int err;

	OK(t, test_file(t, "file", 4096, 1, &entry));
	err = client_setupmapping(&t->c, entry.nodeid, CHUNK, CHUNK, MAP_WRITE, 0);
	EXPECT(t, !t->c.broken, "%s", test_errno(t, err));
	OK(t, test_stat(t, "file", &st));
	EXPECT(t, st.st_size == 4096, "the file has now %lld bytes", (long long)st.st_size);
}

static void refuse(struct test *t, const char *what, uint64_t node, uint64_t foffset, uint64_t len,
		   uint64_t moffset)
{
	int err = client_setupmapping(&t->c, node, foffset, len, MAP_READ, moffset);

	EXPECT(t, err < 0, "SETUPMAPPING %s is accepted", what);
	test_survives(t, what);
}

static void check_nonsense(struct test *t)
{
	uint64_t window = t->fe.shmem_size;
	struct fuse_entry_out file, folder;

	OK(t, test_file(t, "file", CHUNK + 1, 1, &file));
	EXPECT(t, mkdir(test_path(t, "folder"), 0755) == 0, "mkdir on the host");
	OK(t, test_lookup(t, "folder", &folder));
	refuse(t, "behind the window", file.nodeid, 0, CHUNK, window);
	refuse(t, "over the window's end", file.nodeid, 0, 2 * CHUNK, window - CHUNK);
	refuse(t, "far outside", file.nodeid, 0, CHUNK, UINT64_MAX - CHUNK + 1);
	refuse(t, "of 2^64-1 bytes", file.nodeid, 0, UINT64_MAX, 0);
	refuse(t, "larger than the window", file.nodeid, 0, window + CHUNK, 0);
	refuse(t, "at an odd place in the window", file.nodeid, 0, CHUNK, 1);
	refuse(t, "at an odd place in the file", file.nodeid, 1, CHUNK, 0);
	refuse(t, "at the end of all offsets", file.nodeid, UINT64_MAX - 4095, CHUNK, 0);
	refuse(t, "at a negative offset", file.nodeid, 1ull << 63, CHUNK, 0);
	refuse(t, "of a folder", folder.nodeid, 0, CHUNK, 0);
	refuse(t, "of the root", FUSE_ROOT_ID, 0, CHUNK, 0);
	refuse(t, "of an unknown nodeid", 0x7777777777777777, 0, CHUNK, 0);
	refuse(t, "of nodeid 0", 0, 0, CHUNK, 0);
}

/* A FIFO must not be opened, or the daemon waits for ever. */
static void check_fifo(struct test *t)
{
	struct fuse_entry_out entry;

	EXPECT(t, mkfifo(test_path(t, "fifo"), 0644) == 0, "mkfifo on the host");
	OK(t, test_lookup(t, "fifo", &entry));
	refuse(t, "of a FIFO", entry.nodeid, 0, CHUNK, 0);
}

static void check_remove_nonsense(struct test *t)
{
	static const struct fuse_removemapping_one odd[] = {
		{0, CHUNK},	 {1, CHUNK},	      {0, 0}, {CHUNK, 1}, {UINT64_MAX, UINT64_MAX},
		{0, UINT64_MAX}, {1ull << 62, CHUNK},
	};
	struct fuse_removemapping_in in = {.count = 0x10000001};
	struct iovec iov[] = {{&in, sizeof(in)}, {(void *)odd, sizeof(odd[0])}};
	struct fuse_entry_out entry;
	int err;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		/* It may be refused, or there may be nothing to do. */
		client_removemapping(&t->c, entry.nodeid, &odd[i], 1);
		test_survives(t, "REMOVEMAPPING of what was never mapped");
	}
	err = client_call(&t->c, FUSE_REMOVEMAPPING, entry.nodeid, iov, 2, NULL, 0, NULL);
	EXPECT(t, err < 0,
	       "REMOVEMAPPING of 268,435,457 ranges, of which one is there, is accepted");
	test_survives(t, "REMOVEMAPPING with a wrong count");
}

/* No guest removes a part of a chunk. */
static void check_remove_partly(struct test *t)
{
	struct fuse_removemapping_one middle = {CHUNK + 4096, 8192};
	struct fuse_entry_out entry;

	OK(t, test_file(t, "file", 2 * CHUNK, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 2 * CHUNK, 0, MAP_READ));
	/* Whether parts can be unmapped is the daemon's choice. What stays must stay right. */
	client_removemapping(&t->c, entry.nodeid, &middle, 1);
	mapping_holds(t, "the chunk before what was removed", 0, 0, CHUNK, 1);
	OK(t, mapping_set(t, entry.nodeid, 2 * CHUNK, 0, MAP_READ));
	mapping_holds(t, "mapped again", 0, 0, 2 * CHUNK, 1);
}

/* The host is out of something: this one mapping fails, later ones don't. */
static void check_host_refuses(struct test *t)
{
	struct fuse_entry_out entry;
	int err;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	window_fail_next(&t->fe.window, 1);
	err = mapping_set(t, entry.nodeid, 100001, 0, MAP_READ);
	window_fail_next(&t->fe.window, 0);
	/* The daemon may try again; but it must not say yes to what is not there. */
	if (!err)
		mapping_holds(t, "after a refusal", 0, 0, 100001, 1);
	OK(t, mapping_set(t, entry.nodeid, 100001, 0, MAP_READ));
	mapping_holds(t, "after a refusal, a second time", 0, 0, 100001, 1);
}

static unsigned live_mappings(struct test *t)
{
	struct window_stats stats;

	window_get_stats(&t->fe.window, &stats);
	return stats.live;
}

/* A guest that unmounts sends DESTROY, and no REMOVEMAPPING. */
static void check_destroy(struct test *t)
{
	struct fuse_entry_out entry;

	OK(t, test_file(t, "file", CHUNK + 1, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1, 0, MAP_WRITE));
	OK(t, test_reinit(t, NULL));
	EXPECT(t, live_mappings(t) == 0, "%u mappings live after DESTROY", live_mappings(t));
	OK(t, test_file(t, "other", CHUNK + 1, 2, &entry));
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1, 0, MAP_READ));
	mapping_holds(t, "mapped after DESTROY and INIT", 0, 0, CHUNK + 1, 2);
}

/* A guest that is killed sends nothing. */
static void check_hang_up(struct test *t)
{
	struct fuse_entry_out entry;

	OK(t, test_file(t, "file", CHUNK + 1, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1, 0, MAP_WRITE));
	frontend_hang_up(&t->fe);
	t->c.broken = true;
	if (!test_session(t, NULL))
		return;
	OK(t, test_lookup(t, "file", &entry));
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1, 0, MAP_READ));
	mapping_holds(t, "mapped after a guest was killed", 0, 0, CHUNK + 1, 1);
}

/* An unlinked file stays what it is for the one who has it mapped. */
static void check_unlinked(struct test *t)
{
	struct fuse_entry_out entry;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 100001, 0, MAP_READ));
	OK(t, client_unlink(&t->c, t->node, "file"));
	mapping_holds(t, "unlinked", 0, 0, 100001, 1);
	OK(t, mapping_unset(t, entry.nodeid, 100001, 0));
	OK(t, client_forget(&t->c, entry.nodeid, 1));
	test_survives(t, "FORGET of an unlinked file that was mapped");
}

/* A FORGET with the mapping still there: no guest does that, but one could. */
static void check_forgotten(struct test *t)
{
	struct fuse_entry_out entry;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 100001, 0, MAP_READ));
	OK(t, client_forget(&t->c, entry.nodeid, 1));
	test_survives(t, "FORGET of a mapped file");
	OK(t, test_lookup(t, "file", &entry));
	OK(t, mapping_set(t, entry.nodeid, 100001, 0, MAP_READ));
	mapping_holds(t, "mapped, forgotten, mapped", 0, 0, 100001, 1);
}

const struct check checks_map_edge[] = {
	{"map-empty", "mapping an empty file leaves it empty", NEEDS_DAX, check_empty},
	{"map-behind-end", "mapping behind the end leaves the file's size", NEEDS_DAX,
	 check_behind_end},
	{"map-nonsense", "impossible mappings are refused", NEEDS_DAX, check_nonsense},
	{"map-fifo", "a FIFO is refused, and not waited for", NEEDS_DAX, check_fifo},
	{"map-remove-nonsense", "impossible removals do no harm", NEEDS_DAX, check_remove_nonsense},
	{"map-remove-partly", "a removed part leaves the rest right", NEEDS_DAX,
	 check_remove_partly},
	{"map-host-refuses", "what the front-end refuses is not reported as done", NEEDS_DAX,
	 check_host_refuses},
	{"map-destroy", "DESTROY takes all mappings away", NEEDS_DAX, check_destroy},
	{"map-hang-up", "so does a guest that is killed", NEEDS_DAX, check_hang_up},
	{"map-unlinked", "an unlinked file stays mapped", NEEDS_DAX | NEEDS_WRITE, check_unlinked},
	{"map-forgotten", "a forgotten file can be mapped again", NEEDS_DAX, check_forgotten},
	{0},
};
