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

static void add(struct count *count, uint64_t size, const struct fsdax_cost *cost)
{
	count->files++;
	count->bytes += size;
	count->chunks += cost->chunks;
	count->descriptors += cost->descriptors;
	count->page_cache += cost->page_cache;
}

void count_file(struct count *count, const struct fsdax_policy *policy, uint64_t size)
{
	struct fsdax_cost cost;

	fsdax_policy_cost(policy, size, &cost);
	add(count, size, &cost);
}

void count_add(struct count *to, const struct count *from)
{
	to->files += from->files;
	to->bytes += from->bytes;
	to->chunks += from->chunks;
	to->descriptors += from->descriptors;
	to->page_cache += from->page_cache;
}

void tally_add(const struct tallies *tallies, struct tally *tally,
	       const struct fsdax_decision *decision, uint64_t size)
{
	struct fsdax_cost cost;

	fsdax_policy_cost(tallies->policy, size, &cost);
	add(&tally->groups[tally_group(tallies, decision)], size, &cost);
	add(&tally->sizes[sizeclass_of(size)][decision->dax], size, &cost);
}

static void sum_into(const struct tallies *tallies, struct tally *to, const struct tally *from)
{
	for (size_t i = 0; i < tallies->n_groups; i++)
		count_add(&to->groups[i], &from->groups[i]);
	for (size_t i = 0; i < SIZECLASS_COUNT; i++) {
		count_add(&to->sizes[i][0], &from->sizes[i][0]);
		count_add(&to->sizes[i][1], &from->sizes[i][1]);
	}
	to->others += from->others;
}

struct tally *tallies_sum(struct tallies *tallies)
{
	struct tally *sum = tallies_of(tallies, 0);

	for (size_t i = 1; i < tallies->n_threads; i++)
		sum_into(tallies, sum, tallies_of(tallies, i));
	return sum;
}

struct count tally_verdict(const struct tally *tally, bool dax)
{
	struct count sum = {0};

	for (size_t i = 0; i < SIZECLASS_COUNT; i++)
		count_add(&sum, &tally->sizes[i][dax]);
	return sum;
}
