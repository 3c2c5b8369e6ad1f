/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_attr.c - calls that change or tell attributes. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "truth.h"

static void do_chmod(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, chmod(path_text(arg[0], path), (mode_t)arg[1]));
}

static void do_fchmod(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_result(out, fchmod(slot_fd(actor, arg[0]), (mode_t)arg[1]));
}

static void do_chown(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, chown(path_text(arg[0], path), (uid_t)arg[1], (gid_t)arg[2]));
}

static void do_lchown(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, lchown(path_text(arg[0], path), (uid_t)arg[1], (gid_t)arg[2]));
}

static void do_fchown(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_result(out, fchown(slot_fd(actor, arg[0]), (uid_t)arg[1], (gid_t)arg[2]));
}

static void do_truncate(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, truncate(path_text(arg[0], path), arg[1]));
}

static void do_ftruncate(struct actor *actor, const int64_t *arg, struct text *out)
{
	say_result(out, ftruncate(slot_fd(actor, arg[0]), arg[1]));
}

static void do_utimens(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct timespec times[2] = {time_value(arg[1]), time_value(arg[2])};
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, utimensat(AT_FDCWD, path_text(arg[0], path), times,
				  (int)arg[3] & AT_SYMLINK_NOFOLLOW));
}

static void do_futimens(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct timespec times[2] = {time_value(arg[1]), time_value(arg[2])};

	say_result(out, futimens(slot_fd(actor, arg[0]), times));
}

static void say_stat(struct text *out, const struct stat *st)
{
	say(out, " 0%o %u:%u", st->st_mode, st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		say(out, " links %lu size %lld in %ld", (unsigned long)st->st_nlink,
		    (long long)st->st_size, (long)st->st_blksize);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		say(out, " device %llx", (unsigned long long)st->st_rdev);
}

static void do_stat(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];
	struct stat st;
	int flags = (int)arg[1] & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);

	path_text(arg[0], path);
	if (say_result(out, stat_as(AT_FDCWD, path, flags, actor->looks, &st)) == 0)
		say_stat(out, &st);
}

static void do_fstat(struct actor *actor, const int64_t *arg, struct text *out)
{
	int fd = slot_fd(actor, arg[0]);
	struct stat st;

	if (say_result(out, stat_as(fd, "", AT_EMPTY_PATH, actor->looks, &st)) == 0) {
		say_stat(out, &st);
		say(out, " flags 0%o", fcntl(fd, F_GETFL));
	}
}

static void do_statvfs(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct statvfs fs;
	char path[PATH_ROOM];

	(void)actor;
	if (say_result(out, statvfs(path_text(arg[0], path), &fs)) == 0)
		say(out, " %lu %lu names %lu", fs.f_bsize, fs.f_frsize, fs.f_namemax);
}

static void do_access(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];
	int flags = (int)arg[2] & (AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);

	(void)actor;
	say_result(out,
		   syscall(SYS_faccessat2, AT_FDCWD, path_text(arg[0], path), (int)arg[1], flags));
}

const struct call ATTR_CALLS[] = {
	{"chmod", 24, do_chmod, {PATH, MODE}},
	{"fchmod", 8, do_fchmod, {SLOT, MODE}},
	{"chown", 20, do_chown, {PATH, UID, GID}},
	{"lchown", 5, do_lchown, {PATH, UID, GID}},
	{"fchown", 6, do_fchown, {SLOT, UID, GID}},
	{"truncate", 12, do_truncate, {PATH, SIZE}},
	{"ftruncate", 12, do_ftruncate, {SLOT, SIZE}},
	{"utimens", 10, do_utimens, {PATH, TIME, TIME, AT_FLAGS}},
	{"futimens", 5, do_futimens, {SLOT, TIME, TIME}},
	{"stat", 8, do_stat, {PATH, AT_FLAGS}},
	{"fstat", 8, do_fstat, {SLOT}},
	{"statvfs", 2, do_statvfs, {PATH}},
	{"access", 8, do_access, {PATH, ACCESS_MODE, AT_FLAGS}},
};
const unsigned int N_ATTR_CALLS = sizeof(ATTR_CALLS) / sizeof(*ATTR_CALLS);
