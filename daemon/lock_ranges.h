/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock_ranges.h - which bytes of a file a lock owner has locked, as the host's kernel knows it too
 * but does not tell: whose a lock is can be seen only here.
 */
#ifndef DAEMON_LOCK_RANGES_H
#define DAEMON_LOCK_RANGES_H

#include <fcntl.h>
#include <stdbool.h>

/* In order; none overlaps another. */
struct lock_range {
	off_t start, end; /* the last byte is part of it */
	short type;	  /* F_RDLCK or F_WRLCK */
	struct lock_range *next;
};

struct lock_ranges {
	struct lock_range *first; /* owned */
	struct lock_range *spare; /* owned; two of them, once prepared */
};

/* The last byte of what fcntl(2) is asked for, or tells. */
off_t lock_end(const struct flock *lock);

/* Have memory at hand for one change. 0 or -ENOMEM. */
int lock_ranges_prepare(struct lock_ranges *ranges);

/* What fcntl(2) has locked or unlocked, after lock_ranges_prepare(). */
void lock_ranges_set(struct lock_ranges *ranges, const struct flock *lock);

/*
 * The first that would be in the way of somebody else's lock, or NULL. steps: counted down for each
 * that is looked at, and at 0 none is any more; NULL: all are.
 */
const struct lock_range *lock_ranges_in_way(const struct lock_ranges *ranges,
					    const struct flock *lock, unsigned int *steps);

void lock_ranges_free(struct lock_ranges *ranges);

#endif
