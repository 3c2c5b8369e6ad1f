/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h - tables for people. Cells are added from left to right, row by row. The first
 * thing that goes wrong is kept, and table_print() returns it, so that callers check once.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdint.h>

struct table;

enum table_align { TABLE_LEFT, TABLE_RIGHT };

/* NULL: no memory; the calls below then do nothing, and table_print() says so. */
struct table *table_new(void);
void table_free(struct table *table);

void table_column(struct table *table, const char *heading, enum table_align align);
void table_row(struct table *table);

/* The next cell of the row: text, "20,000", "1.5 GiB", or "12.3%". */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, uint64_t number);
void table_size(struct table *table, uint64_t bytes);
void table_percent(struct table *table, uint64_t part, uint64_t whole);

/* Print it, and free it. Returns 0 or -ENOMEM. */
int table_print(struct table *table);

#endif
