/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena.h - memory that is released all at once: what a policy is made of, and the
 * strings of a report.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stddef.h>

struct arena_block;

/* Start from {0}. */
struct arena {
	struct arena_block *blocks;
	size_t used, size; /* of the newest block */
	size_t total;      /* bytes taken from malloc */
};

/* Zeroed memory, aligned for any type; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy that ends in a NUL; NULL without memory. text need not end in one. */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_strdup(struct arena *arena, const char *text);

void arena_release(struct arena *arena);

#endif
