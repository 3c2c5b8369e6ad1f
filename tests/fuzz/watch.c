/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.c - see watch.h. */
#include "watch.h"

#include <stdint.h>

static _Thread_local struct {
	uintptr_t start;
	size_t size;
	watch_fn *fn;
} watched;

void watch_reads(const void *start, size_t size, watch_fn *fn)
{
	watched.start = (uintptr_t)start;
	watched.size = size;
	watched.fn = fn;
}

static inline void look(const void *at, size_t size)
{
	if (watched.fn && (uintptr_t)at - watched.start < watched.size)
		watched.fn(at, size);
}

#define LOAD(n)                                       \
	void __sanitizer_cov_load##n(const void *at); \
	void __sanitizer_cov_load##n(const void *at)  \
	{                                             \
		look(at, n);                          \
	}

LOAD(1)
LOAD(2)
LOAD(4)
LOAD(8)
LOAD(16)

void *__real___asan_memcpy(void *to, const void *from, size_t size);
void *__wrap___asan_memcpy(void *to, const void *from, size_t size);

void *__wrap___asan_memcpy(void *to, const void *from, size_t size)
{
	look(from, size);
	return __real___asan_memcpy(to, from, size);
}
