/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * html.h - a page for a browser, in one file that asks nothing of any network, and needs no
 * script. What comes from outside, such as the name of a file, goes through html_text() or
 * html_name() only.
 *
 * Each number says where --json has it: <data value="4096" data-json="yes.bytes">4 KiB</data>.
 * The key is a path of members and positions; "A:I:K" stands for the sum of all K from position
 * I of the list A on, "histogram:F:B:K" for that of the sizes from F on and below B, and a *
 * at the end for a number of chunks as bytes.
 */
#ifndef CLI_HTML_H
#define CLI_HTML_H

#include <stdint.h>

#include "counts.h"

struct html {
	uint64_t chunk_size;
	int n_charts; /* for ids */
	int err;      /* the first one: 0 or -ENOMEM */
};

/* Up to the start of the body, and the end. */
void html_begin(struct html *html, const char *title);
void html_end(struct html *html);

/* Text as it is, made safe. */
void html_text(struct html *html, const char *text);

/* A name that may hold any byte, quoted as message_quote() does it. */
void html_name(struct html *html, const char *name);

/* Numbers for people, with the exact one and its key. */
void html_number(struct html *html, uint64_t number, const char *key, ...)
	__attribute__((format(printf, 3, 4)));
void html_size(struct html *html, uint64_t bytes, const char *key, ...)
	__attribute__((format(printf, 3, 4)));
/* Chunks as the bytes of window that they are. The key is that of the chunks. */
void html_window(struct html *html, uint64_t chunks, const char *key, ...)
	__attribute__((format(printf, 3, 4)));

/* "<data>1,234</data> files". thing: one of them. */
void html_count(struct html *html, uint64_t number, const char *thing, const char *key, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * A table that can be wider than the page: title says what is in it, columns what they are
 * called, with a space in front of what is text. Between, its rows: a cell of text is <td>,
 * and one of a number <td class=n>.
 */
void html_table(struct html *html, const char *class, const char *title,
		const char *const *columns);
void html_table_end(struct html *html);

/* The name of a column with bars. */
extern const char html_bars[];

/* Between, what is shown when the line is opened: the numbers behind a chart. */
void html_fold(struct html *html, const char *summary);
void html_fold_end(struct html *html);

/* <td class=n> for each: files, bytes, window, descriptors, page cache. key: of the object. */
void html_count_cells(struct html *html, const struct count *count, const char *key);

/* A bar as long as part is of whole; none for 0. */
void html_bar(struct html *html, const char *class, uint64_t part, uint64_t whole);

/* The style of all pages. */
extern const char html_style[];

#endif
