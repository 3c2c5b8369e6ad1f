/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_rest.c - see plan_rest.h.
 */
#include "plan_rest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * It is asked only about files that a rule decides, so it need not read tags again. The default
 * is what plan_rest_decide() promises.
 */
static const char settings[] = "[policy]\ndefault = yes\n[tag]\nxattr = none\ninode-flag = no\n";

/* A pass over the policy's lines. */
struct pass {
	struct plan_rest *rest;
	uint32_t met; /* rules, that of the current line included */
	FILE *text;   /* of the rest */
	uint32_t kept;
};

/* The lines of a rule follow its section line, which has no key, and the rules come in order. */
static bool is_of_rule(struct pass *pass, const struct fsdax_policy_line *line)
{
	if (strncmp(line->section, "rule ", 5))
		return false;
	if (!line->key)
		pass->met++;
	return true;
}

static int mark_line(void *data, const struct fsdax_policy_line *line)
{
	struct pass *pass = data;

	if (is_of_rule(pass, line) && line->key && strcmp(line->key, "size") &&
	    strcmp(line->key, "dax"))
		pass->rest->by_size[pass->met - 1] = false;
	return 0;
}

static int mark_rules(struct plan_rest *rest, const struct fsdax_policy *policy)
{
	struct pass pass = {.rest = rest};

	memset(rest->by_size, true, rest->n_rules * sizeof(*rest->by_size));
	return fsdax_policy_print(policy, mark_line, &pass);
}

/* Whether a rule that stays comes before one that goes. */
static bool can_come_back(const struct plan_rest *rest)
{
	bool stays = false;

	for (uint32_t i = 0; i < rest->n_rules; i++) {
		if (rest->by_size[i] && stays)
			return true;
		stays = stays || !rest->by_size[i];
	}
	return false;
}

static int write_line(void *data, const struct fsdax_policy_line *line)
{
	struct pass *pass = data;

	if (is_of_rule(pass, line)) {
		if (pass->rest->by_size[pass->met - 1])
			return 0;
		if (!line->key)
			pass->rest->origin[pass->kept++] = pass->met - 1;
	} else if (strcmp(line->section, "window")) {
		return 0;
	}
	if (line->key)
		fprintf(pass->text, "%s = %s\n", line->key, line->value);
	else
		fprintf(pass->text, "[%s]\n", line->section);
	return 0;
}

static int write_rest(struct plan_rest *rest, const struct fsdax_policy *policy, char **text,
		      size_t *size)
{
	struct pass pass = {.rest = rest, .text = open_memstream(text, size)};
	int err;

	if (!pass.text)
		return -ENOMEM;
	fputs(settings, pass.text);
	err = fsdax_policy_print(policy, write_line, &pass);
	if (ferror(pass.text))
		err = -ENOMEM;
	return fclose(pass.text) ? -ENOMEM : err;
}

int plan_rest_init(struct plan_rest *rest, const struct fsdax_policy *policy)
{
	char *text = NULL;
	size_t size;
	int err;

	*rest = (struct plan_rest){.n_rules = fsdax_policy_rules(policy)};
	rest->by_size = calloc(rest->n_rules + 1, sizeof(*rest->by_size));
	rest->origin = calloc(rest->n_rules + 1, sizeof(*rest->origin));
	if (!rest->by_size || !rest->origin)
		return -ENOMEM;
	err = mark_rules(rest, policy);
	if (err || !can_come_back(rest))
		return err;
	err = write_rest(rest, policy, &text, &size);
	if (!err)
		err = fsdax_policy_parse("", text, size, &rest->policy, NULL);
	free(text);
	return err;
}

void plan_rest_free(struct plan_rest *rest)
{
	fsdax_policy_unref(rest->policy);
	free(rest->by_size);
	free(rest->origin);
}

int plan_rest_decide(const struct plan_rest *rest, const struct walk_entry *entry,
		     struct fsdax_facts *facts, struct fsdax_decision *decision)
{
	const bool by_rule = decision->reason == FSDAX_REASON_RULE;
	int err;

	if (decision->reason != FSDAX_REASON_DEFAULT && !(by_rule && rest->by_size[decision->rule]))
		return 0;
	if (by_rule && rest->policy) {
		err = fsdax_decide_at(entry->other, entry->dirfd, entry->name, facts,
				      FSDAX_DECIDE_EXACT, decision);
		if (!err && decision->reason == FSDAX_REASON_RULE)
			decision->rule = rest->origin[decision->rule];
		return err;
	}
	*decision = (struct fsdax_decision){
		.dax = true,
		.reason = FSDAX_REASON_DEFAULT,
		.rule = FSDAX_NO_RULE,
	};
	return 0;
}
