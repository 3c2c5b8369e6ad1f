/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * html.c - see html.h.
 */
#include "html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count.h"
#include "message.h"
#include "output.h"

#define KEY_MAX 80

const char html_bars[] = " Compared";

void html_begin(struct html *html, const char *title)
{
	output_text("<!DOCTYPE html>\n"
		    "<html lang=\"en\">\n"
		    "<head>\n"
		    "<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n"
		    "<title>");
	html_text(html, title);
	output_text("</title>\n<style>\n");
	output_text(html_style);
	output_text("</style>\n</head>\n<body>\n<main>\n");
}

void html_end(struct html *html)
{
	(void)html;
	output_print("<footer><p>Made by fsdax-ctl %s. Sizes are in powers of 1024.</p></footer>\n"
		     "</main>\n</body>\n</html>\n",
		     fsdax_version());
}

/* What a character must be written as, or NULL. */
static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	}
	return NULL;
}

void html_text(struct html *html, const char *text)
{
	(void)html;
	while (*text) {
		size_t plain = 0;

		while (text[plain] && !entity(text[plain]))
			plain++;
		output_print("%.*s", (int)plain, text);
		text += plain;
		if (*text)
			output_text(entity(*text++));
	}
}

void html_name(struct html *html, const char *name)
{
	char *quoted = message_quote(NULL, name);

	if (quoted)
		html_text(html, quoted);
	else
		html->err = -ENOMEM;
	free(quoted);
}

/* end: behind the key. */
__attribute__((format(printf, 4, 0))) static void put(uint64_t value, const char *shown,
						      const char *end, const char *key, va_list ap)
{
	char path[KEY_MAX];

	vsnprintf(path, sizeof(path), key, ap);
	output_print("<data value=\"%" PRIu64 "\" data-json=\"%s%s\">%s</data>", value, path, end,
		     shown);
}

void html_number(struct html *html, uint64_t number, const char *key, ...)
{
	char text[COUNT_MAX];
	va_list ap;

	(void)html;
	va_start(ap, key);
	put(number, count_text(text, number), "", key, ap);
	va_end(ap);
}

void html_size(struct html *html, uint64_t bytes, const char *key, ...)
{
	char text[16];
	va_list ap;

	(void)html;
	va_start(ap, key);
	put(bytes, output_size(text, bytes), "", key, ap);
	va_end(ap);
}

void html_window(struct html *html, uint64_t chunks, const char *key, ...)
{
	const uint64_t bytes = chunks * html->chunk_size;
	char text[16];
	va_list ap;

	va_start(ap, key);
	put(bytes, output_size(text, bytes), "*", key, ap);
	va_end(ap);
}

void html_count(struct html *html, uint64_t number, const char *thing, const char *key, ...)
{
	char text[COUNT_MAX];
	va_list ap;

	(void)html;
	va_start(ap, key);
	put(number, count_text(text, number), "", key, ap);
	va_end(ap);
	output_print(" %s%s", thing, number == 1 ? "" : "s");
}

/* The first column is text too. Bars are in one that is called so. */
static const char *column_class(const char *const *columns, size_t i)
{
	if (strcmp(columns[i], html_bars) == 0)
		return "wide";
	return i && *columns[i] != ' ' ? "n" : "";
}

void html_table(struct html *html, const char *class, const char *title, const char *const *columns)
{
	output_text("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_text(html, title);
	output_print("\">\n<table class=\"%s\">\n<thead><tr>", class);
	for (size_t i = 0; columns[i]; i++)
		output_print("<th scope=\"col\" class=\"%s\">%s</th>", column_class(columns, i),
			     columns[i] + (*columns[i] == ' '));
	output_text("</tr></thead>\n<tbody>\n");
}

void html_table_end(struct html *html)
{
	(void)html;
	output_text("</tbody>\n</table>\n</div>\n");
}

void html_fold(struct html *html, const char *summary)
{
	output_text("<details>\n<summary>");
	html_text(html, summary);
	output_text("</summary>\n");
}

void html_fold_end(struct html *html)
{
	(void)html;
	output_text("</details>\n");
}

void html_count_cells(struct html *html, const struct count *count, const char *key)
{
	output_text("<td class=\"n\">");
	html_number(html, count->files, "%sfiles", key);
	output_text("</td><td class=\"n\">");
	html_size(html, count->bytes, "%sbytes", key);
	output_text("</td><td class=\"n\">");
	html_window(html, count->chunks, "%schunks", key);
	output_text("</td><td class=\"n\">");
	html_size(html, count->descriptors, "%sdescriptors", key);
	output_text("</td><td class=\"n\">");
	html_size(html, count->page_cache, "%spage_cache", key);
	output_text("</td>");
}

void html_bar(struct html *html, const char *class, uint64_t part, uint64_t whole)
{
	(void)html;
	if (part)
		output_print("<span class=\"bar %s\"><span style=\"width:%.2f%%\"></span></span>",
			     class, 100.0 * (double)part / (double)whole);
}
