/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_print.h - sums as columns of a table and as JSON, in the same words for all
 * commands.
 */
#ifndef CLI_TALLY_PRINT_H
#define CLI_TALLY_PRINT_H

#include <json-c/json.h>

#include "table.h"
#include "tally.h"

/* FILES BYTES CHUNKS DESCRIPTORS PAGE-CACHE: the columns, and a row's cells. */
void count_columns(struct table *table);
void count_cells(struct table *table, const struct count *count);

/* The same as members of an object. 0 or -ENOMEM. */
int count_json(struct json_object *object, const struct count *count);

/*
 * The cells of a group, for the columns group_columns() makes: its verdict, its rule's
 * name, or another reason's name in brackets, and at the far end where it is written.
 */
void group_columns(struct table *table);
void group_cells(struct table *table, const struct tallies *tallies, size_t group);
void group_source_column(struct table *table);
void group_source_cell(struct table *table, const struct tallies *tallies, size_t group);

#endif
