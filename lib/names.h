/* SPDX-License-Identifier: BSD-3-Clause */
/* names.h - a set of strings, each with a number. */
#ifndef LIB_NAMES_H
#define LIB_NAMES_H

#include <stdint.h>

struct name;

/* Start from {0}. Strings are borrowed. */
struct names {
	struct name *slots;
	uint32_t n, mask;
};

/*
 * Add a string with its number, or find the one that is there already.
 * Returns 1 if it was added; 0 and *number if it was there; -ENOMEM.
 */
int names_add(struct names *names, const char *text, uint32_t *number);

void names_release(struct names *names);

#endif
