/* SPDX-License-Identifier: BSD-3-Clause */
/* listen.c - see listen.h. */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "settings.h"

/* Front-ends that may wait for their turn. */
enum { WAITING = 1 };

/* A socket file on which a connection is refused was left by a daemon that is gone. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool refused;

	if (fd < 0)
		return false;
	refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		  errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	struct stat st;

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (lstat(path, &st) || !S_ISSOCK(st.st_mode) || !is_abandoned(address))
		return -EADDRINUSE;
	if (unlink(path))
		return -errno;
	return bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
}

static int allow_group(const char *path, const char *name)
{
	const struct group *group;

	if (!name)
		return chmod(path, 0600) ? -errno : 0;
	errno = 0;
	group = getgrnam(name);
	if (!group) {
		log_error("--socket-group=%s: there is no such group", name);
		return errno ? -errno : -EINVAL;
	}
	if (chown(path, (uid_t)-1, group->gr_gid) || chmod(path, 0660))
		return -errno;
	return 0;
}

int listen_on_path(const char *path, const char *group, int waiting)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = bind_path(fd, &address);
	if (!err)
		err = allow_group(path, group);
	if (!err && listen(fd, waiting))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int listen_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *number = getenv("LISTEN_FDS");

	/* Else they are another process's, which did not remove them. */
	if (!pid || !number || atoi(pid) != getpid())
		return -1;
	return strcmp(number, "1") == 0 ? STDERR_FILENO + 1 : -EINVAL;
}

const char *listen_hint(int err)
{
	return err == -ENOENT ? "; make the folder first" : "";
}

/* A descriptor that was handed down must be a socket that listens. */
static int check_fd(int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size))
		return -errno;
	return listens ? fd : -ENOTSOCK;
}

int listen_open(const struct settings *settings)
{
	int fd;

	if (settings->socket_fd >= 0) {
		fd = check_fd(settings->socket_fd);
		if (fd < 0)
			log_error("--fd=%d: is not a socket that listens: %s", settings->socket_fd,
				  strerror(-fd));
		return fd;
	}
	fd = listen_on_path(settings->socket_path, settings->socket_group, WAITING);
	if (fd == -EADDRINUSE)
		log_error("--socket-path=%s: is there already, and in use or not a socket; stop "
			  "what uses it, or choose another path",
			  settings->socket_path);
	else if (fd < 0)
		log_error("--socket-path=%s: %s%s", settings->socket_path, strerror(-fd),
			  listen_hint(fd));
	return fd;
}

int listen_again(int listener, const struct settings *settings)
{
	return settings->socket_path && listen(listener, WAITING) ? -errno : 0;
}

int listen_accept(int listener, int stop_fd)
{
	struct pollfd fds[] = {
		{.fd = listener, .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN},
	};

	for (;;) {
		int fd;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -ECANCELED;
		if (!fds[0].revents)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 || (errno != ECONNABORTED && errno != EINTR && errno != EAGAIN))
			return fd >= 0 ? fd : -errno;
	}
}

void listen_close(int listener, const struct settings *settings)
{
	close(listener);
	/* In a sandbox the path is another one. */
	if (settings->socket_path && !settings->outside)
		unlink(settings->socket_path);
}
