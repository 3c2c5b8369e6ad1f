/* SPDX-License-Identifier: BSD-3-Clause */
/* notify.c - see notify.h. The protocol is one datagram of text for each message: sd_notify(3). */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* ---- The manager's socket ------------------------------------------------------------------ */

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int fd;

	if (len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return -EINVAL;
	memcpy(address.sun_path, path, len);
	/* One that has no file. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		return fd;
	close(fd);
	return -errno;
}

int notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*notify = (struct notify){.fd = -1};
	if (!path)
		return 0;
	notify->fd = connect_to(path);
	if (notify->fd >= 0)
		return 0;
	log_error("$NOTIFY_SOCKET: %s: %s", path, strerror(-notify->fd));
	return notify->fd;
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

/* ---- Words ----------------------------------------------------------------------------------- */

static void put_status(const struct notify *notify, char *text, size_t size)
{
	char window[64] = "";

	if (notify->window)
		snprintf(window, sizeof(window), ", DAX window %lluM",
			 (unsigned long long)notify->window >> 20);
	snprintf(text, size, "STATUS=%s%s%s",
		 atomic_load(&notify->connected) ? "a front-end is connected"
						 : "waiting for a front-end",
		 window,
		 atomic_load(&notify->refused)
			 ? "; the new policy has mistakes, and the one from before stays in force"
			 : "");
}

static void say(struct notify *notify, enum notify_event event)
{
	char status[256], text[512];

	put_status(notify, status, sizeof(status));
	switch (event) {
	case NOTIFY_RELOADING:
		/* By the manager's clock, too: it waits for one that is later than its signal. */
		snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)clock_ns() / 1000);
		break;
	case NOTIFY_STOPPING: snprintf(text, sizeof(text), "STOPPING=1\nSTATUS=ending"); break;
	case NOTIFY_CONNECTED:
	case NOTIFY_GONE: snprintf(text, sizeof(text), "%s", status); break;
	default: snprintf(text, sizeof(text), "READY=1\n%s", status); break;
	}
	/* Nothing can be done if nobody listens any more. */
	if (send(notify->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static void remember(struct notify *notify, enum notify_event event)
{
	if (event == NOTIFY_CONNECTED || event == NOTIFY_GONE)
		atomic_store(&notify->connected, event == NOTIFY_CONNECTED);
	if (event == NOTIFY_RELOADED || event == NOTIFY_REFUSED)
		atomic_store(&notify->refused, event == NOTIFY_REFUSED);
}

/* ---- Both sides -------------------------------------------------------------------------------- */

void notify_through(struct notify *notify, int socket)
{
	notify_close(notify);
	notify->fd = socket;
	notify->through = true;
}

void notify_tell(struct notify *notify, enum notify_event event)
{
	const unsigned char number = (unsigned char)event;

	if (!notify || notify->fd < 0)
		return;
	if (!notify->through) {
		remember(notify, event);
		say(notify, event);
	} else if (send(notify->fd, &number, sizeof(number), MSG_NOSIGNAL) < 0) {
		return;
	}
}

int notify_pass_on(struct notify *notify, int socket)
{
	unsigned char number;
	ssize_t n;

	while ((n = recv(socket, &number, sizeof(number), MSG_DONTWAIT)) == sizeof(number)) {
		/* What is no event was made up by who has taken over the daemon. */
		if (number >= N_NOTIFY_EVENTS)
			continue;
		remember(notify, number);
		say(notify, number);
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -EPIPE;
}
