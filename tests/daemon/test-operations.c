/* SPDX-License-Identifier: BSD-3-Clause */
/* test-operations.c - attributes, and what makes and removes names, as the guest's users. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fuse_client.h"
#include "fuse_compat.h"
#include "share.h"

/* Nobody has these ids. */
enum { USER = 54321, GROUP = 54322, OTHER_GROUP = 54323 };

/* ---- Helpers ------------------------------------------------------------------------------ */

struct created {
	struct fuse_entry_out entry;
	struct fuse_open_out open;
};

static int create(struct client *client, uint64_t dir, const char *name, uint32_t flags,
		  struct created *created)
{
	struct fuse_create_in in = {.flags = flags, .mode = S_IFREG | 0640, .umask = 022};
	int got = client_call(client, FUSE_CREATE, dir, &in, sizeof(in), name, NULL, created,
			      sizeof(*created));

	return got < 0 ? got : 0;
}

static int make_dir(struct client *client, uint64_t dir, const char *name, uint32_t mode,
		    struct fuse_entry_out *entry)
{
	struct fuse_mkdir_in in = {.mode = mode, .umask = 022};
	int got = client_call(client, FUSE_MKDIR, dir, &in, sizeof(in), name, NULL, entry,
			      sizeof(*entry));

	return got < 0 ? got : 0;
}

static int set(struct client *client, uint64_t nodeid, const struct fuse_setattr_in *in,
	       struct fuse_attr *attr)
{
	struct fuse_attr_out out;
	int got = client_send(client, FUSE_SETATTR, nodeid, in, sizeof(*in), &out, sizeof(out));

	if (got < 0)
		return got;
	*attr = out.attr;
	return 0;
}

static void host_stat(struct client *client, const char *path, struct stat *st)
{
	assert_int_equal(fstatat(client->dirfd, path, st, AT_SYMLINK_NOFOLLOW), 0);
}

static void become_user(struct client *client)
{
	if (geteuid() != 0)
		skip();
	client->uid = USER;
	client->gid = GROUP;
}

/* ---- Attributes --------------------------------------------------------------------------- */

static void attributes_are_the_hosts(void **state)
{
	struct client *client = *state;
	struct fuse_entry_out entry;
	struct stat st;

	client_put_file(client, "file", "content");
	assert_int_equal(fchmodat(client->dirfd, "file", 04751, 0), 0);
	host_stat(client, "file", &st);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "file", &entry), 0);
	assert_int_equal(entry.attr.ino, st.st_ino);
	assert_int_equal(entry.attr.size, 7);
	assert_int_equal(entry.attr.blocks, st.st_blocks);
	assert_int_equal(entry.attr.mode, S_IFREG | 04751);
	assert_int_equal(entry.attr.nlink, 1);
	assert_int_equal(entry.attr.mtime, st.st_mtim.tv_sec);
	assert_int_equal(entry.attr.mtimensec, st.st_mtim.tv_nsec);
	assert_int_equal(entry.attr.ctimensec, st.st_ctim.tv_nsec);
	assert_int_equal(entry.attr.blksize, st.st_blksize);
	assert_int_equal(entry.attr.flags, 0);
	assert_int_equal(entry.attr_valid, 1);
	assert_int_equal(entry.entry_valid, 1);
}

static void timeouts_are_the_cache_modes(void **state)
{
	static const uint64_t seconds[] = {[CACHE_AUTO] = 1,
					   [CACHE_ALWAYS] = 86400,
					   [CACHE_METADATA] = 86400,
					   [CACHE_NEVER] = 0};
	struct client *client = *state;
	struct fuse_entry_out entry;

	client_put_file(client, "file", "");
	for (int mode = CACHE_AUTO; mode <= CACHE_NEVER; mode++) {
		client->settings.cache = (enum cache_mode)mode;
		assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "file", &entry), 0);
		assert_int_equal(entry.attr_valid, seconds[mode]);
		assert_int_equal(entry.entry_valid, seconds[mode]);
		assert_int_equal(entry.attr_valid_nsec, 0);
	}
}

static void setattr_sets_what_is_valid(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {
		.mode = 0600,
		.size = 3,
		.atime = 1,
		.atimensec = 2,
		.mtime = 1000000000,
		.mtimensec = 999999999,
	};
	struct fuse_attr attr;
	uint64_t file;

	client_put_file(client, "file", "content");
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.size, 7);
	assert_int_equal(attr.mode, S_IFREG | 0644);
	in.valid = FATTR_MODE;
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.mode, S_IFREG | 0600);
	assert_int_equal(attr.size, 7);
	in.valid = FATTR_SIZE | FATTR_MTIME;
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.size, 3);
	assert_int_equal(attr.mtime, 1000000000);
	assert_int_equal(attr.mtimensec, 999999999);
	assert_int_not_equal(attr.atime, 1);
	in.valid = FATTR_ATIME;
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.atime, 1);
	assert_int_equal(attr.atimensec, 2);
	assert_int_equal(attr.mtime, 1000000000);
	in.valid = FATTR_MTIME | FATTR_MTIME_NOW;
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_true(attr.mtime > 1000000000);
}

/* UTIME_NOW and UTIME_OMIT lie behind the last nanosecond of a second. */
static void times_that_make_no_sense_are_refused(void **state)
{
	static const uint32_t wrong[] = {1000000000, UTIME_NOW, UTIME_OMIT, UINT32_MAX};
	struct client *client = *state;
	struct fuse_attr attr;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct fuse_setattr_in in = {.valid = FATTR_MTIME, .mtimensec = wrong[i]};

		assert_int_equal(set(client, FUSE_ROOT_ID, &in, &attr), -EINVAL);
	}
}

static void sizes_that_make_no_sense_are_refused(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = UINT64_MAX};
	struct fuse_attr attr;

	client_put_file(client, "file", "content");
	assert_int_equal(symlinkat("file", client->dirfd, "link"), 0);
	assert_int_equal(set(client, client_nodeid(client, FUSE_ROOT_ID, "file"), &in, &attr),
			 -EINVAL);
	in.size = 0;
	assert_int_equal(set(client, FUSE_ROOT_ID, &in, &attr), -EISDIR);
	assert_int_equal(set(client, client_nodeid(client, FUSE_ROOT_ID, "link"), &in, &attr),
			 -EINVAL);
}

static void setattr_of_a_link_leaves_its_target_alone(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {.valid = FATTR_MTIME, .mtime = 5};
	struct fuse_attr attr;
	struct stat st;

	client_put_file(client, "file", "content");
	assert_int_equal(symlinkat("file", client->dirfd, "link"), 0);
	assert_int_equal(set(client, client_nodeid(client, FUSE_ROOT_ID, "link"), &in, &attr), 0);
	assert_int_equal(attr.mtime, 5);
	host_stat(client, "file", &st);
	assert_int_not_equal(st.st_mtime, 5);
	host_stat(client, "link", &st);
	assert_int_equal(st.st_mtime, 5);
}

static void owners_change(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {.valid = FATTR_UID | FATTR_MODE, .uid = USER, .mode = 04755};
	struct fuse_attr attr;
	uint64_t file;

	if (geteuid() != 0)
		skip();
	client_put_file(client, "file", "content");
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.uid, USER);
	assert_int_equal(attr.gid, 0);
	/* Both at once: what the guest says of the mode holds. */
	assert_int_equal(attr.mode, S_IFREG | 04755);
}

static void truncation_can_clear_set_id_bits(void **state)
{
	struct client *client = *state;
	struct fuse_setattr_in in = {.valid = FATTR_SIZE, .size = 1};
	struct fuse_attr attr;
	uint64_t file;

	client_put_file(client, "file", "content");
	assert_int_equal(fchmodat(client->dirfd, "file", 06755, 0), 0);
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(set(client, file, &in, &attr), 0);
	if (geteuid() == 0)
		assert_int_equal(attr.mode, S_IFREG | 06755);
	in.valid |= FATTR_KILL_SUIDGID;
	assert_int_equal(set(client, file, &in, &attr), 0);
	assert_int_equal(attr.mode, S_IFREG | 0755);
}

static void getattr_takes_a_handle_of_that_inode_only(void **state)
{
	struct client *client = *state;
	struct fuse_getattr_in in = {.getattr_flags = FUSE_GETATTR_FH};
	struct fuse_attr_out out;
	struct created created;

	assert_int_equal(create(client, FUSE_ROOT_ID, "file", O_RDWR, &created), 0);
	in.fh = created.open.fh;
	assert_int_equal(client_send(client, FUSE_GETATTR, created.entry.nodeid, &in, sizeof(in),
				     &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(
		client_send(client, FUSE_GETATTR, FUSE_ROOT_ID, &in, sizeof(in), &out, sizeof(out)),
		-EBADF);
	in.fh ^= 1ULL << 40;
	assert_int_equal(client_send(client, FUSE_GETATTR, created.entry.nodeid, &in, sizeof(in),
				     &out, sizeof(out)),
			 -EBADF);
}

static void access_is_the_callers(void **state)
{
	struct client *client = *state;
	struct fuse_access_in in = {.mask = R_OK};
	uint64_t file;

	client_put_file(client, "file", "");
	assert_int_equal(fchmodat(client->dirfd, "file", 0600, 0), 0);
	file = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_send(client, FUSE_ACCESS, file, &in, sizeof(in), NULL, 0), 0);
	become_user(client);
	assert_int_equal(client_send(client, FUSE_ACCESS, file, &in, sizeof(in), NULL, 0), -EACCES);
	assert_int_equal(geteuid(), 0);
	in.mask = 8;
	assert_int_equal(client_send(client, FUSE_ACCESS, file, &in, sizeof(in), NULL, 0), -EINVAL);
}

static void statfs_is_the_hosts(void **state)
{
	struct client *client = *state;
	struct fuse_statfs_out out;

	assert_int_equal(client_send(client, FUSE_STATFS, FUSE_ROOT_ID, NULL, 0, &out, sizeof(out)),
			 sizeof(out));
	assert_int_equal(out.st.namelen, 255);
	assert_true(out.st.blocks > 0);
}

/* ---- Making ------------------------------------------------------------------------------- */

static void files_are_made_as_the_caller(void **state)
{
	struct client *client = *state;
	struct fuse_entry_out entry;
	struct created created;
	struct stat st;

	assert_int_equal(fchmod(client->dirfd, 0777), 0);
	become_user(client);
	assert_int_equal(create(client, FUSE_ROOT_ID, "file", O_RDWR, &created), 0);
	host_stat(client, "file", &st);
	assert_int_equal(st.st_uid, USER);
	assert_int_equal(st.st_gid, GROUP);
	/* The guest's kernel has applied the umask, unless it was agreed that we do. */
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(make_dir(client, FUSE_ROOT_ID, "dir", 0777, &entry), 0);
	assert_int_equal(entry.attr.uid, USER);
	assert_int_equal(entry.attr.mode, S_IFDIR | 0777);
	assert_int_equal(client_call(client, FUSE_SYMLINK, FUSE_ROOT_ID, NULL, 0, "link", "/target",
				     &entry, sizeof(entry)),
			 sizeof(entry));
	assert_int_equal(entry.attr.uid, USER);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), 0);
}

static void a_set_group_id_folder_gives_its_group(void **state)
{
	struct client *client = *state;
	struct fuse_entry_out entry;
	struct created created;
	uint64_t dir;

	if (geteuid() != 0)
		skip();
	client_put_dir(client, "dir");
	assert_int_equal(fchownat(client->dirfd, "dir", 0, OTHER_GROUP, 0), 0);
	assert_int_equal(fchmodat(client->dirfd, "dir", 02777, 0), 0);
	dir = client_nodeid(client, FUSE_ROOT_ID, "dir");
	become_user(client);
	assert_int_equal(create(client, dir, "file", O_RDWR, &created), 0);
	assert_int_equal(created.entry.attr.gid, OTHER_GROUP);
	assert_int_equal(make_dir(client, dir, "below", 0755, &entry), 0);
	assert_int_equal(entry.attr.gid, OTHER_GROUP);
	assert_int_equal(entry.attr.mode, S_IFDIR | 02755);
}

static void with_posix_acl_the_host_applies_the_umask(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;
	struct fuse_entry_out entry;

	client->settings.posix_acl = true;
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
	assert_int_equal(out.flags & (FUSE_POSIX_ACL | FUSE_DONT_MASK),
			 FUSE_POSIX_ACL | FUSE_DONT_MASK);
	assert_int_equal(make_dir(client, FUSE_ROOT_ID, "dir", 0777, &entry), 0);
	assert_int_equal(entry.attr.mode, S_IFDIR | 0755);
	assert_int_equal(umask(0), 0);
}

/* A folder that only a supplementary group of the caller may write to. */
static uint64_t make_group_dir(struct client *client)
{
	client_put_dir(client, "dir");
	assert_int_equal(fchownat(client->dirfd, "dir", 0, OTHER_GROUP, 0), 0);
	assert_int_equal(fchmodat(client->dirfd, "dir", 0770, 0), 0);
	return client_nodeid(client, FUSE_ROOT_ID, "dir");
}

static void the_supplementary_group_that_was_sent_counts(void **state)
{
	struct client *client = *state;
	struct {
		struct fuse_mkdir_in in;
		char name[2];
		struct fuse_ext_header header;
		uint32_t n, group;
	} __attribute__((packed)) in = {
		.in = {.mode = 0755},
		.name = "a",
		.header = {.size = 16, .type = COMPAT_FUSE_EXT_GROUPS},
		.n = 1,
		.group = OTHER_GROUP,
	};
	struct fuse_entry_out entry;
	uint64_t dir;

	if (geteuid() != 0)
		skip();
	dir = make_group_dir(client);
	become_user(client);
	client->total_extlen = 2;
	assert_int_equal(
		client_send(client, FUSE_MKDIR, dir, &in, sizeof(in), &entry, sizeof(entry)),
		sizeof(entry));
	assert_int_equal(entry.attr.gid, GROUP);
	assert_int_equal(getgroups(0, NULL), 0);
	client->total_extlen = 0;
	assert_int_equal(make_dir(client, dir, "b", 0755, &entry), -EACCES);
}

static void without_groups_from_the_guest_its_own_check_counts(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;
	struct fuse_entry_out entry;
	uint64_t dir;

	if (geteuid() != 0)
		skip();
	assert_int_equal(client_init(client, UINT64_MAX & ~FUSE_CREATE_SUPP_GROUP, &out), 0);
	dir = make_group_dir(client);
	become_user(client);
	assert_int_equal(make_dir(client, dir, "a", 0755, &entry), 0);
	assert_int_equal(entry.attr.uid, USER);
}

static void extensions_that_make_no_sense_are_refused(void **state)
{
	static const struct fuse_ext_header wrong[] = {
		{0, COMPAT_FUSE_EXT_GROUPS},  {7, COMPAT_FUSE_EXT_GROUPS},
		{17, COMPAT_FUSE_EXT_GROUPS}, {UINT32_MAX, 99},
		{8, COMPAT_FUSE_EXT_GROUPS}, /* what is behind it is none */
	};
	struct client *client = *state;
	struct fuse_entry_out entry;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct {
			struct fuse_mkdir_in in;
			char name[2];
			struct fuse_ext_header header;
			uint32_t n, group;
		} __attribute__((packed)) in = {.in = {.mode = 0755}, .name = "a"};

		in.header = wrong[i];
		client->total_extlen = 2;
		assert_int_equal(client_send(client, FUSE_MKDIR, FUSE_ROOT_ID, &in, sizeof(in),
					     &entry, sizeof(entry)),
				 -EINVAL);
		client->total_extlen = 3;
		assert_int_equal(client_send(client, FUSE_MKDIR, FUSE_ROOT_ID, &in, sizeof(in),
					     &entry, sizeof(entry)),
				 -EINVAL);
	}
	client->total_extlen = UINT16_MAX;
	assert_int_equal(make_dir(client, FUSE_ROOT_ID, "a", 0755, &entry), -EINVAL);
	client->total_extlen = 0;
	assert_int_equal(faccessat(client->dirfd, "a", F_OK, 0), -1);
}

static void create_takes_a_file_that_is_there_unless_exclusive(void **state)
{
	struct client *client = *state;
	struct created created;
	uint64_t known;

	client_put_file(client, "file", "content");
	known = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(create(client, FUSE_ROOT_ID, "file", O_RDWR | O_EXCL, &created), -EEXIST);
	assert_int_equal(create(client, FUSE_ROOT_ID, "file", O_RDWR, &created), 0);
	assert_int_equal(created.entry.nodeid, known);
	assert_int_equal(created.entry.attr.size, 7);
	client_forget(client, known, 1);
	assert_int_equal(client_getattr(client, known, &created.entry.attr), 0);
	client_forget(client, known, 1);
	assert_int_equal(client_getattr(client, known, &created.entry.attr), -ESTALE);
}

/* The guest held the name for a new one, so it has checked nothing. */
static void create_does_not_open_what_the_caller_may_not(void **state)
{
	struct client *client = *state;
	struct created created;

	client_put_file(client, "secret", "content");
	assert_int_equal(fchmodat(client->dirfd, "secret", 0600, 0), 0);
	assert_int_equal(fchmod(client->dirfd, 0777), 0);
	become_user(client);
	assert_int_equal(create(client, FUSE_ROOT_ID, "secret", O_RDWR, &created), -EACCES);
	assert_int_equal(geteuid(), 0);
}

static void create_does_not_go_through_a_link(void **state)
{
	struct client *client = *state;
	struct created created;
	char target[300];

	snprintf(target, sizeof(target), "%s-outside", client->dir);
	assert_int_equal(symlinkat(target, client->dirfd, "link"), 0);
	assert_int_equal(create(client, FUSE_ROOT_ID, "link", O_RDWR, &created), -ESTALE);
	assert_int_equal(create(client, FUSE_ROOT_ID, "link", O_RDWR | O_EXCL, &created), -EEXIST);
	assert_int_equal(access(target, F_OK), -1);
	client_put_dir(client, "dir");
	assert_int_equal(create(client, FUSE_ROOT_ID, "dir", O_RDWR, &created), -ESTALE);
}

static void devices_are_made_and_never_opened(void **state)
{
	struct client *client = *state;
	struct fuse_mknod_in in = {.mode = S_IFCHR | 0666, .rdev = (1 << 8) | 3};
	struct fuse_open_in open_in = {.flags = O_RDWR};
	struct fuse_setattr_in cut = {.valid = FATTR_SIZE};
	struct fuse_entry_out entry;
	struct fuse_open_out out;
	struct stat st;

	if (geteuid() != 0)
		skip();
	assert_int_equal(client_call(client, FUSE_MKNOD, FUSE_ROOT_ID, &in, sizeof(in), "null",
				     NULL, &entry, sizeof(entry)),
			 sizeof(entry));
	host_stat(client, "null", &st);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(entry.attr.rdev, in.rdev);
	assert_int_equal(client_send(client, FUSE_OPEN, entry.nodeid, &open_in, sizeof(open_in),
				     &out, sizeof(out)),
			 -ENXIO);
	assert_int_equal(set(client, entry.nodeid, &cut, &entry.attr), -EINVAL);
}

static void links_share_an_inode(void **state)
{
	struct client *client = *state;
	struct fuse_link_in in;
	struct fuse_entry_out entry;

	client_put_file(client, "file", "content");
	in.oldnodeid = client_nodeid(client, FUSE_ROOT_ID, "file");
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), "link", NULL,
				     &entry, sizeof(entry)),
			 sizeof(entry));
	assert_int_equal(entry.nodeid, in.oldnodeid);
	assert_int_equal(entry.attr.nlink, 2);
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), "link", NULL,
				     &entry, sizeof(entry)),
			 -EEXIST);
	in.oldnodeid = FUSE_ROOT_ID;
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), "dir", NULL,
				     &entry, sizeof(entry)),
			 -EPERM);
	in.oldnodeid = 77;
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), "none", NULL,
				     &entry, sizeof(entry)),
			 -ESTALE);
}

/* Of the link itself, not of what it leads to. */
static void a_link_to_a_symbolic_link(void **state)
{
	struct client *client = *state;
	struct fuse_link_in in;
	struct fuse_entry_out entry;

	assert_int_equal(symlinkat("/etc/passwd", client->dirfd, "link"), 0);
	in.oldnodeid = client_nodeid(client, FUSE_ROOT_ID, "link");
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &in, sizeof(in), "second",
				     NULL, &entry, sizeof(entry)),
			 sizeof(entry));
	assert_int_equal(entry.attr.mode & S_IFMT, S_IFLNK);
	assert_int_equal(entry.nodeid, in.oldnodeid);
}

static void a_file_without_a_name_can_get_one(void **state)
{
	struct client *client = *state;
	struct fuse_create_in in = {.flags = O_RDWR, .mode = S_IFREG | 0600};
	struct fuse_link_in link;
	struct created created;
	int got = client_call(client, FUSE_TMPFILE, FUSE_ROOT_ID, &in, sizeof(in), "/", NULL,
			      &created, sizeof(created));

	if (got == -EOPNOTSUPP)
		skip();
	assert_int_equal(got, sizeof(created));
	assert_int_equal(created.entry.attr.nlink, 0);
	link.oldnodeid = created.entry.nodeid;
	assert_int_equal(client_call(client, FUSE_LINK, FUSE_ROOT_ID, &link, sizeof(link), "named",
				     NULL, &created.entry, sizeof(created.entry)),
			 sizeof(created.entry));
	assert_int_equal(created.entry.nodeid, link.oldnodeid);
	assert_int_equal(created.entry.attr.nlink, 1);
}

/* ---- Mounts --------------------------------------------------------------------------------- */

static void submounts_are_announced_where_agreed(void **state)
{
	struct client *client = *state;
	struct fuse_init_out out;
	struct fuse_entry_out entry;
	char path[300];

	client_put_dir(client, "sub");
	snprintf(path, sizeof(path), "%s/sub", client->dir);
	if (mount("none", path, "tmpfs", 0, NULL))
		skip();
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "sub", &entry), 0);
	assert_int_equal(entry.attr.flags, 0);
	client->settings.announce_submounts = true;
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
	assert_int_equal(client_lookup(client, FUSE_ROOT_ID, "sub", &entry), 0);
	assert_int_equal(entry.attr.flags, FUSE_ATTR_SUBMOUNT);
	client_put_dir(client, "sub/dir");
	assert_int_equal(client_lookup(client, entry.nodeid, "dir", &entry), 0);
	assert_int_equal(entry.attr.flags, 0);
	assert_int_equal(client_init(client, 0, &out), 0);
	assert_int_equal(umount(path), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, client_setup, client_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attributes_are_the_hosts),
		TEST(timeouts_are_the_cache_modes),
		TEST(setattr_sets_what_is_valid),
		TEST(times_that_make_no_sense_are_refused),
		TEST(sizes_that_make_no_sense_are_refused),
		TEST(setattr_of_a_link_leaves_its_target_alone),
		TEST(owners_change),
		TEST(truncation_can_clear_set_id_bits),
		TEST(getattr_takes_a_handle_of_that_inode_only),
		TEST(access_is_the_callers),
		TEST(statfs_is_the_hosts),
		TEST(files_are_made_as_the_caller),
		TEST(a_set_group_id_folder_gives_its_group),
		TEST(with_posix_acl_the_host_applies_the_umask),
		TEST(the_supplementary_group_that_was_sent_counts),
		TEST(without_groups_from_the_guest_its_own_check_counts),
		TEST(extensions_that_make_no_sense_are_refused),
		TEST(create_takes_a_file_that_is_there_unless_exclusive),
		TEST(create_does_not_open_what_the_caller_may_not),
		TEST(create_does_not_go_through_a_link),
		TEST(devices_are_made_and_never_opened),
		TEST(links_share_an_inode),
		TEST(a_link_to_a_symbolic_link),
		TEST(a_file_without_a_name_can_get_one),
		TEST(submounts_are_announced_where_agreed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
