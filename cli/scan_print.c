/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_print.c - the sums of a scan as tables; scan_json.c has them as JSON.
 */
#include <stdio.h>
#include <stdlib.h>

#include "count.h"
#include "output.h"
#include "scan.h"
#include "tally_print.h"

/* "; hard-linked: 3", where there are any. */
static void print_rest(char *dst, size_t size, const char *what, uint64_t n)
{
	char number[COUNT_MAX];

	*dst = '\0';
	if (n)
		snprintf(dst, size, "; %s: %s", what, count_text(number, n));
}

static void print_head(const struct scan_sum *sum)
{
	char files[COUNT_OF_MAX], folders[COUNT_OF_MAX], bytes[16], linked[80], others[80];
	struct count all = tally_verdict(sum->tally, false);
	const struct count yes = tally_verdict(sum->tally, true);

	count_add(&all, &yes);
	print_rest(linked, sizeof(linked), "hard-linked", sum->linked);
	print_rest(others, sizeof(others), "links, pipes and devices", sum->tally->others);
	if (sum->result->interrupted)
		output_text("Interrupted: this is what was seen until then.\n");
	output_print("%s in %s, %s%s%s\n\n", count_of(files, all.files, "file"),
		     count_of(folders, sum->result->folders, "folder"),
		     output_size(bytes, all.bytes), linked, others);
}

static void verdict_row(struct table *table, const char *name, const struct count *count)
{
	table_row(table);
	table_text(table, name);
	count_cells(table, count);
}

static int print_verdicts(const struct count *yes, const struct count *no)
{
	struct table *table = table_new();
	struct count all = *yes;

	count_add(&all, no);
	table_column(table, "DAX", TABLE_LEFT);
	count_columns(table);
	verdict_row(table, "yes", yes);
	verdict_row(table, "no", no);
	verdict_row(table, "all", &all);
	return table_print(table);
}

/* Rules that decided nothing are shown only with -v. Returns how many were left out. */
static size_t group_rows(struct table *table, const struct scan_sum *sum, bool all)
{
	const struct tallies *tallies = sum->tallies;
	size_t idle = 0;

	for (size_t group = 0; group < tallies->n_groups; group++) {
		const struct count *count = &sum->tally->groups[group];
		bool rule = group < tallies->n_rules;

		if (!count->files && (!rule || !all)) {
			idle += rule;
			continue;
		}
		table_row(table);
		group_cells(table, tallies, group);
		count_cells(table, count);
		group_source_cell(table, tallies, group);
	}
	return idle;
}

static int print_groups(const struct scan_sum *sum, bool all)
{
	struct table *table = table_new();
	char number[COUNT_OF_MAX];
	size_t idle;
	int err;

	group_columns(table);
	count_columns(table);
	group_source_column(table);
	idle = group_rows(table, sum, all);
	err = table_print(table);
	if (!err && idle)
		output_print("%s decided nothing here (-v lists %s)\n",
			     count_of(number, idle, "rule"), idle == 1 ? "it" : "them");
	return err;
}

static int print_sizes(const struct scan_sum *sum)
{
	struct table *table = table_new();
	char name[40];

	table_column(table, "SIZE", TABLE_LEFT);
	table_column(table, "DAX-FILES", TABLE_RIGHT);
	count_columns(table);
	for (unsigned int i = 0; i < SIZECLASS_COUNT; i++) {
		const struct count yes = tally_class(sum->tally, true, i);
		struct count all = tally_class(sum->tally, false, i);

		count_add(&all, &yes);
		if (!all.files)
			continue;
		table_row(table);
		table_text(table, sizeclass_name(name, i));
		table_number(table, yes.files);
		count_cells(table, &all);
	}
	return table_print(table);
}

static void tree_row(struct table *table, const struct tree *tree)
{
	char *pattern = tree_pattern(tree);
	struct count all = tree->of[0];

	count_add(&all, &tree->of[1]);
	table_row(table);
	table_text(table, pattern);
	table_number(table, tree->of[1].chunks);
	table_number(table, tree->of[1].files);
	table_number(table, all.files);
	table_size(table, all.bytes);
	free(pattern);
}

/* Where most of the window would go. */
static int print_trees(const struct tally *tally)
{
	struct table *table = table_new();
	const struct tree **list;
	char more[COUNT_OF_MAX];
	size_t n;
	int err = trees_list(&tally->trees, &list, &n);

	if (err) {
		table_free(table);
		return err;
	}
	table_column(table, "TREE", TABLE_LEFT);
	table_column(table, "DAX-CHUNKS", TABLE_RIGHT);
	table_column(table, "DAX-FILES", TABLE_RIGHT);
	table_column(table, "FILES", TABLE_RIGHT);
	table_column(table, "BYTES", TABLE_RIGHT);
	for (size_t i = 0; i < n && i < TREES_SHOWN; i++)
		tree_row(table, list[i]);
	free(list);
	err = table_print(table);
	if (!err && n > TREES_SHOWN)
		output_print("and %s more (--json lists all)\n",
			     count_of(more, n - TREES_SHOWN, "tree"));
	return err;
}

/* One way to mount the tree, what it costs, and what the policy saves against it. */
static void memory_row(struct table *table, const char *name, uint64_t chunks, uint64_t cost,
		       uint64_t policy)
{
	char size[16], saved[32] = "";

	if (cost != policy)
		snprintf(saved, sizeof(saved), "%s%s", cost > policy ? "" : "-",
			 output_size(size, cost > policy ? cost - policy : policy - cost));
	table_row(table);
	table_text(table, name);
	table_number(table, chunks);
	table_size(table, cost);
	table_text(table, saved);
}

static int print_memory(const struct count *yes, const struct count *no)
{
	const uint64_t policy = yes->descriptors + no->page_cache;
	struct table *table = table_new();

	table_column(table, "WHEN-ALL-IS-IN-USE", TABLE_LEFT);
	table_column(table, "CHUNKS", TABLE_RIGHT);
	table_column(table, "GUEST-MEMORY", TABLE_RIGHT);
	table_column(table, "POLICY-SAVES", TABLE_RIGHT);
	memory_row(table, "this policy", yes->chunks, policy, policy);
	memory_row(table, "DAX for every file", yes->chunks + no->chunks,
		   yes->descriptors + no->descriptors, policy);
	memory_row(table, "DAX for no file", 0, yes->page_cache + no->page_cache, policy);
	return table_print(table);
}

int scan_print(const struct scan_sum *sum, const struct options *opts)
{
	const struct count yes = tally_verdict(sum->tally, true);
	const struct count no = tally_verdict(sum->tally, false);
	int err;

	if (opts->verbose)
		output_text("\n");
	print_head(sum);
	err = print_verdicts(&yes, &no);
	if (!opts->quiet) {
		output_text("\n");
		err = err ? err : print_groups(sum, opts->verbose);
		output_text("\n");
		err = err ? err : print_sizes(sum);
		output_text("\n");
		err = err ? err : print_trees(sum->tally);
	}
	output_text("\n");
	return err ? err : print_memory(&yes, &no);
}
