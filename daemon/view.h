/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * view.h - files of the host, as if they were longer than they are.
 *
 * A front-end maps only what lies within the end of a file. The guest maps 2 MiB at a time,
 * whatever the file's size, and later believes that the rest of the chunk is there when the
 * file has grown. So what the front-end is given is not the file itself, but one of a FUSE
 * file system of our own: its files have the greatest size there is, and are opened with
 * FUSE_PASSTHROUGH, so that a mapping of them *is* a mapping of the host's file: nothing is
 * copied, and what one side writes the other sees. Pages that lie wholly behind the end of
 * the host's file raise SIGBUS if touched, as ever; guests don't touch them.
 *
 * The file system is mounted nowhere, so nobody else can see it, and it is served by a
 * process of its own (view_serve.h): it ends when the daemon has ended, however that came
 * about. Mappings don't need it any more.
 *
 * Needs CAP_SYS_ADMIN, and Linux 6.9 with CONFIG_FUSE_PASSTHROUGH.
 */
#ifndef DAEMON_VIEW_H
#define DAEMON_VIEW_H

#include <stdbool.h>

struct settings;
struct view;

/*
 * Forks: so call it before there are threads, and before privileges are given up. Of the settings
 * it uses that of seccomp. Errors:
 * -EPERM (no privilege), -EOPNOTSUPP (this kernel can't), -ENOENT (no /dev/fuse), what fork(2)
 * may say.
 */
int view_start(const struct settings *settings, struct view **view);

/* Ends the process, and waits until it has. NULL is fine. */
void view_stop(struct view *view);

/*
 * A descriptor of the file's view, to be given to the front-end, and closed. fd: the host's
 * file, open for reading and writing; not needed after the call. Errors: -EIO (the process can't
 * be asked), -ELOOP (the file's file system is itself stacked), -ETXTBSY, what open(2) may say.
 * Thread-safe.
 */
int view_open(struct view *view, int fd);

/* Whether the process has ended: then no file can be opened any more. Thread-safe. */
bool view_is_gone(const struct view *view);

#endif
