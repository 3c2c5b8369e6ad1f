/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.c - see table.h; libsmartcols does the layout.
 */
#include "table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

#include "count.h"
#include "output.h"

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t column; /* of the next cell */
	int err;
};

struct table *table_new(void)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->scols = scols_new_table();
	if (!table->scols) {
		free(table);
		return NULL;
	}
	/* Never cut a cell: what does not fit goes beyond the edge, as in a pipe. */
	scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_NEVER);
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->scols);
	free(table);
}

void table_column(struct table *table, const char *heading, enum table_align align)
{
	const int flags = align == TABLE_RIGHT ? SCOLS_FL_RIGHT : 0;

	if (!table || table->err)
		return;
	if (!scols_table_new_column(table->scols, heading, 0, flags))
		table->err = -ENOMEM;
}

void table_row(struct table *table)
{
	if (!table || table->err)
		return;
	table->column = 0;
	table->line = scols_table_new_line(table->scols, NULL);
	if (!table->line)
		table->err = -ENOMEM;
}

void table_text(struct table *table, const char *text)
{
	if (!table || table->err)
		return;
	table->err = text ? scols_line_set_data(table->line, table->column++, text) : -ENOMEM;
}

void table_number(struct table *table, uint64_t number)
{
	char text[COUNT_MAX];

	table_text(table, count_text(text, number));
}

void table_size(struct table *table, uint64_t bytes)
{
	char text[16];

	table_text(table, output_size(text, bytes));
}

void table_percent(struct table *table, uint64_t part, uint64_t whole)
{
	const double percent = whole ? 100.0 * (double)part / (double)whole : 0.0;
	char text[32];

	snprintf(text, sizeof(text), "%.*f%%", percent < 100 ? 1 : 0, percent);
	table_text(table, text);
}

/* libsmartcols does not say when memory ran out while it wrote to a string; a stream does. */
static int print_to_string(struct libscols_table *scols, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	scols_table_set_stream(scols, out);
	err = scols_print_table(scols);
	if (ferror(out))
		err = -ENOMEM;
	if (fclose(out) == EOF || !*text)
		err = -ENOMEM;
	return err;
}

int table_print(struct table *table)
{
	char *text = NULL;
	int err = table ? table->err : -ENOMEM;

	if (!err)
		err = print_to_string(table->scols, &text);
	if (!err)
		output_text(text);
	free(text);
	table_free(table);
	return err;
}
