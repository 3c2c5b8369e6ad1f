/* SPDX-License-Identifier: BSD-3-Clause */
/* array.h - room for one more element in an array that grows by doubling. */
#ifndef LIB_ARRAY_H
#define LIB_ARRAY_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * Make room for element n. *items: from malloc, or NULL; *capacity: elements it holds.
 * Returns 0 or -ENOMEM, and then nothing has changed.
 */
static inline int array_reserve(void *items, uint32_t *capacity, uint32_t n, size_t element)
{
	void **array = items;
	uint32_t want = *capacity ? *capacity * 2 : 8;
	void *grown;

	if (n < *capacity)
		return 0;
	if (want <= *capacity)
		return -ENOMEM;
	grown = reallocarray(*array, want, element);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = want;
	return 0;
}

/* Give back the room behind the n elements of an array, if that can be done. */
static inline void array_trim(void *items, uint32_t n, size_t element)
{
	void **array = items;
	void *smaller = n ? realloc(*array, n * element) : NULL;

	if (smaller)
		*array = smaller;
}

#endif
