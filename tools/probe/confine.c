/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * confine.c - copies of the folders' mounts are taken first, with the flags that they have;
 * then all mounts become read-only; then the copies are put in place.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "confine.h"

struct folder {
	char *path;
	int tree; /* a detached copy of the mount */
};

static int complain(const char *what, const char *name, int err)
{
	fprintf(stderr, "fsdax-probe: %s%s: %s\n", what, name, strerror(-err));
	return err;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* Without privilege, in a user namespace where this user is the only one. */
static int leave_as_user(void)
{
	unsigned uid = geteuid(), gid = getegid();
	char map[64];
	int err;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -errno;
	snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	err = write_file("/proc/self/uid_map", map);
	if (!err)
		err = write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	return err ? err : write_file("/proc/self/gid_map", map);
}

static int leave(bool *as_user)
{
	int err = unshare(CLONE_NEWNS) < 0 ? -errno : 0;

	*as_user = err == -EPERM;
	if (*as_user)
		err = leave_as_user();
	if (err)
		return err;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static int take(struct folder *folder, const char *name)
{
	folder->path = realpath(name, NULL);
	if (!folder->path)
		return complain("", name, -errno);
	if (!strchr(folder->path + 1, '/')) {
		fprintf(stderr,
			"fsdax-probe: %s: a folder directly below / is too much to be written to "
			"by a back-end under test; make one inside of it\n",
			folder->path);
		return -EINVAL;
	}
	folder->tree = open_tree(AT_FDCWD, folder->path,
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return folder->tree < 0 ? complain("", folder->path, -errno) : 0;
}

static int put(const struct folder *folder)
{
	if (move_mount(folder->tree, "", AT_FDCWD, folder->path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return complain("", folder->path, -errno);
	return 0;
}

/* Nothing is taken on trust: where a write could do the most harm, one is tried. */
static int verify(void)
{
	static const char *const places[] = {"/", "/etc", "/usr", "/var", "/home", "/root", "/tmp"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

		if (fd >= 0) {
			close(fd);
			return complain("still writable: ", places[i], -ENOTSUP);
		}
		/* Not there, or not ours to write to anyway. */
		if (errno != EROFS && errno != ENOENT && errno != EACCES && errno != ENOTDIR)
			return complain("not known to be read-only: ", places[i], -errno);
	}
	return 0;
}

static int limit(const struct folder *folders, unsigned n)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int err = 0;

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return complain("not to be made read-only: ", "/", -errno);
	for (unsigned i = 0; i < n && !err; i++)
		err = put(&folders[i]);
	return err;
}

/*
 * In /proc a back-end without privilege can only write to what is its own, and must, to make a
 * user namespace. folders has room for it behind the others.
 */
static int take_proc(struct folder *folder)
{
	folder->path = strdup("/proc");
	folder->tree = open_tree(AT_FDCWD, "/proc",
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return folder->path && folder->tree >= 0 ? 0 : complain("", "/proc", -errno);
}

static int confine_to(struct folder *folders, const struct names *writable)
{
	char here[PATH_MAX];
	bool as_user;
	int err = leave(&as_user);

	if (err == -EINVAL)
		return complain("no mount namespace, as / is not a mount point: before chroot(8), "
				"bind the folder on itself", "", err);
	if (err)
		return complain("no mount namespace", "", err);
	for (unsigned i = 0; i < writable->n && !err; i++)
		err = take(&folders[i], writable->list[i]);
	if (!err && as_user)
		err = take_proc(&folders[writable->n]);
	if (!err)
		err = limit(folders, writable->n + as_user);
	/* Relative paths must lead to the new mounts, too. */
	if (!err && (!getcwd(here, sizeof(here)) || chdir(here) < 0))
		err = complain("the working folder", "", -errno);
	return err ? err : verify();
}

int confine(const struct names *writable)
{
	struct folder folders[MAX_NAMES + 1] = {0};
	int err;

	for (unsigned i = 0; i <= writable->n; i++)
		folders[i].tree = -1;
	err = confine_to(folders, writable);
	for (unsigned i = 0; i <= writable->n; i++) {
		if (folders[i].tree >= 0)
			close(folders[i].tree);
		free(folders[i].path);
	}
	return err;
}

/* ---- One that runs already ---- */

static int find_peer(const char *path, pid_t *pid)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd, err = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		err = -errno;
	close(fd);
	if (!err)
		*pid = peer.pid;
	return err;
}

static bool is_confined(pid_t pid, const char *dir)
{
	char root[64];
	struct statvfs fs;
	struct stat there, share;

	snprintf(root, sizeof(root), "/proc/%d/root/", (int)pid);
	if (statvfs(root, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	return stat(root, &there) == 0 && stat(dir, &share) == 0 && there.st_dev == share.st_dev &&
	       there.st_ino == share.st_ino;
}

int confine_check_peer(const char *socket, const char *dir)
{
	pid_t pid = 0;
	int err = find_peer(socket, &pid);

	if (err)
		return complain("", socket, err);
	if (is_confined(pid, dir))
		return 0;
	fprintf(stderr,
		"fsdax-probe: the back-end (process %d) can write to all of this machine; start it "
		"by fsdax-probe confine, or let check start it\n",
		(int)pid);
	return -EPERM;
}

int confine_run(const struct options *options)
{
	if (!options->backend) {
		fprintf(stderr, "fsdax-probe: confine what? see fsdax-probe --help\n");
		return EXIT_USAGE;
	}
	if (confine(&options->writable))
		return EXIT_FAILED;
	execvp(options->backend[0], options->backend);
	fprintf(stderr, "fsdax-probe: %s: %s\n", options->backend[0], strerror(errno));
	return 127;
}
