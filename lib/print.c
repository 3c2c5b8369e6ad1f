/* SPDX-License-Identifier: BSD-3-Clause */
/* print.c - a policy line by line, as a single file would have it. */
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "policy.h"

struct printer {
	int (*fn)(void *data, const struct fsdax_policy_line *line);
	void *data;
};

static int print_settings(const struct fsdax_policy *policy, const struct printer *p)
{
	const char *section = "";
	int err = 0;

	for (int i = 0; i < N_SETTINGS && !err; i++) {
		const struct setting *origin = &policy->origins[i];
		struct fsdax_policy_line line = {.section = keys[i].info.section};

		if (strcmp(section, line.section))
			err = p->fn(p->data, &line);
		section = line.section;
		line.key = keys[i].info.key;
		line.value = origin->text;
		line.file = origin->file;
		line.line = origin->line;
		if (!err)
			err = p->fn(p->data, &line);
	}
	return err;
}

static int print_rule(const struct fsdax_policy *policy, const struct rule *rule,
		      const struct printer *p)
{
	char section[256];
	struct fsdax_policy_line line = {section, NULL, NULL, rule->file, rule->line};
	int err;

	snprintf(section, sizeof(section), "rule %s", rule->name);
	err = p->fn(p->data, &line);
	for (uint32_t i = 0; i < rule->n && !err; i++) {
		const struct clause *clause = &policy->clauses[rule->first + i];

		line.key = keys[clause->key].info.key;
		line.value = clause->text;
		line.line = clause->line;
		err = p->fn(p->data, &line);
	}
	line.key = keys[RULE_DAX].info.key;
	line.value = rule->dax ? "yes" : "no";
	line.line = rule->dax_line;
	return err ? err : p->fn(p->data, &line);
}

int fsdax_policy_print(const struct fsdax_policy *policy,
		       int (*fn)(void *data, const struct fsdax_policy_line *line), void *data)
{
	const struct printer printer = {fn, data};
	int err = print_settings(policy, &printer);

	for (uint32_t i = 0; i < policy->n_rules && !err; i++)
		err = print_rule(policy, &policy->rules[i], &printer);
	return err;
}
