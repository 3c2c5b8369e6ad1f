/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diff_print.c - the files that change, as lines or JSON, and the sums.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "tally_json.h"
#include "tally_print.h"

static const char *const kinds[DIFF_KINDS] = {
	[DIFF_NO_TO_YES] = "no->yes",
	[DIFF_YES_TO_NO] = "yes->no",
	[DIFF_STILL_YES] = "still yes",
	[DIFF_STILL_NO] = "still no",
};

static const char *const members[DIFF_KINDS] = {
	[DIFF_NO_TO_YES] = "no_to_yes",
	[DIFF_YES_TO_NO] = "yes_to_no",
	[DIFF_STILL_YES] = "still_yes",
	[DIFF_STILL_NO] = "still_no",
};

enum diff_kind diff_kind(const struct fsdax_decision decisions[2])
{
	if (decisions[0].dax != decisions[1].dax)
		return decisions[1].dax ? DIFF_NO_TO_YES : DIFF_YES_TO_NO;
	return decisions[0].dax ? DIFF_STILL_YES : DIFF_STILL_NO;
}

static int print_text(const struct diff *diff, const char *path,
		      const struct fsdax_decision decisions[2])
{
	char *shown = diff->opts->nul ? strdup(path) : message_quote(NULL, path);
	char *old = output_source(diff->policies[0], &decisions[0]);
	char *new = output_source(diff->policies[1], &decisions[1]);
	int err = shown && old && new ? 0 : -ENOMEM;

	if (!err)
		output_line("%s\t%s\t%s\t%s", kinds[diff_kind(decisions)], old, new, shown);
	free(shown);
	free(old);
	free(new);
	return err;
}

static struct json_object *decision_object(const struct fsdax_policy *policy,
					   const struct fsdax_decision *decision)
{
	struct json_object *object = json_object_new_object();

	return json_finish(object, json_put_decision(object, policy, decision));
}

static int print_json(const struct diff *diff, const char *path, uint64_t size,
		      const struct fsdax_decision decisions[2])
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_path(object, "path", path);
	err |= json_put_number(object, "size", size);
	err |= json_put(object, "old", decision_object(diff->policies[0], &decisions[0]));
	err |= json_put(object, "new", decision_object(diff->policies[1], &decisions[1]));
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

int diff_print_file(const struct diff *diff, const char *path, uint64_t size,
		    const struct fsdax_decision decisions[2])
{
	if (diff->opts->json)
		return print_json(diff, path, size, decisions);
	return print_text(diff, path, decisions);
}

static struct json_object *count_object(const struct count *count)
{
	struct json_object *object = json_object_new_object();

	return json_finish(object, count_json(object, count));
}

static int print_sum_json(const struct count counts[DIFF_KINDS], const struct walk_result *result)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	for (int i = 0; i < DIFF_KINDS; i++)
		err |= json_put(object, members[i], count_object(&counts[i]));
	err |= json_put_number(object, "failed", result->failed);
	err |= json_put_number(object, "vanished", result->vanished);
	err |= json_put_bool(object, "interrupted", result->interrupted);
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

static int print_sum(const struct count counts[DIFF_KINDS], bool behind_files)
{
	struct table *table = table_new();

	if (behind_files)
		output_text("\n");
	table_column(table, "CHANGE", TABLE_LEFT);
	count_columns(table);
	for (int i = 0; i < DIFF_KINDS; i++) {
		table_row(table);
		table_text(table, kinds[i]);
		count_cells(table, &counts[i]);
	}
	return table_print(table);
}

int diff_print_sum(const struct diff *diff, const struct count counts[DIFF_KINDS],
		   const struct walk_result *result)
{
	const bool changes = counts[DIFF_NO_TO_YES].files || counts[DIFF_YES_TO_NO].files;

	if (diff->opts->json)
		return print_sum_json(counts, result);
	if (result->interrupted)
		output_text("Interrupted: this is what was seen until then.\n");
	return print_sum(counts, changes && !diff->opts->quiet);
}
