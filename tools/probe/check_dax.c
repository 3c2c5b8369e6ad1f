/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_dax.c - the flag FUSE_ATTR_DAX: all replies about one inode agree, only regular files
 * have it, and nothing has it unless it was negotiated.
 *
 * A guest's kernel compares the flag with what it has at every reply that carries attributes;
 * one that disagrees costs the inode its place in the cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "listing.h"

static const uint64_t sizes[] = {0, 1, 4096, 32767, 32768, 100001, 1 << 20, CHUNK + 1};

#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static bool is_flagged(const struct fuse_attr *attr)
{
	return attr->flags & FUSE_ATTR_DAX;
}

static void agree(struct test *t, const char *name, const char *reply, bool want,
		  const struct fuse_attr *attr)
{
	EXPECT(t, is_flagged(attr) == want, "%s: %s says %s, the reply before it said %s", name,
	       reply, is_flagged(attr) ? "DAX" : "not DAX", want ? "DAX" : "not DAX");
}

/* What READDIRPLUS says. */
static void agree_listing(struct test *t, const char *name, bool want)
{
	struct listing listing;
	const struct client_dirent *entry;
	int err = listing_read(t, t->node, true, 32 << 10, &listing);

	entry = err ? NULL : listing_find(&listing, name);
	/* A daemon need not have READDIRPLUS. */
	if (err != -ENOSYS && !entry)
		test_fail(t, "%s: not in READDIRPLUS: %s", name, test_errno(t, err));
	else if (entry && entry->entry.nodeid)
		agree(t, name, "READDIRPLUS", want, &entry->entry.attr);
	listing_free(&listing);
}

/* LOOKUP and GETATTR, with and without an open file. */
static void agree_reads(struct test *t, const char *name, uint64_t node, bool want)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh;

	OK(t, client_getattr(&t->c, node, CLIENT_NO_FH, &attr));
	agree(t, name, "GETATTR", want, &attr);
	OK(t, test_lookup(t, name, &entry));
	agree(t, name, "LOOKUP", want, &entry.attr);
	EXPECT(t, entry.nodeid == node, "%s: LOOKUP gave another nodeid", name);
	OK(t, client_open_file(&t->c, node, O_RDONLY, &fh));
	OK(t, client_getattr(&t->c, node, fh, &attr));
	agree(t, name, "GETATTR of the open file", want, &attr);
	client_release(&t->c, node, fh);
	agree_listing(t, name, want);
}

static void check_agree(struct test *t)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		struct fuse_entry_out entry;
		char name[32];

		snprintf(name, sizeof(name), "size-%llu", (unsigned long long)sizes[i]);
		OK(t, test_file(t, name, sizes[i], 1, &entry));
		agree_reads(t, name, entry.nodeid, is_flagged(&entry.attr));
		if (t->c.broken)
			return;
	}
}

static void check_agree_changes(struct test *t)
{
	for (size_t i = 0; i < N_SIZES; i++) {
		struct fuse_setattr_in in = {.valid = FATTR_MTIME | FATTR_MTIME_NOW};
		struct fuse_entry_out entry, other;
		struct fuse_attr attr;
		char name[32], second[32];
		bool want;

		snprintf(name, sizeof(name), "size-%llu", (unsigned long long)sizes[i]);
		snprintf(second, sizeof(second), "link-%llu", (unsigned long long)sizes[i]);
		OK(t, test_file(t, name, sizes[i], 1, &entry));
		want = is_flagged(&entry.attr);
		OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
		agree(t, name, "SETATTR", want, &attr);
		OK(t, client_link(&t->c, entry.nodeid, t->node, second, &other));
		agree(t, name, "LINK", want, &other.attr);
		EXPECT(t, other.nodeid == entry.nodeid, "%s: LINK gave another nodeid", name);
		agree_reads(t, second, entry.nodeid, want);
		OK(t, client_rename(&t->c, t->node, name, t->node, "renamed"));
		OK(t, test_lookup(t, "renamed", &other));
		agree_reads(t, "renamed", entry.nodeid, is_flagged(&other.attr));
	}
}

static void check_agree_created(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	OK(t, client_mknod(&t->c, t->node, "mknod", S_IFREG | 0644, 0, &entry));
	agree_reads(t, "mknod", entry.nodeid, is_flagged(&entry.attr));
	OK(t, client_create(&t->c, t->node, "create", O_RDWR, 0644, &entry, &fh));
	agree_reads(t, "create", entry.nodeid, is_flagged(&entry.attr));
	client_release(&t->c, entry.nodeid, fh);
	err = client_tmpfile(&t->c, t->node, O_RDWR, 0600, &entry, &fh);
	if (!err) {
		struct fuse_attr attr;

		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		agree(t, "the nameless file", "GETATTR", is_flagged(&entry.attr), &attr);
		client_release(&t->c, entry.nodeid, fh);
	}
	EXPECT(t, !err || err == -ENOSYS || err == -EOPNOTSUPP, "TMPFILE: %s", test_errno(t, err));
}

/* CREATE, and growth by WRITE and by SETATTR over whatever threshold there is. */
static void check_agree_grown(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 5 << 20};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	uint64_t fh, at = 0;

	OK(t, client_create(&t->c, t->node, "grows", O_RDWR, 0644, &entry, &fh));
	while (at < 3 << 20) {
		ssize_t n;

		scratch_fill(t->buffer, 128 << 10, at, 1);
		n = client_write(&t->c, entry.nodeid, fh, at, t->buffer, 128 << 10, 0);
		MUST(t, n == 128 << 10, "WRITE: %s", test_errno(t, (int)n));
		at += 128 << 10;
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		agree_reads(t, "grows", entry.nodeid, is_flagged(&attr));
	}
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	agree_reads(t, "grows", entry.nodeid, is_flagged(&attr));
	in.size = 10;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	agree_reads(t, "grows", entry.nodeid, is_flagged(&attr));
	client_release(&t->c, entry.nodeid, fh);
}

/* ---- What is no regular file ---- */

static int make_socket(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	strcpy(addr.sun_path, path);
	err = bind(fd, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	return err;
}

static void check_regular_only(struct test *t)
{
	static const char *const names[] = {"folder", "symlink", "fifo", "socket", "device"};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	struct stat st;

	EXPECT(t, mkdir(test_path(t, "folder"), 0755) == 0, "mkdir on the host");
	EXPECT(t, symlink("folder", test_path(t, "symlink")) == 0, "symlink on the host");
	EXPECT(t, mkfifo(test_path(t, "fifo"), 0644) == 0, "mkfifo on the host");
	make_socket(test_path(t, "socket"));
	(void)!mknod(test_path(t, "device"), S_IFCHR | 0600, 0x103);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (test_stat(t, names[i], &st))
			continue; /* socket and device are not everybody's to make */
		OK(t, test_lookup(t, names[i], &entry));
		EXPECT(t, !is_flagged(&entry.attr), "LOOKUP flags a %s", names[i]);
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		EXPECT(t, !is_flagged(&attr), "GETATTR flags a %s", names[i]);
		agree_listing(t, names[i], false);
	}
	OK(t, client_getattr(&t->c, FUSE_ROOT_ID, CLIENT_NO_FH, &attr));
	EXPECT(t, !is_flagged(&attr), "GETATTR flags the root");
}

static void check_regular_only_made(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_MODE, .mode = S_IFDIR | 0700};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, client_mkdir(&t->c, t->node, "folder", 0755, &entry));
	EXPECT(t, !is_flagged(&entry.attr), "MKDIR flags a folder");
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	EXPECT(t, !is_flagged(&attr), "SETATTR flags a folder");
	OK(t, client_symlink(&t->c, t->node, "symlink", "folder", &entry));
	EXPECT(t, !is_flagged(&entry.attr), "SYMLINK flags a symbolic link");
	OK(t, client_mknod(&t->c, t->node, "fifo", S_IFIFO | 0644, 0, &entry));
	EXPECT(t, !is_flagged(&entry.attr), "MKNOD flags a FIFO");
}

/* ---- What was not negotiated ---- */

static void expect_none(struct test *t, const char *how)
{
	struct listing listing;
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	int err;

	OK(t, test_lookup(t, "large", &entry));
	EXPECT(t, !is_flagged(&entry.attr), "%s: LOOKUP flags a file", how);
	OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
	EXPECT(t, !is_flagged(&attr), "%s: GETATTR flags a file", how);
	err = listing_read(t, t->node, true, 32 << 10, &listing);
	for (size_t i = 0; i < listing.n && !err; i++)
		EXPECT(t, !is_flagged(&listing.list[i].entry.attr), "%s: READDIRPLUS flags %s", how,
		       listing.list[i].name);
	listing_free(&listing);
}

static void check_not_negotiated(struct test *t)
{
	static const struct {
		const char *how;
		struct session session;
	} variants[] = {
		{"a front-end without SHMEM", {.no_window = true}},
		{"without SHMEM, but the kernel asks",
		 {.no_window = true, .init.flags = CLIENT_DAX_FLAGS}},
		{"dax=always: MAP_ALIGNMENT only", {.init.flags = FUSE_MAP_ALIGNMENT}},
		{"HAS_INODE_DAX only", {.init.flags = FUSE_HAS_INODE_DAX}},
		{"dax=never: neither", {.init.flags = FUSE_INIT_EXT}},
		{"HAS_INODE_DAX without INIT_EXT",
		 {.bare = true, .init.flags = CLIENT_DAX_FLAGS | FUSE_DO_READDIRPLUS}},
		{"protocol 7.31, without flags2",
		 {.bare = true,
		  .init = {.minor = 31,
			   .short_in = true,
			   .flags = FUSE_MAP_ALIGNMENT | FUSE_DO_READDIRPLUS}}},
	};

	OK(t, scratch_file(t->path, "large", 3 << 20, 1));
	OK(t, scratch_file(t->path, "small", 10, 1));
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (!test_session(t, &variants[i].session))
			return;
		EXPECT(t,
		       !(t->c.flags & FUSE_HAS_INODE_DAX) ||
			       (variants[i].session.init.flags & FUSE_HAS_INODE_DAX),
		       "%s: the reply has HAS_INODE_DAX", variants[i].how);
		expect_none(t, variants[i].how);
	}
}

/* The same, in one connection: what one guest negotiated is gone when the next begins. */
static void check_renegotiated(struct test *t)
{
	struct session always = {.init.flags = FUSE_MAP_ALIGNMENT};
	struct fuse_entry_out entry;
	bool before;

	OK(t, test_file(t, "large", 3 << 20, 1, &entry));
	before = is_flagged(&entry.attr);
	OK(t, test_reinit(t, &always));
	expect_none(t, "after DESTROY and an INIT without HAS_INODE_DAX");
	if (t->c.broken)
		return;
	OK(t, test_reinit(t, NULL));
	OK(t, test_lookup(t, "large", &entry));
	agree(t, "large", "LOOKUP of the third session", before, &entry.attr);
}

/* FUSE_STATX has no place for the flag. */
static void check_statx(struct test *t)
{
	struct fuse_statx_out out;
	struct fuse_entry_out entry;
	struct stat st;
	int err;

	OK(t, test_file(t, "file", 100001, 1, &entry));
	OK(t, test_stat(t, "file", &st));
	err = client_statx(&t->c, entry.nodeid, &out);
	if (err == -ENOSYS)
		return;
	MUST(t, !err, "STATX: %s instead of ENOSYS", test_errno(t, err));
	EXPECT(t, out.stat.size == (uint64_t)st.st_size && out.stat.ino == st.st_ino,
	       "STATX tells another size or inode than the host");
	EXPECT(t, !is_flagged(&entry.attr),
	       "STATX is answered, and can't carry the flag that LOOKUP gave");
}

const struct check checks_dax[] = {
	{"dax-agree", "LOOKUP, GETATTR and READDIRPLUS agree about DAX", 0, check_agree},
	{"dax-agree-changes", "... and SETATTR, LINK, and after RENAME", NEEDS_WRITE,
	 check_agree_changes},
	{"dax-agree-created", "... and MKNOD, CREATE, TMPFILE", NEEDS_WRITE, check_agree_created},
	{"dax-agree-grown", "... at every size while a file grows and shrinks", NEEDS_WRITE,
	 check_agree_grown},
	{"dax-regular-only", "only regular files are DAX", 0, check_regular_only},
	{"dax-regular-only-made", "... in MKDIR, SYMLINK, MKNOD and SETATTR too", NEEDS_WRITE,
	 check_regular_only_made},
	{"dax-not-negotiated", "nothing is DAX without a window and HAS_INODE_DAX", 0,
	 check_not_negotiated},
	{"dax-renegotiated", "... also in the second session of a connection", NEEDS_DAX,
	 check_renegotiated},
	{"dax-statx", "STATX is refused, or tells the truth", 0, check_statx},
	{0},
};
