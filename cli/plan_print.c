/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_print.c - a plan for people: the window, the fixed groups, the curve, and the
 * policy to paste.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "count.h"
#include "message.h"
#include "output.h"
#include "plan.h"
#include "tally_print.h"

static void print_window(const struct plan *plan)
{
	char window[16], chunk[16], cost[16], chunks[COUNT_OF_MAX], usable[COUNT_MAX];

	output_print("A window of %s is %s of %s. The guest starts to reclaim when fewer\n"
		     "than a fifth is free, so plan for %s. The window's own page descriptors\n"
		     "take %s of the guest's memory, used or not.\n\n",
		     output_size(window, plan->window), count_of(chunks, plan->chunks, "chunk"),
		     output_size(chunk, plan->chunk_size), count_text(usable, plan->usable),
		     output_size(cost, plan->window_cost));
}

static void group_row(struct table *table, const struct plan *plan, size_t group)
{
	const struct count *count = &plan->fixed_tally->groups[group];

	table_row(table);
	group_cells(table, plan->tallies, group);
	count_cells(table, count);
	table_percent(table, count->chunks, plan->chunks);
	table_text(table, plan->fits[group] ? "yes" : "no");
	group_source_cell(table, plan->tallies, group);
}

static int print_groups(const struct plan *plan)
{
	struct table *table;

	if (!plan->fixed.files)
		return 0;
	output_text("Tags, and rules that ask for more than a size:\n");
	table = table_new();
	group_columns(table);
	count_columns(table);
	table_column(table, "OF-WINDOW", TABLE_RIGHT);
	table_column(table, "FITS", TABLE_LEFT);
	group_source_column(table);
	for (size_t i = 0; i < plan->tallies->n_groups; i++) {
		if (plan->fixed_tally->groups[i].files && plan_is_fixed_yes(plan, i))
			group_row(table, plan, i);
	}
	return table_print(table);
}

static void print_overflow(const struct plan *plan)
{
	char fixed[COUNT_OF_MAX];

	if (plan->fixed.files && plan->fixed.chunks > plan->usable)
		output_print("Together they take %s, more than there are to use: narrow "
			     "those that do\nnot fit, or let them say no. What follows counts on "
			     "that.\n",
			     count_of(fixed, plan->fixed.chunks, "chunk"));
	if (plan->fixed.files)
		output_text("\n");
}

static void curve_row(struct table *table, const struct plan *plan, unsigned int bucket)
{
	const struct count *count = &plan->above[bucket];
	uint64_t total = count->chunks + plan->fitting.chunks;

	table_row(table);
	table_size(table, histogram_from(bucket));
	count_cells(table, count);
	table_number(table, total);
	table_percent(table, total, plan->chunks);
	table_text(table, total <= plan->usable ? "yes" : "no");
}

static int print_curve(const struct plan *plan)
{
	struct table *table = table_new();

	output_text("All other files, from a size on, and what they take with those above:\n");
	table_column(table, "FROM", TABLE_RIGHT);
	count_columns(table);
	table_column(table, "TOGETHER", TABLE_RIGHT);
	table_column(table, "OF-WINDOW", TABLE_RIGHT);
	table_column(table, "FITS", TABLE_LEFT);
	for (unsigned int i = plan_shown_first(); i < HISTOGRAM_BUCKETS; i = plan_shown_next(plan, i))
		curve_row(table, plan, i);
	return table_print(table);
}

/* Where the snippet belongs: first, for what asks for more than a size is to override it. */
static int print_replaced(const struct plan *plan)
{
	struct fsdax_rule_info rule;
	bool any = false;

	output_text("Write this before all other rules");
	for (uint32_t i = 0; i < plan->tallies->n_rules; i++) {
		char *file;

		if (!plan->by_size[i] || fsdax_policy_rule(plan->tallies->policy, i, &rule))
			continue;
		file = message_quote(NULL, rule.file);
		if (!file)
			return -ENOMEM;
		output_print("%s rule %s (%s:%u)", any ? "," : ", in place of", rule.name, file,
			     rule.line);
		free(file);
		any = true;
	}
	output_print("%s:\n\n",
		     plan_changes_default(plan) ? ", and in place of default = yes" : "");
	return 0;
}

static void print_found(const struct plan *plan)
{
	const struct count range = plan_range(plan, plan->from, plan->end);
	char from[16], end[16], files[COUNT_OF_MAX], chunks[COUNT_OF_MAX], saved[16];

	output_print("Recommended: files of %s and more",
		     output_size(from, histogram_from(plan->from)));
	if (plan->end != PLAN_NO_END)
		output_print(", but below %s, as larger ones do not fit",
			     output_size(end, histogram_from(plan->end)));
	output_print(".\nThat is %s in %s; %s page cache would take %s.\n",
		     count_of(files, range.files, "file"), count_of(chunks, range.chunks, "chunk"),
		     range.files == 1 ? "its" : "their", output_size(saved, range.page_cache));
}

static void hot_row(struct table *table, const struct plan *plan, unsigned int percent)
{
	const unsigned int from = plan_for_hot(plan, percent);
	char part[16];

	snprintf(part, sizeof(part), "%u%%", percent);
	table_row(table);
	table_text(table, part);
	if (from == PLAN_NO_END) {
		table_text(table, "none fits");
		return;
	}
	table_size(table, histogram_from(from));
	table_number(table, plan->above[from].files + plan->fixed.files);
	table_number(table, plan->above[from].chunks + plan->fixed.chunks);
}

/* Most trees are larger than what is in use of them. */
static int print_hot(const struct plan *plan)
{
	struct table *table = table_new();

	output_text("\nThat reckons with all of them being in use at once. A window holds chunks, "
		    "and what\ncounts is the hot set: the chunks in use together. If it is this "
		    "part of all chunks\nat most, files from this size on fit:\n");
	table_column(table, "HOT-SET", TABLE_RIGHT);
	table_column(table, "FROM", TABLE_RIGHT);
	table_column(table, "DAX-FILES", TABLE_RIGHT);
	table_column(table, "CHUNKS", TABLE_RIGHT);
	for (const unsigned int *percent = plan_hot_percents; *percent; percent++)
		hot_row(table, plan, *percent);
	return table_print(table);
}

static int print_advice(const struct plan *plan)
{
	const uint64_t all = plan_window_for_all(plan);
	char window[16], from[16];
	int err;

	if (all <= plan->window)
		return 0;
	err = print_hot(plan);
	output_print("\nA window of %s would hold everything from %s on.\n",
		     output_size(window, all), output_size(from, histogram_from(plan->even)));
	return err;
}

static int print_choice(const struct plan *plan)
{
	char *snippet;
	int err;

	if (!plan->found) {
		output_text("No range of sizes fits what is left of the window.\n");
		return print_advice(plan);
	}
	snippet = plan_snippet(plan);
	if (!snippet)
		return -ENOMEM;
	print_found(plan);
	err = print_replaced(plan);
	output_text(snippet);
	free(snippet);
	return err ? err : print_advice(plan);
}

int plan_print(const struct plan *plan, const struct options *opts)
{
	int err = 0;

	if (plan->result->interrupted)
		output_text("Interrupted: this is what was seen until then.\n");
	if (!opts->quiet) {
		print_window(plan);
		err = print_groups(plan);
		print_overflow(plan);
		err = err ? err : print_curve(plan);
		output_text("\n");
	}
	return err ? err : print_choice(plan);
}
