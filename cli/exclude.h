/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exclude.h - the globs of --exclude, as a small policy of their own: what it says yes to
 * is left out.
 */
#ifndef CLI_EXCLUDE_H
#define CLI_EXCLUDE_H

#include "options.h"

/*
 * policy: set to the compiled globs, or to NULL when there are none.
 * Errors: -EINVAL (a glob is bad), -ENOMEM; both after a message.
 */
int exclude_load(const struct options *opts, struct fsdax_policy **policy);

/* Whether name in the folder of cursor is left out. cursor may be NULL: nothing is. */
bool exclude_match(const struct fsdax_cursor *cursor, const char *name, size_t len);

#endif
