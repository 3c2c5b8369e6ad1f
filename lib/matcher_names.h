/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_names.h - makes the tables of edges whose globs are whole names. */
#ifndef LIB_MATCHER_NAMES_H
#define LIB_MATCHER_NAMES_H

#include "matcher_bunch.h"

/* An edge is found by this key, if that of the ends of its name is in the filter. */
struct name_entry {
	uint64_t key, filter_key;
	uint32_t edge;
};

/* Put entries[n] into a table; they will be sorted. 0 or -ENOMEM. */
int name_table_make(struct name_table *table, struct bunch_builder *bunches,
		    struct name_entry *entries, uint32_t n);

#endif
