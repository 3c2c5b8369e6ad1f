/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * progress.c - the progress line. Where stderr is no terminal and --progress=always asks
 * for it, whole lines instead.
 */
#include <stdio.h>
#include <unistd.h>

#include "count.h"
#include "message.h"
#include "progress.h"

#define FIRST_MS 1000
#define TERMINAL_MS 100
#define LINES_MS 1000

void progress_start(struct progress *p, const struct options *opts, const char *unit)
{
	/* Where lines are listed on the same terminal, they are the progress. */
	if (opts->verbose && opts->progress == WHEN_AUTO && isatty(STDOUT_FILENO))
		unit = NULL;
	p->terminal = isatty(STDERR_FILENO);
	p->on = unit && (opts->progress == WHEN_ALWAYS ||
			 (opts->progress == WHEN_AUTO && p->terminal && !opts->quiet));
	p->unit = unit;
	p->next_ms = opts->progress == WHEN_ALWAYS && p->terminal ? 0 : FIRST_MS;
	clock_gettime(CLOCK_MONOTONIC, &p->start);
}

static int64_t elapsed_ms(const struct progress *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - p->start.tv_sec) * (int64_t)1000 +
	       (now.tv_nsec - p->start.tv_nsec) / 1000000;
}

int progress_timeout(const struct progress *p)
{
	int64_t left;

	if (!p->on)
		return -1;
	left = p->next_ms - elapsed_ms(p);
	return left > 0 ? (int)left : 0;
}

static void print(const struct progress *p, int64_t ms, uint64_t files, uint64_t folders)
{
	char done[COUNT_OF_MAX], where[COUNT_OF_MAX], rate[COUNT_MAX], line[160];

	snprintf(line, sizeof(line), "fsdax-ctl: %s %s in %s, %s a second",
		 count_of(done, files, "file"), p->unit, count_of(where, folders, "folder"),
		 count_text(rate, ms > 0 ? files * 1000 / (uint64_t)ms : 0));
	if (p->terminal)
		message_status(line);
	else
		fprintf(stderr, "%s\n", line);
}

void progress_show(struct progress *p, uint64_t files, uint64_t folders)
{
	int64_t ms;

	if (!p->on)
		return;
	ms = elapsed_ms(p);
	if (ms < p->next_ms)
		return;
	print(p, ms, files, folders);
	p->next_ms = ms + (p->terminal ? TERMINAL_MS : LINES_MS);
}

void progress_end(struct progress *p, uint64_t files, uint64_t folders)
{
	if (!p->on)
		return;
	if (p->terminal)
		message_status(NULL);
	else
		print(p, elapsed_ms(p), files, folders);
	p->on = false;
}
