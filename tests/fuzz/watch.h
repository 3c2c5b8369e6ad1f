/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.h - tells of each read that the code under test makes of some memory, just before it is
 * made: so that the memory can be changed between two of them, and so that reading twice shows.
 * The compiler calls us before each load (-fsanitize-coverage=trace-loads, set for the files
 * that read what is shared with the guest), and copies are caught as the sanitizer's memcpy().
 */
#ifndef FUZZ_WATCH_H
#define FUZZ_WATCH_H

#include <stddef.h>

/* NULL: nobody is told. Only of reads by the thread that set it. */
typedef void watch_fn(const void *at, size_t size);

void watch_reads(const void *start, size_t size, watch_fn *fn);

#endif
