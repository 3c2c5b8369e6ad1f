/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.c - see output.h. stdio does the work: its lock keeps lines whole, and a large
 * buffer keeps system calls few. What is worth a word of its own is the state below: the
 * first error is kept until output_finish(), since a later write may succeed again.
 */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

/* All of it under stdout's own lock, but for end, which is set before there are threads. */
static struct {
	char buffer[256 * 1024];
	char end;	  /* of a line */
	atomic_int error; /* errno of the first write that failed; read by all */
} output = {.end = '\n'};

void output_init(const struct options *opts)
{
	bool terminal = isatty(STDOUT_FILENO);

	setvbuf(stdout, output.buffer, terminal ? _IOLBF : _IOFBF, sizeof(output.buffer));
	output.end = opts->nul ? '\0' : '\n';
}

bool output_failed(void)
{
	return atomic_load_explicit(&output.error, memory_order_relaxed) != 0;
}

static void failed(int error)
{
	if (!output_failed())
		output.error = error ? error : EIO;
}

void output_line(const char *format, ...)
{
	va_list args;

	flockfile(stdout);
	errno = 0;
	va_start(args, format);
	if (vfprintf(stdout, format, args) < 0 || putc(output.end, stdout) == EOF)
		failed(errno);
	va_end(args);
	funlockfile(stdout);
}

void output_print(const char *format, ...)
{
	va_list args;

	flockfile(stdout);
	errno = 0;
	va_start(args, format);
	if (vfprintf(stdout, format, args) < 0)
		failed(errno);
	va_end(args);
	funlockfile(stdout);
}

static void put_text(const char *text, const char *end)
{
	flockfile(stdout);
	errno = 0;
	if (fputs(text, stdout) == EOF || fputs(end, stdout) == EOF)
		failed(errno);
	funlockfile(stdout);
}

void output_text(const char *text)
{
	put_text(text, "");
}

void output_json(struct json_object *object)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text = NULL;

	/* json-c leaves out what it has no memory for, and errno is all it says. */
	errno = 0;
	if (object)
		text = json_object_to_json_string_ext(object, flags);
	if (text && errno != ENOMEM) {
		put_text(text, "\n");
	} else {
		flockfile(stdout);
		failed(ENOMEM);
		funlockfile(stdout);
	}
	json_object_put(object);
}

char *output_size(char dst[16], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	unsigned int unit = 0;
	int digits;

	/* 1023.5 would be printed as 1024 */
	while (value >= 1023.5 && unit < 6) {
		value /= 1024;
		unit++;
	}
	digits = !unit || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(dst, 16, "%.*f", digits, value);
	if (digits) {
		char *last = dst + strlen(dst) - 1;

		while (*last == '0')
			*last-- = '\0';
		if (*last == '.')
			*last = '\0';
	}
	strcat(dst, " ");
	return strcat(dst, units[unit]);
}

char *output_source(const struct fsdax_policy *policy, const struct fsdax_decision *decision)
{
	struct fsdax_rule_info rule;
	char *source, *quoted;

	if (decision->reason != FSDAX_REASON_RULE ||
	    fsdax_policy_rule(policy, decision->rule, &rule))
		return strdup(fsdax_reason_name(decision->reason));
	if (asprintf(&source, "%s:%u:%s", rule.file, rule.line, rule.name) < 0)
		return NULL;
	quoted = message_quote(NULL, source);
	free(source);
	return quoted;
}

int output_finish(int status)
{
	int error;

	flockfile(stdout);
	errno = 0;
	if (fflush(stdout) == EOF)
		failed(errno);
	error = output.error;
	output.error = 0;
	funlockfile(stdout);
	if (!error)
		return status;
	/* Who closed a pipe, as head(1) does, knows that there was more. */
	if (error != EPIPE)
		message_error("cannot write all of the output: %s", strerror(error));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}
