/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * window.h - the DAX window, and the thread that maps files into it when the back-end asks,
 * with the same refusals as QEMU 11.1: see window.c.
 */
#ifndef FRONTEND_WINDOW_H
#define FRONTEND_WINDOW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the back-end asked for, counted. */
struct window_stats {
	unsigned maps, unmaps; /* done */
	unsigned live, live_max;
	unsigned past_end;   /* refused: the file ends before the mapping does */
	unsigned overlap;    /* refused: some of the place is taken */
	unsigned read_only;  /* refused: can't be mapped for writing */
	unsigned outside;    /* refused: not in the window, or not aligned */
	unsigned not_mapped; /* refused: an unmap of what was never mapped like that */
	unsigned barriers;   /* removals of shared objects that are not there: see handle() */
	unsigned malformed;  /* not a map or unmap, or without its descriptor */
	unsigned grown;	     /* files that a mapping made longer */
};

struct window_mapping {
	uint64_t offset, len;
};

struct window {
	char *base; /* reserved address space; only what is mapped can be touched */
	uint64_t size;
	int sock; /* our end, or -1 */
	int stop; /* an eventfd that ends the thread */
	bool running;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	struct window_mapping *mappings;
	size_t n_mappings, cap;
	struct window_stats stats;
	unsigned fail_next; /* so many maps are refused without a look at them */
};

/*
 * Reserve a window of size bytes (0 for none: then every map is refused), and start its
 * thread. *peer is the socket to hand to the back-end. 0 or -errno.
 */
int window_start(struct window *window, uint64_t size, int *peer);
void window_stop(struct window *window);

void window_get_stats(struct window *window, struct window_stats *stats);

/* Refuse the next n maps, as a host does that is out of something. */
void window_fail_next(struct window *window, unsigned n);

/*
 * Copy out of or into the window, as a guest's processor would. -EFAULT where a guest would
 * have crashed: nothing is mapped there, or the file has no such page.
 */
int window_read(const struct window *window, uint64_t offset, void *buf, size_t len);
int window_write(const struct window *window, uint64_t offset, const void *buf, size_t len);

#endif
