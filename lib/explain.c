/* SPDX-License-Identifier: BSD-3-Clause */
/* explain.c - the same decision, with each condition of each rule as it was compared. */
#include "cursor.h"
#include "decide.h"
#include "rules.h"

struct explanation {
	const struct subject *subject;
	int (*fn)(void *data, const struct fsdax_step *step);
	void *data;
};

static int explain_clause(const struct explanation *e, uint32_t id, const struct clause *clause)
{
	char found[FOUND_SIZE];
	const struct fsdax_step step = {
		.rule = id,
		.key = keys[clause->key].info.key,
		.wanted = clause->text,
		.found = clause->key == RULE_PATH ? e->subject->path : found,
		.line = clause->line,
		.outcome = keys[clause->key].test(clause, e->subject),
		.exclude = clause->exclude,
	};

	keys[clause->key].found(clause, e->subject, found);
	return e->fn(e->data, &step);
}

static int explain_rule(const struct explanation *e, uint32_t id)
{
	const struct fsdax_policy *policy = e->subject->policy;
	const struct rule *rule = &policy->rules[id];
	uint32_t want;
	struct fsdax_step step = {
		.rule = id,
		.line = rule->line,
		.outcome = rules_test(rule, e->subject, false, &want),
	};
	int err = 0;

	for (uint32_t i = 0; i < rule->n && !err; i++)
		err = explain_clause(e, id, &policy->clauses[rule->first + i]);
	return err ? err : e->fn(e->data, &step);
}

/* Decide with what is known: what was not given is taken for absent. */
static void decide_without(const struct subject *subject, enum fsdax_tag folder_tag,
			   struct fsdax_xattr *xattrs, struct fsdax_decision *decision)
{
	struct fsdax_facts facts = *subject->facts;
	struct subject known = *subject;

	for (size_t i = 0; i < subject->policy->n_xattrs; i++) {
		xattrs[i] = *key_xattr(subject->facts, (uint32_t)i);
		if (xattrs[i].state == FSDAX_XATTR_UNKNOWN)
			xattrs[i].state = FSDAX_XATTR_ABSENT;
	}
	facts.mask |= FSDAX_FACT_STAT | FSDAX_FACT_FLAG;
	facts.xattrs = xattrs;
	facts.n_xattrs = subject->policy->n_xattrs;
	known.facts = &facts;
	decide_subject(&known, folder_tag, FSDAX_DECIDE_EXACT, decision, NULL);
}

int fsdax_explain(const struct fsdax_cursor *cursor, const char *path, const char *name, size_t len,
		  const struct fsdax_facts *facts,
		  int (*fn)(void *data, const struct fsdax_step *step), void *data,
		  struct fsdax_decision *decision)
{
	const struct subject subject = {
		.policy = cursor->policy,
		.folder = &cursor->folder,
		.name = name,
		.len = len,
		.path = path,
		.facts = facts,
	};
	const struct explanation explanation = {&subject, fn, data};
	struct fsdax_xattr *xattrs = calloc(cursor->policy->n_xattrs + 1, sizeof(*xattrs));
	struct fsdax_decision made;
	int err = 0;

	if (!xattrs)
		return -ENOMEM;
	decide_without(&subject, (enum fsdax_tag)cursor->tag, xattrs, &made);
	free(xattrs);
	for (uint32_t i = cursor->policy->n_rules; i-- > 0 && !err;)
		err = explain_rule(&explanation, i);
	if (!err)
		*decision = made;
	return err;
}
