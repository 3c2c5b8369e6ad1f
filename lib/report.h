/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.h - collects what is wrong with a policy, and where. Text is made printable
 * here and nowhere else.
 */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include <fsdax/fsdax.h>

/* A place in a policy file: what a remark points at. Strings are borrowed. */
struct span {
	const char *file;  /* NULL: no file */
	uint32_t line;     /* from 1; 0: the whole file */
	const char *text;  /* the line, or NULL */
	size_t text_len;
	size_t at;         /* byte offset into text */
	size_t len;        /* bytes */
};

/* NULL without memory. */
struct fsdax_report *report_new(void);

/*
 * Add a remark. hint: what to do next, or NULL. Running out of memory is remembered:
 * see report_failed().
 */
void report_add(struct fsdax_report *report, enum fsdax_severity severity, const struct span *span,
		const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Whether a remark was lost for want of memory. */
bool report_failed(const struct fsdax_report *report);

/* Bring remarks into the order of their lines, file by file; notes stay with theirs. */
void report_sort(struct fsdax_report *report);

#endif
