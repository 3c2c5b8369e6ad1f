/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stats.c - see stats.h.
 */
#include "stats.h"

#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE *results;

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t wall_ns(void)
{
	return read_clock(CLOCK_MONOTONIC_RAW);
}

void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		warn("cannot stay on CPU %d", cpu);
}

void series_add(struct series *series, double value)
{
	if (series->n < MAX_ROUNDS)
		series->value[series->n++] = value;
}

static int compare_values(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double series_quantile(const struct series *series, double part)
{
	struct series sorted = *series;
	double at, rest;
	size_t below;

	if (!sorted.n)
		return 0;
	qsort(sorted.value, sorted.n, sizeof(sorted.value[0]), compare_values);
	at = part * (double)(sorted.n - 1);
	below = (size_t)at;
	rest = at - (double)below;
	if (below + 1 == sorted.n)
		return sorted.value[below];
	return sorted.value[below] * (1 - rest) + sorted.value[below + 1] * rest;
}

double series_median(const struct series *series)
{
	return series_quantile(series, 0.5);
}

double series_spread(const struct series *series)
{
	double median = series_median(series);
	double range = series_quantile(series, 0.75) - series_quantile(series, 0.25);

	return median > 0 ? 50 * range / median : 0;
}

struct series series_ratio(const struct series *theirs, const struct series *ours)
{
	struct series ratio = {.n = 0};

	for (size_t i = 0; i < theirs->n && i < ours->n; i++)
		series_add(&ratio, theirs->value[i] / ours->value[i]);
	return ratio;
}

void results_open(const char *file)
{
	if (!file || !strcmp(file, "-"))
		return;
	results = fopen(file, "ae");
	if (!results)
		err(1, "%s", file);
}

void results_close(void)
{
	if (results && fclose(results))
		err(1, "cannot write the results");
	results = NULL;
}

void result(const char *what, const struct series *measured, const char *unit, enum bound bound,
	    double target)
{
	if (!results)
		return;
	fprintf(results, "%s\t%s\t%g\t%g\t%s\t%.0f\n", what, bound == AT_MOST ? "<=" : ">=", target,
		series_median(measured), unit, series_spread(measured));
}
