/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_file.c - open files: the operations on them, and how long their handles live.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

/* Whether the host's file has these contents: bytes [from, to) of a seed. */
static void expect_host(struct test *t, const char *name, uint64_t from, uint64_t to, unsigned seed)
{
	int fd = open(test_path(t, name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, t->buffer, to - from, (off_t)from);
	size_t at = 0;

	if (fd >= 0)
		close(fd);
	MUST(t, n == (ssize_t)(to - from), "%s: the host has %zd of %llu bytes at %llu", name, n,
	     (unsigned long long)(to - from), (unsigned long long)from);
	EXPECT(t, scratch_matches(t->buffer, to - from, from, seed, &at),
	       "%s: byte %llu is another on the host", name, (unsigned long long)(from + at));
}

static void expect_zeros(struct test *t, const char *name, uint64_t from, uint64_t to)
{
	int fd = open(test_path(t, name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, t->buffer, to - from, (off_t)from);

	if (fd >= 0)
		close(fd);
	MUST(t, n == (ssize_t)(to - from), "%s: the host has %zd bytes", name, n);
	for (ssize_t i = 0; i < n; i++)
		MUST(t, t->buffer[i] == 0, "%s: byte %llu is not 0", name,
		     (unsigned long long)from + (unsigned long long)i);
}

static void expect_size(struct test *t, const char *name, uint64_t size)
{
	struct stat st;

	OK(t, test_stat(t, name, &st));
	EXPECT(t, (uint64_t)st.st_size == size, "%s: %lld bytes on the host, not %llu", name,
	       (long long)st.st_size, (unsigned long long)size);
}

static ssize_t write_at(struct test *t, uint64_t node, uint64_t fh, uint64_t at, size_t size,
			unsigned seed)
{
	scratch_fill(t->buffer, size, at, seed);
	return client_write(&t->c, node, fh, at, t->buffer, size, 0);
}

/* ---- Reading and writing ---- */

static void check_read(struct test *t)
{
	static const struct {
		uint64_t at;
		size_t size;
		ssize_t expected;
	} reads[] = {
		{0, 100, 100},	     {0, 4096, 1000},	    {999, 1, 1},
		{999, 4096, 1},	     {1000, 4096, 0},	    {1001, 4096, 0},
		{0, 0, 0},	     {1ull << 40, 4096, 0}, {INT64_MAX - 4096, 4096, 0},
		{500, 1 << 20, 500},
	};
	struct fuse_entry_out entry;
	uint64_t fh;
	size_t at;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]) && !t->c.broken; i++) {
		ssize_t n =
			client_read(&t->c, entry.nodeid, fh, reads[i].at, t->buffer, reads[i].size);

		EXPECT(t, n == reads[i].expected, "READ of %zu bytes at %llu: %zd, not %zd",
		       reads[i].size, (unsigned long long)reads[i].at, n, reads[i].expected);
		EXPECT(t, n <= 0 || scratch_matches(t->buffer, (size_t)n, reads[i].at, 1, &at),
		       "READ at %llu gives other bytes", (unsigned long long)reads[i].at);
	}
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

static void check_write(struct test *t)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh;
	ssize_t n;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	n = write_at(t, entry.nodeid, fh, 500, 200, 2);
	MUST(t, n == 200, "WRITE: %s", test_errno(t, (int)n));
	expect_host(t, "file", 0, 500, 1);
	expect_host(t, "file", 500, 700, 2);
	expect_host(t, "file", 700, 1000, 1);
	expect_size(t, "file", 1000);
	/* Behind the end: what lies between is zero. */
	n = write_at(t, entry.nodeid, fh, 20000, 5000, 3);
	MUST(t, n == 5000, "WRITE behind the end: %s", test_errno(t, (int)n));
	expect_host(t, "file", 20000, 25000, 3);
	expect_zeros(t, "file", 1000, 20000);
	OK(t, client_getattr(&t->c, entry.nodeid, fh, &attr));
	EXPECT(t, attr.size == 25000, "GETATTR says %llu bytes", (unsigned long long)attr.size);
	n = client_write(&t->c, entry.nodeid, fh, 0, t->buffer, 0, 0);
	EXPECT(t, n == 0, "WRITE of nothing: %s", test_errno(t, (int)n));
	expect_size(t, "file", 25000);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

/*
 * The kernel sends the end that it knows as the offset. Where the file ends counts, but for a
 * guest that caches what it writes: that knows best.
 */
static void check_append(struct test *t)
{
	uint64_t past = t->c.flags & FUSE_WRITEBACK_CACHE ? 40 : 20;
	struct fuse_entry_out entry;
	uint64_t fh;

	OK(t, test_file(t, "file", 10, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_WRONLY | O_APPEND, &fh));
	for (uint64_t at = 10; at < 50; at += 10) {
		ssize_t n;

		scratch_fill(t->buffer, 10, at, 1);
		n = client_append(&t->c, entry.nodeid, fh, at == 40 ? past : at, t->buffer, 10);
		MUST(t, n == 10, "WRITE: %s", test_errno(t, (int)n));
	}
	OK(t, client_release(&t->c, entry.nodeid, fh));
	expect_size(t, "file", 50);
	expect_host(t, "file", 0, 50, 1);
}

/* What a file was opened for is all that can be done with it. */
static void check_modes(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	ssize_t n;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	if (!fh) {
		test_skip(t, "the back-end has no handles");
		return;
	}
	n = write_at(t, entry.nodeid, fh, 0, 100, 2);
	EXPECT(t, n < 0, "WRITE to a file that was opened for reading: %zd", n);
	OK(t, client_release(&t->c, entry.nodeid, fh));
	expect_host(t, "file", 0, 1000, 1);
	OK(t, client_open_file(&t->c, entry.nodeid, O_WRONLY, &fh));
	n = client_read(&t->c, entry.nodeid, fh, 0, t->buffer, 100);
	/* With WRITEBACK_CACHE the kernel reads what it is about to change. */
	EXPECT(t, n < 0 || (t->c.flags & FUSE_WRITEBACK_CACHE),
	       "READ of a file that was opened for writing: %zd", n);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

/* ---- Size ---- */

static void check_truncate(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE | FATTR_FH, .size = 300};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &in.fh));
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	EXPECT(t, attr.size == 300, "the reply says %llu bytes", (unsigned long long)attr.size);
	expect_size(t, "file", 300);
	in.size = 2000;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	expect_size(t, "file", 2000);
	expect_host(t, "file", 0, 300, 1);
	expect_zeros(t, "file", 300, 2000);
	in.valid = FATTR_SIZE; /* by the nodeid */
	in.size = 0;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	expect_size(t, "file", 0);
	OK(t, client_release(&t->c, entry.nodeid, in.fh));
}

static void check_open_truncate(struct test *t)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	if (!(t->c.flags & FUSE_ATOMIC_O_TRUNC)) {
		test_skip(t, "the back-end does not take ATOMIC_O_TRUNC");
		return;
	}
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR | O_TRUNC, &fh));
	expect_size(t, "file", 0);
	OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
	EXPECT(t, attr.size == 0, "GETATTR says %llu bytes", (unsigned long long)attr.size);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

static void punch(struct test *t, uint64_t node, uint64_t fh)
{
	int err = client_fallocate(&t->c, node, fh, 4096, 4096,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);

	if (err == -EOPNOTSUPP)
		return; /* the file system can't */
	EXPECT(t, !err, "PUNCH_HOLE: %s", test_errno(t, err));
	expect_host(t, "file", 0, 4096, 1);
	expect_zeros(t, "file", 4096, 8192);
	expect_host(t, "file", 8192, 10000, 1);
}

static void check_fallocate(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	OK(t, test_file(t, "file", 10000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	err = client_fallocate(&t->c, entry.nodeid, fh, 0, 50000, FALLOC_FL_KEEP_SIZE);
	if (err == -EOPNOTSUPP || err == -ENOSYS) {
		test_skip(t, "no FALLOCATE here");
		return;
	}
	EXPECT(t, !err, "KEEP_SIZE: %s", test_errno(t, err));
	expect_size(t, "file", 10000);
	OK(t, client_fallocate(&t->c, entry.nodeid, fh, 5000, 15000, 0));
	expect_size(t, "file", 20000);
	expect_host(t, "file", 0, 10000, 1);
	punch(t, entry.nodeid, fh);
	EXPECT(t, client_fallocate(&t->c, entry.nodeid, fh, 0, 0, 0) < 0, "a length of 0");
	EXPECT(t, client_fallocate(&t->c, entry.nodeid, fh, UINT64_MAX, 10, 0) < 0,
	       "an offset of 2^64-1");
	EXPECT(t, client_fallocate(&t->c, entry.nodeid, fh, 0, 10, 0x40000000) < 0,
	       "an unknown mode");
	expect_size(t, "file", 20000);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

static void seek_like_host(struct test *t, uint64_t node, uint64_t fh, int fd, uint64_t at,
			   int whence)
{
	off_t host = lseek(fd, (off_t)at, whence);
	int host_err = host < 0 ? -errno : 0;
	uint64_t found = 0;
	int err = client_lseek(&t->c, node, fh, at, (uint32_t)whence, &found);

	EXPECT(t, err == host_err, "%s at %llu: %s, and on the host %s",
	       whence == SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE", (unsigned long long)at,
	       test_errno(t, err), host_err ? strerrorname_np(-host_err) : "success");
	EXPECT(t, err || found == (uint64_t)host, "%s at %llu: %llu, and on the host %lld",
	       whence == SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE", (unsigned long long)at,
	       (unsigned long long)found, (long long)host);
}

static void check_lseek(struct test *t)
{
	static const uint64_t places[] = {
		0, 1, 4096, 100000, 1 << 20, (1 << 20) + 10, 2 << 20, (2 << 20) + 5, UINT64_MAX};
	struct fuse_entry_out entry;
	uint64_t fh, found;
	int fd, err;

	OK(t, test_file(t, "file", 100, 1, &entry));
	fd = open(test_path(t, "file"), O_RDWR | O_CLOEXEC);
	MUST(t, fd >= 0 && pwrite(fd, "data", 4, 1 << 20) == 4 && ftruncate(fd, 2 << 20) == 0,
	     "the host's file");
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	err = client_lseek(&t->c, entry.nodeid, fh, 0, SEEK_DATA, &found);
	if (err == -ENOSYS)
		test_skip(t, "the back-end has no LSEEK");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && err != -ENOSYS; i++) {
		seek_like_host(t, entry.nodeid, fh, fd, places[i], SEEK_DATA);
		seek_like_host(t, entry.nodeid, fh, fd, places[i], SEEK_HOLE);
	}
	EXPECT(t, client_lseek(&t->c, entry.nodeid, fh, 0, 77, &found) < 0, "an unknown whence");
	close(fd);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

static void check_copy(struct test *t)
{
	struct fuse_copy_file_range_in in = {.off_in = 1000, .off_out = 1000, .len = 50000};
	struct fuse_entry_out from, to;
	ssize_t n;

	OK(t, test_file(t, "from", 100001, 1, &from));
	OK(t, test_file(t, "to", 1000, 1, &to));
	OK(t, client_open_file(&t->c, from.nodeid, O_RDONLY, &in.fh_in));
	OK(t, client_open_file(&t->c, to.nodeid, O_RDWR, &in.fh_out));
	in.nodeid_out = to.nodeid;
	n = client_copy_file_range(&t->c, &in, from.nodeid);
	if (n == -ENOSYS || n == -EOPNOTSUPP || n == -EXDEV) {
		test_skip(t, "no COPY_FILE_RANGE here");
		return;
	}
	MUST(t, n > 0 && n <= 50000, "COPY_FILE_RANGE: %zd, %s", n, test_errno(t, (int)n));
	expect_size(t, "to", 1000 + (uint64_t)n);
	expect_host(t, "to", 0, 1000 + (uint64_t)n, 1);
	in.off_in = 100001;
	n = client_copy_file_range(&t->c, &in, from.nodeid);
	EXPECT(t, n == 0, "at the end of the file: %zd", n);
	in.flags = 1u << 30;
	EXPECT(t, client_copy_file_range(&t->c, &in, from.nodeid) < 0, "an unknown flag");
	in.flags = 0;
	in.off_in = UINT64_MAX;
	EXPECT(t, client_copy_file_range(&t->c, &in, from.nodeid) <= 0, "an offset of 2^64-1");
	test_survives(t, "COPY_FILE_RANGE");
}

/* ---- How long a handle lives ---- */

static void check_unlinked(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE | FATTR_FH, .size = 700};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	ssize_t n;
	size_t at;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &in.fh));
	OK(t, client_unlink(&t->c, t->node, "file"));
	EXPECT(t, access(test_path(t, "file"), F_OK) < 0, "the host still has the name");
	OK(t, client_getattr(&t->c, entry.nodeid, in.fh, &attr));
	EXPECT(t, attr.nlink == 0, "nlink is %u", attr.nlink);
	OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
	n = write_at(t, entry.nodeid, in.fh, 500, 300, 1);
	EXPECT(t, n == 300, "WRITE: %s", test_errno(t, (int)n));
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	n = client_read(&t->c, entry.nodeid, in.fh, 0, t->buffer, 4096);
	EXPECT(t, n == 700 && scratch_matches(t->buffer, 700, 0, 1, &at), "READ: %zd", n);
	OK(t, client_release(&t->c, entry.nodeid, in.fh));
	OK(t, client_forget(&t->c, entry.nodeid, 1));
	test_survives(t, "an unlinked file is closed");
}

/* The name goes to another file while this one is open. */
static void check_replaced(struct test *t)
{
	struct fuse_entry_out old, new, entry;
	struct fuse_attr attr;
	uint64_t fh;
	ssize_t n;
	size_t at;

	OK(t, test_file(t, "file", 1000, 1, &old));
	OK(t, client_open_file(&t->c, old.nodeid, O_RDONLY, &fh));
	OK(t, test_file(t, "new", 2000, 2, &new));
	EXPECT(t, rename(test_path(t, "new"), test_path(t, "file")) == 0, "rename on the host");
	n = client_read(&t->c, old.nodeid, fh, 0, t->buffer, 4096);
	EXPECT(t, n == 1000 && scratch_matches(t->buffer, 1000, 0, 1, &at),
	       "READ of a file that was replaced: %zd", n);
	OK(t, client_getattr(&t->c, old.nodeid, CLIENT_NO_FH, &attr));
	EXPECT(t, attr.size == 1000, "GETATTR of a file that was replaced gives the other");
	OK(t, test_lookup(t, "file", &entry));
	EXPECT(t, entry.nodeid == new.nodeid &&entry.attr.size == 2000,
	       "LOOKUP still gives the old file");
	OK(t, client_release(&t->c, old.nodeid, fh));
}

static void check_released(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh, other;
	ssize_t n;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &fh));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDONLY, &other));
	if (!fh && !other) {
		test_skip(t, "the back-end has no handles");
		return;
	}
	EXPECT(t, fh != other, "two opens have one handle");
	OK(t, client_release(&t->c, entry.nodeid, fh));
	n = client_read(&t->c, entry.nodeid, fh, 0, t->buffer, 100);
	EXPECT(t, n < 0, "READ by a handle that was released: %zd", n);
	n = client_read(&t->c, entry.nodeid, other, 0, t->buffer, 100);
	EXPECT(t, n == 100, "READ by the other: %s", test_errno(t, (int)n));
	client_release(&t->c, entry.nodeid, fh);
	test_survives(t, "a second RELEASE");
	OK(t, client_release(&t->c, entry.nodeid, other));
}

static void check_sync(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	ssize_t n;
	int err;

	OK(t, test_file(t, "file", 1000, 1, &entry));
	OK(t, client_open_file(&t->c, entry.nodeid, O_RDWR, &fh));
	n = write_at(t, entry.nodeid, fh, 0, 1000, 2);
	EXPECT(t, n == 1000, "WRITE: %s", test_errno(t, (int)n));
	OK(t, client_fsync(&t->c, entry.nodeid, fh, true));
	OK(t, client_fsync(&t->c, entry.nodeid, fh, false));
	err = client_flush(&t->c, entry.nodeid, fh, 1);
	EXPECT(t, !err || err == -ENOSYS, "FLUSH: %s", test_errno(t, err));
	OK(t, client_release(&t->c, entry.nodeid, fh));
	err = client_syncfs(&t->c, t->node);
	EXPECT(t, !err || err == -ENOSYS, "SYNCFS: %s", test_errno(t, err));
}

/* ---- Making ---- */

static void check_create(struct test *t)
{
	struct fuse_entry_out entry, again;
	struct stat st;
	uint64_t fh;
	ssize_t n;
	int err;

	OK(t, client_create(&t->c, t->node, "file", O_RDWR | O_EXCL, S_IFREG | 0640, &entry, &fh));
	OK(t, test_stat(t, "file", &st));
	EXPECT(t, (st.st_mode & 07777) == 0640, "mode is %o", st.st_mode);
	n = write_at(t, entry.nodeid, fh, 0, 1000, 1);
	EXPECT(t, n == 1000, "WRITE: %s", test_errno(t, (int)n));
	OK(t, client_release(&t->c, entry.nodeid, fh));
	expect_host(t, "file", 0, 1000, 1);
	FAILS(t, client_create(&t->c, t->node, "file", O_RDWR | O_EXCL, 0644, &again, &fh), EEXIST);
	/* It was there, and the guest did not know: it is opened. */
	err = client_create(&t->c, t->node, "file", O_RDWR, 0644, &again, &fh);
	MUST(t, !err, "CREATE of what is there: %s", test_errno(t, err));
	/* A daemon may give another if the file has become DAX, so that the guest notices. */
	EXPECT(t, again.nodeid == entry.nodeid || again.attr.flags != entry.attr.flags,
	       "two nodeids");
	EXPECT(t, again.attr.size == 1000, "CREATE without O_TRUNC has changed the size");
	OK(t, client_release(&t->c, again.nodeid, fh));
	EXPECT(t, mkdir(test_path(t, "folder"), 0755) == 0, "mkdir on the host");
	EXPECT(t, client_create(&t->c, t->node, "folder", O_RDWR, 0644, &again, &fh) < 0,
	       "CREATE of a folder's name");
}

static void check_tmpfile(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	ssize_t n;
	int err = client_tmpfile(&t->c, t->node, O_RDWR, S_IFREG | 0600, &entry, &fh);

	if (err == -ENOSYS || err == -EOPNOTSUPP) {
		test_skip(t, "no TMPFILE here");
		return;
	}
	OK(t, err);
	EXPECT(t, entry.attr.nlink == 0, "nlink is %u", entry.attr.nlink);
	n = write_at(t, entry.nodeid, fh, 0, 1000, 1);
	EXPECT(t, n == 1000, "WRITE: %s", test_errno(t, (int)n));
	OK(t, client_link(&t->c, entry.nodeid, t->node, "file", &entry));
	EXPECT(t, entry.attr.nlink == 1, "nlink is %u after LINK", entry.attr.nlink);
	expect_host(t, "file", 0, 1000, 1);
	OK(t, client_release(&t->c, entry.nodeid, fh));
}

const struct check checks_file[] = {
	{"file-read", "READ gives what is there, and no more", 0, check_read},
	{"file-write", "WRITE inside, at and behind the end", NEEDS_WRITE, check_write},
	{"file-append", "a file opened for appending", NEEDS_WRITE, check_append},
	{"file-modes", "a handle does what the file was opened for", NEEDS_WRITE, check_modes},
	{"file-truncate", "SETATTR of the size, by handle and by nodeid", NEEDS_WRITE,
	 check_truncate},
	{"file-open-truncate", "OPEN with O_TRUNC", NEEDS_WRITE, check_open_truncate},
	{"file-fallocate", "FALLOCATE keeps, adds and punches", NEEDS_WRITE, check_fallocate},
	{"file-lseek", "LSEEK finds data and holes as the host does", 0, check_lseek},
	{"file-copy", "COPY_FILE_RANGE copies", NEEDS_WRITE, check_copy},
	{"file-unlinked", "an open file outlives its name", NEEDS_WRITE, check_unlinked},
	{"file-replaced", "... also when the name goes to another", 0, check_replaced},
	{"file-released", "a handle ends with its RELEASE, another does not", 0, check_released},
	{"file-sync", "FSYNC, FLUSH and SYNCFS", NEEDS_WRITE, check_sync},
	{"file-create", "CREATE makes, opens or refuses", NEEDS_WRITE, check_create},
	{"file-tmpfile", "TMPFILE has no name until LINK", NEEDS_WRITE, check_tmpfile},
	{0},
};
