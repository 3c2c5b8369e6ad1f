/* SPDX-License-Identifier: BSD-3-Clause */
/* matcher_index.h - gives each edge of a matcher an anchor, and makes the hash table. */
#ifndef LIB_MATCHER_INDEX_H
#define LIB_MATCHER_INDEX_H

#include "matcher.h"

/*
 * Fill in few, lists, slots, filter, and the edge sets of the nodes. Nodes, edges and
 * accepts are there. 0 or -ENOMEM; what was allocated is the matcher's in both cases.
 */
int matcher_index(struct matcher *m);

#endif
