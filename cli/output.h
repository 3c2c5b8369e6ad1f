/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.h - what goes to stdout: lines for people, tables, and JSON. Thread-safe: a
 * line is never torn. A failed write (a full disk, a closed pipe) is noticed once, and
 * makes the exit status 1.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <json-c/json.h>

#include <fsdax/fsdax.h>

#include "options.h"

void output_init(const struct options *opts);

/* One line; the end of line (newline, or NUL with -0) is added. */
void output_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Words between the lines, as they are: nothing is added. Not torn either. */
void output_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void output_text(const char *text);

/* One JSON object on one line. Takes ownership. NULL is "no memory", and fails the run. */
void output_json(struct json_object *object);

/* "32 KiB", "1.5 GiB": at least 3 significant digits. Returns dst, of 16 bytes. */
char *output_size(char dst[16], uint64_t bytes);

/* "FILE:LINE:RULE", or the reason's name where no rule decided. Allocated. */
char *output_source(const struct fsdax_policy *policy, const struct fsdax_decision *decision);

/* Whether some write failed: nobody will see the rest. Cheap, and for any thread. */
bool output_failed(void);

/* Flush. Returns EXIT_FAILED after a message if anything could not be written, else status. */
int output_finish(int status);

#endif
