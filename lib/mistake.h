/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mistake.h - what a parser of one value found wrong. The caller knows the file and the
 * line, and turns it into a remark.
 */
#ifndef LIB_MISTAKE_H
#define LIB_MISTAKE_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct mistake {
	char message[256];
	char hint[256]; /* "" for none */
	size_t at, len; /* bytes, in the value */
};

/* Fill in a mistake. hint may be NULL. Returns -EINVAL, for the caller to return. */
__attribute__((format(printf, 5, 6))) static inline int
mistake_set(struct mistake *mistake, size_t at, size_t len, const char *hint, const char *format,
	    ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(mistake->message, sizeof(mistake->message), format, args);
	va_end(args);
	snprintf(mistake->hint, sizeof(mistake->hint), "%s", hint ? hint : "");
	mistake->at = at;
	mistake->len = len;
	return -EINVAL;
}

#endif
