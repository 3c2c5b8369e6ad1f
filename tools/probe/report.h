/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.h - the results of checks, as TAP or as JSON Lines.
 */
#ifndef PROBE_REPORT_H
#define PROBE_REPORT_H

#include <stdbool.h>

enum verdict { PASSED, FAILED, SKIPPED };

struct report {
	bool json;
	unsigned number, failed, skipped, known;
};

/* total: how many checks will follow. */
void report_begin(struct report *report, bool json, unsigned total);

/*
 * One check. text: for FAILED what was seen, a line each; for SKIPPED why; may be NULL.
 * known: it is expected to fail, so that counts for nothing.
 */
void report_add(struct report *report, const char *name, const char *title, enum verdict verdict,
		const char *text, bool known, double seconds);

void report_end(const struct report *report);

#endif
