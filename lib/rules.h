/* SPDX-License-Identifier: BSD-3-Clause */
/* rules.h - which rule is the last that holds for a file. */
#ifndef LIB_RULES_H
#define LIB_RULES_H

#include "keys.h"

/* What is known of the last rule that holds. */
struct rules_result {
	int64_t sure;     /* the last rule that holds for certain; -1: none */
	int64_t maybe[2]; /* by verdict: the last rule after it that may hold; -1: none */
	uint32_t want[2]; /* the xattr that it asks for */
};

void rules_find(const struct subject *subject, struct rules_result *result);

/*
 * Whether all conditions of a rule hold. path_known: the matcher has found one of its
 * patterns already. *want: the xattr that is missing, if the outcome is unknown.
 */
enum fsdax_outcome rules_test(const struct rule *rule, const struct subject *subject,
			      bool path_known, uint32_t *want);

#endif
