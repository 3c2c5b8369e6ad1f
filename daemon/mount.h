/* SPDX-License-Identifier: BSD-3-Clause */
/* mount.h - serving a mount on this host, through /dev/fuse, instead of a guest. */
#ifndef DAEMON_MOUNT_H
#define DAEMON_MOUNT_H

struct share;

/*
 * Mount the share on settings->mount_dir, and serve it until it is unmounted, or until SIGTERM
 * or SIGINT, which must be blocked in the calling thread: then it unmounts it. What goes wrong
 * is said on the log. 0 or -errno.
 */
int mount_serve(struct share *share);

#endif
