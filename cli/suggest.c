/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * suggest.c - the distance between two words: how many letters to insert, drop, replace
 * or swap with their neighbor.
 */
#include <string.h>

#include "suggest.h"

#define MAX_WORD 31

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static size_t distance(const char *a, const char *b)
{
	size_t rows[3][MAX_WORD + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > MAX_WORD || nb > MAX_WORD)
		return MAX_WORD;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(above[j] + 1, row[j - 1] + 1,
				      above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min3(row[j], rows[(i - 2) % 3][j - 2] + 1, row[j]);
		}
	}
	return rows[na % 3][nb];
}

void suggest_offer(struct suggestion *s, const char *typed, const char *word)
{
	size_t d = distance(typed, word), len = strlen(word);
	size_t allowed = len <= 3 ? 1 : len <= 6 ? 2 : 3;

	/* A beginning of the word is better than any slip. */
	if (strlen(typed) >= 2 && strncmp(typed, word, strlen(typed)) == 0)
		d = 0;
	if (d > allowed || (s->best && d >= s->distance))
		return;
	s->best = word;
	s->distance = d;
}
