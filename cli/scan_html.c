/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_html.c - the sums of a scan as a page; see html.h. It has the numbers of scan_json.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "count.h"
#include "html.h"
#include "html_chart.h"
#include "output.h"
#include "scan.h"
#include "tally_html.h"

static void put_title(struct html *html, uint64_t dax, uint64_t all)
{
	output_text("<h1>");
	if (!all) {
		output_text("There are no files");
	} else if (dax == 0 || dax == all) {
		output_text(dax ? "DAX for all of " : "DAX for none of ");
		html_count(html, all, "file", "files");
	} else {
		output_text("DAX for ");
		html_number(html, dax, "yes.files");
		output_text(" of ");
		html_count(html, all, "file", "files");
	}
	output_text("</h1>\n");
}

static void put_lede(struct html *html, const struct count *yes, const struct count *no)
{
	if (yes->files) {
		output_text("<p class=\"lede\">If all of this is in use at once, it takes ");
		html_count(html, yes->chunks, "chunk", "yes.chunks");
		output_text(" of the DAX window: <b>");
		html_window(html, yes->chunks, "yes.chunks");
		output_text("</b>. Its page descriptors take ");
		html_size(html, yes->descriptors, "yes.descriptors");
		output_text(" of the guest&#39;s memory, where the page cache would take ");
		html_size(html, yes->page_cache, "yes.page_cache");
		output_text(".</p>\n");
	}
	if (no->files) {
		output_text("<p class=\"lede\"><b>");
		html_count(html, no->files, "file", "no.files");
		output_text(no->files == 1 ? "</b> stays" : "</b> stay");
		output_print(" in the page cache. DAX for %s would take ",
			     no->files == 1 ? "it" : "them");
		html_window(html, no->chunks, "no.chunks");
		output_text(yes->files ? " of window more, and " : " of window, and ");
		html_size(html, no->descriptors, "no.descriptors");
		output_text(" of page descriptors, to save ");
		html_size(html, no->page_cache, "no.page_cache");
		output_text(" of page cache.</p>\n");
	}
}

static void put_warnings(struct html *html, const struct walk_result *result)
{
	if (result->interrupted)
		output_text("<p class=\"alert\"><b>Interrupted:</b> this is what was seen until "
			    "then.</p>\n");
	if (!result->failed)
		return;
	output_text("<p class=\"alert\"><b>Not all:</b> ");
	html_count(html, result->failed, "file or folder", "failed");
	output_text(" could not be looked at.</p>\n");
}

static void tile_end(const char *small)
{
	output_print("</dd><dd class=\"small\">%s</dd></div>\n", small);
}

static void put_tiles(struct html *html, const struct scan_sum *sum, const struct count *yes,
		      const struct count *no)
{
	output_text("<dl class=\"tiles\">\n<div><dt>Bytes with DAX</dt><dd class=\"big\">");
	html_size(html, yes->bytes, "yes.bytes");
	output_text("</dd><dd class=\"small\">of ");
	html_size(html, yes->bytes + no->bytes, "thresholds.0.bytes");
	tile_end("");
	output_text("<div><dt>Window they take</dt><dd class=\"big\">");
	html_window(html, yes->chunks, "yes.chunks");
	tile_end("if all are in use");
	output_text("<div><dt>Guest memory</dt><dd class=\"big\">");
	html_size(html, yes->descriptors + no->page_cache, "guest_memory.policy");
	tile_end("descriptors and page cache");
	output_text("<div><dt>Looked at</dt><dd class=\"big\">");
	html_number(html, yes->files + no->files, "files");
	output_text("</dd><dd class=\"small\">files, in ");
	html_count(html, sum->result->folders, "folder", "folders");
	tile_end("");
	output_text("</dl>\n");
}

/* ---- Guest memory --------------------------------------------------------------------- */

static void memory_row(struct html *html, const char *name, const char *key, uint64_t memory,
		       uint64_t most)
{
	output_print("<tr><th scope=\"row\">%s</th><td class=\"wide\">", name);
	html_bar(html, *key == 'p' ? "plain" : "no", memory, most);
	output_text("</td><td class=\"n\">");
	html_size(html, memory, "guest_memory.%s", key);
	output_text("</td></tr>\n");
}

static void put_saved(struct html *html, uint64_t policy, uint64_t other, const char *key,
		      const char *than)
{
	const uint64_t saved = other > policy ? other - policy : policy - other;

	if (other == policy) {
		output_print("as much as %s", than);
		return;
	}
	output_text("<b>");
	html_size(html, saved, "|guest_memory.saved_against_%s", key);
	output_print("</b> %s than %s", other > policy ? "less" : "more", than);
}

static void put_memory(struct html *html, const struct count *yes, const struct count *no)
{
	const char *const heads[] = {"Mounted with", html_bars, "Guest memory", NULL};
	const uint64_t policy = yes->descriptors + no->page_cache;
	const uint64_t all = yes->descriptors + no->descriptors;
	const uint64_t none = yes->page_cache + no->page_cache;
	const uint64_t most = all > none ? all : none;

	output_text("<section>\n<h2>Guest memory, if all is in use</h2>\n<p>Under this policy the "
		    "guest takes ");
	put_saved(html, policy, all, "all", "with DAX for every file");
	output_text(", and ");
	put_saved(html, policy, none, "none", "without DAX");
	output_text(".</p>\n");
	html_table(html, "memory", "Guest memory", heads);
	memory_row(html, "this policy", "policy", policy, most);
	memory_row(html, "DAX for every file", "dax_for_all", all, most);
	memory_row(html, "DAX for no file", "dax_for_none", none, most);
	html_table_end(html);
	output_text("</section>\n");
}

/* ---- The window against the threshold ----------------------------------------------- */

static void threshold_row(struct html *html, const struct scan_sum *sum, uint64_t from, size_t i)
{
	const struct count count = scan_from(sum, from);
	char key[32], size[16];

	snprintf(key, sizeof(key), "thresholds.%zu.", i);
	output_print("<tr><th scope=\"row\">%s</th>",
		     from ? output_size(size, from) : "every file");
	html_count_cells(html, &count, key);
	output_text("</tr>\n");
}

static void table_of_thresholds(struct html *html, const struct scan_sum *sum)
{
	static const char *const heads[] = {
		"From", "Files", "Bytes", "Window", "Page descriptors", "Page cache", NULL};
	uint64_t from = 0;
	size_t i = 0;

	html_fold(html, "The numbers behind this chart");
	html_table(html, "", "Window needed by threshold", heads);
	do
		threshold_row(html, sum, from, i++);
	while (scan_next_threshold(sum, &from));
	html_table_end(html);
	html_fold_end(html);
}

/* All files from each bucket on, the policy's rules aside. */
static size_t find_points(const struct scan_sum *sum, struct chart_point *points)
{
	uint64_t chunks = 0;
	size_t n = 0;

	for (unsigned int i = HISTOGRAM_BUCKETS; i-- > 0;) {
		const struct count *of = sum->tally->buckets[i];

		chunks += of[0].chunks + of[1].chunks;
		if (of[0].files + of[1].files)
			points[HISTOGRAM_BUCKETS - ++n] =
				(struct chart_point){histogram_from(i), chunks * sum->chunk_size};
	}
	return n;
}

static void put_curve(struct html *html, const struct scan_sum *sum, const struct count *yes)
{
	const uint64_t even = tally_break_even(sum->tallies->policy);
	struct chart_point points[HISTOGRAM_BUCKETS];
	const size_t n = find_points(sum, points);
	const struct count all = scan_from(sum, even);
	char labels[2][64], size[16];
	const struct chart_mark marks[] = {
		{even, labels[0], false, "even"},
		{yes->chunks * sum->chunk_size, labels[1], true, "policy"},
	};

	snprintf(labels[0], sizeof(labels[0]), "%s: a chunk pays", output_size(size, even));
	snprintf(labels[1], sizeof(labels[1]), "this policy: %s",
		 output_size(size, yes->chunks * sum->chunk_size));
	output_text(
		"<section>\n<h2>Window needed, by threshold</h2>\n<p>If DAX went by the size of "
		"a file alone: all files of ");
	html_size(html, even, "break_even");
	output_text(" and more take <b>");
	html_window(html, all.chunks, "histogram:%llu:%llu:all.chunks", (unsigned long long)even,
		    (unsigned long long)UINT64_MAX);
	output_text(
		"</b> of window, if all are in use. Read it from your window: the curve crosses it at "
		"the threshold from which on all files fit. <code>fsdax-ctl plan</code> does that "
		"for one window, with the tags and rules that stand.</p>\n");
	chart_curve(html, "The window that files of a size and more need, for each size",
		    points + HISTOGRAM_BUCKETS - n, n, marks, yes->chunks ? 2 : 1);
	table_of_thresholds(html, sum);
	output_text("</section>\n");
}

/* ---- What decided ----------------------------------------------------------------------- */

static void put_groups(struct html *html, const struct scan_sum *sum)
{
	static const char *const heads[] = {"Decided by", " DAX",	 "Files",
					    "Bytes",	  "Window",	 "Page descriptors",
					    "Page cache", " Written in", NULL};
	const struct tallies *tallies = sum->tallies;
	size_t place = 0;

	output_text(
		"<section>\n<h2>What decided</h2>\n<p>Each file counts for the one rule, tag or "
		"default that decided about it. What is not DAX takes no window; its column says "
		"what it would take.</p>\n");
	html_table(html, "", "What decided", heads);
	for (size_t i = 0; i < tallies->n_groups; i++) {
		char key[40];

		if (i >= tallies->n_rules && !sum->tally->groups[i].files)
			continue;
		snprintf(key, sizeof(key), "decided_by.%zu.", place++);
		output_text("<tr>");
		html_group_cells(html, tallies, sum->tally, i, key);
		html_group_source(html, tallies, i);
		output_text("</tr>\n");
	}
	html_table_end(html);
	output_text("</section>\n");
}

/* One of the rest, where there are any. */
static void put_other(struct html *html, uint64_t n, const char *key, const char *what)
{
	if (!n)
		return;
	output_text(" ");
	html_number(html, n, "%s", key);
	output_print(" %s.", what);
}

static void put_others(struct html *html, const struct scan_sum *sum)
{
	char digest[SCAN_DIGEST_MAX];

	output_text("<p class=\"about\">");
	put_other(html, sum->linked, "hard_linked",
		  "inodes have several names, and count once, with what their names say together");
	put_other(html, sum->tally->others, "others", "links, pipes and devices were passed over");
	put_other(html, sum->result->vanished, "vanished", "vanished meanwhile");
	output_print(" Policy <code>%s</code>.</p>\n", scan_digest(digest, sum->tallies->policy));
}

int scan_print_html(const struct scan_sum *sum)
{
	const struct count yes = tally_verdict(sum->tally, true);
	const struct count no = tally_verdict(sum->tally, false);
	struct html html = {.chunk_size = sum->chunk_size};

	html_begin(&html, "DAX under this policy - fsdax-ctl scan");
	html_about(&html, "scan", sum->root, &sum->tally->trees);
	put_title(&html, yes.files, yes.files + no.files);
	put_warnings(&html, sum->result);
	put_lede(&html, &yes, &no);
	put_tiles(&html, sum, &yes, &no);
	put_memory(&html, &yes, &no);
	html_sizes(&html, sum->tallies, sum->tally);
	put_curve(&html, sum, &yes);
	html_trees(&html, sum->tally);
	put_groups(&html, sum);
	html_terms(&html, sum->tallies->policy);
	put_others(&html, sum);
	html_end(&html);
	return html.err;
}
