/* SPDX-License-Identifier: BSD-3-Clause */
/* log.h - what the daemon has to say, a line each, on standard error or to syslog. */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_OFF, LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Once, before there are threads. What is said before goes to standard error, at level "info".
 * If that is a stream to the journal, each line begins with its priority, as sd-daemon(3) has it.
 */
void log_start(enum log_level level, bool to_syslog);

bool log_is_syslog(void);

#define LOG_FORMAT(n) __attribute__((format(printf, n, n + 1)))

void log_error(const char *format, ...) LOG_FORMAT(1);
void log_warn(const char *format, ...) LOG_FORMAT(1);
void log_info(const char *format, ...) LOG_FORMAT(1);
void log_debug(const char *format, ...) LOG_FORMAT(1);

/* An error that has lines of its own, each with its end. */
void log_text(const char *text);

#endif
