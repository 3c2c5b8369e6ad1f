/* SPDX-License-Identifier: BSD-3-Clause */
/* guard.c - see guard.h. */
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "thread.h"

struct guard {
	int inotify_fd;
	int stop_fd; /* an eventfd */
	pthread_t thread;
	void (*changed)(void *data, int watch);
	void *data;
};

static void read_events(struct guard *guard)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t n = read(guard->inotify_fd, buffer, sizeof(buffer));
	int last = -1;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		/* One look at the file is enough for all that happened before it. Too much: all files. */
		if (event->mask & IN_Q_OVERFLOW)
			guard->changed(guard->data, GUARD_ALL);
		else if ((event->mask & IN_MODIFY) && event->wd != last)
			guard->changed(guard->data, event->wd);
		last = event->wd;
		at += (ssize_t)(sizeof(*event) + event->len);
	}
}

static void *run(void *data)
{
	struct guard *guard = data;
	struct pollfd fds[] = {
		{.fd = guard->inotify_fd, .events = POLLIN},
		{.fd = guard->stop_fd, .events = POLLIN},
	};

	thread_begin("guard", 0);
	while (!fds[1].revents) {
		if (poll(fds, 2, -1) > 0 && fds[0].revents)
			read_events(guard);
	}
	return NULL;
}

static void release(struct guard *guard)
{
	if (guard->inotify_fd >= 0)
		close(guard->inotify_fd);
	if (guard->stop_fd >= 0)
		close(guard->stop_fd);
	free(guard);
}

int guard_start(void (*changed)(void *data, int watch), void *data, struct guard **guard)
{
	struct guard *made = calloc(1, sizeof(*made));
	int err = 0;

	if (!made)
		return -ENOMEM;
	made->changed = changed;
	made->data = data;
	made->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	made->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (made->inotify_fd < 0 || made->stop_fd < 0)
		err = -errno;
	if (!err)
		err = -pthread_create(&made->thread, NULL, run, made);
	if (err)
		release(made);
	else
		*guard = made;
	return err;
}

void guard_stop(struct guard *guard)
{
	uint64_t one = 1;

	if (!guard)
		return;
	/* Can't fail: the counter is 0. */
	if (write(guard->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(guard->thread, NULL);
	release(guard);
}

int guard_watch(struct guard *guard, int proc_fd, int fd)
{
	char name[16];
	int watch;

	if (fchdir(proc_fd))
		return -errno;
	snprintf(name, sizeof(name), "%d", fd);
	watch = inotify_add_watch(guard->inotify_fd, name, IN_MODIFY);
	return watch < 0 ? -errno : watch;
}

void guard_unwatch(struct guard *guard, int watch)
{
	inotify_rm_watch(guard->inotify_fd, watch);
}
