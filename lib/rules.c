/* SPDX-License-Identifier: BSD-3-Clause */
/* rules.c - which rule is the last that holds for a file. See rules.h. */
#include "rules.h"

/* The clauses of one key: several are alternatives, but none that excludes may match. */
struct group {
	bool asked, matched, unknown, excluded;
	uint32_t want;
};

static void test_clause(const struct clause *clause, const struct subject *subject,
			struct group *group)
{
	enum fsdax_outcome outcome = keys[clause->key].test(clause, subject);

	if (clause->exclude) {
		group->excluded |= outcome == FSDAX_OUTCOME_MATCHED;
		return;
	}
	group->asked = true;
	group->matched |= outcome == FSDAX_OUTCOME_MATCHED;
	if (outcome == FSDAX_OUTCOME_UNKNOWN) {
		group->unknown = true;
		group->want = clause->xattr.index;
	}
}

static enum fsdax_outcome group_outcome(const struct group *group)
{
	if (group->excluded)
		return FSDAX_OUTCOME_FAILED;
	if (!group->asked || group->matched)
		return FSDAX_OUTCOME_MATCHED;
	return group->unknown ? FSDAX_OUTCOME_UNKNOWN : FSDAX_OUTCOME_FAILED;
}

enum fsdax_outcome rules_test(const struct rule *rule, const struct subject *subject,
			      bool path_known, uint32_t *want)
{
	const struct clause *clauses = subject->policy->clauses;
	const uint32_t end = rule->first + rule->n;
	enum fsdax_outcome all = FSDAX_OUTCOME_MATCHED;

	for (uint32_t i = rule->first; i < end;) {
		struct group group = {0};
		uint8_t key = clauses[i].key;

		for (; i < end && clauses[i].key == key; i++) {
			if (!(path_known && key == RULE_PATH && !clauses[i].exclude))
				test_clause(&clauses[i], subject, &group);
		}
		switch (group_outcome(&group)) {
		case FSDAX_OUTCOME_FAILED: return FSDAX_OUTCOME_FAILED;
		case FSDAX_OUTCOME_UNKNOWN:
			all = FSDAX_OUTCOME_UNKNOWN;
			*want = group.want;
			break;
		case FSDAX_OUTCOME_MATCHED: break;
		}
	}
	return all;
}

struct search {
	const struct subject *subject;
	struct rules_result *result;
};

static void try_rule(struct search *s, uint32_t id, bool path_known)
{
	const struct rule *rule = &s->subject->policy->rules[id];
	struct rules_result *result = s->result;
	uint32_t want = 0;
	enum fsdax_outcome outcome = rules_test(rule, s->subject, path_known, &want);

	if (outcome == FSDAX_OUTCOME_MATCHED)
		result->sure = id;
	if (outcome == FSDAX_OUTCOME_UNKNOWN && id > result->maybe[rule->dax]) {
		result->maybe[rule->dax] = id;
		result->want[rule->dax] = want;
	}
}

/* Whether a rule holds of which the matcher has found a pattern. */
static bool rule_holds(void *data, uint32_t id)
{
	struct search *s = data;

	try_rule(s, id, true);
	return s->result->sure == (int64_t)id;
}

void rules_find(const struct subject *subject, struct rules_result *result)
{
	const struct fsdax_policy *policy = subject->policy;
	struct search search = {subject, result};
	accept_t last;

	*result = (struct rules_result){.sure = -1, .maybe = {-1, -1}};
	last = matcher_find(&policy->matcher, subject->folder, subject->name, subject->len,
			    rule_holds, &search);
	if (last)
		result->sure = accept_rule(last);
	for (uint32_t i = 0; i < policy->n_pathless; i++) {
		if ((int64_t)policy->pathless[i] <= result->sure)
			break;
		try_rule(&search, policy->pathless[i], false);
	}
}
