/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-pattern.c - a pattern and a path: is the pattern taken or refused as it should, and
 * does it match as it should? The input is the pattern, a newline, and the path.
 *
 * Not reached in lib/{pattern,glob,utf8}.c: no memory; an empty pattern, which is a key without a
 * value before it is a pattern; and ASCII in utf8_decode_slow(), whose callers see to it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

#include "naive.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether a line of a policy can have this as the value of a path. */
static bool is_value(const char *text, size_t len)
{
	size_t used;

	if (len == 0 || strchr(" \t!;", text[0]) || strchr(" \t", text[len - 1]))
		return false;
	for (size_t i = 0; i < len; i += used) {
		uint32_t c = utf8_decode(text + i, len - i, &used);

		if ((c < 0x20 && c != '\t') || c == 0x7f || c >= UTF8_STRAY)
			return false;
		if (c == ';' && (text[i - 1] == ' ' || text[i - 1] == '\t'))
			return false;
	}
	return true;
}

static int note_outcome(void *data, const struct fsdax_step *step)
{
	if (step->key)
		*(int *)data = step->outcome == FSDAX_OUTCOME_MATCHED;
	return 0;
}

/* Whether the one rule of a policy holds; all ways of asking must agree. */
static int match(const struct fsdax_policy *policy, const char *path, size_t len)
{
	const struct fsdax_facts facts = {.mask = FSDAX_FACT_STAT, .mode = S_IFREG};
	struct fsdax_cursor *cursor, *child;
	struct fsdax_decision decision;
	const char *slash;
	int explained = -1;
	int found;

	if (fsdax_decide_path(policy, path, len, FSDAX_TAG_NONE, &facts, 0, &decision, NULL))
		abort();
	found = decision.dax;
	if (fsdax_cursor_root((struct fsdax_policy *)policy, FSDAX_TAG_NONE, &cursor))
		abort();
	while ((slash = memchr(path, '/', len))) {
		if (fsdax_cursor_enter(cursor, path, (size_t)(slash - path), FSDAX_TAG_NONE,
				       &child))
			abort();
		fsdax_cursor_unref(cursor);
		cursor = child;
		len -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	if (fsdax_explain(cursor, NULL, path, len, &facts, note_outcome, &explained, &decision))
		abort();
	fsdax_cursor_unref(cursor);
	if (explained != found || decision.dax != found)
		abort();
	return found;
}

/* What is pointed at must be there. */
static void check_report(const struct fsdax_report *report)
{
	const struct fsdax_remark *remark = fsdax_report_get(report, 0);
	char *text;

	if (fsdax_report_errors(report) != 1 || remark->line != 5 || remark->column < 8 ||
	    remark->column - 1 + remark->width >
		    utf8_length(remark->text, strlen(remark->text)) + 1)
		abort();
	if (fsdax_remark_format(remark, &text))
		abort();
	free(text);
}

/* 1 or 0 if it matches or not, -1 if it is refused. */
static int ask(const char *pattern, size_t len, const char *path, size_t path_len)
{
	static const char head[] = "[tag]\nxattr = none\n[rule it]\ndax = yes\npath = ";
	const size_t head_len = sizeof(head) - 1;
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	char *text = malloc(head_len + len);
	int result = -1;
	int err;

	if (!text)
		abort();
	memcpy(text, head, head_len);
	memcpy(text + head_len, pattern, len);
	err = fsdax_policy_parse("fuzz.ini", text, head_len + len, &policy, &report);
	free(text);
	if (err == -EBADMSG)
		check_report(report);
	else if (err)
		abort();
	else
		result = match(policy, path, path_len);
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
	return result;
}

static bool is_path(const char *path, size_t len)
{
	const char *end = path + len;

	for (;;) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t n = (size_t)((slash ? slash : end) - path);

		if (n == 0 || (n == 1 && *path == '.') || (n == 2 && !memcmp(path, "..", 2)))
			return false;
		if (!slash)
			return true;
		path = slash + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	const char *path = newline ? newline + 1 : "a";
	size_t len = newline ? (size_t)(newline - text) : size;
	size_t path_len = newline ? size - len - 1 : 1;
	int wanted, got;

	/* No policy has such a pattern, and no file such a name. */
	if (!is_value(text, len) || !is_path(path, path_len) || memchr(path, '\0', path_len))
		return -1;
	wanted = naive_match(text, len, path, path_len);
	got = ask(text, len, path, path_len);
	if (wanted == -2 || got == wanted)
		return 0;
	fprintf(stderr, "got %d rather than %d: pattern '%.*s', path '%.*s'\n", got, wanted,
		(int)len, text, (int)path_len, path);
	abort();
}
