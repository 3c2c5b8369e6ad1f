/* SPDX-License-Identifier: BSD-3-Clause */
/* compile_finish.c - the last steps in making a policy. See compile_finish.h. */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "compile_finish.h"
#include "keys.h"
#include "lint.h"

/* ---- Rules ------------------------------------------------------------------------ */

/* By key; those of one key stay in the order of their lines. */
static int by_key(const void *left, const void *right)
{
	const struct clause *a = left;
	const struct clause *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void classify(struct fsdax_policy *policy, struct rule *rule)
{
	bool excluded = false;

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct clause *clause = &policy->clauses[rule->first + i];

		if (clause->key != RULE_PATH)
			continue;
		if (clause->exclude)
			excluded = true;
		else
			rule->included = true;
	}
	rule->bare = rule->included && !excluded && rule->keys == 1u << RULE_PATH;
	for (int key = RULE_SIZE; key < N_KEYS; key++) {
		if (rule->keys & 1u << key)
			policy->needs |= keys[key].need;
	}
}

/* Replace "descriptors" by the number that it stands for. */
static void resolve_descriptors(struct fsdax_policy *policy, struct clause *clause)
{
	const struct fsdax_settings *s = &policy->settings;
	uint64_t bytes = s->chunk_size / s->page_size * s->descriptor_size;

	if (clause->range.lo == 1)
		clause->range.lo = bytes;
	else
		clause->range.hi = bytes - 1;
}

/* ---- Xattrs ------------------------------------------------------------------------ */

static int add_xattr(struct compiler *c, struct names *names, uint32_t *capacity,
		     const char *name, size_t len, uint32_t *index)
{
	struct fsdax_policy *policy = c->policy;
	char *copy = arena_strndup(&policy->arena, name, len);
	int added;

	*index = policy->n_xattrs;
	if (!copy || array_reserve(&policy->xattrs, capacity, policy->n_xattrs,
				   sizeof(*policy->xattrs)))
		return -ENOMEM;
	added = names_add(names, copy, index);
	if (added > 0)
		policy->xattrs[policy->n_xattrs++] = copy;
	return added < 0 ? added : 0;
}

static int number_xattr(struct compiler *c, struct names *names, uint32_t *capacity,
			struct clause *clause)
{
	size_t value = clause->xattr.value ? strlen(clause->text + clause->xattr.value) : 0;

	if (value > c->policy->longest_xattr)
		c->policy->longest_xattr = (uint32_t)value;
	return add_xattr(c, names, capacity, clause->text, clause->xattr.name_len,
			 &clause->xattr.index);
}

/* Number the xattrs that can be asked for, the tag's first. */
static int number_xattrs(struct compiler *c)
{
	struct fsdax_policy *policy = c->policy;
	const char *tag = policy->settings.tag_xattr;
	struct names names = {0};
	uint32_t capacity = 0;
	uint32_t index;
	int err = tag ? add_xattr(c, &names, &capacity, tag, strlen(tag), &index) : 0;

	for (uint32_t i = 0; i < policy->n_clauses && !err; i++) {
		if (policy->clauses[i].key == RULE_XATTR)
			err = number_xattr(c, &names, &capacity, &policy->clauses[i]);
	}
	names_release(&names);
	return err;
}

/* ---- The matcher ------------------------------------------------------------------ */

static int accept_rule_paths(struct compiler *c, uint32_t id)
{
	const struct rule *rule = &c->policy->rules[id];
	int err = 0;

	for (uint32_t i = 0; i < rule->n; i++) {
		const struct clause *clause = &c->policy->clauses[rule->first + i];

		if (clause->key != RULE_PATH || clause->exclude)
			continue;
		for (uint32_t k = 0; k < clause->path.n && !err; k++)
			err = builder_accept(&c->builder, c->policy->spots[clause->path.first + k],
					     accept_make(id, rule->bare));
	}
	return err;
}

static int collect_pathless(struct fsdax_policy *policy)
{
	uint32_t capacity = 0;

	for (uint32_t i = policy->n_rules; i-- > 0;) {
		if (policy->rules[i].included)
			continue;
		if (array_reserve(&policy->pathless, &capacity, policy->n_pathless,
				  sizeof(*policy->pathless)))
			return -ENOMEM;
		policy->pathless[policy->n_pathless++] = i;
	}
	return 0;
}

static int collect_verdicts(struct fsdax_policy *policy)
{
	policy->yes = calloc(policy->n_rules / 64 + 1, sizeof(*policy->yes));
	if (!policy->yes)
		return -ENOMEM;
	for (uint32_t i = 0; i < policy->n_rules; i++)
		policy->yes[i / 64] |= (uint64_t)policy->rules[i].dax << i % 64;
	return 0;
}

static int finish_rules(struct compiler *c)
{
	struct fsdax_policy *policy = c->policy;
	int err = 0;

	for (uint32_t i = 0; i < policy->n_rules && !err; i++) {
		struct rule *rule = &policy->rules[i];

		if (rule->n > 1)
			qsort(policy->clauses + rule->first, rule->n, sizeof(struct clause), by_key);
		classify(policy, rule);
		err = accept_rule_paths(c, i);
	}
	for (uint32_t i = 0; i < policy->n_clauses; i++) {
		if (policy->clauses[i].descriptors)
			resolve_descriptors(policy, &policy->clauses[i]);
	}
	if (policy->settings.tag_xattr)
		policy->needs |= FSDAX_NEED_XATTR;
	if (policy->settings.inode_flag)
		policy->needs |= FSDAX_NEED_FLAG;
	return err;
}

/* Give back the room at the end of an array. */
static void trim(void *items, uint32_t n, size_t element)
{
	void **array = items;
	void *smaller = n ? reallocarray(*array, n, element) : NULL;

	if (smaller)
		*array = smaller;
}

int compile_finish(struct compiler *c)
{
	struct fsdax_policy *policy = c->policy;
	int err = number_xattrs(c);

	if (!err)
		err = finish_rules(c);
	if (!err)
		err = collect_pathless(policy);
	if (!err)
		err = collect_verdicts(policy);
	if (!err)
		err = lint_rules(policy, c->report, c->unanchored);
	if (!err)
		err = builder_finish(&c->builder, &policy->matcher);
	if (err)
		return err;
	trim(&policy->rules, policy->n_rules, sizeof(*policy->rules));
	trim(&policy->clauses, policy->n_clauses, sizeof(*policy->clauses));
	trim(&policy->spots, policy->n_spots, sizeof(*policy->spots));
	return 0;
}
