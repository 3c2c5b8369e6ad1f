/* SPDX-License-Identifier: BSD-3-Clause */
/* lint.h - warns about rules that are well-formed but probably not meant. */
#ifndef LIB_LINT_H
#define LIB_LINT_H

#include "policy.h"
#include "report.h"

/* unanchored: the number of patterns that cannot be hashed. 0 or -ENOMEM. */
int lint_rules(const struct fsdax_policy *policy, struct fsdax_report *report,
	       uint32_t unanchored);

#endif
