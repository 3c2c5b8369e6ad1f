/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pickup.h - `--wait`: after tags were changed, asks running daemons until no guest holds one
 * of the files in its former state.
 */
#ifndef CLI_PICKUP_H
#define CLI_PICKUP_H

#include <pthread.h>
#include <sys/types.h>

#include "walk.h"

/* One inode, as stat(2) numbers it. */
struct pickup_inode {
	uint64_t dev, ino;
	uint64_t nodeid; /* a daemon's own number for it; 0: not known */
};

/* Inodes to ask about, in an array that grows. */
struct pickup_inodes {
	struct pickup_inode *inodes;
	size_t n, room;
};

/* What the user named. Start from PICKUP_INIT. */
struct pickup {
	pthread_mutex_t lock;
	struct pickup_inodes named;
};

#define PICKUP_INIT                               \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

/*
 * From a callback of the walker: remember the entry if it is an operand. What lies below one
 * need not be remembered, since daemons look there by themselves. 0 or -errno.
 */
int pickup_note(struct pickup *pickup, const struct options *opts, const struct walk_entry *entry);

/*
 * Wait for what was noted, and release it. status: of the command so far; returns it, or
 * EXIT_FAILED if a daemon could not be asked, or something was still held when the time was up.
 * Does nothing without --wait.
 */
int pickup_wait(struct pickup *pickup, const struct options *opts, int status);

#endif
