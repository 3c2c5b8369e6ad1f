/* SPDX-License-Identifier: BSD-3-Clause */
/* mount.h - serving a mount on this host, through /dev/fuse, instead of a guest. */
#ifndef DAEMON_MOUNT_H
#define DAEMON_MOUNT_H

struct settings;
struct share;

/*
 * Before the share is entered: if settings->mount_dir lies within it, put a copy in place of
 * *root_fd, in which the mount will not be seen. Whoever walked down such a mount would come to it
 * again, and the daemon would wait for itself. 0, or -errno, which was said.
 */
int mount_keep_out(const struct settings *settings, int *root_fd);

/*
 * Mount the share on settings->mount_dir, and serve it until it is unmounted, or until SIGTERM
 * or SIGINT, which must be blocked in the calling thread: then it unmounts it. What goes wrong
 * is said on the log. 0 or -errno.
 */
int mount_serve(struct share *share);

#endif
