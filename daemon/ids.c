/* SPDX-License-Identifier: BSD-3-Clause */
/* ids.c - see ids.h. */
#include "ids.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "settings.h"

bool ids_need_namespace(const struct settings *settings)
{
	return geteuid() != 0 || settings->uid_map.count;
}

int ids_enter_namespace(void)
{
	int err = unshare(CLONE_NEWUSER) ? -errno : 0;

	if (err)
		log_error("a user namespace can't be made: %s; this host may not allow it to "
			  "users: start fsdaxd as root, or with --sandbox=none",
			  strerror(-err));
	return err;
}

/* ---- Mapping ------------------------------------------------------------------------- */

static int write_proc(pid_t pid, const char *name, const char *text)
{
	char path[64];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int write_map(pid_t pid, const char *name, struct id_range range)
{
	char text[64];

	snprintf(text, sizeof(text), "%u %u %u\n", range.inside, range.outside, range.count);
	return write_proc(pid, name, text);
}

/* setgroups(2) must be given up first, since it could take a group away from somebody. */
static int map_self(pid_t pid)
{
	int err = write_proc(pid, "setgroups", "deny");

	if (!err)
		err = write_map(pid, "uid_map", (struct id_range){0, geteuid(), 1});
	return err ? err : write_map(pid, "gid_map", (struct id_range){0, getegid(), 1});
}

static int run(const char *program, pid_t pid, struct id_range range)
{
	char words[4][16];
	int status;
	pid_t child;

	snprintf(words[0], sizeof(words[0]), "%d", (int)pid);
	snprintf(words[1], sizeof(words[1]), "%u", range.inside);
	snprintf(words[2], sizeof(words[2]), "%u", range.outside);
	snprintf(words[3], sizeof(words[3]), "%u", range.count);
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		execlp(program, program, words[0], words[1], words[2], words[3], NULL);
		log_error("%s: %s; it comes with the package uidmap", program, strerror(errno));
		_exit(EXIT_FAILURE);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	/* It has said why. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int map_ranges(const struct settings *settings, pid_t pid)
{
	bool root = geteuid() == 0;
	int err = root ? write_map(pid, "gid_map", settings->gid_map)
		       : run("newgidmap", pid, settings->gid_map);

	if (err)
		return err;
	return root ? write_map(pid, "uid_map", settings->uid_map)
		    : run("newuidmap", pid, settings->uid_map);
}

int ids_map(const struct settings *settings, pid_t child)
{
	int err = settings->uid_map.count ? map_ranges(settings, child) : map_self(child);

	if (err)
		log_error("ids of the user namespace can't be mapped: %s%s", strerror(-err),
			  settings->uid_map.count ? "; see /etc/subuid and /etc/subgid" : "");
	return err;
}

int ids_become_root(const struct settings *settings)
{
	int err = 0;

	/* The groups of the one outside: not to be had inside, nor to be kept. */
	if (settings->uid_map.count && setgroups(0, NULL))
		err = -errno;
	if (!err && (setresgid(0, 0, 0) || setresuid(0, 0, 0)))
		err = -errno;
	if (err)
		log_error("the user namespace's root can't be taken on: %s", strerror(-err));
	return err;
}
