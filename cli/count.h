/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.h - numbers for people: "1,234,567".
 */
#ifndef CLI_COUNT_H
#define CLI_COUNT_H

#include <stdint.h>

#define COUNT_MAX 28

/* Returns dst. */
char *count_text(char dst[COUNT_MAX], uint64_t n);

#define COUNT_OF_MAX (COUNT_MAX + 32)

/* "1 file", "1,234 files". thing: one of them, of at most 30 letters. Returns dst. */
char *count_of(char dst[COUNT_OF_MAX], uint64_t n, const char *thing);

#endif
