/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_attr.c - attributes: the same as on the host, changed as asked, and in the name of the
 * caller; and how many times an inode was looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "check.h"

static void compare(struct test *t, const char *name, const struct fuse_attr *attr)
{
	struct stat st;

	OK(t, test_stat(t, name, &st));
	EXPECT(t, attr->ino == st.st_ino, "%s: another inode number", name);
	EXPECT(t, attr->mode == st.st_mode, "%s: mode %o, not %o", name, attr->mode, st.st_mode);
	EXPECT(t, attr->nlink == st.st_nlink, "%s: nlink %u, not %u", name, attr->nlink,
	       (unsigned)st.st_nlink);
	EXPECT(t, attr->uid == st.st_uid && attr->gid == st.st_gid, "%s: owner %u:%u, not %u:%u",
	       name, attr->uid, attr->gid, st.st_uid, st.st_gid);
	EXPECT(t, attr->size == (uint64_t)st.st_size, "%s: another size", name);
	EXPECT(t, attr->blocks == (uint64_t)st.st_blocks, "%s: another number of blocks", name);
	EXPECT(t,
	       attr->mtime == (uint64_t)st.st_mtim.tv_sec &&
		       attr->mtimensec == (uint32_t)st.st_mtim.tv_nsec,
	       "%s: another mtime", name);
	EXPECT(t,
	       attr->ctime == (uint64_t)st.st_ctim.tv_sec &&
		       attr->ctimensec == (uint32_t)st.st_ctim.tv_nsec,
	       "%s: another ctime", name);
}

static void check_same(struct test *t)
{
	static const char *const names[] = {"file", "folder", "symlink", "fifo", "link"};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, scratch_file(t->path, "file", 100001, 1));
	EXPECT(t, mkdir(test_path(t, "folder"), 01750) == 0, "mkdir on the host");
	EXPECT(t, symlink("a/b", test_path(t, "symlink")) == 0, "symlink on the host");
	EXPECT(t, mkfifo(test_path(t, "fifo"), 0644) == 0, "mkfifo on the host");
	EXPECT(t, link(test_path(t, "file"), test_path(t, "link")) == 0, "link on the host");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		OK(t, test_lookup(t, names[i], &entry));
		compare(t, names[i], &entry.attr);
		OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
		compare(t, names[i], &attr);
	}
}

static void check_hard_links(struct test *t)
{
	struct fuse_entry_out first, second, third;
	struct fuse_attr attr;

	OK(t, test_file(t, "first", 10, 1, &first));
	EXPECT(t, link(test_path(t, "first"), test_path(t, "second")) == 0, "link on the host");
	OK(t, test_lookup(t, "second", &second));
	EXPECT(t, first.nodeid == second.nodeid, "two names of one file have two nodeids");
	EXPECT(t, second.attr.nlink == 2, "nlink is %u", second.attr.nlink);
	OK(t, client_getattr(&t->c, first.nodeid, CLIENT_NO_FH, &attr));
	EXPECT(t, attr.nlink == 2, "nlink is %u by the first name", attr.nlink);
	EXPECT(t, unlink(test_path(t, "first")) == 0, "unlink on the host");
	OK(t, client_getattr(&t->c, first.nodeid, CLIENT_NO_FH, &attr));
	EXPECT(t, attr.nlink == 1, "nlink is %u after an unlink", attr.nlink);
	OK(t, test_lookup(t, "second", &third));
	EXPECT(t, third.nodeid == first.nodeid, "the nodeid changed when a name went away");
}

static void check_unknown(struct test *t)
{
	static const uint64_t nodes[] = {0, 2, 0x7777777777777777, UINT64_MAX, 1ull << 32};
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		uint64_t node = nodes[i] == 2 ? t->node + 0x1000 : nodes[i], fh;
		int err = client_getattr(&t->c, node, CLIENT_NO_FH, &attr);

		EXPECT(t, err < 0, "GETATTR of nodeid %#llx is answered", (unsigned long long)node);
		EXPECT(t, client_lookup(&t->c, node, "x", &entry) < 0, "... and LOOKUP in it");
		EXPECT(t, client_mkdir(&t->c, node, "x", 0755, &entry) < 0, "... and MKDIR in it");
		err = client_call(&t->c, FUSE_OPEN, node, (struct iovec[]){{"\0\0\0\0\0\0\0", 8}},
				  1, &fh, 16, NULL);
		EXPECT(t, err < 0, "... and OPEN");
		EXPECT(t, client_forget(&t->c, node, 1) == 0, "... and FORGET has no end");
		if (!test_survives(t, "an unknown nodeid"))
			return;
	}
}

static void check_forget(struct test *t)
{
	struct fuse_entry_out entry;
	struct fuse_attr attr;

	OK(t, test_file(t, "file", 10, 1, &entry));
	OK(t, test_lookup(t, "file", &entry));
	OK(t, test_lookup(t, "file", &entry));
	OK(t, client_forget(&t->c, entry.nodeid, 2));
	OK(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr));
	OK(t, client_forget(&t->c, entry.nodeid, 1));
	EXPECT(t, client_getattr(&t->c, entry.nodeid, CLIENT_NO_FH, &attr) < 0,
	       "an inode that was forgotten as often as it was looked up is still there");
	/* More than there is must not wrap around. */
	OK(t, test_lookup(t, "file", &entry));
	OK(t, client_forget(&t->c, entry.nodeid, UINT64_MAX));
	OK(t, test_lookup(t, "file", &entry));
	compare(t, "file", &entry.attr);
	/* The root stays. */
	OK(t, client_forget(&t->c, FUSE_ROOT_ID, UINT64_MAX));
	OK(t, client_getattr(&t->c, FUSE_ROOT_ID, CLIENT_NO_FH, &attr));
}

static void check_batch_forget(struct test *t)
{
	struct fuse_forget_one list[50];
	struct fuse_attr attr;

	for (unsigned i = 0; i < 50; i++) {
		struct fuse_entry_out entry;
		char name[16];

		snprintf(name, sizeof(name), "file-%u", i);
		OK(t, test_file(t, name, i, i, &entry));
		list[i] = (struct fuse_forget_one){entry.nodeid, 1};
	}
	OK(t, client_batch_forget(&t->c, list, 49));
	for (unsigned i = 0; i < 49; i++)
		EXPECT(t, client_getattr(&t->c, list[i].nodeid, CLIENT_NO_FH, &attr) < 0,
		       "the %u. inode of a BATCH_FORGET is still there", i);
	OK(t, client_getattr(&t->c, list[49].nodeid, CLIENT_NO_FH, &attr));
}

/* ---- Changes ---- */

static void check_setattr(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_MODE, .mode = S_IFREG | 0640};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	struct stat st;

	OK(t, test_file(t, "file", 100, 1, &entry));
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	compare(t, "file", &attr);
	EXPECT(t, (attr.mode & 07777) == 0640, "mode is %o", attr.mode);
	in = (struct fuse_setattr_in){.valid = FATTR_SIZE, .size = 5000};
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	EXPECT(t, attr.size == 5000, "size is %llu", (unsigned long long)attr.size);
	compare(t, "file", &attr);
	in = (struct fuse_setattr_in){.valid = FATTR_ATIME | FATTR_MTIME,
				      .atime = 1000,
				      .atimensec = 1,
				      .mtime = 2000,
				      .mtimensec = 999999999};
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	OK(t, test_stat(t, "file", &st));
	EXPECT(t,
	       st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
		       st.st_mtim.tv_nsec == 999999999,
	       "the times are not what was asked for");
	compare(t, "file", &attr);
	in = (struct fuse_setattr_in){.valid = FATTR_MTIME, .mtimensec = 1000000001};
	EXPECT(t, client_setattr(&t->c, entry.nodeid, &in, &attr) < 0,
	       "a time with 1,000,000,001 ns is accepted");
	in = (struct fuse_setattr_in){.valid = FATTR_SIZE, .size = UINT64_MAX};
	EXPECT(t, client_setattr(&t->c, entry.nodeid, &in, &attr) < 0,
	       "a size of 2^64-1 is accepted");
}

static void check_chown(struct test *t)
{
	struct fuse_setattr_in in = {.valid = FATTR_UID, .uid = 1234, .gid = 99};
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	int err;

	OK(t, test_file(t, "file", 100, 1, &entry));
	err = client_setattr(&t->c, entry.nodeid, &in, &attr);
	if (err == -EPERM) {
		test_skip(t, "the back-end has no right to change owners");
		return;
	}
	OK(t, err);
	EXPECT(t, attr.uid == 1234 && attr.gid == entry.attr.gid,
	       "owner %u:%u after a chown of uid", attr.uid, attr.gid);
	in.valid = FATTR_GID;
	OK(t, client_setattr(&t->c, entry.nodeid, &in, &attr));
	EXPECT(t, attr.uid == 1234 && attr.gid == 99, "owner %u:%u after a chown of gid", attr.uid,
	       attr.gid);
	compare(t, "file", &attr);
}

static void expect_owner(struct test *t, const char *op, const char *name)
{
	struct stat st;

	OK(t, test_stat(t, name, &st));
	EXPECT(t, st.st_uid == 1234 && st.st_gid == 4321, "%s: owner is %u:%u, not 1234:4321", op,
	       st.st_uid, st.st_gid);
}

static void check_owner(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	t->c.uid = 1234;
	t->c.gid = 4321;
	err = client_create(&t->c, t->node, "create", O_RDWR, 0644, &entry, &fh);
	if (err == -EPERM) {
		test_skip(t, "the back-end has no right to act for others");
		return;
	}
	OK(t, err);
	EXPECT(t, entry.attr.uid == 1234 && entry.attr.gid == 4321, "CREATE's reply: owner %u:%u",
	       entry.attr.uid, entry.attr.gid);
	expect_owner(t, "CREATE", "create");
	client_release(&t->c, entry.nodeid, fh);
	OK(t, client_mknod(&t->c, t->node, "mknod", S_IFREG | 0644, 0, &entry));
	expect_owner(t, "MKNOD", "mknod");
	OK(t, client_mkdir(&t->c, t->node, "mkdir", 0755, &entry));
	expect_owner(t, "MKDIR", "mkdir");
	OK(t, client_symlink(&t->c, t->node, "symlink", "x", &entry));
	expect_owner(t, "SYMLINK", "symlink");
	/* And the caller after that is root again. */
	t->c.uid = t->c.gid = 0;
	OK(t, client_mkdir(&t->c, t->node, "root", 0755, &entry));
	EXPECT(t, entry.attr.uid == 0 && entry.attr.gid == 0, "the next caller's owner %u:%u",
	       entry.attr.uid, entry.attr.gid);
}

/* Without default_permissions the kernel leaves it to the daemon; with them it asks first. */
static void check_denied(struct test *t)
{
	struct fuse_entry_out folder, entry;
	uint64_t fh;
	int err;

	EXPECT(t, mkdir(test_path(t, "private"), 0700) == 0, "mkdir on the host");
	OK(t, test_lookup(t, "private", &folder));
	t->c.uid = 1234;
	t->c.gid = 4321;
	err = client_create(&t->c, folder.nodeid, "file", O_RDWR, 0644, &entry, &fh);
	EXPECT(t, err == -EACCES || err == -EPERM, "CREATE in another's folder of mode 700: %s",
	       test_errno(t, err));
	err = client_mkdir(&t->c, folder.nodeid, "folder", 0755, &entry);
	EXPECT(t, err == -EACCES || err == -EPERM, "MKDIR in another's folder of mode 700: %s",
	       test_errno(t, err));
}

/* A group beside the caller's own is enough, if it was agreed that it is told. */
static void check_groups(struct test *t)
{
	static const uint32_t groups[] = {7777};
	struct fuse_entry_out folder, entry;
	int err;

	if (!(t->c.flags & FUSE_CREATE_SUPP_GROUP)) {
		test_skip(t, "the back-end does not take CREATE_SUPP_GROUP");
		return;
	}
	EXPECT(t, mkdir(test_path(t, "shared"), 0) == 0, "mkdir on the host");
	if (chown(test_path(t, "shared"), 0, 7777) < 0) {
		test_skip(t, "no right to change owners here");
		return;
	}
	EXPECT(t, chmod(test_path(t, "shared"), 0770) == 0, "chmod on the host");
	OK(t, test_lookup(t, "shared", &folder));
	t->c.uid = 1234;
	t->c.gid = 4321;
	err = client_mkdir(&t->c, folder.nodeid, "without", 0755, &entry);
	EXPECT(t, err == -EACCES || err == -EPERM, "without the group: %s", test_errno(t, err));
	t->c.groups = groups;
	t->c.n_groups = 1;
	err = client_mkdir(&t->c, folder.nodeid, "with", 0755, &entry);
	EXPECT(t, !err, "with the group: %s", test_errno(t, err));
}

static void check_statfs(struct test *t)
{
	struct fuse_kstatfs st;
	struct statvfs host;

	OK(t, client_statfs(&t->c, t->node, &st));
	MUST(t, statvfs(t->path, &host) == 0, "statvfs on the host");
	EXPECT(t, st.bsize == host.f_bsize && st.blocks == host.f_blocks, "another size");
	EXPECT(t, st.files == host.f_files, "another number of inodes");
	EXPECT(t, st.namelen == host.f_namemax, "namelen is %u, not %lu", st.namelen,
	       host.f_namemax);
}

static void check_access(struct test *t)
{
	struct fuse_entry_out entry;
	int err;

	OK(t, test_file(t, "file", 10, 1, &entry));
	EXPECT(t, chmod(test_path(t, "file"), 0640) == 0, "chmod on the host");
	err = client_access(&t->c, entry.nodeid, R_OK);
	if (err == -ENOSYS)
		return; /* the kernel then looks at the mode itself */
	OK(t, err);
	t->c.uid = 1234;
	t->c.gid = 4321;
	FAILS(t, client_access(&t->c, entry.nodeid, R_OK), EACCES);
}

static void check_root(struct test *t)
{
	struct fuse_attr attr;
	struct stat st;

	OK(t, client_getattr(&t->c, FUSE_ROOT_ID, CLIENT_NO_FH, &attr));
	MUST(t, stat(t->options->dir, &st) == 0, "stat on the host");
	EXPECT(t, attr.ino == st.st_ino && S_ISDIR(attr.mode), "the root is not the shared folder");
}

const struct check checks_attr[] = {
	{"attr-root", "nodeid 1 is the shared folder", 0, check_root},
	{"attr-same", "LOOKUP and GETATTR tell what the host tells", 0, check_same},
	{"attr-hard-links", "names of one file have one nodeid and nlink", 0, check_hard_links},
	{"attr-unknown-node", "an unknown nodeid is an error", 0, check_unknown},
	{"attr-forget", "an inode lives as long as it is not forgotten", 0, check_forget},
	{"attr-batch-forget", "BATCH_FORGET forgets all of its list", 0, check_batch_forget},
	{"attr-setattr", "mode, size and times are set", NEEDS_WRITE, check_setattr},
	{"attr-chown", "uid and gid are set, one without the other", NEEDS_WRITE, check_chown},
	{"attr-owner", "what is made belongs to the caller", NEEDS_WRITE, check_owner},
	{"attr-denied", "the caller's rights hold", NEEDS_WRITE, check_denied},
	{"attr-groups", "the caller's supplementary group counts", NEEDS_WRITE, check_groups},
	{"attr-access", "ACCESS looks at the caller", 0, check_access},
	{"attr-statfs", "STATFS tells what the host tells", 0, check_statfs},
	{0},
};
