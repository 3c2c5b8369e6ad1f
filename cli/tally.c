/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally.c - see tally.h.
 */
#include "tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64u

/* Reasons that are not rules, each with two verdicts. FSDAX_REASON_UNMAPPABLE is the last. */
#define N_OTHER_GROUPS (2u * (FSDAX_REASON_UNMAPPABLE + 1))

static size_t whole_lines(size_t bytes)
{
	return (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

int tallies_init(struct tallies *tallies, const struct fsdax_policy *policy, size_t n_threads)
{
	size_t head = whole_lines(sizeof(struct tally));

	*tallies = (struct tallies){.policy = policy, .n_threads = n_threads};
	tallies->n_rules = fsdax_policy_rules(policy);
	tallies->n_groups = tallies->n_rules + N_OTHER_GROUPS;
	tallies->stride = head + whole_lines(tallies->n_groups * sizeof(struct count));
	tallies->memory = aligned_alloc(CACHE_LINE, n_threads * tallies->stride);
	if (!tallies->memory)
		return -ENOMEM;
	memset(tallies->memory, 0, n_threads * tallies->stride);
	for (size_t i = 0; i < n_threads; i++) {
		struct tally *tally = tallies_of(tallies, i);

		tally->groups = (struct count *)((char *)tally + head);
	}
	return 0;
}

void tallies_free(struct tallies *tallies)
{
	for (size_t i = 0; i < tallies->n_threads && tallies->memory; i++)
		trees_free(&tallies_of(tallies, i)->trees);
	free(tallies->memory);
	tallies->memory = NULL;
}

struct tally *tallies_of(const struct tallies *tallies, size_t thread)
{
	return (struct tally *)(tallies->memory + thread * tallies->stride);
}

size_t tally_group(const struct tallies *tallies, const struct fsdax_decision *decision)
{
	if (decision->reason == FSDAX_REASON_RULE && decision->rule < tallies->n_rules)
		return decision->rule;
	return tallies->n_rules + 2u * decision->reason + decision->dax;
}

struct fsdax_decision tally_decision(const struct tallies *tallies, size_t group)
{
	struct fsdax_decision decision = {.rule = FSDAX_NO_RULE};
	struct fsdax_rule_info rule;

	if (group < tallies->n_rules) {
		decision.rule = (uint32_t)group;
		decision.reason = FSDAX_REASON_RULE;
		if (!fsdax_policy_rule(tallies->policy, decision.rule, &rule))
			decision.dax = rule.dax;
		return decision;
	}
	decision.reason = (group - tallies->n_rules) / 2;
	decision.dax = (group - tallies->n_rules) % 2;
	return decision;
}

int tally_name(struct tally *tally, const char *folder, const char *name)
{
	sample_name(&tally->names, folder, name);
	return trees_note(&tally->trees, folder);
}

int tally_add(const struct tallies *tallies, struct tally *tally, const char *folder,
	      const struct fsdax_decision *decision, uint64_t size)
{
	const struct count one = count_of_file(tallies->policy, size);
	struct tree *tree;
	int err = trees_at(&tally->trees, folder, &tree);

	if (err)
		return err;
	count_add(&tree->of[decision->dax], &one);
	count_add(&tally->groups[tally_group(tallies, decision)], &one);
	count_add(&tally->buckets[histogram_bucket(size)][decision->dax], &one);
	return 0;
}

int tally_merge(const struct tallies *tallies, struct tally *to, const struct tally *from)
{
	for (size_t i = 0; i < tallies->n_groups; i++)
		count_add(&to->groups[i], &from->groups[i]);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count_add(&to->buckets[i][0], &from->buckets[i][0]);
		count_add(&to->buckets[i][1], &from->buckets[i][1]);
	}
	to->others += from->others;
	sample_merge(&to->names, &from->names);
	return trees_merge(&to->trees, &from->trees);
}

int tallies_sum(struct tallies *tallies, struct tally **sum)
{
	struct tally *first = tallies_of(tallies, 0);
	int err = 0;

	for (size_t i = 1; i < tallies->n_threads && !err; i++)
		err = tally_merge(tallies, first, tallies_of(tallies, i));
	sample_settle(&first->names);
	*sum = first;
	return err;
}

struct count tally_sizes(const struct tally *tally, bool dax, uint64_t from, uint64_t below)
{
	const unsigned int first = histogram_bucket(from);
	struct count sum = {0};

	for (unsigned int i = first; i < HISTOGRAM_BUCKETS && histogram_from(i) < below; i++)
		count_add(&sum, &tally->buckets[i][dax]);
	return sum;
}

struct count tally_class(const struct tally *tally, bool dax, unsigned int class)
{
	const bool last = class + 1 == SIZECLASS_COUNT;

	return tally_sizes(tally, dax, sizeclass_from(class),
			   last ? UINT64_MAX : sizeclass_from(class + 1));
}

uint64_t tally_break_even(const struct fsdax_policy *policy)
{
	return count_of_file(policy, 1).descriptors;
}

struct count tally_verdict(const struct tally *tally, bool dax)
{
	return tally_sizes(tally, dax, 0, UINT64_MAX);
}
