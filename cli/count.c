/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.c - puts commas between the thousands.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "count.h"

char *count_text(char dst[COUNT_MAX], uint64_t n)
{
	char digits[COUNT_MAX], *out = dst;
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return dst;
}

char *count_of(char dst[COUNT_OF_MAX], uint64_t n, const char *thing)
{
	char number[COUNT_MAX];

	snprintf(dst, COUNT_OF_MAX, "%s %s%s", count_text(number, n), thing, n == 1 ? "" : "s");
	return dst;
}
