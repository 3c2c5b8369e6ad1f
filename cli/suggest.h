/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suggest.h - "did you mean ...?": the nearest of some words.
 */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* The best so far. Start from {0}, offer all words, then look at best. */
struct suggestion {
	const char *best; /* NULL: none is near enough */
	size_t distance;
};

/* Offer one word that the user may have meant by typed. */
void suggest_offer(struct suggestion *s, const char *typed, const char *word);

#endif
