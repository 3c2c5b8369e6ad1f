/* SPDX-License-Identifier: BSD-3-Clause */
/* view.c - the daemon's side of the view: see view.h. */
#include "view.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "privileges.h"
#include "view_serve.h"

struct view {
	pthread_mutex_t lock; /* one question at a time */
	int socket;
	int mount_fd; /* the file system's root */
	pid_t pid;
};

/* ---- Mounting, nowhere ------------------------------------------------------------------- */

static int set_option(int fs, const char *key, const char *value)
{
	return fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value, 0);
}

/*
 * allow_other: front-ends often run as a user of their own, and ask for the size of the file.
 * They can reach only files whose descriptors they are given.
 */
static int set_options(int fs, int fuse_fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fuse_fd);
	if (set_option(fs, "source", "fsdaxd") || set_option(fs, "fd", number) ||
	    set_option(fs, "rootmode", "40000") || set_option(fs, "user_id", "0") ||
	    set_option(fs, "group_id", "0") || set_option(fs, "allow_other", NULL))
		return -errno;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ? -errno : 0;
}

/* A mount that is in no folder, and so in nobody's reach. A descriptor of its root, or -errno. */
static int mount_nowhere(int fuse_fd)
{
	int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int fd, err;

	if (fs < 0)
		return -errno;
	err = set_options(fs, fuse_fd);
	fd = err ? err : fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (!err && fd < 0)
		fd = -errno;
	close(fs);
	return fd;
}

/* ---- The process ------------------------------------------------------------------------- */

/* FUSE_DEV_IOC_BACKING_OPEN wants CAP_SYS_ADMIN; see filter.c for what it can be used for. */
static _Noreturn void become_server(int socket, int fuse_fd, const struct settings *settings)
{
	const uint64_t caps = CAPABILITY(SYS_ADMIN);
	int fds[] = {socket, fuse_fd};

	if (helper_begin("fsdaxd-view", fds, 2) || helper_leave_network() ||
	    helper_leave_files() || privileges_drop(caps, caps) ||
	    helper_finish(FILTER_VIEW, settings))
		_exit(EXIT_FAILURE);
	view_serve(fds[0], fds[1]);
}

static int receive(int socket, struct view_message *message)
{
	ssize_t n;

	do
		n = recv(socket, message, sizeof(*message), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*message) ? 0 : -EIO;
}

static int start_server(struct view *view, int fuse_fd, const struct settings *settings)
{
	struct view_message message;
	int sockets[2];
	int err;

	view->pid = helper_fork(sockets);
	if (view->pid < 0)
		return view->pid;
	if (view->pid == 0)
		become_server(sockets[1], fuse_fd, settings);
	close(sockets[1]);
	view->socket = sockets[0];
	err = receive(view->socket, &message);
	return err ? err : message.err;
}

int view_start(const struct settings *settings, struct view **view)
{
	struct view *made = calloc(1, sizeof(*made));
	int fuse_fd, err;

	if (!made)
		return -ENOMEM;
	*made = (struct view){PTHREAD_MUTEX_INITIALIZER, -1, -1, -1};
	fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fuse_fd < 0) {
		err = -errno;
		free(made);
		return err;
	}
	made->mount_fd = mount_nowhere(fuse_fd);
	err = made->mount_fd < 0 ? made->mount_fd : start_server(made, fuse_fd, settings);
	/* Only the process has it now: if it dies, so does the file system. */
	close(fuse_fd);
	if (err)
		view_stop(made);
	else
		*view = made;
	return err;
}

void view_stop(struct view *view)
{
	if (!view)
		return;
	if (view->socket >= 0)
		close(view->socket);
	if (view->pid > 0) {
		while (waitpid(view->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (view->mount_fd >= 0)
		close(view->mount_fd);
	pthread_mutex_destroy(&view->lock);
	free(view);
}

/* ---- Opening ------------------------------------------------------------------------------ */

static int open_number(struct view *view, uint32_t number)
{
	struct view_message unused = {0, number};
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", number);
	fd = openat(view->mount_fd, name, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	fd = -errno;
	if (send(view->socket, &unused, sizeof(unused), MSG_NOSIGNAL) < 0)
		return -EIO;
	return fd;
}

int view_open(struct view *view, int fd)
{
	const struct view_message question = {0};
	struct view_message answer;
	int err;

	pthread_mutex_lock(&view->lock);
	err = helper_send(view->socket, &question, sizeof(question), fd);
	if (!err)
		err = receive(view->socket, &answer);
	if (!err)
		err = answer.err;
	pthread_mutex_unlock(&view->lock);
	return err ? err : open_number(view, answer.number);
}

/* Its end of the socket is closed with it. An error of a file may look like one of the socket. */
bool view_is_gone(const struct view *view)
{
	struct pollfd end = {.fd = view->socket};

	return poll(&end, 1, 0) == 1 && end.revents & POLLHUP;
}
