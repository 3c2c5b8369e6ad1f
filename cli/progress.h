/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * progress.h - how far a walk is, on a terminal's stderr, once it has taken a second.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "options.h"

/* For one thread. */
struct progress {
	bool on;
	bool terminal;	  /* else: whole lines, one a second, as --progress=always says */
	const char *unit; /* what is done to files, such as "scanned" */
	struct timespec start;
	int64_t next_ms; /* after the start: when to show it next */
};

/* unit: NULL shows nothing. */
void progress_start(struct progress *p, const struct options *opts, const char *unit);

/* For poll(2): milliseconds until progress_show() should be called, or -1 for never. */
int progress_timeout(const struct progress *p);

/* Show it if it is time to. */
void progress_show(struct progress *p, uint64_t files, uint64_t folders);

/* Take it away; where there is no terminal, leave the last figures. */
void progress_end(struct progress *p, uint64_t files, uint64_t folders);

#endif
