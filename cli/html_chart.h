/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * html_chart.h - charts for html.h. The shapes are SVG, drawn as wide as the page is, and the
 * words are text beside them, so that they stay legible on a phone. The size of files, and
 * windows, go on scales of powers of two.
 */
#ifndef CLI_HTML_CHART_H
#define CLI_HTML_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "html.h"
#include "tally.h"

/* A line across a chart, and what it is. */
struct chart_mark {
	uint64_t at;
	const char *label; /* NULL: none */
	bool window;	   /* a height; else a size of file */
	const char *class;
};

struct chart_point {
	uint64_t from;	 /* a threshold */
	uint64_t window; /* that files from there on take, in bytes */
};

/* The files by size, by number and by bytes, with what is DAX set off. */
void chart_sizes(struct html *html, const struct tally *tally, const struct chart_mark *marks,
		 size_t n_marks);

/* The window against the threshold. points: by from. title: for those who do not see it. */
void chart_curve(struct html *html, const char *title, const struct chart_point *points,
		 size_t n_points, const struct chart_mark *marks, size_t n_marks);

#endif
