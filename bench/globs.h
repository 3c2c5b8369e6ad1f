/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * globs.h - makes up realistic rules from real paths, the same ones each time.
 */
#ifndef BENCH_GLOBS_H
#define BENCH_GLOBS_H

#include <stddef.h>

#include "corpus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Glob i belongs to rule i. The last that matches wins. */
struct globs {
	char **pattern;
	size_t n;
};

/* For @widest: no rule speaks for more than a twentieth of all files, or few would matter. */
#define GLOBS_WIDEST 0.05

/*
 * Make @n distinct globs, general ones first. Those of a smaller n are among those of a
 * larger, and the mix is nearly the same at any n. None matches more than @widest of all
 * paths, a number from 0 to 1. Exits when the corpus has too few paths for @n.
 */
void globs_make(struct globs *globs, const struct corpus *corpus, size_t n, double widest);
void globs_free(struct globs *globs);

/* A policy file with one rule for each glob. Allocated; @size does not count the NUL. */
char *globs_policy(const struct globs *globs, size_t *size);

/* How many globs each kind has got, as text for the report. */
void globs_print_mix(void);

#ifdef __cplusplus
}
#endif

#endif
