/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats.h - clocks, medians, and the rows of the table of results.
 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_ROUNDS 99

/* What was measured, one number a round. Start from {0}. */
struct series {
	double value[MAX_ROUNDS];
	size_t n;
};

/* CPU time of this thread: what others do on a shared machine does not count as ours. */
uint64_t cpu_ns(void);
uint64_t wall_ns(void);

/* Stay on one CPU, counted from 0; a negative number: the last one. */
void pin_to_cpu(int cpu);

/* Further values than there is room for are left out. */
void series_add(struct series *series, double value);
/* The value below which @part of them lie; 0.5 is the median. 0 if there are none. */
double series_quantile(const struct series *series, double part);
double series_median(const struct series *series);
/* Half of the distance between the quartiles, in percent of the median. */
double series_spread(const struct series *series);
/* Round by round, how many times smaller @ours is. */
struct series series_ratio(const struct series *theirs, const struct series *ours);

enum bound { AT_MOST, AT_LEAST };

/* A file of results, added to, that the table is made from; "-" or NULL: none. */
void results_open(const char *file);
void results_close(void);
void result(const char *what, const struct series *measured, const char *unit, enum bound bound,
	    double target);

#ifdef __cplusplus
}
#endif

#endif
