/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message.c - writes to stderr, one write(2) a message, so that the lines of two threads
 * never mix. What it remembers is static: there is one stderr.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define CYAN "\033[1;36m"
#define PLAIN "\033[0m"
#define ERASE_LINE "\r\033[K"
#define MAX_HINTS 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum when color = WHEN_AUTO;
static bool quiet;
static char status_line[160];
static uint64_t hints_seen[MAX_HINTS]; /* hashes: each hint is printed once a run */

void message_init(const struct options *opts)
{
	color = opts->color;
	quiet = opts->quiet;
}

bool message_color(int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (color != WHEN_AUTO)
		return color == WHEN_ALWAYS;
	if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(fd);
}

static void write_all(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDERR_FILENO, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* nowhere is left to say so */
		text += n;
		size -= (size_t)n;
	}
}

/* Under the lock: the status line steps aside. */
static void emit(const char *text)
{
	size_t len = strlen(text);

	if (!status_line[0]) {
		write_all(text, len);
		return;
	}
	write_all(ERASE_LINE, strlen(ERASE_LINE));
	write_all(text, len);
	write_all(status_line, strlen(status_line));
}

void message_status(const char *line)
{
	pthread_mutex_lock(&lock);
	if (line || status_line[0])
		write_all(ERASE_LINE, strlen(ERASE_LINE));
	snprintf(status_line, sizeof(status_line), "%s", line ? line : "");
	write_all(status_line, strlen(status_line));
	pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static bool is_new_hint(const char *hint)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *p = hint; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	for (int i = 0; i < MAX_HINTS; i++) {
		if (hints_seen[i] == hash)
			return false;
		if (!hints_seen[i]) {
			hints_seen[i] = hash;
			return true;
		}
	}
	return true;
}

/* "fsdax-ctl: KIND: TEXT", and the hint if it was not printed before. */
static void say(const char *paint, const char *kind, const char *text, const char *hint)
{
	bool painted = message_color(STDERR_FILENO);
	char *whole;

	pthread_mutex_lock(&lock);
	if (hint && !is_new_hint(hint))
		hint = NULL;
	if (asprintf(&whole, "%sfsdax-ctl:%s %s%s%s%s\n", painted ? paint : "",
		     painted ? PLAIN : "", kind, text, hint ? "\n  = " : "", hint ? hint : "") < 0)
		emit("fsdax-ctl: Cannot allocate memory\n");
	else
		emit(whole);
	pthread_mutex_unlock(&lock);
	free(whole);
}

static void vsay(const char *paint, const char *kind, const char *format, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void vsay(const char *paint, const char *kind, const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	say(paint, kind, text ? text : format, NULL);
	free(text);
}

void message_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsay(RED, "", format, ap);
	va_end(ap);
}

void message_warn(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	vsay(YELLOW, "warning: ", format, ap);
	va_end(ap);
}

void message_note(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	vsay(CYAN, "", format, ap);
	va_end(ap);
}

/* What can be done about an error, whatever was tried. */
static const char *next_step(int err)
{
	switch (err) {
	case EACCES: return "run it as root, or as the owner";
	case EPERM:
		return "run it as root; what is immutable (lsattr shows i) needs chattr -i first";
	case EROFS: return "remount the file system read-write: mount -o remount,rw";
	case ENOSPC: return "make room on the file system, and run it again to finish";
	case EDQUOT:
		return "the quota is used up: raise it or make room, and run it again to finish";
	case EMFILE: return "raise the limit of open files: ulimit -n";
	case ENFILE: return "the system has too many open files: raise fs.file-max";
	case EXDEV: return "name another root with --root";
	case EIO: return "the kernel log (dmesg) may say more: the disk could be failing";
	case ESTALE: return "the network file system lost it: run it again";
	default: return NULL;
	}
}

/* The kernel's words, but for what it has none for. */
static const char *words_for(int err)
{
	const char *words = err == EXDEV ? "It does not lie below the share's root"
					 : strerrordesc_np(err);

	return words ? words : "Unknown error";
}

void message_path_hint(const char *action, const char *path, int err, const char *hint)
{
	char *quoted = message_quote(NULL, path), *text;

	if (asprintf(&text, "%s %s: %s", action, quoted ? quoted : "?",
		     words_for(err < 0 ? -err : err)) < 0)
		text = NULL;
	say(RED, "", text ? text : action, hint);
	free(text);
	free(quoted);
}

void message_path(const char *action, const char *path, int err)
{
	message_path_hint(action, path, err, next_step(err < 0 ? -err : err));
}

/* A remark as the library formats it, the word for its severity painted. */
static void print_remark(enum fsdax_severity severity, const char *text)
{
	static const char *const words[] = {" note: ", " warning: ", " error: "};
	static const char *const paints[] = {CYAN, YELLOW, RED};
	const char *word = words[severity];
	const char *at = strstr(text, word);
	char *whole;

	pthread_mutex_lock(&lock);
	if (!at || !message_color(STDERR_FILENO) ||
	    asprintf(&whole, "%.*s%s%s%s%s", (int)(at - text), text, paints[severity], word, PLAIN,
		     at + strlen(word)) < 0)
		whole = NULL;
	emit(whole ? whole : text);
	pthread_mutex_unlock(&lock);
	free(whole);
}

void message_report(const struct fsdax_report *report)
{
	bool shown = true;

	for (size_t i = 0; i < fsdax_report_count(report); i++) {
		const struct fsdax_remark *remark = fsdax_report_get(report, i);
		char *text;

		/* A note goes with the remark before it. */
		if (remark->severity != FSDAX_NOTE)
			shown = remark->severity == FSDAX_ERROR || !quiet;
		if (!shown)
			continue;
		if (fsdax_remark_format(remark, &text) < 0) {
			message_error("%s", remark->message);
			continue;
		}
		print_remark(remark->severity, text);
		free(text);
	}
}

void message_remark(enum fsdax_severity severity, const char *text)
{
	if (severity == FSDAX_ERROR || !quiet)
		print_remark(severity, text);
}
