/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_name.c - calls that make, move and remove names, and that open files. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"

static void do_mkdir(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, mkdir(path_text(arg[0], path), (mode_t)arg[1]));
}

static void do_mknod(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, mknod(path_text(arg[0], path), (mode_t)arg[1], (dev_t)arg[2]));
}

static void do_symlink(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, symlink(target_text(arg[0]), path_text(arg[1], path)));
}

static void do_readlink(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM], target[PATH_MAX + 1];
	ssize_t size = readlink(path_text(arg[0], path), target, PATH_MAX);

	(void)actor;
	if (say_result(out, size) >= 0) {
		target[size] = 0;
		say(out, " ");
		say_quoted(out, target);
	}
}

static void do_link(struct actor *actor, const int64_t *arg, struct text *out)
{
	char from[PATH_ROOM], to[PATH_ROOM];
	int flags = (int)arg[2] & (AT_SYMLINK_FOLLOW | AT_EMPTY_PATH);

	(void)actor;
	say_result(out, linkat(AT_FDCWD, path_text(arg[0], from), AT_FDCWD, path_text(arg[1], to),
			       flags));
}

/* An open file gets a name, perhaps its first one. */
static void do_linkfd(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM], name[32];
	int fd = slot_fd(actor, arg[0]);

	path_text(arg[1], path);
	snprintf(name, sizeof(name), "self/fd/%d", fd);
	if (arg[2] % 2)
		say_result(out, linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH));
	else
		say_result(out, linkat(actor->proc_fd, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
}

static void do_unlink(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, unlink(path_text(arg[0], path)));
}

static void do_rmdir(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];

	(void)actor;
	say_result(out, rmdir(path_text(arg[0], path)));
}

static void do_rename(struct actor *actor, const int64_t *arg, struct text *out)
{
	char from[PATH_ROOM], to[PATH_ROOM];

	(void)actor;
	say_result(out, renameat2(AT_FDCWD, path_text(arg[0], from), AT_FDCWD,
				  path_text(arg[1], to), (unsigned int)arg[2]));
}

static void do_umask(struct actor *actor, const int64_t *arg, struct text *out)
{
	(void)actor;
	say(out, "0%o", umask((mode_t)arg[0]));
}

/* Never waits, as for the other end of a pipe. */
static void do_open(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];
	int flags = (int)arg[2] | O_CLOEXEC | (arg[2] & O_PATH ? 0 : O_NONBLOCK);
	int fd = open(path_text(arg[1], path), flags, (mode_t)arg[3]);

	if (fd < 0) {
		say_result(out, fd);
		return;
	}
	slot_put(actor, arg[0], fd);
	say(out, "opened, flags 0%o", fcntl(fd, F_GETFL));
}

static void do_close(struct actor *actor, const int64_t *arg, struct text *out)
{
	if (slot_fd(actor, arg[0]) < 0)
		say(out, "nothing to close");
	else
		say_result(out, slot_put(actor, arg[0], -1));
}

static void do_dup(struct actor *actor, const int64_t *arg, struct text *out)
{
	int fd = fcntl(slot_fd(actor, arg[0]), F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		say_result(out, fd);
		return;
	}
	slot_put(actor, arg[1], fd);
	say(out, "opened");
}

/* O_APPEND and O_DIRECT can be changed while a file is open. */
static void do_setfl(struct actor *actor, const int64_t *arg, struct text *out)
{
	int flags = (int)arg[1] & (O_APPEND | O_DIRECT | O_NOATIME);

	say_result(out, fcntl(slot_fd(actor, arg[0]), F_SETFL, flags | O_NONBLOCK));
}

/* Two calls that often come together. */
static void do_replace(struct actor *actor, const int64_t *arg, struct text *out)
{
	char path[PATH_ROOM];
	int fd = open("h", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	(void)actor;
	if (fd < 0) {
		say_result(out, fd);
		return;
	}
	say_result(out, write(fd, path,
			      (size_t)snprintf(path, sizeof(path), "%lld", (long long)arg[1])));
	close(fd);
	say(out, " ");
	if (say_result(out, rename("h", path_text(arg[0], path))) < 0)
		unlink("h");
}

const struct call NAME_CALLS[] = {
	{"mkdir", 30, do_mkdir, {PATH, MODE}},
	{"mknod", 14, do_mknod, {PATH, FILE_MODE, DEVICE}},
	{"symlink", 12, do_symlink, {TARGET, PATH}},
	{"readlink", 4, do_readlink, {PATH}},
	{"link", 14, do_link, {PATH, PATH, AT_FLAGS}},
	{"linkfd", 6, do_linkfd, {SLOT, PATH, SEED}},
	{"unlink", 16, do_unlink, {PATH}},
	{"rmdir", 8, do_rmdir, {PATH}},
	{"rename", 24, do_rename, {PATH, PATH, RENAME_FLAGS}},
	{"umask", 4, do_umask, {MASK}},
	{"open", 60, do_open, {SLOT, PATH, OPEN_FLAGS, MODE}},
	{"close", 12, do_close, {SLOT}},
	{"dup", 3, do_dup, {SLOT, SLOT}},
	{"setfl", 4, do_setfl, {SLOT, OPEN_FLAGS}},
	{"replace", 5, do_replace, {PATH, SEED}},
};
const unsigned int N_NAME_CALLS = sizeof(NAME_CALLS) / sizeof(*NAME_CALLS);
