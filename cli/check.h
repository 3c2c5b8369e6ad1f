/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.h - the other things that `fsdax-ctl check` shows.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "options.h"

/*
 * The merged policy as one file, with the origin of each line in a comment behind it, so
 * that the whole is a policy with the same meaning. 0 or -ENOMEM.
 */
int check_print_effective(const struct fsdax_policy *policy, const struct options *opts);

/* The keys of the policy language. 0 or -ENOMEM. */
int check_print_keys(const struct options *opts);

#endif
