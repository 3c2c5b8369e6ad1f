/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_print.h - sums as columns of a table, in the same words for all commands.
 */
#ifndef CLI_TALLY_PRINT_H
#define CLI_TALLY_PRINT_H

#include "table.h"
#include "tally.h"

/* FILES BYTES CHUNKS DESCRIPTORS PAGE-CACHE: the columns, and a row's cells. */
void count_columns(struct table *table);
void count_cells(struct table *table, const struct count *count);

/*
 * The cells of a group, for the columns group_columns() makes: its verdict, its rule's
 * name, or another reason's name in brackets, and at the far end where it is written.
 */
void group_columns(struct table *table);
void group_cells(struct table *table, const struct tallies *tallies, size_t group);
void group_source_column(struct table *table);
void group_source_cell(struct table *table, const struct tallies *tallies, size_t group);

/* So many trees are shown to people. */
#define TREES_SHOWN 12

/* As patterns are written: a folder and all below it, or what lies in it. NULL: no memory. */
char *tree_pattern(const struct tree *tree);

#endif
