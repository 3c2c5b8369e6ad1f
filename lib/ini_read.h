/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ini_read.h - reads a file of sections and keys, line by line, through inih: a policy, or the
 * daemon's options.
 *
 * inih, as distributions build it, cuts a line at 200 bytes, a section or key at 50, takes
 * an indented line as more of the line before, and does not tell its handler the number of
 * the line. So it is given short stand-ins for the lines, one at a time, while the lines
 * themselves stay here, whole.
 */
#ifndef LIB_INI_READ_H
#define LIB_INI_READ_H

#include "report.h"

/* A piece of the current line. */
struct ini_text {
	const char *text;
	size_t len;
};

/* A section header, or a pair of key and value. Lives for the call. */
struct ini_item {
	const char *file;
	uint32_t line;
	struct ini_text whole; /* the line */
	struct ini_text key;   /* or the section's name; its text is NULL if that is unreadable */
	struct ini_text value; /* text is NULL for a section */
};

/* Who is told what is in a file. */
struct ini_sink {
	/* Returns 0 to go on, or a negative errno to stop. */
	int (*item)(void *data, const struct ini_item *item);
	/* What cannot be read. hint: what to do, or NULL. All are borrowed for the call. */
	void (*mistake)(void *data, const struct span *span, const char *hint,
			const char *message);
	/* Whether there have been so many mistakes that no more are wanted. */
	bool (*enough)(void *data);
	void *data;
	const char *section; /* such as a file may begin with, for a hint: "[rule NAME]" */
};

/* Where a piece of an item's line stands, for a remark. */
struct span ini_span(const struct ini_item *item, struct ini_text part);

/*
 * Read all lines. What cannot be read is told, and the rest goes on.
 * Returns 0, or what item() returned, or -ENOMEM.
 */
int ini_read(const char *file, const char *text, size_t size, const struct ini_sink *sink);

#endif
