/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_dir.c - READDIR and READDIRPLUS: each entry once, whatever the buffer.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "listing.h"

#define N_FILES 300

static int make_files(struct test *t)
{
	int err = 0;

	for (unsigned i = 0; i < N_FILES && !err; i++) {
		char name[128];

		/* Lengths from short to long, so that entries end everywhere in a buffer. */
		snprintf(
			name, sizeof(name), "%u-%.*s", i, (int)(i % 90),
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxx");
		err = scratch_file(t->path, name, i, 1);
	}
	return err;
}

static void expect_complete(struct test *t, bool plus, size_t size)
{
	const char *op = plus ? "READDIRPLUS" : "READDIR";
	struct listing listing;
	unsigned numbers[N_FILES] = {0};
	int err = listing_read(t, t->node, plus, size, &listing);

	if (err == -ENOSYS && plus) {
		test_skip(t, "the back-end has no READDIRPLUS");
		listing_free(&listing);
		return;
	}
	EXPECT(t, !err, "%s with %zu bytes: %s", op, size, test_errno(t, err));
	for (size_t i = 0; i < listing.n && !err; i++) {
		unsigned number;

		if (sscanf(listing.list[i].name, "%u-", &number) == 1 && number < N_FILES)
			numbers[number]++;
	}
	for (unsigned i = 0; i < N_FILES && !err; i++)
		EXPECT(t, numbers[i] == 1, "%s with %zu bytes: the %u. file is there %u times", op,
		       size, i, numbers[i]);
	for (int i = 0; i < 2 && !err; i++) {
		const char *dots = i ? ".." : ".";

		EXPECT(t, listing_count(&listing, dots) <= 1, "%s: %s is there more than once", op,
		       dots);
	}
	listing_free(&listing);
}

static void check_complete(struct test *t)
{
	static const size_t sizes[] = {320, 512, 1000, 4096, 32768, CLIENT_MAX_DATA};

	OK(t, make_files(t));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !t->c.broken; i++)
		expect_complete(t, false, sizes[i]);
}

static void check_complete_plus(struct test *t)
{
	static const size_t sizes[] = {512, 1000, 4096, 32768, CLIENT_MAX_DATA};

	OK(t, make_files(t));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !t->c.broken && !t->skip; i++)
		expect_complete(t, true, sizes[i]);
}

/* Each entry of READDIRPLUS is a LOOKUP, and counts as one; "." and ".." don't. */
static void check_plus_entries(struct test *t)
{
	struct listing listing;
	int err;

	OK(t, scratch_file(t->path, "file", 10, 1));
	EXPECT(t, mkdir(test_path(t, "folder"), 0755) == 0, "mkdir on the host");
	EXPECT(t, symlink("x", test_path(t, "symlink")) == 0, "symlink on the host");
	err = listing_read(t, t->node, true, 4096, &listing);
	if (err == -ENOSYS)
		test_skip(t, "the back-end has no READDIRPLUS");
	for (size_t i = 0; i < listing.n && !err; i++) {
		const struct client_dirent *d = &listing.list[i];
		struct fuse_entry_out entry;
		struct fuse_attr attr;

		if (d->name[0] == '.') {
			EXPECT(t, d->entry.nodeid == 0, "%s is an entry with a nodeid", d->name);
			continue;
		}
		EXPECT(t, d->ino == d->entry.attr.ino, "%s: two inode numbers", d->name);
		EXPECT(t, d->type == (d->entry.attr.mode & S_IFMT) >> 12, "%s: two types", d->name);
		err = test_lookup(t, d->name, &entry);
		EXPECT(t, !err && entry.nodeid == d->entry.nodeid, "%s: LOOKUP differs", d->name);
		client_forget(&t->c, d->entry.nodeid, 1);
		EXPECT(t, client_getattr(&t->c, d->entry.nodeid, CLIENT_NO_FH, &attr) == 0,
		       "%s: READDIRPLUS did not count as a LOOKUP", d->name);
		client_forget(&t->c, d->entry.nodeid, 1);
		EXPECT(t, client_getattr(&t->c, d->entry.nodeid, CLIENT_NO_FH, &attr) < 0,
		       "%s: READDIRPLUS counted as more than one LOOKUP", d->name);
	}
	listing_free(&listing);
}

/* What does not fit is not counted: a buffer for one entry has one more in it than it can tell. */
static void check_plus_leak(struct test *t)
{
	struct fuse_entry_out entry;
	struct listing listing;
	struct fuse_attr attr;
	unsigned n;
	int err;

	OK(t, make_files(t));
	err = listing_read(t, t->node, true, 512, &listing);
	if (err == -ENOSYS)
		test_skip(t, "the back-end has no READDIRPLUS");
	EXPECT(t, !err || t->skip, "READDIRPLUS: %s", test_errno(t, err));
	for (size_t i = 0; i < listing.n && !err; i++) {
		if (listing.list[i].entry.nodeid)
			client_forget(&t->c, listing.list[i].entry.nodeid, 1);
	}
	for (size_t i = n = 0; i < listing.n && !err; i++) {
		if (listing.list[i].entry.nodeid)
			n += client_getattr(&t->c, listing.list[i].entry.nodeid, CLIENT_NO_FH,
					    &attr) == 0;
	}
	EXPECT(t, n == 0, "%u inodes live that no reply told of", n);
	listing_free(&listing);
	EXPECT(t, t->c.broken || client_lookup(&t->c, FUSE_ROOT_ID, ".", &entry) <= 0, "LOOKUP");
}

static void check_small(struct test *t)
{
	uint64_t fh;
	ssize_t n;

	OK(t, scratch_file(t->path, "a-name-that-is-not-short", 10, 1));
	OK(t, client_opendir(&t->c, t->node, &fh));
	/* Nothing fits: an error, or nothing; but no half entry. */
	for (size_t size = 0; size < 48 && !t->c.broken; size++) {
		struct client_dirent entry;

		n = client_readdir(&t->c, t->node, fh, 0, t->buffer, size, false);
		EXPECT(t, n <= 0 || client_next_dirent(t->buffer, (size_t)n, false, &entry) > 0,
		       "READDIR with %zu bytes gives a part of an entry", size);
	}
	client_releasedir(&t->c, t->node, fh);
	test_survives(t, "READDIR with a tiny buffer");
}

static void check_seek(struct test *t)
{
	static const uint64_t offsets[] = {12345678, UINT64_MAX, 1ull << 63, INT64_MAX};
	uint64_t fh;

	OK(t, make_files(t));
	OK(t, client_opendir(&t->c, t->node, &fh));
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		client_readdir(&t->c, t->node, fh, offsets[i], t->buffer, 4096, false);
	EXPECT(t, client_readdir(&t->c, t->node, fh, 0, t->buffer, 4096, false) > 0,
	       "READDIR at 0 gives nothing after impossible offsets");
	client_releasedir(&t->c, t->node, fh);
	test_survives(t, "READDIR at impossible offsets");
}

static void check_empty(struct test *t)
{
	struct listing listing;

	OK(t, listing_read(t, t->node, false, 4096, &listing));
	for (size_t i = 0; i < listing.n; i++)
		EXPECT(t, listing.list[i].name[0] == '.', "an empty folder has %s",
		       listing.list[i].name);
	listing_free(&listing);
}

static void check_fsyncdir(struct test *t)
{
	uint64_t fh;
	int err;

	OK(t, client_opendir(&t->c, t->node, &fh));
	err = client_fsyncdir(&t->c, t->node, fh);
	EXPECT(t, !err || err == -ENOSYS, "FSYNCDIR: %s", test_errno(t, err));
	OK(t, client_releasedir(&t->c, t->node, fh));
}

static void check_no_folder(struct test *t)
{
	struct fuse_entry_out file;
	int err;

	OK(t, test_file(t, "file", 10, 1, &file));
	err = client_call(&t->c, FUSE_OPENDIR, file.nodeid, (struct iovec[]){{"\0\0\0\0\0\0\0", 8}},
			  1, t->buffer, 16, NULL);
	EXPECT(t, err == -ENOTDIR || err == -ENOSYS, "OPENDIR of a file: %s", test_errno(t, err));
	err = (int)client_readdir(&t->c, file.nodeid, 0x5555, 0, t->buffer, 4096, false);
	EXPECT(t, err < 0, "READDIR of a file with an unknown handle is answered");
	test_survives(t, "READDIR of a file");
}

const struct check checks_dir[] = {
	{"dir-complete", "READDIR has each entry once, in any buffer", 0, check_complete},
	{"dir-complete-plus", "so has READDIRPLUS", 0, check_complete_plus},
	{"dir-plus-entries", "an entry of READDIRPLUS is a LOOKUP", 0, check_plus_entries},
	{"dir-plus-leak", "... and one that did not fit is none", 0, check_plus_leak},
	{"dir-small", "a buffer that holds no entry gets none", 0, check_small},
	{"dir-seek", "impossible offsets do no harm", 0, check_seek},
	{"dir-empty", "an empty folder is empty", 0, check_empty},
	{"dir-fsync", "FSYNCDIR", 0, check_fsyncdir},
	{"dir-no-folder", "a file is no folder", 0, check_no_folder},
	{0},
};
