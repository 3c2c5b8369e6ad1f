/* SPDX-License-Identifier: BSD-3-Clause */
/* stubs.c - see stubs.h. */
#include "stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "../../daemon/guard.h"
#include "../../daemon/view.h"

int stub_view_error;

/* ---- The view -------------------------------------------------------------------------- */

static char the_view;

int view_start(const struct settings *settings, struct view **view)
{
	(void)settings;
	*view = (struct view *)&the_view;
	return 0;
}

void view_stop(struct view *view)
{
	(void)view;
}

bool view_is_gone(const struct view *view)
{
	(void)view;
	return stub_view_error == -EIO;
}

int view_open(struct view *view, int fd)
{
	int copy;

	(void)view;
	if (stub_view_error)
		return stub_view_error;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

/* ---- The guard ------------------------------------------------------------------------- */

static struct {
	void (*changed)(void *data, int watch);
	void *data;
} listener;

int guard_start(void (*changed)(void *data, int watch), void *data, struct guard **guard)
{
	listener.changed = changed;
	listener.data = data;
	*guard = (struct guard *)&listener;
	return 0;
}

void guard_stop(struct guard *guard)
{
	(void)guard;
}

int guard_watch(struct guard *guard, int proc_fd, int fd)
{
	struct stat st;

	(void)guard;
	(void)proc_fd;
	return fstat(fd, &st) ? -errno : (int)(st.st_ino % 100000) + 1;
}

void guard_unwatch(struct guard *guard, int watch)
{
	(void)guard;
	(void)watch;
}

void stub_host_changed(void)
{
	if (listener.changed)
		listener.changed(listener.data, GUARD_ALL);
}
