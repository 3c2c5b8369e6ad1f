/* SPDX-License-Identifier: BSD-3-Clause */
/* control_socket.c - the control socket: its place, and bytes in and out in a bounded time. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "control_internal.h"
#include "control_proto.h"
#include "listen.h"
#include "log.h"
#include "settings.h"

enum {
	READ_MS = 2000,	  /* for a client to say what it wants */
	WRITE_MS = 10000, /* for it to read the answer */
	NAME_BYTES = 60,  /* of the tag or folder, in the socket's name */
};

/* ---- Its place --------------------------------------------------------------------------- */

/* The tag, or the folder's own name. */
static const char *name_of(const struct settings *settings, size_t *len)
{
	const char *dir = settings->shared_dir;
	size_t end = strlen(dir), start;

	if (settings->tag) {
		*len = strlen(settings->tag);
		return settings->tag;
	}
	while (end && dir[end - 1] == '/')
		end--;
	for (start = end; start && dir[start - 1] != '/';)
		start--;
	*len = end - start;
	return dir + start;
}

/* Letters, digits and a few more; an underscore for each other byte. */
static void put_name(char *to, const char *from, size_t len)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789+-_=@%";

	if (len > NAME_BYTES)
		len = NAME_BYTES;
	for (size_t i = 0; i < len; i++)
		to[i] = strchr(good, from[i]) && from[i] ? from[i] : '_';
	to[len] = '\0';
}

void control_settle(struct settings *settings, char path[CONTROL_PATH_MAX])
{
	char name[NAME_BYTES + 1];
	const char *from;
	size_t len;

	settings->pid = getpid();
	/* A path that was given is often in there, too; whether it can be used is found later. */
	if (settings->control_path && strncmp(settings->control_path, CONTROL_DIR "/",
					      strlen(CONTROL_DIR "/")))
		return;
	if (mkdir(CONTROL_DIR, 0755) && errno != EEXIST)
		return;
	if (settings->control_path || access(CONTROL_DIR, W_OK))
		return;
	from = name_of(settings, &len);
	put_name(name, from, len);
	snprintf(path, CONTROL_PATH_MAX, CONTROL_DIR "/%s%s%d" CONTROL_SUFFIX, name,
		 *name ? "-" : "", (int)settings->pid);
	settings->control_path = path;
}

int control_listen(const char *path)
{
	int fd = listen_on_path(path, NULL, CONTROL_WAITING);

	if (fd == -EADDRINUSE)
		log_error("--control-socket=%s: is there already, and in use or not a socket; "
			  "stop what uses it, or choose another path",
			  path);
	else if (fd < 0)
		log_error("--control-socket=%s: %s%s", path, strerror(-fd), listen_hint(fd));
	return fd;
}

/* ---- Bytes ------------------------------------------------------------------------------- */

/* Wait for a client until the deadline. 0, -ETIMEDOUT or -ECANCELED. */
static int wait_for(const struct control *control, int client, short events, int64_t deadline)
{
	struct pollfd fds[] = {
		{.fd = client, .events = events},
		{.fd = control->stop_fd, .events = POLLIN},
	};

	for (;;) {
		int64_t left = deadline - (int64_t)clock_ms();

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -ECANCELED;
		if (fds[0].revents)
			return 0;
	}
}

/* Whether what came is printable, up to the newline, if there is one: then *line is set. */
static bool take_bytes(char *buffer, size_t size, bool *line)
{
	for (size_t i = 0; i < size; i++) {
		if (buffer[i] == '\n') {
			buffer[i] = '\0';
			*line = true;
			return true;
		}
		if (buffer[i] < ' ' || buffer[i] > '~')
			return false;
	}
	return true;
}

int control_read_line(const struct control *control, int client, char *buffer)
{
	const int64_t deadline = (int64_t)clock_ms() + READ_MS;
	size_t size = 0;
	bool line = false;

	while (size < CONTROL_LINE_MAX) {
		ssize_t n;
		int err = wait_for(control, client, POLLIN, deadline);

		if (err)
			return err;
		n = recv(client, buffer + size, CONTROL_LINE_MAX - size, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0 || !take_bytes(buffer + size, (size_t)n, &line))
			return -EPROTO;
		if (line)
			return 0;
		size += (size_t)n;
	}
	return -EMSGSIZE;
}

void control_write(const struct control *control, int client, const char *text, size_t size)
{
	const int64_t deadline = (int64_t)clock_ms() + WRITE_MS;

	while (size) {
		ssize_t n;

		if (wait_for(control, client, POLLOUT, deadline))
			return;
		n = send(client, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			size -= (size_t)n;
		}
	}
}
