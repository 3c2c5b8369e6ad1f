/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - see log.h. The level and where to are the only state of the program that belongs to
 * nobody: every part may have something to say.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_most = LOG_LEVEL_INFO;
static bool log_to_syslog;
static enum { UNKNOWN, NO, YES } log_to_journal;

/* Whether standard error is what the service manager said to be a stream to its journal. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_start(enum log_level level, bool to_syslog)
{
	log_most = level;
	log_to_syslog = to_syslog;
	log_to_journal = is_journal() ? YES : NO;
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

/* What a line begins with: the journal has the program's name anyway. */
static size_t put_prefix(char *line, size_t size, int priority, const char *name)
{
	/* Asked once, and by log_start() at the latest: later there may be a filter. */
	if (log_to_journal == UNKNOWN)
		log_to_journal = is_journal() ? YES : NO;
	if (log_to_journal == YES)
		return (size_t)snprintf(line, size, "<%d>", priority);
	return (size_t)snprintf(line, size, "%s", name);
}

/* One write a line, so that lines of several threads do not mix. */
static void write_line(int priority, const char *name, const char *text, size_t text_len)
{
	char line[1024];
	size_t len = put_prefix(line, sizeof(line), priority, name);

	if (text_len > sizeof(line) - 1 - len)
		text_len = sizeof(line) - 1 - len;
	memcpy(line + len, text, text_len);
	len += text_len;
	line[len++] = '\n';
	/* Nothing can be done if standard error is gone. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

__attribute__((format(printf, 2, 0))) static void print_line(int priority, const char *format,
							       va_list args)
{
	char text[1024];
	int n = vsnprintf(text, sizeof(text), format, args);

	if (n >= 0)
		write_line(priority, "fsdaxd: ", text, strlen(text));
}

void log_text(const char *text)
{
	while (*text && !log_to_syslog) {
		size_t len = strcspn(text, "\n");

		write_line(LOG_ERR, "", text, len);
		text += len + (text[len] == '\n');
	}
}

__attribute__((format(printf, 3, 0))) static void say(enum log_level level, int priority,
							const char *format, va_list args)
{
	if (level > log_most)
		return;
	if (log_to_syslog)
		vsyslog(priority, format, args);
	else
		print_line(priority, format, args);
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
