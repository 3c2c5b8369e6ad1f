/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * overlap.h - operands that are one and the same, or lie below each other, for the commands
 * that add up: each file counts once.
 */
#ifndef CLI_OVERLAP_H
#define CLI_OVERLAP_H

#include "share.h"

/*
 * The operands of a recursive command without those that another one covers. With -x, one below
 * another stays if there is another file system on the way to it, where that walk does not go.
 *
 * args, n_args: set to those that are left, in their order. The array is the caller's to
 *	free; the strings are the options'.
 * Errors: -ENOMEM. What cannot be found stays, for the walk to complain.
 */
int overlap_drop(const struct share *share, const struct options *opts, char ***args, int *n_args);

#endif
