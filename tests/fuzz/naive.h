/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * naive.h - patterns in the plainest way that comes to mind: the text is expanded, split and
 * matched by recursion each time it is asked for. As slow as it is simple; what it says is
 * taken for right.
 */
#ifndef FUZZ_NAIVE_H
#define FUZZ_NAIVE_H

#include <stddef.h>

/*
 * Whether a pattern matches a path below the root of the share. 1, 0, or -1 if the language
 * does not allow such a pattern. -2: it would take too long to tell.
 */
int naive_match(const char *pattern, size_t len, const char *path, size_t path_len);

#endif
