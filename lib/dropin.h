/* SPDX-License-Identifier: BSD-3-Clause */
/* dropin.h - finds policy files in drop-in folders, and reads them. */
#ifndef LIB_DROPIN_H
#define LIB_DROPIN_H

#include "report.h"

/* The name and the text of one policy file, in memory that is released after. */
typedef int dropin_fn(void *data, const char *path, const char *text, size_t size);

/*
 * Call fn for each *.ini file of the folders, in the order of their names; a file in a
 * later folder replaces one of the same name in an earlier. A folder that is not there
 * counts as empty, but for the only one. What cannot be read is reported as an error, what
 * looks misplaced or misnamed as a warning.
 * Returns 0, what fn returned, or -ENOMEM; -ENOENT and the like for the only folder.
 */
int dropin_read_dirs(struct fsdax_report *report, const char *const *dirs, size_t n, dropin_fn *fn,
		     void *data);

/* The same for one file. */
int dropin_read_file(struct fsdax_report *report, const char *path, dropin_fn *fn, void *data);

#endif
