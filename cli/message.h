/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message.h - what goes to stderr: errors about a path, warnings, and the report of
 * a policy. Thread-safe. A message never mixes with the progress line.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <fsdax/fsdax.h>

#include "options.h"

/* Call once, before the others: decides about color. */
void message_init(const struct options *opts);

/* "fsdax-ctl: TEXT". Control characters in arguments are the caller's to quote. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How something goes on: "fsdax-ctl: TEXT", but not with -q. */
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * "fsdax-ctl: ACTION PATH: ERRNO IN WORDS", the path quoted where it must be, and on a
 * second line what to do next where that is known.
 * err: a positive or negative errno. action: such as "cannot set the tag of".
 */
void message_path(const char *action, const char *path, int err);

/* Like message_path(), with the reader's next step given by the caller (may be NULL). */
void message_path_hint(const char *action, const char *path, int err, const char *hint);

/* All remarks of a report. report may be NULL. */
void message_report(const struct fsdax_report *report);

/* A remark that a daemon sent, as fsdax_remark_format() made it. */
void message_remark(enum fsdax_severity severity, const char *text);

/*
 * A path made safe for a terminal, as `ls` does it: as it is if all of it is printable
 * UTF-8, else in $'...' shell quoting. Returns dst, which holds at least
 * 4 * strlen(path) + 4 bytes, or an allocated string when dst is NULL (NULL: no memory).
 */
char *message_quote(char *dst, const char *path);

/* Whether stdout, or stderr, wants color. */
bool message_color(int fd);

/*
 * Show a line below all messages, which steps aside for them; NULL takes it away. Only for a
 * terminal. For progress.c.
 */
void message_status(const char *line);

#endif
