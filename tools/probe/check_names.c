/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_names.c - names: those that lead out of the folder, that can't be, and that only look
 * odd; and the operations on names.
 *
 * A back-end that takes such a name for a path does what the path says. So no path here may
 * lead to anything but the scratch folder, not even where only an error is expected: the
 * requests come from three folders below it, and absolute paths are of files in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static const char *const impossible[] = {
	"", "victim/inner", "victim/", "../outer", "../../outer", "./x", "file/.", "victim//inner",
};

#define N_IMPOSSIBLE (sizeof(impossible) / sizeof(impossible[0]))

/* SCRATCH/1/2/3 with what a wrong name could hit, and outer in the folders above it. */
static int make_victims(struct test *t, uint64_t *node)
{
	static const char *const folders[] = {"1",	 "1/2",	     "1/2/3", "1/2/3/victim",
					      "1/outer", "1/2/outer"};
	struct fuse_entry_out entry = {.nodeid = t->node};
	int err = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (mkdir(test_path(t, folders[i]), 0755) < 0)
			return -errno;
	}
	err = scratch_file(t->path, "1/2/3/victim/inner", 1, 1);
	if (!err)
		err = scratch_file(t->path, "1/2/3/file", 1, 1);
	for (int i = 1; i <= 3 && !err; i++) {
		char name[2] = {(char)('0' + i), '\0'};

		err = client_lookup(&t->c, entry.nodeid, name, &entry);
	}
	*node = entry.nodeid;
	return err;
}

/* The i-th name that can't be; behind the fixed ones an absolute path into the scratch folder. */
static const char *impossible_name(struct test *t, size_t i)
{
	return i < N_IMPOSSIBLE ? impossible[i] : test_path(t, "1/outer");
}

static void check_impossible(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t node;

	for (size_t i = 0; i <= N_IMPOSSIBLE; i++) {
		const char *name = impossible_name(t, i);

		if (i == 0)
			OK(t, make_victims(t, &node));
		EXPECT(t, client_lookup(&t->c, node, name, &entry) < 0,
		       "LOOKUP of \"%s\" is answered", name);
		if (t->c.broken) {
			test_survives(t, name);
			return;
		}
	}
}

static void try_impossible(struct test *t, uint64_t node, uint64_t file, const char *name)
{
	struct client *c = &t->c;
	struct fuse_entry_out entry;
	uint64_t fh;

	EXPECT(t, client_mkdir(c, node, name, 0755, &entry) < 0, "MKDIR \"%s\"", name);
	EXPECT(t, client_mknod(c, node, name, S_IFREG | 0644, 0, &entry) < 0, "MKNOD \"%s\"", name);
	EXPECT(t, client_symlink(c, node, name, "x", &entry) < 0, "SYMLINK \"%s\"", name);
	EXPECT(t, client_link(c, file, node, name, &entry) < 0, "LINK \"%s\"", name);
	EXPECT(t, client_create(c, node, name, O_RDWR, 0644, &entry, &fh) < 0, "CREATE \"%s\"",
	       name);
	EXPECT(t, client_rename(c, node, "file", node, name) < 0, "RENAME to \"%s\"", name);
	EXPECT(t, client_rename(c, node, name, node, "new") < 0, "RENAME of \"%s\"", name);
	EXPECT(t, client_unlink(c, node, name) < 0, "UNLINK \"%s\"", name);
	EXPECT(t, client_rmdir(c, node, name) < 0, "RMDIR \"%s\"", name);
}

static void check_impossible_made(struct test *t)
{
	struct fuse_entry_out file;
	uint64_t node;

	OK(t, make_victims(t, &node));
	OK(t, client_lookup(&t->c, node, "file", &file));
	for (size_t i = 0; i <= N_IMPOSSIBLE + 2; i++) {
		const char *name = i <= N_IMPOSSIBLE	   ? impossible_name(t, i)
				   : i == N_IMPOSSIBLE + 1 ? "."
							   : "..";

		try_impossible(t, node, file.nodeid, name);
		if (t->c.broken) {
			test_survives(t, name);
			return;
		}
	}
	OK(t, client_lookup(&t->c, node, "file", &file));
}

/*
 * What is above the root is nobody's business. Only those that took EXPORT_SUPPORT are ever
 * asked for "." and "..", by NFS servers, and must be right; for others an error will do, or
 * the folder itself.
 */
static void expect_root(struct test *t, uint64_t parent, const char *name, ino_t root)
{
	struct fuse_entry_out entry;
	int err = client_lookup(&t->c, parent, name, &entry);
	bool itself = !(t->c.flags & FUSE_EXPORT_SUPPORT) && !err && entry.nodeid == parent;

	EXPECT(t, err < 0 || !entry.nodeid || itself || entry.attr.ino == root,
	       "LOOKUP of \"%s\" in %s gives inode %llu; the root is %llu", name,
	       parent == FUSE_ROOT_ID ? "the root" : "a folder of the root",
	       (unsigned long long)entry.attr.ino, (unsigned long long)root);
}

static void check_dots(struct test *t)
{
	struct stat st;

	MUST(t, stat(t->options->dir, &st) == 0, "stat on the host");
	expect_root(t, FUSE_ROOT_ID, ".", st.st_ino);
	expect_root(t, FUSE_ROOT_ID, "..", st.st_ino);
	expect_root(t, t->node, "..", st.st_ino);
	test_survives(t, "LOOKUP of ..");
}

/* A name whose NUL is not at its end, or that has none: its bytes are put together here. */
static int raw_name(struct test *t, const char *name, size_t size)
{
	struct iovec iov[] = {{(void *)name, size}};
	struct fuse_entry_out entry;

	return client_call(&t->c, FUSE_LOOKUP, t->node, iov, 1, &entry, sizeof(entry), NULL);
}

static void check_nul(struct test *t)
{
	int err;

	OK(t, scratch_file(t->path, "file", 1, 1));
	EXPECT(t, raw_name(t, "file", 4) < 0, "a name without a NUL is answered");
	test_survives(t, "a name without a NUL");
	EXPECT(t, raw_name(t, "", 0) < 0, "a LOOKUP without a name is answered");
	test_survives(t, "a LOOKUP without a name");
	/* What is behind the NUL may be ignored, but the name must not be another. */
	err = raw_name(t, "none\0file", 10);
	EXPECT(t, err < 0, "a name with a NUL in it is answered");
	test_survives(t, "a name with a NUL in it");
}

static void check_long(struct test *t)
{
	static const size_t lengths[] = {256, 4095, 4096, 65536, CLIENT_MAX_DATA - 1};
	struct fuse_entry_out entry;
	char *name = malloc(CLIENT_MAX_DATA);

	MUST(t, name, "memory");
	memset(name, 'n', CLIENT_MAX_DATA);
	name[255] = '\0';
	EXPECT(t, scratch_file(t->path, name, 1, 1) == 0, "a name of 255 bytes on the host");
	EXPECT(t, test_lookup(t, name, &entry) == 0, "a name of 255 bytes is not found");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(name, 'n', CLIENT_MAX_DATA);
		name[lengths[i]] = '\0';
		EXPECT(t, test_lookup(t, name, &entry) == -ENAMETOOLONG,
		       "a name of %zu bytes is not ENAMETOOLONG", lengths[i]);
		if (!test_survives(t, "a long name"))
			break;
	}
	free(name);
}

static void check_odd(struct test *t)
{
	static const char *const names[] = {" ",   "\n", "\x80\xff", "...",  "-",   "*",
					    "a b", "\t", "\\",	     "\x01", "'\"", "..x"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fuse_entry_out entry;

		OK(t, test_file(t, names[i], i + 1, 1, &entry));
		EXPECT(t, entry.attr.size == i + 1, "the %zu. odd name is another file", i);
	}
}

static void check_missing(struct test *t)
{
	struct fuse_entry_out file, entry;
	int err;

	OK(t, test_file(t, "file", 1, 1, &file));
	err = test_lookup(t, "none", &entry);
	/* Success with nodeid 0 is a "no" that may be cached. */
	EXPECT(t, err == -ENOENT || (!err && !entry.nodeid), "LOOKUP: %s", test_errno(t, err));
	FAILS(t, client_lookup(&t->c, file.nodeid, "x", &entry), ENOTDIR);
}

static void check_missing_changed(struct test *t)
{
	struct fuse_entry_out entry, folder;

	OK(t, client_mkdir(&t->c, t->node, "folder", 0755, &folder));
	OK(t, client_mkdir(&t->c, folder.nodeid, "inner", 0755, &entry));
	OK(t, scratch_file(t->path, "file", 1, 1));
	FAILS(t, client_unlink(&t->c, t->node, "none"), ENOENT);
	FAILS(t, client_rmdir(&t->c, t->node, "none"), ENOENT);
	FAILS(t, client_rmdir(&t->c, t->node, "folder"), ENOTEMPTY);
	FAILS(t, client_rmdir(&t->c, t->node, "file"), ENOTDIR);
	FAILS(t, client_unlink(&t->c, t->node, "folder"), EISDIR);
	FAILS(t, client_mkdir(&t->c, t->node, "folder", 0755, &entry), EEXIST);
	FAILS(t, client_mknod(&t->c, t->node, "file", S_IFREG | 0644, 0, &entry), EEXIST);
	FAILS(t, client_rename(&t->c, t->node, "none", t->node, "new"), ENOENT);
	FAILS(t, client_rename(&t->c, t->node, "folder", folder.nodeid, "itself"), EINVAL);
	OK(t, client_rmdir(&t->c, folder.nodeid, "inner"));
	OK(t, client_rmdir(&t->c, t->node, "folder"));
	OK(t, client_unlink(&t->c, t->node, "file"));
	EXPECT(t, access(test_path(t, "file"), F_OK) < 0, "the host still has the file");
}

static void check_rename(struct test *t)
{
	struct fuse_entry_out a, b, folder, entry;
	int err;

	OK(t, test_file(t, "a", 1, 1, &a));
	OK(t, test_file(t, "b", 2, 1, &b));
	OK(t, client_mkdir(&t->c, t->node, "folder", 0755, &folder));
	OK(t, client_rename(&t->c, t->node, "a", folder.nodeid, "a2"));
	OK(t, client_lookup(&t->c, folder.nodeid, "a2", &entry));
	EXPECT(t, entry.nodeid == a.nodeid, "the nodeid changed");
	err = client_rename2(&t->c, folder.nodeid, "a2", t->node, "b", RENAME_NOREPLACE);
	if (err == -ENOSYS || err == -EINVAL) {
		test_skip(t, "the back-end or its file system has no flags for rename");
		return;
	}
	EXPECT(t, err == -EEXIST, "NOREPLACE: %s", test_errno(t, err));
	OK(t, client_rename2(&t->c, folder.nodeid, "a2", t->node, "b", RENAME_EXCHANGE));
	OK(t, test_lookup(t, "b", &entry));
	EXPECT(t, entry.nodeid == a.nodeid && entry.attr.size == 1, "EXCHANGE did not");
	OK(t, client_lookup(&t->c, folder.nodeid, "a2", &entry));
	EXPECT(t, entry.nodeid == b.nodeid && entry.attr.size == 2, "EXCHANGE did half of it");
	err = client_rename2(&t->c, t->node, "b", t->node, "c", 1u << 30);
	EXPECT(t, err == -EINVAL, "an unknown flag: %s", test_errno(t, err));
}

static void check_symlink(struct test *t)
{
	struct fuse_entry_out entry;
	char target[300], *seen = t->buffer;
	ssize_t n;

	memset(target, 't', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	OK(t, client_symlink(&t->c, t->node, "link", target, &entry));
	EXPECT(t, S_ISLNK(entry.attr.mode), "mode is %o", entry.attr.mode);
	n = client_readlink(&t->c, entry.nodeid, seen, 4097);
	EXPECT(t, n == (ssize_t)strlen(target) && memcmp(seen, target, (size_t)n) == 0,
	       "READLINK gives another target");
	n = readlink(test_path(t, "link"), seen, 4096);
	EXPECT(t, n == (ssize_t)strlen(target), "the host has another target");
}

/* A symbolic link is the guest's to follow: the daemon must not do so. */
static void check_symlink_kept(struct test *t)
{
	struct fuse_entry_out entry;
	uint64_t fh;
	int err;

	OK(t, scratch_file(t->path, "target", 1, 1));
	EXPECT(t, symlink(test_path(t, "target"), test_path(t, "link")) == 0,
	       "symlink on the host");
	OK(t, test_lookup(t, "link", &entry));
	EXPECT(t, S_ISLNK(entry.attr.mode), "LOOKUP followed a symbolic link");
	err = client_call(&t->c, FUSE_OPEN, entry.nodeid, (struct iovec[]){{"\0\0\0\0\0\0\0", 8}},
			  1, t->buffer, 16, NULL);
	EXPECT(t, err < 0, "OPEN followed a symbolic link");
	EXPECT(t, client_lookup(&t->c, entry.nodeid, "x", &entry) < 0, "LOOKUP in a symbolic link");
	err = client_create(&t->c, t->node, "link", O_RDWR, 0644, &entry, &fh);
	EXPECT(t, err < 0 || S_ISLNK(entry.attr.mode), "CREATE followed a symbolic link");
	test_survives(t, "a symbolic link with an absolute target");
}

/* Devices and FIFOs are opened by the guest's kernel, never by the daemon. */
static void check_special(struct test *t)
{
	struct fuse_entry_out entry;
	int err;

	EXPECT(t, mkfifo(test_path(t, "fifo"), 0666) == 0, "mkfifo on the host");
	OK(t, test_lookup(t, "fifo", &entry));
	err = client_call(&t->c, FUSE_OPEN, entry.nodeid, (struct iovec[]){{"\0\0\0\0\0\0\0", 8}},
			  1, t->buffer, 16, NULL);
	EXPECT(t, !t->c.broken && err < 0, "OPEN of a FIFO: %s", test_errno(t, err));
	test_survives(t, "OPEN of a FIFO");
}

const struct check checks_names[] = {
	{"name-impossible", "names with a slash, or none, are refused", 0, check_impossible},
	{"name-impossible-made", "... by all that make or remove names", NEEDS_WRITE,
	 check_impossible_made},
	{"name-dots", ".. does not lead out of the share", 0, check_dots},
	{"name-nul", "a name ends in a NUL, and has no other", 0, check_nul},
	{"name-long", "names have at most 255 bytes", 0, check_long},
	{"name-odd", "all other names are only bytes", 0, check_odd},
	{"name-missing", "what is not there is ENOENT", 0, check_missing},
	{"name-errors", "names that can't be made or removed have their errno", NEEDS_WRITE,
	 check_missing_changed},
	{"name-rename", "RENAME and RENAME2 with its flags", NEEDS_WRITE, check_rename},
	{"name-symlink", "SYMLINK and READLINK", NEEDS_WRITE, check_symlink},
	{"name-symlink-kept", "the daemon follows no symbolic link", 0, check_symlink_kept},
	{"name-special", "the daemon opens no FIFO", 0, check_special},
	{0},
};
