/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sizeclass.h - file sizes in a few classes that people can read: empty, then by factors
 * of eight from 4 KiB, which has the two sizes that matter, 32 KiB and 2 MiB, as bounds.
 */
#ifndef CLI_SIZECLASS_H
#define CLI_SIZECLASS_H

#include <stdint.h>

#define SIZECLASS_COUNT 10u

/* The class of a size: below SIZECLASS_COUNT. */
unsigned int sizeclass_of(uint64_t bytes);

/* The least size of a class. The next class's least is its end. */
uint64_t sizeclass_from(unsigned int class);

/* "empty", "under 4 KiB", "4 KiB to 32 KiB", "8 GiB and more". Returns dst. */
char *sizeclass_name(char dst[40], unsigned int class);

#endif
