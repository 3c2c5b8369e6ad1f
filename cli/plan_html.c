/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_html.c - a plan as a page; see html.h. It has the numbers of plan_json.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "html.h"
#include "html_chart.h"
#include "output.h"
#include "plan.h"
#include "tally_html.h"

static void put_title(struct html *html, const struct plan *plan)
{
	output_text("<h1>");
	if (!plan->found) {
		output_text("No range of sizes fits a window of ");
	} else {
		output_text("Files of ");
		html_size(html, histogram_from(plan->from), "recommended.from");
		if (plan->end == PLAN_NO_END) {
			output_text(" and more");
		} else {
			output_text(", but below ");
			html_size(html, histogram_from(plan->end), "recommended.below");
		}
		output_text(" fit a window of ");
	}
	html_size(html, plan->window, "window");
	output_text("</h1>\n");
}

static void put_lede(struct html *html, const struct plan *plan)
{
	const struct count range = plan_range(plan, plan->from, plan->end);

	if (plan->result->interrupted)
		output_text("<p class=\"alert\"><b>Interrupted:</b> this is what was seen until "
			    "then.</p>\n");
	if (plan->result->failed) {
		output_text("<p class=\"alert\"><b>Not all:</b> ");
		html_count(html, plan->result->failed, "file or folder", "failed");
		output_text(" could not be looked at.</p>\n");
	}
	output_text("<p class=\"lede\">");
	if (plan->found) {
		output_text("That is <b>");
		html_count(html, range.files, "file", "recommended.files");
		output_text("</b> in ");
		html_count(html, range.chunks, "chunk", "recommended.chunks");
		output_text(" of the window. With DAX, the guest saves ");
		html_size(html, range.page_cache, "recommended.page_cache");
		output_text(" of page cache, if all is in use at once.");
	} else {
		output_text(
			"What tags and rules have in the window leaves too little for the rest.");
	}
	output_text(
		"</p>\n<p class=\"lede\">The guest starts to reclaim when fewer than a fifth of "
		"the window is free: plan for ");
	html_window(html, plan->usable, "usable_chunks");
	output_text(". The window&#39;s own page descriptors take ");
	html_size(html, plan->window_cost, "window_descriptors");
	output_text(" of the guest&#39;s memory, used or not.</p>\n");
}

/* ---- What to write ------------------------------------------------------------------------ */

/* Where it belongs, and which rules it is to stand in for; as plan_print.c has it. */
static void put_replaced(struct html *html, const struct plan *plan)
{
	struct fsdax_rule_info rule;
	bool any = false;

	output_text("<p>Write this before all other rules");
	for (uint32_t i = 0; i < plan->tallies->n_rules; i++) {
		if (!plan->by_size[i] || fsdax_policy_rule(plan->tallies->policy, i, &rule))
			continue;
		output_text(any ? ", rule <b>" : ", in place of rule <b>");
		html_name(html, rule.name);
		output_text("</b> (<code>");
		html_name(html, rule.file);
		output_print(":%u</code>)", rule.line);
		any = true;
	}
	output_print("%s:</p>\n", plan_changes_default(plan)
					  ? ", and in place of <code>default = yes</code>"
					  : "");
}

static void put_snippet(struct html *html, const struct plan *plan)
{
	char *snippet = plan->found ? plan_snippet(plan) : NULL;

	if (!plan->found)
		return;
	if (!snippet) {
		html->err = -ENOMEM;
		return;
	}
	output_text("<section>\n<h2>The rule for it</h2>\n");
	put_replaced(html, plan);
	output_text("<pre tabindex=\"0\" id=\"policy\">");
	html_text(html, snippet);
	output_text("</pre>\n</section>\n");
	free(snippet);
}

/* ---- The curve --------------------------------------------------------------------------- */

static void threshold_row(struct html *html, const struct plan *plan, unsigned int bucket, size_t i)
{
	const uint64_t total = plan->above[bucket].chunks + plan->fitting.chunks;
	char key[32], size[16];

	snprintf(key, sizeof(key), "thresholds.%zu.", i);
	output_print("<tr><th scope=\"row\">%s</th>", output_size(size, histogram_from(bucket)));
	html_count_cells(html, &plan->above[bucket], key);
	output_text("<td class=\"n\">");
	html_window(html, total, "%stogether", key);
	output_print("</td><td><span class=\"yes-no %s\">%s</span></td></tr>\n",
		     total <= plan->usable ? "yes" : "no", total <= plan->usable ? "yes" : "no");
}

static void table_of_thresholds(struct html *html, const struct plan *plan)
{
	static const char *const heads[] = {"From",
					    "Files",
					    "Bytes",
					    "Window",
					    "Page descriptors",
					    "Page cache",
					    "With those fixed",
					    " Fits",
					    NULL};
	size_t n = 0;

	html_fold(html, "The numbers behind this chart");
	html_table(html, "", "Window needed by threshold", heads);
	for (unsigned int i = plan_shown_first(); i < HISTOGRAM_BUCKETS;
	     i = plan_shown_next(plan, i))
		threshold_row(html, plan, i, n++);
	html_table_end(html);
	html_fold_end(html);
}

static void put_curve(struct html *html, const struct plan *plan)
{
	const uint64_t even = histogram_from(plan->even), from = histogram_from(plan->from);
	struct chart_point points[HISTOGRAM_BUCKETS];
	struct chart_mark marks[4];
	char labels[3][64], size[16], usable[16];
	size_t n_marks = 0, n = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (plan->free[i].files)
			points[n++] = (struct chart_point){
				histogram_from(i),
				(plan->above[i].chunks + plan->fitting.chunks) * plan->chunk_size};
	}
	snprintf(labels[0], sizeof(labels[0]), "window: %s, to fill: %s",
		 output_size(size, plan->window),
		 output_size(usable, plan->usable * plan->chunk_size));
	marks[n_marks++] = (struct chart_mark){plan->window, labels[0], true, "window"};
	marks[n_marks++] =
		(struct chart_mark){plan->usable * plan->chunk_size, NULL, true, "usable"};
	snprintf(labels[1], sizeof(labels[1]), "%s: a chunk pays", output_size(size, even));
	marks[n_marks++] = (struct chart_mark){even, labels[1], false, "even"};
	if (plan->found && plan->from != plan->even) {
		snprintf(labels[2], sizeof(labels[2]), "%s: it fits", output_size(size, from));
		marks[n_marks++] = (struct chart_mark){from, labels[2], false, "choice"};
	}
	output_text(
		"<section>\n<h2>Window needed, by threshold</h2>\n<p>What files from a size on "
		"take, together with the tags and rules that fit. From where the curve is below "
		"the dashed line, four fifths of the window, all files fit.</p>\n");
	chart_curve(html, "The window that files of a size and more need, for each size", points, n,
		    marks, n_marks);
	table_of_thresholds(html, plan);
	output_text("</section>\n");
}

/* ---- What is fixed ----------------------------------------------------------------------- */

static void fixed_rows(struct html *html, const struct plan *plan)
{
	size_t place = 0;

	for (size_t i = 0; i < plan->tallies->n_groups; i++) {
		char key[32];

		if (!plan->fixed_tally->groups[i].files || !plan_is_fixed_yes(plan, i))
			continue;
		snprintf(key, sizeof(key), "fixed.%zu.", place++);
		output_text("<tr>");
		html_group_cells(html, plan->tallies, plan->fixed_tally, i, key);
		output_print("<td><span class=\"yes-no %s\">%s</span></td>",
			     plan->fits[i] ? "yes" : "no", plan->fits[i] ? "yes" : "no");
		html_group_source(html, plan->tallies, i);
		output_text("</tr>\n");
	}
}

static void put_fixed(struct html *html, const struct plan *plan)
{
	static const char *const heads[] = {
		"Decided by",	    " DAX",	  "Files", "Bytes",	  "Window",
		"Page descriptors", "Page cache", " Fits", " Written in", NULL};

	if (!plan->fixed.files)
		return;
	output_text(
		"<section>\n<h2>Tags and rules that stand</h2>\n<p>Tags, and rules that ask for "
		"more than a size, come first");
	if (plan->fixed.chunks > plan->usable) {
		output_text(". Together they take ");
		html_window(html, plan->fixed.chunks, "fixed:0:999999:chunks");
		output_text(", more than there is to use: narrow those that do not fit, or let "
			    "them say no");
	}
	output_text(".</p>\n");
	html_table(html, "", "Tags and rules that stand", heads);
	fixed_rows(html, plan);
	html_table_end(html);
	output_text("</section>\n");
}

/* ---- The hot set ------------------------------------------------------------------------- */

static void hot_row(struct html *html, const struct plan *plan, size_t i)
{
	const unsigned int from = plan_for_hot(plan, plan_hot_percents[i]);

	output_text("<tr><th scope=\"row\">");
	html_number(html, plan_hot_percents[i], "hot_sets.%zu.percent", i);
	output_text("%</th>");
	if (from == PLAN_NO_END) {
		output_text("<td class=\"n\">none fits</td><td></td><td></td></tr>\n");
		return;
	}
	output_text("<td class=\"n\">");
	html_size(html, histogram_from(from), "hot_sets.%zu.from", i);
	output_text("</td><td class=\"n\">");
	html_number(html, plan->above[from].files + plan->fixed.files, "hot_sets.%zu.files", i);
	output_text("</td><td class=\"n\">");
	html_window(html, plan->above[from].chunks + plan->fixed.chunks, "hot_sets.%zu.chunks", i);
	output_text("</td></tr>\n");
}

/* Most trees are larger than what is in use of them. */
static void put_hot(struct html *html, const struct plan *plan)
{
	static const char *const heads[] = {"Hot set, at most", "From", "DAX files",
					    "Window, all in use", NULL};
	const uint64_t all = plan_window_for_all(plan);

	if (all <= plan->window)
		return;
	output_text(
		"<section>\n<h2>If less is in use at a time</h2>\n<p>All of this reckons with "
		"all files in use at once. A window holds chunks, and what counts is the hot "
		"set: the chunks in use together. If it is this part of all chunks at most, files "
		"from this size on fit. A window of <b>");
	html_size(html, all, "window_for_all");
	output_text("</b> would hold everything from ");
	html_size(html, histogram_from(plan->even), "break_even");
	output_text(" on.</p>\n");
	html_table(html, "", "Hot sets", heads);
	for (size_t i = 0; plan_hot_percents[i]; i++)
		hot_row(html, plan, i);
	html_table_end(html);
	output_text("</section>\n");
}

int plan_print_html(const struct plan *plan)
{
	struct html html = {.chunk_size = plan->chunk_size};

	html_begin(&html, "What fits a DAX window - fsdax-ctl plan");
	html_about(&html, "plan", plan->root, &plan->tally->trees);
	put_title(&html, plan);
	put_lede(&html, plan);
	put_snippet(&html, plan);
	put_curve(&html, plan);
	put_fixed(&html, plan);
	put_hot(&html, plan);
	html_sizes(&html, plan->tallies, plan->tally);
	html_trees(&html, plan->tally);
	html_terms(&html, plan->tallies->policy);
	html_end(&html);
	return html.err;
}
