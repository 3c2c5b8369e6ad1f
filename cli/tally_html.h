/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_html.h - the parts that the pages of a scan and of a plan have in common.
 */
#ifndef CLI_TALLY_HTML_H
#define CLI_TALLY_HTML_H

#include "html.h"
#include "tally.h"

/* The line above the title: what was looked at. */
void html_about(struct html *html, const char *command, const char *root,
		const struct trees *trees);

/* Cells: a group's name, yes or no, and its sums; key: of its object. */
void html_group_cells(struct html *html, const struct tallies *tallies, const struct tally *tally,
		      size_t group, const char *key);

/* The cell with where a group is written. */
void html_group_source(struct html *html, const struct tallies *tallies, size_t group);

/* A section: the files by size, with where a chunk is worth it. */
void html_sizes(struct html *html, const struct tallies *tallies, const struct tally *tally);

/* A section: the trees that use most. */
void html_trees(struct html *html, const struct tally *tally);

/* A section: what the words mean. */
void html_terms(struct html *html, const struct fsdax_policy *policy);

#endif
