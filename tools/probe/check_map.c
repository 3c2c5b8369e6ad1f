/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_map.c - what is DAX can be mapped whole, and window, file and other replies all show
 * the same bytes. In a guest there is no second way: where mapping fails, read(2) does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "mapping.h"

static const uint64_t sizes[] = {1,	    4095,  4096,      4097,	      100001,
				 CHUNK - 1, CHUNK, CHUNK + 1, (3 << 20) + 777};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Of each size one, and those that are DAX must be right in the window. Returns how many are. */
static unsigned map_sizes(struct test *t, bool must, uint64_t flags)
{
	unsigned mapped = 0;

	for (size_t i = 0; i < N_SIZES && !t->c.broken; i++) {
		struct fuse_entry_out entry;
		char name[32];
		int err;

		snprintf(name, sizeof(name), "size-%llu", (unsigned long long)sizes[i]);
		err = test_file(t, name, sizes[i], (unsigned)i, &entry);
		EXPECT(t, !err, "%s: %s", name, test_errno(t, err));
		if (err || (must && !(entry.attr.flags & FUSE_ATTR_DAX)))
			continue;
		err = mapping_set(t, entry.nodeid, sizes[i], 0, flags);
		if (!must && err)
			continue;
		EXPECT(t, !err, "%s is DAX, but SETUPMAPPING says %s", name, test_errno(t, err));
		if (!err)
			mapped += mapping_holds(t, name, 0, 0, sizes[i], (unsigned)i);
		err = mapping_unset(t, entry.nodeid, sizes[i], 0);
		EXPECT(t, !err, "%s: REMOVEMAPPING: %s", name, test_errno(t, err));
	}
	return mapped;
}

static void check_sizes(struct test *t)
{
	if (!map_sizes(t, true, MAP_READ) && !t->failures)
		test_skip(t, "no file is DAX: the policy should say yes to all");
}

static void check_sizes_write(struct test *t)
{
	if (!map_sizes(t, true, MAP_WRITE) && !t->failures)
		test_skip(t, "no file is DAX: the policy should say yes to all");
}

/* dax=always: the guest maps without asking. A refusal is an error in the guest, but no lie. */
static void check_always(struct test *t)
{
	struct session always = {.init.flags = FUSE_MAP_ALIGNMENT};

	if (!t->fe.has_window) {
		test_skip(t, "there is no window");
		return;
	}
	if (!test_session(t, &always))
		return;
	if (!(t->c.flags & FUSE_MAP_ALIGNMENT)) {
		test_skip(t, "the back-end takes no mappings");
		return;
	}
	map_sizes(t, false, MAP_READ);
}

static void check_upgrade(struct test *t)
{
	static const char text[] = "written through the window";
	struct fuse_entry_out entry;
	char seen[sizeof(text)];
	uint64_t at = 70000;
	int fd;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 100001, 3, MAP_READ));
	OK(t, mapping_set(t, entry.nodeid, 100001, 3, MAP_WRITE));
	if (!mapping_holds(t, "file", 3, 0, 100001, 1))
		return;
	OK(t, window_write(&t->fe.window, 3 * CHUNK + at, text, sizeof(text)));
	fd = open(test_path(t, "file"), O_RDONLY | O_CLOEXEC);
	EXPECT(t,
	       pread(fd, seen, sizeof(text), (off_t)at) == sizeof(text) && strcmp(seen, text) == 0,
	       "the host does not see what was written");
	close(fd);
}

static void check_coherent(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	ssize_t n;
	size_t at;

	OK(t, test_file(t, "file", CHUNK + 1, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1, 0, MAP_WRITE));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	/* A WRITE is seen in the window. */
	scratch_fill(t->buffer, 10000, 5000, 2);
	n = client_write(&t->c, entry.nodeid, fh, 5000, t->buffer, 10000, 0);
	MUST(t, n == 10000, "WRITE: %s", test_errno(t, (int)n));
	mapping_holds(t, "after a WRITE", 0, 5000, 15000, 2);
	mapping_holds(t, "before what was written", 0, 0, 5000, 1);
	/* What was written in the window is seen by a READ. */
	scratch_fill(t->buffer, 10000, CHUNK - 9999, 3);
	OK(t, window_write(&t->fe.window, CHUNK - 9999, t->buffer, 10000));
	memset(t->buffer, 0, 10000);
	n = client_read(&t->c, entry.nodeid, fh, CHUNK - 9999, t->buffer, 10000);
	MUST(t, n == 10000, "READ: %s", test_errno(t, (int)n));
	EXPECT(t, scratch_matches(t->buffer, 10000, CHUNK - 9999, 3, &at),
	       "READ does not give what was written in the window");
	client_release(&t->c, entry.nodeid, fh);
}

/* The file gets longer by someone on the host; the guest hears of it, and has it mapped. */
static void check_grown_by_host(struct test *t)
{
	static const uint64_t steps[] = {4096, 4097, 100001, CHUNK - 5, CHUNK + 5};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, test_file(t, "file", 100, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 100, 0, MAP_READ));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int fd = open(test_path(t, "file"), O_WRONLY | O_CLOEXEC);
		char *data = malloc(steps[i]);
		uint64_t in_chunk = steps[i] < CHUNK ? steps[i] : CHUNK;
		ssize_t n;

		MUST(t, data && fd >= 0, "the host's file");
		scratch_fill(data, steps[i], 0, 1);
		n = pwrite(fd, data, steps[i], 0);
		close(fd);
		free(data);
		MUST(t, n == (ssize_t)steps[i], "the host can't write");
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		MUST(t, attr.size == steps[i], "GETATTR does not tell the new size");
		/* Only while it is DAX must the guest's mapping be good. */
		if (!(attr.flags & FUSE_ATTR_DAX))
			return;
		if (!mapping_holds(t, "a file that the host made longer", 0, 0, in_chunk, 1))
			return;
	}
	OK(t, client_setupmapping(&t->c, entry.nodeid, CHUNK, CHUNK, MAP_READ, CHUNK));
	mapping_holds(t, "its second chunk", 0, CHUNK, CHUNK + 5, 1);
}

static void check_grown_by_guest(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 300000};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh;
	ssize_t n;

	OK(t, test_file(t, "file", 5000, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 5000, 0, MAP_WRITE));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	scratch_fill(t->buffer, 100000, 5000, 1);
	n = client_write(&t->c, entry.nodeid, fh, 5000, t->buffer, 100000, 0);
	MUST(t, n == 100000, "WRITE: %s", test_errno(t, (int)n));
	if (!mapping_holds(t, "after a WRITE behind the end", 0, 0, 105000, 1))
		return;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	scratch_fill(t->buffer, 1000, 250000, 1);
	OK(t, window_write(&t->fe.window, 250000, t->buffer, 1000));
	memset(t->buffer, 0, 1000);
	n = client_read(&t->c, entry.nodeid, fh, 250000, t->buffer, 1000);
	EXPECT(t, n == 1000 && (uint8_t)t->buffer[0] == scratch_byte(250000, 1),
	       "what was written in the window behind the old end is not in the file");
	client_release(&t->c, entry.nodeid, fh);
}

/* What was cut off must not come back when the file gets longer again. */
static void check_truncated(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 10000};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, test_file(t, "file", CHUNK + 1000, 1, &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, CHUNK + 1000, 0, MAP_WRITE));
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	if (!mapping_holds(t, "after it was cut", 0, 0, 10000, 1))
		return;
	in.size = 400000;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	if (!(attr.flags & FUSE_ATTR_DAX))
		return;
	MUST(t, window_read(&t->fe.window, 10000, t->buffer, 390000) == 0,
	     "a guest that reads what was added would crash");
	for (size_t i = 0; i < 390000; i++)
		MUST(t, t->buffer[i] == 0, "byte %zu, cut off and added again, is not 0",
		     10000 + i);
}

static void check_remap(struct test *t)
{
	struct fuse_entry_out first, second;

	OK(t, test_file(t, "first", 100001, 1, &first));
	OK(t, test_file(t, "second", CHUNK - 1, 2, &second));
	if (!mapping_wanted(t, &first) || !mapping_wanted(t, &second))
		return;
	/* The same place for one file after the other, and the same file at two places. */
	OK(t, mapping_set(t, first.nodeid, 100001, 2, MAP_READ));
	OK(t, mapping_unset(t, first.nodeid, 100001, 2));
	OK(t, mapping_set(t, second.nodeid, CHUNK - 1, 2, MAP_READ));
	mapping_holds(t, "second", 2, 0, CHUNK - 1, 2);
	OK(t, mapping_set(t, first.nodeid, 100001, 0, MAP_READ));
	OK(t, mapping_set(t, second.nodeid, CHUNK - 1, 1, MAP_WRITE));
	mapping_holds(t, "first", 0, 0, 100001, 1);
	mapping_holds(t, "second elsewhere", 1, 0, CHUNK - 1, 2);
	OK(t, mapping_unset(t, second.nodeid, CHUNK - 1, 2));
	mapping_holds(t, "second, after its other place was given up", 1, 0, CHUNK - 1, 2);
}

/* A guest in need reuses a chunk without telling that the old mapping is gone. */
static void check_replace(struct test *t)
{
	struct fuse_entry_out first, second;

	OK(t, test_file(t, "first", CHUNK, 1, &first));
	OK(t, test_file(t, "second", 100001, 2, &second));
	if (!mapping_wanted(t, &first) || !mapping_wanted(t, &second))
		return;
	OK(t, mapping_set(t, first.nodeid, CHUNK, 0, MAP_READ));
	OK(t, mapping_set(t, second.nodeid, 100001, 0, MAP_READ));
	mapping_holds(t, "second, mapped over first", 0, 0, 100001, 2);
	OK(t, mapping_set(t, first.nodeid, CHUNK, 0, MAP_READ));
	mapping_holds(t, "first, mapped over second", 0, 0, CHUNK, 1);
}

/* More files than there are chunks, each in the place of an earlier one. */
static void check_many(struct test *t)
{
	unsigned slots = (unsigned)(t->fe.shmem_size / CHUNK);
	unsigned n = slots > 400 ? 400 : slots;
	struct fuse_entry_out *entries = calloc(n + 20, sizeof(*entries));
	bool wanted = true;

	MUST(t, entries, "memory");
	for (unsigned i = 0; i < n + 20 && wanted && !t->failures; i++) {
		char name[16];
		int err;

		snprintf(name, sizeof(name), "file-%u", i);
		err = test_file(t, name, 40000 + i, i, &entries[i]);
		EXPECT(t, !err, "%s: %s", name, test_errno(t, err));
		wanted = mapping_wanted(t, &entries[i]);
		if (err || !wanted)
			break;
		if (i >= n)
			err = mapping_unset(t, entries[i - n].nodeid, 1, i % n);
		if (!err)
			err = mapping_set(t, entries[i].nodeid, 1, i % n, MAP_READ);
		EXPECT(t, !err, "%s: %s", name, test_errno(t, err));
	}
	for (unsigned i = 20; i < n + 20 && wanted && !t->failures; i++)
		mapping_holds(t, "one of many", i % n, 0, 40000 + i, i);
	free(entries);
}

static void check_read_only_file(struct test *t)
{
	struct fuse_entry_out entry;

	OK(t, scratch_file(t->path, "file", 100001, 1));
	EXPECT(t, chmod(test_path(t, "file"), 0444) == 0, "chmod on the host");
	OK(t, test_lookup(t, "file", &entry));
	if (!mapping_wanted(t, &entry))
		return;
	OK(t, mapping_set(t, entry.nodeid, 100001, 0, MAP_READ));
	mapping_holds(t, "a read-only file", 0, 0, 100001, 1);
}

const struct check checks_map[] = {
	{"map-sizes", "what is DAX can be read in the window, to its last byte", NEEDS_DAX,
	 check_sizes},
	{"map-sizes-write", "... also when mapped for writing", NEEDS_DAX | NEEDS_WRITE,
	 check_sizes_write},
	{"map-always", "with dax=always the window shows the truth, or nothing", 0, check_always},
	{"map-upgrade", "a mapping can be made writable, and writes reach the host",
	 NEEDS_DAX | NEEDS_WRITE, check_upgrade},
	{"map-coherent", "READ, WRITE and the window show the same", NEEDS_DAX | NEEDS_WRITE,
	 check_coherent},
	{"map-grown-by-host", "a mapping shows what the host adds to the file", NEEDS_DAX,
	 check_grown_by_host},
	{"map-grown-by-guest", "... and what the guest adds", NEEDS_DAX | NEEDS_WRITE,
	 check_grown_by_guest},
	{"map-truncated", "what the guest cuts off is gone", NEEDS_DAX | NEEDS_WRITE,
	 check_truncated},
	{"map-remap", "places and files can be combined anew", NEEDS_DAX, check_remap},
	{"map-replace", "a mapping over another replaces it", NEEDS_DAX, check_replace},
	{"map-many", "more files than chunks take turns", NEEDS_DAX, check_many},
	{"map-read-only-file", "a DAX file without write permission can be mapped", NEEDS_DAX,
	 check_read_only_file},
	{0},
};
