/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scratch.h - a folder in the share, as the host sees it, and files with known contents.
 */
#ifndef PROBE_SCRATCH_H
#define PROBE_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The folder. fd is open on it, so that it is known again. */
struct scratch {
	char *path;
	int fd;
	int64_t born; /* seconds; what is older was not made by us */
};

/* Make a new folder in dir. 0 or -errno; then there is nothing to remove. */
int scratch_make(const char *dir, struct scratch *scratch);

/*
 * Remove it and all that is in it, if it still is the folder that was made. No mount is
 * crossed, no link followed, and nothing removed that is older than the folder: something that
 * a back-end moved into it by mistake is left where it is, and named on standard error.
 */
void scratch_remove(struct scratch *scratch);

/* Forget it, and leave it. */
void scratch_keep(struct scratch *scratch);

/* What a file has at an offset: no two pages and no two seeds look alike. */
uint8_t scratch_byte(uint64_t offset, unsigned seed);
void scratch_fill(void *buf, size_t size, uint64_t offset, unsigned seed);
/* Whether buf holds that; else *at is the first byte that differs. */
bool scratch_matches(const void *buf, size_t size, uint64_t offset, unsigned seed, size_t *at);

/* Make DIR/NAME with that content. 0 or -errno. */
int scratch_file(const char *dir, const char *name, uint64_t size, unsigned seed);

#endif
