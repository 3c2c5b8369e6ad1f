/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.c - makes rules of the lines of a policy file. See compile.h. */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "compile.h"
#include "compile_finish.h"
#include "keys.h"

enum { LONGEST_NAME = 200, TOO_MANY_MISTAKES = 10000 };

static void report_part(struct compiler *c, enum fsdax_severity severity,
			const struct ini_item *item, struct ini_text part, const char *hint,
			const char *message)
{
	struct span span = ini_span(item, part);

	report_add(c->report, severity, &span, hint, "%s", message);
}

static void report_mistake(struct compiler *c, const struct ini_item *item,
			   const struct mistake *mistake, size_t skipped)
{
	struct ini_text part = {item->value.text + skipped + mistake->at, mistake->len};

	report_part(c, FSDAX_ERROR, item, part, *mistake->hint ? mistake->hint : NULL,
		    mistake->message);
}

/* "first here", for what stands twice. */
static void report_first(struct compiler *c, const char *file, uint32_t line, const char *what)
{
	struct span span = {.file = file, .line = line};

	report_add(c->report, FSDAX_NOTE, &span, NULL, "%s", what);
}

/* ---- Sections ------------------------------------------------------------------ */

/* A rule is over: it must have said yes or no. */
static void end_rule(struct compiler *c)
{
	struct rule *rule;

	if (!c->section || strcmp(c->section, "rule"))
		return;
	rule = &c->policy->rules[c->policy->n_rules - 1];
	rule->n = c->policy->n_clauses - rule->first;
	if (!c->seen[RULE_DAX])
		report_part(c, FSDAX_ERROR, &c->header, c->header.key,
			    "add dax = yes or dax = no to it", "this rule says neither yes nor no");
}

static int add_rule(struct compiler *c, const struct ini_item *item, struct ini_text name)
{
	struct fsdax_policy *policy = c->policy;
	uint32_t number = policy->n_rules;
	struct rule *rule;
	int added = array_reserve(&policy->rules, &c->rules_capacity, policy->n_rules,
				  sizeof(*policy->rules));

	if (added)
		return added;
	rule = &policy->rules[policy->n_rules];
	*rule = (struct rule){.file = c->file, .line = item->line, .first = policy->n_clauses};
	rule->name = arena_strndup(&policy->arena, name.text, name.len);
	if (!rule->name)
		return -ENOMEM;
	policy->n_rules++;
	added = names_add(&c->names, rule->name, &number);
	if (added < 0)
		return added;
	if (!added) {
		report_part(c, FSDAX_ERROR, item, name, "give each rule a name of its own",
			    "there is a rule of this name already");
		report_first(c, policy->rules[number].file, policy->rules[number].line,
			     "it is here");
	}
	c->section = "rule";
	c->header = *item;
	return 0;
}

/* "rule NAME". Returns 1 if the section is no rule. */
static int begin_rule(struct compiler *c, const struct ini_item *item)
{
	struct ini_text key = item->key;
	struct ini_text name;

	if (key.len < 4 || memcmp(key.text, "rule", 4) ||
	    (key.len > 4 && key.text[4] != ' ' && key.text[4] != '\t'))
		return 1;
	name = (struct ini_text){key.text + 4, key.len - 4};
	while (name.len && (*name.text == ' ' || *name.text == '\t')) {
		name.text++;
		name.len--;
	}
	if (!name.len) {
		report_part(c, FSDAX_ERROR, item, key, "write it as in [rule databases]",
			    "this rule has no name");
		return 0;
	}
	if (name.len > LONGEST_NAME) {
		report_part(c, FSDAX_ERROR, item, name, "give the rule a shorter name",
			    "the name of a rule has at most 200 bytes");
		return 0;
	}
	return add_rule(c, item, name);
}

static int begin_section(struct compiler *c, const struct ini_item *item)
{
	static const char *const sections[] = {"policy", "tag", "window"};
	int err;

	end_rule(c);
	memset(c->seen, 0, sizeof(c->seen));
	c->section = NULL;
	if (!item->key.text)
		return 0;
	err = begin_rule(c, item);
	if (err <= 0)
		return err;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		if (strlen(sections[i]) == item->key.len &&
		    !memcmp(sections[i], item->key.text, item->key.len))
			c->section = sections[i];
	}
	if (!c->section)
		report_part(c, FSDAX_ERROR, item, item->key,
			    "sections are [policy], [tag], [window] and [rule NAME]",
			    "there is no such section");
	return 0;
}

/* ---- Settings ------------------------------------------------------------------ */

static int add_setting(struct compiler *c, const struct ini_item *item, int id)
{
	struct fsdax_policy *policy = c->policy;
	char *text = arena_strndup(&policy->arena, item->value.text, item->value.len);
	struct mistake mistake;
	int err;

	if (!text)
		return -ENOMEM;
	if (c->settings_seen[id]) {
		report_part(c, FSDAX_ERROR, item, item->key, "remove one of the two",
			    "this file has this setting already");
		report_first(c, c->file, c->settings_seen[id], "it is here");
		return 0;
	}
	c->settings_seen[id] = item->line;
	err = keys[id].set(&policy->settings, text, item->value.len, &mistake);
	if (err == -ENOMEM)
		return err;
	if (err)
		report_mistake(c, item, &mistake, 0);
	policy->origins[id] = (struct setting){c->file, item->line, text};
	return 0;
}

/* ---- Conditions ------------------------------------------------------------------ */

static int add_dax(struct compiler *c, const struct ini_item *item)
{
	struct rule *rule = &c->policy->rules[c->policy->n_rules - 1];
	struct mistake mistake;

	if (c->seen[RULE_DAX]) {
		report_part(c, FSDAX_ERROR, item, item->key, "remove one of the two",
			    "this rule says yes or no already");
		report_first(c, c->file, c->seen[RULE_DAX], "it is here");
		return 0;
	}
	c->seen[RULE_DAX] = item->line;
	rule->dax_line = item->line;
	if (value_bool(item->value.text, item->value.len, &rule->dax, &mistake))
		report_mistake(c, item, &mistake, 0);
	return 0;
}

/* One alternative of a pattern. */
static int add_spot(void *data, const struct component *components, size_t n)
{
	struct compiler *c = data;
	struct fsdax_policy *policy = c->policy;
	int err = array_reserve(&policy->spots, &c->spots_capacity, policy->n_spots,
				sizeof(*policy->spots));

	if (err)
		return err;
	err = builder_add(&c->builder, components, n, &policy->spots[policy->n_spots]);
	if (err)
		return err;
	c->unanchored += builder_unanchored(&c->builder, policy->spots[policy->n_spots]);
	policy->n_spots++;
	return 0;
}

static int parse_path(struct compiler *c, const struct ini_item *item, struct clause *clause)
{
	const char *text = clause->text;
	struct mistake mistake;
	size_t skipped = 0;
	int err;

	if (*text == '!') {
		clause->exclude = true;
		skipped = 1 + strspn(text + 1, " \t");
	}
	clause->path.first = c->policy->n_spots;
	err = pattern_parse(&c->policy->arena, text + skipped, strlen(text + skipped), add_spot, c,
			    &mistake);
	if (err == -EINVAL)
		report_mistake(c, item, &mistake, skipped);
	clause->path.n = c->policy->n_spots - clause->path.first;
	return err == -EINVAL ? 0 : err;
}

static int parse_condition(struct compiler *c, const struct ini_item *item, struct clause *clause)
{
	struct mistake mistake;
	int err;

	if (clause->key == RULE_PATH)
		return parse_path(c, item, clause);
	err = keys[clause->key].parse(clause, &mistake);
	if (err == -EINVAL || err == -ERANGE) {
		report_mistake(c, item, &mistake, 0);
		return 0;
	}
	return err;
}

/* What probably is not meant: quotes around a value, and a comment that is none. */
static void warn_value(struct compiler *c, const struct ini_item *item, int id)
{
	struct ini_text value = item->value;
	const char *sign = memmem(value.text, value.len, " #", 2);

	if (sign && (id == RULE_PATH || id == RULE_XATTR))
		report_part(c, FSDAX_WARNING, item,
			    (struct ini_text){sign + 1, value.len - (size_t)(sign + 1 - value.text)},
			    id == RULE_PATH ? "start it with ' ;', or write \\# for a literal sign" :
					      "start it with ' ;' if it is a comment",
			    "behind a value, '#' starts no comment: this is part of the value");
	if (value.len > 1 && (*value.text == '"' || *value.text == '\'') &&
	    value.text[value.len - 1] == *value.text)
		report_part(c, FSDAX_WARNING, item, value,
			    "values need no quotes, blanks inside them are kept",
			    "the quotes are part of the value");
}

static int add_condition(struct compiler *c, const struct ini_item *item, int id)
{
	struct fsdax_policy *policy = c->policy;
	struct rule *rule = &policy->rules[policy->n_rules - 1];
	struct clause clause = {.key = (uint8_t)id, .line = item->line};
	int err = array_reserve(&policy->clauses, &c->clauses_capacity, policy->n_clauses,
				sizeof(*policy->clauses));

	if (err)
		return err;
	clause.text = arena_strndup(&policy->arena, item->value.text, item->value.len);
	if (!clause.text)
		return -ENOMEM;
	warn_value(c, item, id);
	err = parse_condition(c, item, &clause);
	if (err)
		return err;
	policy->clauses[policy->n_clauses++] = clause;
	rule->keys |= (uint16_t)(1u << id);
	return 0;
}

static void refuse_key(struct compiler *c, const struct ini_item *item)
{
	const char *word = key_suggest(c->section, item->key.text, item->key.len);
	char hint[128] = "";
	struct span span = ini_span(item, item->key);
	size_t n = 0;

	if (word)
		snprintf(hint, sizeof(hint), "did you mean %s?", word);
	for (int i = 0; i < N_KEYS && !word; i++) {
		if (!strcmp(keys[i].info.section, c->section))
			n += (size_t)snprintf(hint + n, sizeof(hint) - n, "%s%s",
					      n ? ", " : "keys here: ", keys[i].info.key);
	}
	report_add(c->report, FSDAX_ERROR, &span, hint, "[%s] has no key '%.*s'", c->section,
		   (int)(item->key.len < 60 ? item->key.len : 60), item->key.text);
}

static int add_pair(struct compiler *c, const struct ini_item *item)
{
	int id;

	if (!c->section)
		return 0; /* the section was refused already */
	if (!key_find(c->section, item->key.text, item->key.len, &id)) {
		refuse_key(c, item);
		return 0;
	}
	if (id < N_SETTINGS)
		return add_setting(c, item, id);
	return id == RULE_DAX ? add_dax(c, item) : add_condition(c, item, id);
}

static int add_item(void *data, const struct ini_item *item)
{
	struct compiler *c = data;

	return item->value.text ? add_pair(c, item) : begin_section(c, item);
}

/* ---- Files ----------------------------------------------------------------------- */

static int set_presets(struct fsdax_policy *policy)
{
	struct mistake mistake;

	for (int i = 0; i < N_SETTINGS; i++) {
		const char *text = keys[i].info.preset;

		if (keys[i].set(&policy->settings, text, strlen(text), &mistake))
			return -EINVAL;
		policy->origins[i] = (struct setting){.text = text};
	}
	return 0;
}

int compiler_init(struct compiler *c, struct fsdax_report *report)
{
	c->report = report;
	c->policy = calloc(1, sizeof(*c->policy));
	if (!c->policy)
		return -ENOMEM;
	atomic_init(&c->policy->refs, 1);
	if (set_presets(c->policy))
		return -EINVAL;
	return builder_init(&c->builder);
}

static void add_mistake(void *data, const struct span *span, const char *hint, const char *message)
{
	struct compiler *c = data;

	report_add(c->report, FSDAX_ERROR, span, hint, "%s", message);
}

static bool has_enough(void *data)
{
	const struct compiler *c = data;

	return fsdax_report_errors(c->report) >= TOO_MANY_MISTAKES;
}

int compiler_add(struct compiler *c, const char *file, const char *text, size_t size)
{
	const struct ini_sink sink = {add_item, add_mistake, has_enough, c, "[rule NAME]"};
	int err;

	c->file = arena_strdup(&c->policy->arena, file);
	if (!c->file)
		return -ENOMEM;
	c->section = NULL;
	memset(c->settings_seen, 0, sizeof(c->settings_seen));
	err = ini_read(c->file, text, size, &sink);
	if (!err && report_failed(c->report))
		err = -ENOMEM;
	if (!err)
		end_rule(c);
	c->section = NULL;
	return err;
}

int compiler_finish(struct compiler *c, struct fsdax_policy **policy)
{
	int err = 0;

	if (!fsdax_report_errors(c->report))
		err = compile_finish(c);
	if (!err && report_failed(c->report))
		err = -ENOMEM;
	if (!err && fsdax_report_errors(c->report))
		err = -EBADMSG;
	if (err)
		return err;
	*policy = c->policy;
	c->policy = NULL;
	return 0;
}

void compiler_release(struct compiler *c)
{
	fsdax_policy_unref(c->policy);
	builder_release(&c->builder);
	names_release(&c->names);
	*c = (struct compiler){0};
}
