/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sizeclass.c - see sizeclass.h.
 */
#include "sizeclass.h"

#include <stdio.h>

#include "output.h"

uint64_t sizeclass_from(unsigned int class)
{
	return class < 2 ? class : 4096ull << 3 * (class - 2);
}

unsigned int sizeclass_of(uint64_t bytes)
{
	unsigned int class = SIZECLASS_COUNT - 1;

	while (bytes < sizeclass_from(class))
		class --;
	return class;
}

char *sizeclass_name(char dst[40], unsigned int class)
{
	char from[16], to[16];

	output_size(from, sizeclass_from(class));
	output_size(to, sizeclass_from(class + 1));
	if (class == 0)
		snprintf(dst, 40, "empty");
	else if (class == 1)
		snprintf(dst, 40, "under %s", to);
	else if (class == SIZECLASS_COUNT - 1)
		snprintf(dst, 40, "%s and more", from);
	else
		snprintf(dst, 40, "%s to %s", from, to);
	return dst;
}
