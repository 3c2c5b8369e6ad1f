/* SPDX-License-Identifier: BSD-3-Clause */
/* lock_ranges.c - see lock_ranges.h. */
#include "lock_ranges.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* A change adds a range, and may cut another into two. */
enum { MOST_ADDED = 2 };

off_t lock_end(const struct flock *lock)
{
	return lock->l_len ? lock->l_start + (lock->l_len - 1) : INT64_MAX;
}

int lock_ranges_prepare(struct lock_ranges *ranges)
{
	unsigned int n = 0;

	for (struct lock_range *spare = ranges->spare; spare; spare = spare->next)
		n++;
	for (; n < MOST_ADDED; n++) {
		struct lock_range *more = malloc(sizeof(*more));

		if (!more)
			return -ENOMEM;
		more->next = ranges->spare;
		ranges->spare = more;
	}
	return 0;
}

static void insert(struct lock_ranges *ranges, struct lock_range **place, off_t start, off_t end,
		   short type)
{
	struct lock_range *range = ranges->spare;

	ranges->spare = range->next;
	*range = (struct lock_range){start, end, type, *place};
	*place = range;
}

static void remove_at(struct lock_range **place)
{
	struct lock_range *gone = *place;

	*place = gone->next;
	free(gone);
}

/* Take the bytes from start to end out of all. Returns where a range of them would be. */
static struct lock_range **clear(struct lock_ranges *ranges, off_t start, off_t end)
{
	struct lock_range **place = &ranges->first;

	while (*place && (*place)->end < start)
		place = &(*place)->next;
	if (*place && (*place)->start < start) {
		struct lock_range *before = *place;

		place = &before->next;
		if (before->end > end)
			insert(ranges, place, end + 1, before->end, before->type);
		before->end = start - 1;
	}
	while (*place && (*place)->end <= end)
		remove_at(place);
	if (*place && (*place)->start <= end)
		(*place)->start = end + 1;
	return place;
}

/* Neighbors of a kind become one. */
static void join(struct lock_ranges *ranges)
{
	for (struct lock_range *range = ranges->first; range && range->next;) {
		struct lock_range *next = range->next;

		if (range->type == next->type && range->end + 1 == next->start) {
			range->end = next->end;
			remove_at(&range->next);
		} else {
			range = next;
		}
	}
}

void lock_ranges_set(struct lock_ranges *ranges, const struct flock *lock)
{
	off_t end = lock_end(lock);
	struct lock_range **place = clear(ranges, lock->l_start, end);

	if (lock->l_type != F_UNLCK)
		insert(ranges, place, lock->l_start, end, lock->l_type);
	join(ranges);
}

const struct lock_range *lock_ranges_in_way(const struct lock_ranges *ranges,
					    const struct flock *lock, unsigned int *steps)
{
	off_t end = lock_end(lock);

	for (const struct lock_range *range = ranges->first; range && range->start <= end;
	     range = range->next) {
		if (steps && !*steps)
			return NULL;
		if (steps)
			--*steps;
		if (range->end >= lock->l_start &&
		    (range->type == F_WRLCK || lock->l_type == F_WRLCK))
			return range;
	}
	return NULL;
}

static void free_list(struct lock_range *list)
{
	while (list)
		remove_at(&list);
}

void lock_ranges_free(struct lock_ranges *ranges)
{
	free_list(ranges->first);
	free_list(ranges->spare);
}
