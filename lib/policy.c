/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.c - what can be asked of a policy. */
#include <stdlib.h>

#include "keys.h"
#include "policy.h"

struct fsdax_policy *fsdax_policy_ref(struct fsdax_policy *policy)
{
	atomic_fetch_add_explicit(&policy->refs, 1, memory_order_relaxed);
	return policy;
}

void fsdax_policy_unref(struct fsdax_policy *policy)
{
	if (!policy || atomic_fetch_sub_explicit(&policy->refs, 1, memory_order_acq_rel) != 1)
		return;
	matcher_release(&policy->matcher);
	free(policy->rules);
	free(policy->clauses);
	free(policy->spots);
	free(policy->pathless);
	free(policy->yes);
	free(policy->xattrs);
	arena_release(&policy->arena);
	free(policy);
}

uint32_t fsdax_policy_rules(const struct fsdax_policy *policy)
{
	return policy->n_rules;
}

int fsdax_policy_rule(const struct fsdax_policy *policy, uint32_t i, struct fsdax_rule_info *info)
{
	const struct rule *rule;

	if (i >= policy->n_rules)
		return -ENOENT;
	rule = &policy->rules[i];
	*info = (struct fsdax_rule_info){rule->name, rule->file, rule->line, rule->dax};
	return 0;
}

void fsdax_policy_settings(const struct fsdax_policy *policy, struct fsdax_settings *settings)
{
	*settings = policy->settings;
}

uint32_t fsdax_policy_needs(const struct fsdax_policy *policy)
{
	return policy->needs;
}

size_t fsdax_policy_xattrs(const struct fsdax_policy *policy)
{
	return policy->n_xattrs;
}

const char *fsdax_policy_xattr(const struct fsdax_policy *policy, size_t i)
{
	return i < policy->n_xattrs ? policy->xattrs[i] : NULL;
}

/* size / unit, rounded up; sizes end at 2^63. */
static uint64_t units(uint64_t size, uint64_t unit)
{
	return size / unit + (size % unit != 0);
}

void fsdax_policy_cost(const struct fsdax_policy *policy, uint64_t size, struct fsdax_cost *cost)
{
	const struct fsdax_settings *s = &policy->settings;

	cost->chunks = units(size, s->chunk_size);
	cost->descriptors = cost->chunks * (s->chunk_size / s->page_size * s->descriptor_size);
	cost->page_cache = units(size, s->page_size) * s->page_size;
}
