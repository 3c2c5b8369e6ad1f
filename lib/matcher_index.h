/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * matcher_index.h - makes the tries and tables by which the edges of a matcher are found.
 */
#ifndef LIB_MATCHER_INDEX_H
#define LIB_MATCHER_INDEX_H

#include "matcher.h"

/*
 * Fill in all but nodes, edges, globs and accepts, which are there, and the edge sets of the
 * nodes. 0 or -ENOMEM; what was allocated is the matcher's in both cases.
 */
int matcher_index(struct matcher *m);

#endif
