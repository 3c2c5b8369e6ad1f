/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exclude.c - turns globs into policy text. Bytes that could mean something to the policy
 * file, rather than to the pattern, go in as \xHH.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exclude.h"
#include "message.h"

/* Of the text that is made below, where the first glob stands. */
#define FIRST_LINE 4

static bool is_plain(unsigned char c)
{
	return c > ' ' && c != ';' && c != '#' && c != 0x7f && c != '"';
}

/*
 * A backslash keeps what is behind it literal, so the two are written together. Bytes
 * above ASCII stay as they are: in a class, they must stand as the character they spell.
 */
static void write_glob(FILE *out, const char *glob)
{
	for (const unsigned char *p = (const unsigned char *)glob; *p; p++) {
		if (*p == '\\' && p[1] && is_plain(p[1])) {
			fputc(*p++, out);
			fputc(*p, out);
		} else if (*p == '\\' && p[1]) {
			continue;
		} else if (is_plain(*p)) {
			fputc(*p, out);
		} else {
			fprintf(out, "\\x%02x", *p);
		}
	}
}

static int write_policy(const struct options *opts, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);
	int failed;

	if (!out)
		return -ENOMEM;
	fputs("[tag]\nxattr = none\n[rule exclude]\n", out);
	for (size_t i = 0; i < opts->n_excludes; i++) {
		fputs("path = ", out);
		write_glob(out, opts->excludes[i]);
		fputc('\n', out);
	}
	fputs("dax = yes\n", out);
	failed = ferror(out);
	if (fclose(out) != 0 || failed) {
		free(*text);
		return -ENOMEM;
	}
	return 0;
}

/* The remark about the text above, as one about the option. */
static void say_mistake(const struct options *opts, const struct fsdax_report *report)
{
	for (size_t i = 0; i < fsdax_report_count(report); i++) {
		const struct fsdax_remark *remark = fsdax_report_get(report, i);
		size_t at = remark->line - FIRST_LINE;
		char *glob;

		if (remark->severity != FSDAX_ERROR || remark->line < FIRST_LINE ||
		    at >= opts->n_excludes)
			continue;
		glob = message_quote(NULL, opts->excludes[at]);
		message_error("--exclude %s: %s%s%s", glob ? glob : "?", remark->message,
			      remark->hint ? "\n  = " : "", remark->hint ? remark->hint : "");
		free(glob);
	}
}

static int refuse_negations(const struct options *opts)
{
	for (size_t i = 0; i < opts->n_excludes; i++) {
		char *glob;

		if (opts->excludes[i][0] != '!')
			continue;
		glob = message_quote(NULL, opts->excludes[i]);
		message_error("--exclude %s: nothing can be taken back in\n"
			      "  = for a name that starts with a !, write \\!",
			      glob ? glob : "?");
		free(glob);
		return -EINVAL;
	}
	return 0;
}

int exclude_load(const struct options *opts, struct fsdax_policy **policy)
{
	struct fsdax_report *report = NULL;
	char *text;
	size_t size;
	int ret;

	if (!opts->n_excludes) {
		*policy = NULL;
		return 0;
	}
	ret = refuse_negations(opts);
	if (ret < 0)
		return ret;
	ret = write_policy(opts, &text, &size);
	if (ret == 0) {
		ret = fsdax_policy_parse("--exclude", text, size, policy, &report);
		free(text);
	}
	if (ret == -ENOMEM)
		message_error("--exclude: %s", strerror(ENOMEM));
	else if (ret < 0)
		say_mistake(opts, report);
	fsdax_report_free(report);
	return ret == 0 || ret == -ENOMEM ? ret : -EINVAL;
}

bool exclude_match(const struct fsdax_cursor *cursor, const char *name, size_t len)
{
	/* Patterns look at nothing but the path; a folder is matched as a file would be. */
	static const struct fsdax_facts facts = {
		.mask = FSDAX_FACT_STAT | FSDAX_FACT_FLAG,
		.mode = S_IFREG,
	};
	struct fsdax_decision decision;

	if (!cursor)
		return false;
	return fsdax_decide(cursor, name, len, &facts, 0, &decision, NULL) == 0 && decision.dax;
}
