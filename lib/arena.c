/* SPDX-License-Identifier: BSD-3-Clause */
/* arena.c - memory that is released all at once. See arena.h. */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

enum { FIRST_BLOCK = 1024, LARGEST_BLOCK = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) char data[];
};

static int add_block(struct arena *arena, size_t size)
{
	size_t want = arena->size ? arena->size * 2 : FIRST_BLOCK;
	struct arena_block *block;

	if (want > LARGEST_BLOCK)
		want = LARGEST_BLOCK;
	if (want < size)
		want = size;
	block = malloc(sizeof(*block) + want);
	if (!block)
		return -1;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->used = 0;
	arena->size = want;
	arena->total += sizeof(*block) + want;
	return 0;
}

static void *take(struct arena *arena, size_t size, size_t align)
{
	size_t start = (arena->used + align - 1) & ~(align - 1);

	if (!arena->blocks || start > arena->size || arena->size - start < size) {
		if (size > SIZE_MAX / 2 || add_block(arena, size))
			return NULL;
		start = 0;
	}
	arena->used = start + size;
	return arena->blocks->data + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory = take(arena, size, alignof(max_align_t));

	return memory ? memset(memory, 0, size) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = take(arena, len + 1, 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

void arena_release(struct arena *arena)
{
	struct arena_block *block, *next;

	for (block = arena->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){0};
}
