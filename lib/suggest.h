/* SPDX-License-Identifier: BSD-3-Clause */
/* suggest.h - the word that somebody probably meant. */
#ifndef LIB_SUGGEST_H
#define LIB_SUGGEST_H

#include <stddef.h>

/*
 * How many letters to add, drop, replace or swap to make word of text, whose case does not
 * matter; a large number if that is many.
 */
unsigned int suggest_distance(const char *text, size_t len, const char *word);

#endif
