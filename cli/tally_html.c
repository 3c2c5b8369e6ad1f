/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_html.c - see tally_html.h.
 */
#include "tally_html.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "count.h"
#include "html_chart.h"
#include "output.h"
#include "tally_print.h"

void html_about(struct html *html, const char *command, const char *root, const struct trees *trees)
{
	output_print("<p class=\"about\">fsdax-ctl %s &middot; share <code>", command);
	html_name(html, root);
	output_text("</code>");
	if (trees->common && *trees->common) {
		output_text(" &middot; all files are in <code>/");
		html_name(html, trees->common);
		output_text("</code> of it");
	}
	output_text("</p>\n");
}

void html_group_cells(struct html *html, const struct tallies *tallies, const struct tally *tally,
		      size_t group, const char *key)
{
	const struct fsdax_decision decision = tally_decision(tallies, group);
	struct fsdax_rule_info rule;

	output_text("<th scope=\"row\" class=\"path\">");
	if (!fsdax_policy_rule(tallies->policy, decision.rule, &rule))
		html_name(html, rule.name);
	else
		output_print("(%s)", fsdax_reason_name(decision.reason));
	output_print("</th><td><span class=\"yes-no %s\">%s</span></td>",
		     decision.dax ? "yes" : "no", decision.dax ? "yes" : "no");
	html_count_cells(html, &tally->groups[group], key);
}

void html_group_source(struct html *html, const struct tallies *tallies, size_t group)
{
	const struct fsdax_decision decision = tally_decision(tallies, group);
	struct fsdax_rule_info rule;

	output_text("<td class=\"path\">");
	if (!fsdax_policy_rule(tallies->policy, decision.rule, &rule)) {
		html_name(html, rule.file);
		output_print(":%u", rule.line);
	}
	output_text("</td>");
}

void html_sizes(struct html *html, const struct tallies *tallies, const struct tally *tally)
{
	const uint64_t even = tally_break_even(tallies->policy);
	const uint64_t files = tally_verdict(tally, true).files + tally_verdict(tally, false).files;
	const uint64_t small =
		tally_sizes(tally, true, 0, even).files + tally_sizes(tally, false, 0, even).files;
	char label[64], size[16];
	const struct chart_mark mark = {even, label, false, "even"};

	snprintf(label, sizeof(label), "%s: a chunk pays", output_size(size, even));
	output_text("<section>\n<h2>Files by size</h2>\n<p>");
	html_count(html, small, "file", "histogram:0:%llu:all.files", (unsigned long long)even);
	output_print(" of ");
	html_number(html, files, "histogram:0:%llu:all.files", (unsigned long long)UINT64_MAX);
	output_text(small == 1 ? " is" : " are");
	output_text(" smaller than ");
	html_size(html, even, "break_even");
	output_text(", what the page descriptors of one chunk cost in the guest: such a file costs "
		    "more with DAX than in the page cache.</p>\n");
	chart_sizes(html, tally, &mark, 1);
	output_text("</section>\n");
}

/* ---- Trees --------------------------------------------------------------------------- */

static void tree_cells(struct html *html, const struct count of[2], const char *key, uint64_t most)
{
	output_print("<td class=\"wide\">");
	if (most) /* 0: not to be compared */
		html_bar(html, "plain", of[1].chunks, most);
	output_text("</td><td class=\"n\">");
	html_window(html, of[1].chunks, "%s:yes.chunks", key);
	output_text("</td><td class=\"n\">");
	html_number(html, of[1].files, "%s:yes.files", key);
	output_text("</td><td class=\"n\">");
	html_number(html, of[0].files, "%s:no.files", key);
	output_text("</td><td class=\"n\">");
	html_size(html, of[0].bytes + of[1].bytes, "%s:all.bytes", key);
	output_text("</td></tr>\n");
}

static void tree_row(struct html *html, const struct tree *tree, size_t i, uint64_t most)
{
	char *pattern = tree_pattern(tree);
	char key[32];

	if (!pattern) {
		html->err = -ENOMEM;
		return;
	}
	snprintf(key, sizeof(key), "trees:%zu:%zu", i, i + 1);
	output_text("<tr><th scope=\"row\" class=\"path\"><code>");
	html_text(html, pattern);
	output_text("</code></th>");
	free(pattern);
	tree_cells(html, tree->of, key, most);
}

static void rest_row(struct html *html, const struct tree *const *list, size_t n)
{
	struct count of[2] = {0};
	char key[32], text[COUNT_OF_MAX];

	for (size_t i = TREES_SHOWN; i < n; i++) {
		count_add(&of[0], &list[i]->of[0]);
		count_add(&of[1], &list[i]->of[1]);
	}
	snprintf(key, sizeof(key), "trees:%u:%zu", TREES_SHOWN, n);
	output_print("<tr class=\"rest\"><th scope=\"row\">%s more</th>",
		     count_of(text, n - TREES_SHOWN, "tree"));
	tree_cells(html, of, key, 0);
}

static void table_of_trees(struct html *html, const struct tree *const *list, size_t n)
{
	const char *const heads[] = {"Tree",	    html_bars, "Window", "DAX files",
				     "Other files", "Bytes",   NULL};
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++)
		most = list[i]->of[1].chunks > most ? list[i]->of[1].chunks : most;
	html_table(html, "trees", "Trees that use most of the window", heads);
	for (size_t i = 0; i < n && i < TREES_SHOWN; i++)
		tree_row(html, list[i], i, most);
	if (n > TREES_SHOWN)
		rest_row(html, list, n);
	html_table_end(html);
}

void html_trees(struct html *html, const struct tally *tally)
{
	const struct tree **list;
	size_t n;

	if (trees_list(&tally->trees, &list, &n)) {
		html->err = -ENOMEM;
		return;
	}
	output_text(
		"<section>\n<h2>Trees that use most of the window</h2>\n"
		"<p>Two levels below the folder that all files are in. <code>/a/b/**</code> is "
		"all that lies below a folder, <code>/a/*</code> what lies directly in it; "
		"written like this, they are patterns for the <code>path</code> of a rule.</p>\n");
	if (n)
		table_of_trees(html, list, n);
	else
		output_text("<p>There are no files.</p>\n");
	output_text("</section>\n");
	free(list);
}

/* ---- Words ------------------------------------------------------------------------------- */

void html_terms(struct html *html, const struct fsdax_policy *policy)
{
	struct fsdax_settings settings;

	fsdax_policy_settings(policy, &settings);
	output_text(
		"<section>\n<h2>What the words mean</h2>\n<dl class=\"terms\">\n"
		"<dt>DAX window</dt><dd>Memory of the host that the guest maps, so that it needs "
		"no copy of its own of what it reads. It is mapped in chunks of ");
	html_size(html, settings.chunk_size, "chunk_size");
	output_text(
		"; when few are free, processes in the guest wait until some are reclaimed.</dd>\n"
		"<dt>Page descriptors</dt><dd>What the guest keeps of each page of the window: ");
	html_size(html, tally_break_even(policy), "break_even");
	output_text(
		" of its memory for each chunk, whether the file fills it or not.</dd>\n"
		"<dt>Page cache</dt><dd>The guest's own copy of a file that it reads without "
		"DAX, in whole pages.</dd>\n"
		"<dt>All in use</dt><dd>The sums reckon with every file being read or mapped as "
		"a whole, at once. Most trees are larger than what is in use of them: the hot "
		"set is what has to fit.</dd>\n"
		"</dl>\n</section>\n");
}
