/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-tag.c - tags on real file systems: what the words mean, what is written, and what
 * other tools would see. All of it twice, the second time as on a kernel that has neither
 * getxattrat(2) nor file_getattr(2).
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "helper.h"
#include "mounts.h"
#include "syscalls.h"

#define XATTR FSDAX_TAG_XATTR

/* ---- Files of a mount -------------------------------------------------------- */

/* A new file, and a name that no other has. */
static const char *new_file(const struct mounted *m)
{
	static char name[32];
	static unsigned int number;

	snprintf(name, sizeof(name), "f%d.%u", (int)getpid(), number++);
	write_file(m->path, name, "x", 1);
	return name;
}

static void set_raw(const struct mounted *m, const char *name, const void *value, size_t size)
{
	assert_int_equal(lsetxattr(path_in(m->path, name), XATTR, value, size, 0), 0);
}

/* The xattr as it stands there; "(none)" if there is none. */
static const char *raw(const struct mounted *m, const char *name)
{
	static char value[64];
	ssize_t size = lgetxattr(path_in(m->path, name), XATTR, value, sizeof(value) - 1);

	if (size < 0) {
		assert_int_equal(errno, ENODATA);
		return "(none)";
	}
	value[size] = '\0';
	return value;
}

static void assert_tag(const struct mounted *m, const char *name, enum fsdax_tag tag,
		       bool by_policy, bool garbage)
{
	struct fsdax_tag_state tag_state;

	assert_int_equal(fsdax_tag_read(m->fd, name, XATTR, &tag_state), 0);
	assert_int_equal(tag_state.tag, tag);
	assert_int_equal(tag_state.by_policy, by_policy);
	assert_int_equal(tag_state.garbage, garbage);
}

static struct timespec ctime_of(const struct mounted *m, const char *name)
{
	struct stat st;

	assert_int_equal(lstat(path_in(m->path, name), &st), 0);
	return st.st_ctim;
}

static int write_tag(const struct mounted *m, const char *name, enum fsdax_tag tag,
		     unsigned int flags)
{
	return fsdax_tag_write(m->fd, name, XATTR, tag, flags);
}

/* ---- The xattr --------------------------------------------------------------- */

static void a_new_file_has_no_tag(void **state)
{
	const struct mounted *m = mounts_on(state);

	assert_tag(m, new_file(m), FSDAX_TAG_NONE, false, false);
}

static void what_is_written_is_read(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, 0), 1);
	assert_tag(m, name, FSDAX_TAG_YES, false, false);
	assert_string_equal(raw(m, name), "yes");
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, 0), 1);
	assert_tag(m, name, FSDAX_TAG_NO, false, false);
	assert_string_equal(raw(m, name), "no");
}

static void a_decision_is_written_down_as_such(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, FSDAX_TAG_BY_POLICY), 1);
	assert_tag(m, name, FSDAX_TAG_YES, true, false);
	assert_string_equal(raw(m, name), "yes policy");
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, FSDAX_TAG_BY_POLICY), 1);
	assert_string_equal(raw(m, name), "no policy");
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, 0), 1);
	assert_string_equal(raw(m, name), "no");
}

static void what_stands_so_already_is_left_alone(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "1", "yes\n"};
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	for (size_t i = 0; i < COUNT(yes); i++) {
		struct timespec before, after;

		set_raw(m, name, yes[i], strlen(yes[i]));
		before = ctime_of(m, name);
		usleep(20000);
		assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, 0), 0);
		assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, FSDAX_TAG_LIKELY_NEW), 0);
		after = ctime_of(m, name);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_string_equal(raw(m, name), yes[i]);
	}
}

static void a_tag_is_removed_once(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, 0), 0);
	set_raw(m, name, "yes", 3);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, 0), 1);
	assert_string_equal(raw(m, name), "(none)");
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, 0), 0);
	set_raw(m, name, "garbage", 7);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, 0), 1);
	assert_string_equal(raw(m, name), "(none)");
}

static void expecting_a_new_one_changes_no_outcome(void **state)
{
	static const char *const before[] = {NULL, "yes", "no", "yes policy", "garbage"};
	static const enum fsdax_tag tags[] = {FSDAX_TAG_NONE, FSDAX_TAG_NO, FSDAX_TAG_YES};
	static const unsigned int flags[] = {0, FSDAX_TAG_BY_POLICY, FSDAX_TAG_DRY_RUN};
	const struct mounted *m = mounts_on(state);

	for (size_t i = 0; i < COUNT(before) * COUNT(tags) * COUNT(flags); i++) {
		const char *value = before[i % COUNT(before)];
		enum fsdax_tag tag = tags[i / COUNT(before) % COUNT(tags)];
		unsigned int flag = flags[i / COUNT(before) / COUNT(tags)];
		const char *name = new_file(m);
		char plain[64];
		int result;

		if (value)
			set_raw(m, name, value, strlen(value));
		result = write_tag(m, name, tag, flag);
		strcpy(plain, raw(m, name));
		name = new_file(m);
		if (value)
			set_raw(m, name, value, strlen(value));
		assert_int_equal(write_tag(m, name, tag, flag | FSDAX_TAG_LIKELY_NEW), result);
		assert_string_equal(raw(m, name), plain);
	}
}

static void a_dry_run_changes_nothing_and_says_what_would_be(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, FSDAX_TAG_DRY_RUN), 1);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, FSDAX_TAG_DRY_RUN), 0);
	assert_string_equal(raw(m, name), "(none)");
	set_raw(m, name, "yes", 3);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, FSDAX_TAG_DRY_RUN), 0);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, FSDAX_TAG_DRY_RUN), 1);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, FSDAX_TAG_DRY_RUN), 1);
	assert_string_equal(raw(m, name), "yes");
}

static void garbage_is_no_tag_but_said_and_can_be_replaced(void **state)
{
	static char large[800]; /* ext4 of this size has blocks of 1K */
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	memset(large, 'y', sizeof(large));
	set_raw(m, name, "maybe", 5);
	assert_tag(m, name, FSDAX_TAG_NONE, false, true);
	set_raw(m, name, "", 0);
	assert_tag(m, name, FSDAX_TAG_NONE, false, true);
	set_raw(m, name, large, 33);
	assert_tag(m, name, FSDAX_TAG_NONE, false, true);
	set_raw(m, name, large, sizeof(large));
	assert_tag(m, name, FSDAX_TAG_NONE, false, true);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, 0), 1);
	assert_string_equal(raw(m, name), "no");
}

static void folders_carry_tags_by_name_and_by_themselves(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct mounted folder = *m;
	char name[32];

	snprintf(name, sizeof(name), "d%d", (int)getpid());
	assert_int_equal(mkdir(path_in(m->path, name), 0755), 0);
	folder.fd = openat(m->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(folder.fd >= 0);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, 0), 1);
	assert_tag(&folder, "", FSDAX_TAG_YES, false, false);
	assert_int_equal(write_tag(&folder, "", FSDAX_TAG_NO, 0), 1);
	assert_tag(m, name, FSDAX_TAG_NO, false, false);
	assert_int_equal(write_tag(&folder, "", FSDAX_TAG_NONE, 0), 1);
	assert_tag(m, name, FSDAX_TAG_NONE, false, false);
	close(folder.fd);
	assert_int_equal(rmdir(path_in(m->path, name)), 0);
}

static void a_link_is_not_followed(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *target = new_file(m);
	char name[40];

	snprintf(name, sizeof(name), "%s.link", target);
	assert_int_equal(symlinkat(target, m->fd, name), 0);
	set_raw(m, target, "yes", 3);
	assert_tag(m, name, FSDAX_TAG_NONE, false, false);
	/* Whether links can carry one is up to the file system; the target must not change. */
	write_tag(m, name, FSDAX_TAG_NO, 0);
	assert_tag(m, target, FSDAX_TAG_YES, false, false);
	write_tag(m, name, FSDAX_TAG_NONE, 0);
	assert_tag(m, target, FSDAX_TAG_YES, false, false);
}

static void any_name_can_be_tagged(void **state)
{
	const struct mounted *m = mounts_on(state);
	char longest[256];
	const char *const names[] = {"new\nline", "not\xffutf8", " ", "-n", "a b\\c", longest};

	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (size_t i = 0; i < COUNT(names); i++) {
		write_file(m->path, names[i], "", 0);
		assert_int_equal(write_tag(m, names[i], FSDAX_TAG_YES, 0), 1);
		assert_tag(m, names[i], FSDAX_TAG_YES, false, false);
		assert_string_equal(raw(m, names[i]), "yes");
		assert_int_equal(write_tag(m, names[i], FSDAX_TAG_NONE, 0), 1);
		assert_int_equal(unlinkat(m->fd, names[i], 0), 0);
	}
}

static void what_is_not_there_is_an_error(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_tag_state tag_state = {.tag = FSDAX_TAG_YES};
	bool dax;

	assert_int_equal(fsdax_tag_read(m->fd, "missing", XATTR, &tag_state), -ENOENT);
	assert_int_equal(tag_state.tag, FSDAX_TAG_YES);
	assert_int_equal(write_tag(m, "missing", FSDAX_TAG_YES, 0), -ENOENT);
	assert_int_equal(write_tag(m, "missing", FSDAX_TAG_NONE, 0), -ENOENT);
	assert_int_equal(fsdax_flag_read(m->fd, "missing", &dax), -ENOENT);
	assert_int_equal(fsdax_flag_write(m->fd, "missing", true, 0), -ENOENT);
}

/* To open a FIFO may wait for ever, and to open a device may do something. */
static void special_files_are_not_opened(void **state)
{
	const struct mounted *m = mounts_on(state);
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct inotify_event event;
	char name[32];
	bool dax = true;

	snprintf(name, sizeof(name), "fifo%d", (int)getpid());
	assert_int_equal(mkfifo(path_in(m->path, name), 0644), 0);
	assert_true(inotify_add_watch(watch, path_in(m->path, name), IN_OPEN) >= 0);
	alarm(20);
	assert_tag(m, name, FSDAX_TAG_NONE, false, false);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, 0), 1);
	assert_tag(m, name, FSDAX_TAG_YES, false, false);
	/* Newer kernels may tell the flags of a FIFO: none. Nobody can be made to wait. */
	if (!fsdax_flag_read(m->fd, name, &dax))
		assert_false(dax);
	fsdax_flag_write(m->fd, name, true, 0);
	alarm(0);
	assert_int_equal(read(watch, &event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
}

static void a_xattr_of_users_can_be_the_tag(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	struct fsdax_tag_state tag_state;
	int written = fsdax_tag_write(m->fd, name, "user.fsdax", FSDAX_TAG_YES, 0);

	if (written == -EOPNOTSUPP) /* tmpfs has them since Linux 6.6 */
		skip();
	assert_int_equal(written, 1);
	assert_int_equal(fsdax_tag_read(m->fd, name, "user.fsdax", &tag_state), 0);
	assert_int_equal(tag_state.tag, FSDAX_TAG_YES);
	assert_string_equal(raw(m, name), "(none)");
}

static void a_file_system_without_xattrs_has_no_tags(void **state)
{
	struct fsdax_tag_state tag_state = {.tag = FSDAX_TAG_YES};
	int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mounts_on(state);
	assert_true(proc >= 0);
	assert_int_equal(fsdax_tag_read(proc, "status", XATTR, &tag_state), 0);
	assert_int_equal(tag_state.tag, FSDAX_TAG_NONE);
	assert_int_equal(fsdax_tag_write(proc, "status", XATTR, FSDAX_TAG_NONE, 0), 0);
	assert_int_equal(fsdax_tag_write(proc, "status", XATTR, FSDAX_TAG_YES, 0), -EOPNOTSUPP);
	close(proc);
}

/* ---- Who may not ------------------------------------------------------------- */

static void on_a_read_only_mount_only_changes_fail(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	const unsigned long read_only = MS_REMOUNT | MS_BIND | MS_RDONLY;

	set_raw(m, name, "yes", 3);
	assert_int_equal(mount("", m->path, NULL, read_only, NULL), 0);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, 0), -EROFS);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NONE, 0), -EROFS);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, 0), 0);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_NO, FSDAX_TAG_LIKELY_NEW), -EROFS);
	assert_int_equal(write_tag(m, name, FSDAX_TAG_YES, FSDAX_TAG_LIKELY_NEW), 0);
	assert_tag(m, name, FSDAX_TAG_YES, false, false);
	assert_int_equal(mount("", m->path, NULL, MS_REMOUNT | MS_BIND, NULL), 0);
	assert_string_equal(raw(m, name), "yes");
}

static void without_privilege_trusted_tags_are_neither_seen_nor_set(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	int status;
	pid_t child;

	set_raw(m, name, "yes", 3);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct fsdax_tag_state tag_state;

		if (setgid(12345) || setuid(12345))
			_exit(2);
		if (fsdax_tag_read(m->fd, name, XATTR, &tag_state) || tag_state.tag)
			_exit(3);
		_exit(write_tag(m, name, FSDAX_TAG_NO, 0) == -EPERM ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(raw(m, name), "yes");
}

/* ---- The inode flag ---------------------------------------------------------- */

static uint32_t xflags(const struct mounted *m, const char *name)
{
	int fd = openat(m->fd, name, O_RDONLY | O_CLOEXEC);
	struct fsxattr fsx;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FS_IOC_FSGETXATTR, &fsx), 0);
	close(fd);
	return fsx.fsx_xflags;
}

static void set_xflags(const struct mounted *m, const char *name, uint32_t flags)
{
	int fd = openat(m->fd, name, O_RDONLY | O_CLOEXEC);
	struct fsxattr fsx;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, FS_IOC_FSGETXATTR, &fsx), 0);
	fsx.fsx_xflags = flags;
	assert_int_equal(ioctl(fd, FS_IOC_FSSETXATTR, &fsx), 0);
	close(fd);
}

static void the_inode_flag_is_set_and_cleared(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	bool dax = true;

	if (!m->has_flags)
		skip();
	assert_int_equal(fsdax_flag_read(m->fd, name, &dax), 0);
	assert_false(dax);
	assert_int_equal(fsdax_flag_write(m->fd, name, false, 0), 0);
	assert_int_equal(fsdax_flag_write(m->fd, name, true, FSDAX_TAG_DRY_RUN), 1);
	assert_false(xflags(m, name) & FS_XFLAG_DAX);
	assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), 1);
	assert_true(xflags(m, name) & FS_XFLAG_DAX);
	assert_int_equal(fsdax_flag_read(m->fd, name, &dax), 0);
	assert_true(dax);
	assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), 0);
	assert_int_equal(fsdax_flag_write(m->fd, name, false, 0), 1);
	assert_false(xflags(m, name) & FS_XFLAG_DAX);
}

static void other_inode_flags_stay(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);

	if (!m->has_flags)
		skip();
	set_xflags(m, name, xflags(m, name) | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP);
	assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), 1);
	assert_int_equal(xflags(m, name) & (FS_XFLAG_DAX | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP),
			 FS_XFLAG_DAX | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP);
	assert_int_equal(fsdax_flag_write(m->fd, name, false, 0), 1);
	assert_int_equal(xflags(m, name) & (FS_XFLAG_DAX | FS_XFLAG_NOATIME | FS_XFLAG_NODUMP),
			 FS_XFLAG_NOATIME | FS_XFLAG_NODUMP);
}

static void a_file_system_without_inode_flags_says_so(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	bool dax = true;
	int err;

	if (m->has_flags)
		skip();
	err = fsdax_flag_read(m->fd, name, &dax);
	/* btrfs has flags, but not this one. */
	assert_true(err == -EOPNOTSUPP || (err == 0 && !dax));
	assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), -EOPNOTSUPP);
}

static void the_inode_flag_of_a_link_is_not_that_of_its_target(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *target = new_file(m);
	char name[40];
	bool dax = false;

	if (!m->has_flags)
		skip();
	snprintf(name, sizeof(name), "%s.link", target);
	assert_int_equal(symlinkat(target, m->fd, name), 0);
	assert_int_equal(fsdax_flag_write(m->fd, target, true, 0), 1);
	if (!fsdax_flag_read(m->fd, name, &dax))
		assert_false(dax);
	assert_true(fsdax_flag_write(m->fd, name, false, 0) <= 0);
	assert_true(xflags(m, target) & FS_XFLAG_DAX);
}

/* ---- Folders ----------------------------------------------------------------- */

static enum fsdax_tag folder_tag(const char *text, const struct mounted *m, const char *name)
{
	struct fsdax_policy *policy = policy_of(text);
	enum fsdax_tag tag;

	assert_int_equal(fsdax_folder_tag(policy, m->fd, name, &tag), 0);
	fsdax_policy_unref(policy);
	return tag;
}

/* A daemon has its files open by O_PATH. */
static void tags_of_an_o_path_descriptor(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m);
	int fd = openat(m->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct fsdax_tag_state tag_state;
	bool dax = false;

	assert_true(fd >= 0);
	assert_int_equal(fsdax_tag_write(fd, "", XATTR, FSDAX_TAG_YES, 0), 1);
	assert_string_equal(raw(m, name), "yes");
	assert_int_equal(fsdax_tag_read(fd, "", XATTR, &tag_state), 0);
	assert_int_equal(tag_state.tag, FSDAX_TAG_YES);
	assert_int_equal(fsdax_tag_write(fd, "", XATTR, FSDAX_TAG_NONE, 0), 1);
	assert_string_equal(raw(m, name), "(none)");
	if (m->has_flags) {
		assert_int_equal(fsdax_flag_write(fd, "", true, 0), 1);
		assert_true(xflags(m, name) & FS_XFLAG_DAX);
		assert_int_equal(fsdax_flag_read(fd, "", &dax), 0);
		assert_true(dax);
	}
	close(fd);
	assert_int_equal(fsdax_tag_read(fd, "", XATTR, &tag_state), -EBADF);
	assert_int_equal(fsdax_tag_write(fd, "", XATTR, FSDAX_TAG_YES, 0), -EBADF);
}

static void a_folder_has_the_tag_of_its_xattr_before_that_of_its_flag(void **state)
{
	static const char both[] = "[tag]\ninode-flag = yes\n";
	const struct mounted *m = mounts_on(state);
	struct mounted folder = *m;
	char name[32];

	snprintf(name, sizeof(name), "g%d", (int)getpid());
	assert_int_equal(mkdir(path_in(m->path, name), 0755), 0);
	assert_int_equal(folder_tag(both, m, name), FSDAX_TAG_NONE);
	set_raw(m, name, "no policy", 9);
	assert_int_equal(folder_tag(both, m, name), FSDAX_TAG_NONE);
	set_raw(m, name, "garbage", 7);
	assert_int_equal(folder_tag(both, m, name), FSDAX_TAG_NONE);
	if (m->has_flags) {
		assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), 1);
		assert_int_equal(folder_tag(both, m, name), FSDAX_TAG_YES);
		assert_int_equal(folder_tag("", m, name), FSDAX_TAG_NONE);
		folder.fd = openat(m->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(folder_tag(both, &folder, ""), FSDAX_TAG_YES);
		close(folder.fd);
	}
	set_raw(m, name, "no", 2);
	assert_int_equal(folder_tag(both, m, name), FSDAX_TAG_NO);
	assert_int_equal(folder_tag(NO_TAG, m, name), FSDAX_TAG_NONE);
	assert_int_equal(rmdir(path_in(m->path, name)), 0);
}

/* ---- Words: on no mount ------------------------------------------------------ */

static void assert_word(const char *value, size_t size, enum fsdax_tag tag, bool by_policy)
{
	bool got = !by_policy;

	assert_int_equal(fsdax_tag_parse(value, size, &got), tag);
	if (tag != FSDAX_TAG_NONE)
		assert_int_equal(got, by_policy);
	assert_int_equal(fsdax_tag_parse(value, size, NULL), tag);
}

static void the_words_of_tags_are_known(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	char text[16];

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		assert_word(yes[i], strlen(yes[i]), FSDAX_TAG_YES, false);
		assert_word(yes[i], strlen(yes[i]) + 1, FSDAX_TAG_YES, false);
		assert_word(no[i], strlen(no[i]), FSDAX_TAG_NO, false);
		snprintf(text, sizeof(text), "%s\n", no[i]);
		assert_word(text, strlen(text), FSDAX_TAG_NO, false);
	}
	assert_word("yes policy", 10, FSDAX_TAG_YES, true);
	assert_word("no policy\n", 10, FSDAX_TAG_NO, true);
}

static void other_words_are_no_tags(void **state)
{
	static const char *const bad[] = {"",	     "Yes",	    "yes ", " yes",
					  "yes\n\n", "y",	    "yess", "policy",
					  " policy", "yes  policy", "2",    "yes policy policy"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_word(bad[i], strlen(bad[i]), FSDAX_TAG_NONE, false);
	assert_word("yes\0\n", 5, FSDAX_TAG_NONE, false);
	assert_word("yes\0\0", 5, FSDAX_TAG_NONE, false);
	assert_word(NULL, 0, FSDAX_TAG_NONE, false);
}

/* ---- All tests on all mounts ------------------------------------------------- */

#define ON_MOUNT(name)                        \
	{                                     \
#name, name, NULL, NULL, NULL \
	}

static const struct CMUnitTest on_mount[] = {
	ON_MOUNT(a_new_file_has_no_tag),
	ON_MOUNT(what_is_written_is_read),
	ON_MOUNT(a_decision_is_written_down_as_such),
	ON_MOUNT(what_stands_so_already_is_left_alone),
	ON_MOUNT(a_tag_is_removed_once),
	ON_MOUNT(expecting_a_new_one_changes_no_outcome),
	ON_MOUNT(a_dry_run_changes_nothing_and_says_what_would_be),
	ON_MOUNT(garbage_is_no_tag_but_said_and_can_be_replaced),
	ON_MOUNT(folders_carry_tags_by_name_and_by_themselves),
	ON_MOUNT(a_link_is_not_followed),
	ON_MOUNT(any_name_can_be_tagged),
	ON_MOUNT(what_is_not_there_is_an_error),
	ON_MOUNT(special_files_are_not_opened),
	ON_MOUNT(a_xattr_of_users_can_be_the_tag),
	ON_MOUNT(a_file_system_without_xattrs_has_no_tags),
	ON_MOUNT(on_a_read_only_mount_only_changes_fail),
	ON_MOUNT(without_privilege_trusted_tags_are_neither_seen_nor_set),
	ON_MOUNT(the_inode_flag_is_set_and_cleared),
	ON_MOUNT(other_inode_flags_stay),
	ON_MOUNT(a_file_system_without_inode_flags_says_so),
	ON_MOUNT(the_inode_flag_of_a_link_is_not_that_of_its_target),
	ON_MOUNT(tags_of_an_o_path_descriptor),
	ON_MOUNT(a_folder_has_the_tag_of_its_xattr_before_that_of_its_flag),
};

int main(void)
{
	const struct CMUnitTest words[] = {
		cmocka_unit_test(the_words_of_tags_are_known),
		cmocka_unit_test(other_words_are_no_tags),
	};
	int failed = cmocka_run_group_tests(words, NULL, NULL);

	failed += mounts_run(on_mount, COUNT(on_mount));
	return failed ? 1 : 0;
}
