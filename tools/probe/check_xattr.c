/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_xattr.c - extended attributes: the same on both sides, and none that are the host's
 * business.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"

/* A file that can have xattrs; else the check is skipped. */
static bool make_file(struct test *t, struct fuse_entry_out *entry)
{
	int err = test_file(t, "file", 10, 1, entry);
	ssize_t n = err ? err : client_listxattr(&t->c, entry->nodeid, NULL, 0);

	if (n == -ENOSYS || n == -EOPNOTSUPP)
		test_skip(t, "the back-end has no xattrs");
	else if (n < 0)
		test_fail(t, "LISTXATTR: %s", test_errno(t, (int)n));
	else if (setxattr(test_path(t, "file"), "user.probe", "x", 1, 0) < 0)
		test_skip(t, "the file system has no user xattrs");
	else
		return removexattr(test_path(t, "file"), "user.probe") == 0;
	return false;
}

static void round_trip(struct test *t, uint64_t node, const char *name, size_t size)
{
	char *value = t->buffer, *seen = t->buffer + 65536;
	ssize_t n;

	scratch_fill(value, size, 0, (unsigned)size);
	OK(t, client_setxattr(&t->c, node, name, value, size, 0));
	n = getxattr(test_path(t, "file"), name, seen, 65536);
	EXPECT(t, n == (ssize_t)size && memcmp(seen, value, size) == 0,
	       "%s of %zu bytes: the host has %zd", name, size, n);
	n = client_getxattr(&t->c, node, name, NULL, 0);
	EXPECT(t, n == (ssize_t)size, "%s: its size is told as %zd, not %zu", name, n, size);
	memset(seen, 0, size);
	n = client_getxattr(&t->c, node, name, seen, size + 10);
	EXPECT(t, n == (ssize_t)size && memcmp(seen, value, size) == 0, "%s of %zu bytes: %zd",
	       name, size, n);
	if (size > 1)
		FAILS(t, client_getxattr(&t->c, node, name, seen, size - 1), ERANGE);
}

static void check_round_trip(struct test *t)
{
	static const size_t sizes[] = {0, 1, 7, 100, 1000, 3000};
	struct fuse_entry_out entry;

	if (!make_file(t, &entry))
		return;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		round_trip(t, entry.nodeid, "user.probe", sizes[i]);
	OK(t, client_removexattr(&t->c, entry.nodeid, "user.probe"));
	EXPECT(t, getxattr(test_path(t, "file"), "user.probe", NULL, 0) < 0,
	       "the host still has it");
	FAILS(t, client_getxattr(&t->c, entry.nodeid, "user.probe", t->buffer, 100), ENODATA);
	FAILS(t, client_removexattr(&t->c, entry.nodeid, "user.probe"), ENODATA);
}

static void check_flags(struct test *t)
{
	struct fuse_entry_out entry;

	if (!make_file(t, &entry))
		return;
	FAILS(t, client_setxattr(&t->c, entry.nodeid, "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	OK(t, client_setxattr(&t->c, entry.nodeid, "user.a", "1", 1, XATTR_CREATE));
	FAILS(t, client_setxattr(&t->c, entry.nodeid, "user.a", "2", 1, XATTR_CREATE), EEXIST);
	OK(t, client_setxattr(&t->c, entry.nodeid, "user.a", "2", 1, XATTR_REPLACE));
	EXPECT(t, client_setxattr(&t->c, entry.nodeid, "user.a", "3", 1, 0x40000000) < 0,
	       "an unknown flag");
}

/* Whether a list of names has one. */
static bool has_name(const char *list, ssize_t size, const char *name)
{
	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(list + at) + 1) {
		if (strcmp(list + at, name) == 0)
			return true;
	}
	return false;
}

static void check_list(struct test *t)
{
	static const char *const names[] = {"user.a", "user.much-longer-than-that", "user.c"};
	struct fuse_entry_out entry;
	ssize_t size, n;

	if (!make_file(t, &entry))
		return;
	for (int i = 0; i < 3; i++)
		EXPECT(t, setxattr(test_path(t, "file"), names[i], "x", 1, 0) == 0, "on the host");
	size = client_listxattr(&t->c, entry.nodeid, NULL, 0);
	n = client_listxattr(&t->c, entry.nodeid, t->buffer, 4096);
	MUST(t, n > 0 && t->buffer[n - 1] == '\0', "LISTXATTR: %s", test_errno(t, (int)n));
	EXPECT(t, size == n, "its size is told as %zd, but is %zd", size, n);
	for (int i = 0; i < 3; i++)
		EXPECT(t, has_name(t->buffer, n, names[i]), "%s is not in the list", names[i]);
	/* Names that only other namespaces have may be left out; no name may be cut. */
	if (n > 1)
		FAILS(t, client_listxattr(&t->c, entry.nodeid, t->buffer, (size_t)n - 1), ERANGE);
}

static void check_names(struct test *t)
{
	struct fuse_entry_out entry;
	char name[300] = "user.";
	int err;

	if (!make_file(t, &entry))
		return;
	FAILS(t, client_getxattr(&t->c, entry.nodeid, "user.none", t->buffer, 100), ENODATA);
	EXPECT(t, client_setxattr(&t->c, entry.nodeid, "", "x", 1, 0) < 0, "an empty name");
	EXPECT(t, client_setxattr(&t->c, entry.nodeid, "nonsense", "x", 1, 0) < 0,
	       "a name without a namespace");
	memset(name + 5, 'n', 250);
	err = client_setxattr(&t->c, entry.nodeid, name, "x", 1, 0);
	EXPECT(t, !err || err == -ENOSPC, "a name of 255 bytes: %s", test_errno(t, err));
	memset(name + 5, 'n', 251);
	EXPECT(t, client_setxattr(&t->c, entry.nodeid, name, "x", 1, 0) < 0, "a name of 256 bytes");
	EXPECT(t, client_getxattr(&t->c, entry.nodeid, name, t->buffer, 100) < 0, "... read");
	test_survives(t, "odd names of xattrs");
}

/* A value that is not there as the request says. */
static void check_lengths(struct test *t)
{
	struct fuse_setxattr_in in = {.size = 1000};
	size_t in_size = t->c.flags & FUSE_SETXATTR_EXT ? sizeof(in) : FUSE_COMPAT_SETXATTR_IN_SIZE;
	struct iovec iov[] = {{&in, in_size}, {"user.a\0abc", 10}};
	struct fuse_entry_out entry;

	if (!make_file(t, &entry))
		return;
	EXPECT(t, client_call(&t->c, FUSE_SETXATTR, entry.nodeid, iov, 2, NULL, 0, NULL) < 0,
	       "a value of 1,000 bytes, of which 3 are there");
	in.size = UINT32_MAX;
	EXPECT(t, client_call(&t->c, FUSE_SETXATTR, entry.nodeid, iov, 2, NULL, 0, NULL) < 0,
	       "... of 2^32-1 bytes");
	iov[1] = (struct iovec){"user.a", 6};
	in.size = 0;
	EXPECT(t, client_call(&t->c, FUSE_SETXATTR, entry.nodeid, iov, 2, NULL, 0, NULL) < 0,
	       "a name without a NUL");
	EXPECT(t, getxattr(test_path(t, "file"), "user.a", NULL, 0) < 0, "it was set");
	test_survives(t, "wrong lengths of xattrs");
}

/* The daemon must not follow a link, nor open a FIFO or wait for it. */
static void check_special(struct test *t)
{
	struct fuse_entry_out file, entry;
	ssize_t n;

	if (!make_file(t, &file))
		return;
	EXPECT(t, setxattr(test_path(t, "file"), "user.a", "x", 1, 0) == 0, "on the host");
	EXPECT(t, symlink("file", test_path(t, "link")) == 0, "symlink on the host");
	EXPECT(t, mkfifo(test_path(t, "fifo"), 0644) == 0, "mkfifo on the host");
	OK(t, test_lookup(t, "link", &entry));
	n = client_getxattr(&t->c, entry.nodeid, "user.a", t->buffer, 100);
	EXPECT(t, n < 0, "GETXATTR followed a symbolic link");
	EXPECT(t, client_setxattr(&t->c, entry.nodeid, "user.b", "x", 1, 0) < 0, "so did SETXATTR");
	EXPECT(t, getxattr(test_path(t, "file"), "user.b", NULL, 0) < 0, "it was set");
	OK(t, test_lookup(t, "fifo", &entry));
	client_getxattr(&t->c, entry.nodeid, "user.a", t->buffer, 100);
	client_listxattr(&t->c, entry.nodeid, t->buffer, 100);
	test_survives(t, "xattrs of a FIFO");
}

static void expect_hidden(struct test *t, const struct fuse_entry_out *entry, const char *tag)
{
	char value[8] = "";
	ssize_t n;

	n = client_listxattr(&t->c, entry->nodeid, t->buffer, 4096);
	EXPECT(t, n >= 0 && !has_name(t->buffer, n, tag), "%s is in the list", tag);
	EXPECT(t, client_listxattr(&t->c, entry->nodeid, NULL, 0) == n,
	       "the size of the list counts %s", tag);
	FAILS(t, client_getxattr(&t->c, entry->nodeid, tag, t->buffer, 100), ENODATA);
	EXPECT(t, client_setxattr(&t->c, entry->nodeid, tag, "no", 2, 0) < 0, "%s can be set", tag);
	EXPECT(t, client_removexattr(&t->c, entry->nodeid, tag) < 0, "%s can be removed", tag);
	n = getxattr(test_path(t, "file"), tag, value, sizeof(value) - 1);
	EXPECT(t, n == 3 && strcmp(value, "yes") == 0, "the guest has changed %s", tag);
}

/* fsdaxd hides the tags. Others know nothing of them, and give them as they are. */
static void check_tag(struct test *t)
{
	static const char *const tags[] = {"user.fsdax", "trusted.fsdax"};
	struct fuse_entry_out entry;

	if (!make_file(t, &entry))
		return;
	for (int i = 0; i < 2; i++) {
		if (setxattr(test_path(t, "file"), tags[i], "yes", 3, 0) < 0) {
			test_skip(t, "no right to set %s", tags[i]);
			return;
		}
	}
	if (client_getxattr(&t->c, entry.nodeid, tags[0], t->buffer, 100) == 3) {
		test_skip(t, "the back-end hides no tags");
		return;
	}
	for (int i = 0; i < 2; i++)
		expect_hidden(t, &entry, tags[i]);
}

const struct check checks_xattr[] = {
	{"xattr-round-trip", "what is set is what is read, on both sides", NEEDS_WRITE,
	 check_round_trip},
	{"xattr-flags", "CREATE and REPLACE", NEEDS_WRITE, check_flags},
	{"xattr-list", "LISTXATTR has all names, whole", 0, check_list},
	{"xattr-names", "names that can't be", NEEDS_WRITE, check_names},
	{"xattr-lengths", "values and names that are not there", NEEDS_WRITE, check_lengths},
	{"xattr-special", "links are not followed, FIFOs not opened", NEEDS_WRITE, check_special},
	{"xattr-tag", "the guest neither sees nor changes a tag", NEEDS_WRITE, check_tag},
	{0},
};
