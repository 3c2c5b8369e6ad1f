/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_print.c - see tally_print.h.
 */
#include "tally_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

void count_columns(struct table *table)
{
	table_column(table, "FILES", TABLE_RIGHT);
	table_column(table, "BYTES", TABLE_RIGHT);
	table_column(table, "CHUNKS", TABLE_RIGHT);
	table_column(table, "DESCRIPTORS", TABLE_RIGHT);
	table_column(table, "PAGE-CACHE", TABLE_RIGHT);
}

void count_cells(struct table *table, const struct count *count)
{
	table_number(table, count->files);
	table_size(table, count->bytes);
	table_number(table, count->chunks);
	table_size(table, count->descriptors);
	table_size(table, count->page_cache);
}

void group_columns(struct table *table)
{
	table_column(table, "DECIDED-BY", TABLE_LEFT);
	table_column(table, "DAX", TABLE_LEFT);
}

void group_cells(struct table *table, const struct tallies *tallies, size_t group)
{
	const struct fsdax_decision decision = tally_decision(tallies, group);
	struct fsdax_rule_info rule;
	char reason[32];

	if (!fsdax_policy_rule(tallies->policy, decision.rule, &rule)) {
		table_text(table, rule.name);
	} else {
		snprintf(reason, sizeof(reason), "(%s)", fsdax_reason_name(decision.reason));
		table_text(table, reason);
	}
	table_text(table, decision.dax ? "yes" : "no");
}

void group_source_column(struct table *table)
{
	table_column(table, "WRITTEN-IN", TABLE_LEFT);
}

void group_source_cell(struct table *table, const struct tallies *tallies, size_t group)
{
	const struct fsdax_decision decision = tally_decision(tallies, group);
	struct fsdax_rule_info rule;
	char *file, *place = NULL;

	if (fsdax_policy_rule(tallies->policy, decision.rule, &rule)) {
		table_text(table, "");
		return;
	}
	file = message_quote(NULL, rule.file);
	if (file && asprintf(&place, "%s:%u", file, rule.line) < 0)
		place = NULL;
	table_text(table, place);
	free(place);
	free(file);
}

/* Whether a character of a path would mean something else in a pattern; last: the one before. */
static bool is_special(char c, char last)
{
	if (c == ';' || c == '#')
		return last == ' ' || last == '\t';
	return strchr("*?[]{}\\", c);
}

/* A pattern that this path matches, and no other. */
static char *literal(const char *path)
{
	char *text = malloc(2 * strlen(path) + 1), *to = text;
	char last = '/';

	if (!text)
		return NULL;
	for (; *path; last = *path++) {
		if (is_special(*path, last))
			*to++ = '\\';
		*to++ = *path;
	}
	*to = '\0';
	return text;
}

char *tree_pattern(const struct tree *tree)
{
	char *path = literal(tree->path), *pattern, *quoted;
	int len = -1;

	if (path)
		len = asprintf(&pattern, "%s%s/%s", *path ? "/" : "", path,
			       tree->deep ? "**" : "*");
	free(path);
	if (len < 0)
		return NULL;
	quoted = message_quote(NULL, pattern);
	free(pattern);
	return quoted;
}
