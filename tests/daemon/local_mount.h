/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * local_mount.h - for tests of `fsdaxd --mount`: a folder below $TMPDIR, and beside it the same
 * folder as served by the very program in $FSDAXD.
 */
#ifndef TESTS_DAEMON_LOCAL_MOUNT_H
#define TESTS_DAEMON_LOCAL_MOUNT_H

#include <stdbool.h>
#include <sys/types.h>

struct local_mount {
	char base[200];
	char share[220]; /* the folder on the host */
	char mnt[220];	 /* where it is mounted */
	pid_t daemon;
};

/* Whether this can be: asked by main(), which says that all is skipped if not. */
bool local_mount_possible(void);

/* options: up to eight more, ended by NULL. */
void local_mount_begin(struct local_mount *mount, const char *const *options);

/* Ends the daemon by SIGTERM, and checks that it ended well; removes the folders. */
void local_mount_end(struct local_mount *mount);

#endif
