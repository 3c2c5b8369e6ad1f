/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lint.c - warns about rules that are well-formed but probably not meant, and refuses those
 * that cannot be. See lint.h.
 *
 * A rule can never win if a later one holds whenever it does. That is found where it can be
 * seen without thinking: each condition of the later rule is there in the earlier one, equal
 * or narrower.
 */
#include <stdio.h>
#include <string.h>

#include "lint.h"
#include "names.h"

enum {
	MANY_UNANCHORED = 16,
	MANY_PATHLESS = 64 /* later rules without a path that each rule is held against */
};

/* ---- Whether one rule covers another --------------------------------------------- */

static bool clause_covers(const struct clause *wide, const struct clause *narrow)
{
	if (wide->key != narrow->key || wide->exclude != narrow->exclude)
		return false;
	if (wide->key == RULE_SIZE || wide->key == RULE_OWNER || wide->key == RULE_GROUP ||
	    wide->key == RULE_AGE)
		return wide->range.lo <= narrow->range.lo && wide->range.hi >= narrow->range.hi;
	if (wide->key == RULE_PATH && !wide->exclude && !strcmp(wide->text, "**"))
		return true;
	return !strcmp(wide->text, narrow->text);
}

/* Whether some clause of a rule covers (or with reverse, is covered by) this one. */
static bool any_covers(const struct fsdax_policy *policy, const struct rule *rule,
		       const struct clause *clause, bool reverse)
{
	for (uint32_t i = 0; i < rule->n; i++) {
		const struct clause *other = &policy->clauses[rule->first + i];

		if (reverse ? clause_covers(clause, other) : clause_covers(other, clause))
			return true;
	}
	return false;
}

/* Whether `later` holds whenever `earlier` does, as far as can be seen. */
static bool rule_covers(const struct fsdax_policy *policy, const struct rule *later,
			const struct rule *earlier)
{
	if (later->keys & ~earlier->keys)
		return false;
	if (later->included && !earlier->included)
		return false;
	/* Each alternative of the earlier rule must be within one of the later's. */
	for (uint32_t i = 0; i < earlier->n; i++) {
		const struct clause *clause = &policy->clauses[earlier->first + i];
		bool asked = later->keys & 1u << clause->key;

		if (clause->key == RULE_PATH && (clause->exclude || !later->included))
			continue;
		if (asked && !any_covers(policy, later, clause, false))
			return false;
	}
	/* What the later rule excludes, the earlier must too. */
	for (uint32_t i = 0; i < later->n; i++) {
		const struct clause *clause = &policy->clauses[later->first + i];

		if (clause->exclude && !any_covers(policy, earlier, clause, true))
			return false;
	}
	return true;
}

/* ---- Finding such rules ------------------------------------------------------------ */

static void warn_covered(struct fsdax_report *report, const struct rule *earlier,
			 const struct rule *later)
{
	struct span span = {.file = earlier->file, .line = earlier->line};
	char text[256];

	snprintf(text, sizeof(text), "[rule %s]", earlier->name);
	span.text = text;
	span.text_len = strlen(text);
	span.at = 6;
	span.len = strlen(earlier->name);
	report_add(report, FSDAX_WARNING, &span,
		   "the last matching rule wins: move this one behind it, or remove it",
		   "this rule can never win: [rule %s] holds whenever it does", later->name);
	span = (struct span){.file = later->file, .line = later->line};
	report_add(report, FSDAX_NOTE, &span, NULL, "[rule %s] is here", later->name);
}

static const char *first_path(const struct fsdax_policy *policy, const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->n; i++) {
		const struct clause *clause = &policy->clauses[rule->first + i];

		if (clause->key == RULE_PATH && !clause->exclude)
			return clause->text;
	}
	return NULL;
}

/* Whether one of the later rules without a path covers rule i. pathless: the last first. */
static const struct rule *covered_by_pathless(const struct fsdax_policy *policy, uint32_t i)
{
	for (uint32_t k = 0; k < policy->n_pathless && k < MANY_PATHLESS; k++) {
		const struct rule *later = &policy->rules[policy->pathless[k]];

		if (policy->pathless[k] <= i)
			break;
		if (rule_covers(policy, later, &policy->rules[i]))
			return later;
	}
	return NULL;
}

/*
 * From the last rule to the first; `names` holds, by its first pattern, a later rule with no
 * condition but paths where there is one.
 */
static int lint_rule(const struct fsdax_policy *policy, struct fsdax_report *report,
		     struct names *names, uint32_t i)
{
	const struct rule *rule = &policy->rules[i];
	const struct rule *later = covered_by_pathless(policy, i);
	const char *path = first_path(policy, rule);
	uint32_t number = i;
	int added = path ? names_add(names, path, &number) : 1;

	if (added < 0)
		return added;
	if (!added && !later && rule_covers(policy, &policy->rules[number], rule))
		later = &policy->rules[number];
	if (later)
		warn_covered(report, rule, later);
	return 0;
}

static void refuse_tag_clause(const struct fsdax_policy *policy, const struct rule *rule,
			      const struct clause *clause, struct fsdax_report *report)
{
	char text[512];
	struct span span = {.file = rule->file, .line = clause->line, .text = text};

	snprintf(text, sizeof(text), "xattr = %s", clause->text);
	span.text_len = strlen(text);
	span.at = strlen("xattr = ");
	span.len = clause->xattr.name_len;
	report_add(report, FSDAX_ERROR, &span, "give the rule an xattr of its own",
		   "%s carries tags, which come before all rules", policy->settings.tag_xattr);
}

/*
 * A tag is looked at before any rule, and what is no tag is not worth a rule; and what
 * `fsdax-ctl apply` writes there would change what the rule says.
 */
static void refuse_tag_rules(const struct fsdax_policy *policy, struct fsdax_report *report)
{
	for (uint32_t i = 0; i < policy->n_rules && policy->settings.tag_xattr; i++) {
		const struct rule *rule = &policy->rules[i];

		for (uint32_t k = rule->first; k < rule->first + rule->n; k++) {
			const struct clause *clause = &policy->clauses[k];

			if (clause->key == RULE_XATTR && clause->xattr.index == 0)
				refuse_tag_clause(policy, rule, clause, report);
		}
	}
}

int lint_rules(const struct fsdax_policy *policy, struct fsdax_report *report, uint32_t unanchored)
{
	struct names names = {0};
	struct span nowhere = {0};
	int err = 0;

	refuse_tag_rules(policy, report);
	for (uint32_t i = policy->n_rules; i-- > 0 && !err;)
		err = lint_rule(policy, report, &names, i);
	names_release(&names);
	if (unanchored > MANY_UNANCHORED)
		report_add(report, FSDAX_WARNING, &nowhere,
			   "let them start or end in a letter: '*-debug.*.so' rather than "
			   "'*-debug*'",
			   "%u patterns neither start nor end in anything certain: each is "
			   "tried on every file",
			   unanchored);
	return err;
}
