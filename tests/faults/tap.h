/* SPDX-License-Identifier: BSD-3-Clause */
/* tap.h - TAP for the programs in this folder, each of which is one source file. */
#ifndef FAULTS_TAP_H
#define FAULTS_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

static int n_tests, n_failed;

static inline void ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n_tests, name);
	n_failed += !good;
}

/* For what is no test, but without which there is none. err: negative. */
static inline void must(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %s\n", what, strerror(-err));
	exit(1);
}

/* For the end of main(). */
static inline int done(void)
{
	printf("1..%d\n", n_tests);
	return n_failed != 0;
}

static inline int descriptors_of(pid_t pid)
{
	unsigned int n;

	must(process_fds(pid, &n), "the daemon's descriptors");
	return (int)n;
}

static inline long kib_of(pid_t pid)
{
	uint64_t rss;

	must(process_rss(pid, &rss), "the daemon's memory");
	return (long)(rss >> 10);
}

#endif
