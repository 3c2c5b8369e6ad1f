/* SPDX-License-Identifier: BSD-3-Clause */
/* suggest.c - the word that somebody probably meant. See suggest.h. */
#include <stdbool.h>
#include <string.h>

#include "suggest.h"

enum { LONGEST = 31, FAR = 1000 };

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Keys are in lower case. */
static bool same(char letter, char of_word)
{
	return (letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter) == of_word;
}

unsigned int suggest_distance(const char *text, size_t len, const char *word)
{
	unsigned int row[LONGEST + 1][LONGEST + 1];
	size_t n = strlen(word);

	if (len > LONGEST || n > LONGEST)
		return FAR;
	for (unsigned int i = 0; i <= len; i++)
		row[i][0] = i;
	for (unsigned int k = 0; k <= n; k++)
		row[0][k] = k;
	for (unsigned int i = 1; i <= len; i++) {
		for (unsigned int k = 1; k <= n; k++) {
			unsigned int replace = row[i - 1][k - 1] + !same(text[i - 1], word[k - 1]);

			row[i][k] = least(replace, least(row[i - 1][k], row[i][k - 1]) + 1);
			if (i > 1 && k > 1 && same(text[i - 1], word[k - 2]) &&
			    same(text[i - 2], word[k - 1]))
				row[i][k] = least(row[i][k], row[i - 2][k - 2] + 1);
		}
	}
	return row[len][n];
}
