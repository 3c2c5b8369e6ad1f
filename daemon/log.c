/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - see log.h. The level and where to are the only state of the program that belongs to
 * nobody: every part may have something to say.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_most = LOG_LEVEL_INFO;
static bool log_to_syslog;

void log_start(enum log_level level, bool to_syslog)
{
	log_most = level;
	log_to_syslog = to_syslog;
	if (!to_syslog)
		return;
	/* At once, since in a sandbox neither the socket nor the time zone is in reach. */
	openlog("fsdaxd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	tzset();
}

bool log_is_syslog(void)
{
	return log_to_syslog;
}

/* One write a line, so that lines of several threads do not mix. */
__attribute__((format(printf, 1, 0))) static void print_line(const char *format, va_list args)
{
	static const char prefix[] = "fsdaxd: ";
	char line[1024];
	size_t len = sizeof(prefix) - 1;
	int n;

	memcpy(line, prefix, len);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	if (n < 0)
		return;
	len = len + (size_t)n < sizeof(line) - 1 ? len + (size_t)n : sizeof(line) - 2;
	line[len++] = '\n';
	/* Nothing can be done if standard error is gone. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

__attribute__((format(printf, 3, 0))) static void say(enum log_level level, int priority,
							const char *format, va_list args)
{
	if (level > log_most)
		return;
	if (log_to_syslog)
		vsyslog(priority, format, args);
	else
		print_line(format, args);
}

#define DEFINE_LOG(name, level, priority)           \
	void log_##name(const char *format, ...)    \
	{                                           \
		va_list args;                       \
                                                    \
		va_start(args, format);             \
		say(level, priority, format, args); \
		va_end(args);                       \
	}

DEFINE_LOG(error, LOG_LEVEL_ERROR, LOG_ERR)
DEFINE_LOG(warn, LOG_LEVEL_WARN, LOG_WARNING)
DEFINE_LOG(info, LOG_LEVEL_INFO, LOG_INFO)
DEFINE_LOG(debug, LOG_LEVEL_DEBUG, LOG_DEBUG)
