/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_rest.h - a policy without the rules that a plan stands in for: those that go by size
 * alone. Where one of them is the last that matches a file, an earlier rule, that asks for more,
 * may match it too, and decides once the later one is gone.
 */
#ifndef CLI_PLAN_REST_H
#define CLI_PLAN_REST_H

#include "walk.h"

struct plan_rest {
	uint32_t n_rules; /* of the policy */
	bool *by_size;	  /* by rule: whether it asks for nothing but the size */

	/* For walk_ops.other: the other rules. NULL: all of them come after those by size. */
	struct fsdax_policy *policy;
	uint32_t *origin; /* by rule of that one: its number in the policy */
};

/* 0, or -ENOMEM; plan_rest_free() is fine after that too. */
int plan_rest_init(struct plan_rest *rest, const struct fsdax_policy *policy);
void plan_rest_free(struct plan_rest *rest);

/*
 * From what the policy decides about an entry to what is decided without those rules; a rule
 * has the number that it has in the policy. What no other rule speaks for has
 * FSDAX_REASON_DEFAULT, and is yes, whatever the default: so fsdax_decision_merge() has one name
 * that is no make the file no, and one that is left to its size leave the file to it.
 * Errors: as fsdax_decide_at().
 */
int plan_rest_decide(const struct plan_rest *rest, const struct walk_entry *entry,
		     struct fsdax_facts *facts, struct fsdax_decision *decision);

#endif
