/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-policy.c - the text of a policy. Whatever it is, there is a policy or an error with a
 * place; and what a policy prints is the same policy again: it prints the same, and decides
 * the same.
 *
 * Not reached in what is named after the target: no memory; files of which nothing is known, for those
 * that are asked about here have all facts, and what explain says of them; groups by name; a value of
 * an xattr or a number of mistakes that is larger than an input; and what others ask for by
 * themselves, the table of keys and a size.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void insist(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* ---- Reports ----------------------------------------------------------------- */

static void check_remark(const struct fsdax_remark *remark)
{
	char *text;

	insist(remark->message && *remark->message, "a remark says nothing");
	insist(!strchr(remark->message, '\n'), "a message has two lines");
	insist(remark->width >= 1, "a remark is about nothing");
	insist(!remark->column || remark->line, "a column without a line");
	insist(fsdax_remark_format(remark, &text) == 0, "a remark cannot be formatted");
	for (const char *c = text; *c; c++)
		insist(*c == '\n' || *c == '\t' || (unsigned char)*c >= 0x20,
		       "a control character is printed");
	free(text);
}

static struct fsdax_policy *load(const char *text, size_t size)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_parse("fuzz.ini", text, size, &policy, &report);

	for (size_t i = 0; i < fsdax_report_count(report); i++)
		check_remark(fsdax_report_get(report, i));
	insist(err == 0 ? policy && !fsdax_report_errors(report)
			: err == -EBADMSG && !policy && fsdax_report_errors(report),
	       "the report does not go with the outcome");
	fsdax_report_free(report);
	return policy;
}

/* ---- Printing ---------------------------------------------------------------- */

static int print_line(void *data, const struct fsdax_policy_line *line)
{
	if (line->key)
		fprintf(data, "%s = %s\n", line->key, line->value);
	else
		fprintf(data, "[%s]\n", line->section);
	return 0;
}

static char *print(const struct fsdax_policy *policy)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	insist(out && fsdax_policy_print(policy, print_line, out) == 0 && fclose(out) == 0,
	       "a policy cannot be printed");
	return text;
}

/* ---- Deciding ---------------------------------------------------------------- */

static int same_outcome(void *data, const struct fsdax_step *step)
{
	uint64_t *sum = data;

	*sum = *sum * 31 + step->outcome + step->rule;
	return 0;
}

static struct fsdax_cursor *enter(struct fsdax_policy *policy, const char *path, const char **name)
{
	struct fsdax_cursor *cursor;
	const char *slash;

	insist(fsdax_cursor_root(policy, FSDAX_TAG_NONE, &cursor) == 0, "no cursor");
	for (; (slash = strchr(path, '/')); path = slash + 1) {
		struct fsdax_cursor *child = NULL;

		insist(fsdax_cursor_enter(cursor, path, (size_t)(slash - path), FSDAX_TAG_NONE,
					  &child) == 0,
		       "no child");
		fsdax_cursor_unref(cursor);
		cursor = child;
	}
	*name = path;
	return cursor;
}

static bool same(const struct fsdax_decision *a, const struct fsdax_decision *b)
{
	return a->dax == b->dax && a->reason == b->reason && a->rule == b->rule;
}

/* Decide about a path in all ways, which must agree. Returns false if it is no path. */
static bool decide(struct fsdax_policy *policy, const char *path, const struct fsdax_facts *facts,
		   struct fsdax_decision *decision, uint64_t *steps)
{
	struct fsdax_decision other;
	struct fsdax_cursor *cursor;
	const char *name;
	int err = fsdax_decide_path(policy, path, strlen(path), FSDAX_TAG_NONE, facts,
				    FSDAX_DECIDE_EXACT, decision, NULL);

	if (err == -EINVAL)
		return false;
	insist(err == 0, "no decision");
	cursor = enter(policy, path + (*path == '/'), &name);
	insist(fsdax_decide(cursor, name, strlen(name), facts, 0, &other, NULL) == 0 &&
		       same(decision, &other),
	       "a cursor decides otherwise");
	insist(fsdax_explain(cursor, path, name, strlen(name), facts, same_outcome, steps,
			     &other) == 0 &&
		       same(decision, &other),
	       "explain decides otherwise");
	fsdax_cursor_unref(cursor);
	return true;
}

static void compare(struct fsdax_policy *a, struct fsdax_policy *b, const char *path)
{
	static const struct fsdax_xattr present = {FSDAX_XATTR_PRESENT, "v", 1};
	static const struct fsdax_xattr absent = {.state = FSDAX_XATTR_ABSENT};
	size_t n = fsdax_policy_xattrs(a);
	struct fsdax_xattr *xattrs = calloc(n + 1, sizeof(*xattrs));
	struct fsdax_facts facts = {
		.mask = FSDAX_FACT_STAT | FSDAX_FACT_FLAG,
		.mode = S_IFREG | 0755,
		.size = 100000,
		.mtime = 1000,
		.now = 5000,
		.xattrs = xattrs,
		.n_xattrs = n,
	};

	insist(xattrs && n == fsdax_policy_xattrs(b), "other xattrs");
	for (int round = 0; round < 2; round++) {
		struct fsdax_decision first, second;
		uint64_t steps = 0, other_steps = 0;

		for (size_t i = 0; i < n; i++)
			xattrs[i] = (i + (size_t)round) % 2 ? present : absent;
		facts.size >>= 8 * round;
		if (!decide(a, path, &facts, &first, &steps))
			break;
		insist(decide(b, path, &facts, &second, &other_steps) && same(&first, &second) &&
			       steps == other_steps,
		       "what was printed decides otherwise");
	}
	free(xattrs);
}

/* ---- Paths that the patterns of a policy may match --------------------------- */

struct paths {
	struct fsdax_policy *a, *b;
	unsigned int n;
};

static int try_pattern(void *data, const struct fsdax_policy_line *line)
{
	struct paths *paths = data;
	char path[256];
	size_t len = 0;

	if (!line->key || strcmp(line->key, "path") || paths->n++ > 20)
		return 0;
	for (const char *c = line->value; *c && len < sizeof(path) - 1; c++) {
		if (*c == '*' || *c == '?')
			path[len++] = 'x';
		else if (!strchr("[]{}!\\", *c))
			path[len++] = *c;
	}
	path[len] = '\0';
	compare(paths->a, paths->b, path);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"a", "usr/lib/libx.so.1", "x/y/z.bin", "\xff/\xc3\xa4"};
	struct fsdax_policy *policy = load((const char *)data, size);
	struct fsdax_policy *again;
	char *printed, *printed_again;

	if (!policy)
		return 0;
	printed = print(policy);
	again = load(printed, strlen(printed));
	insist(again != NULL, "what was printed is refused");
	printed_again = print(again);
	insist(!strcmp(printed, printed_again), "it prints otherwise the second time");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		compare(policy, again, paths[i]);
	fsdax_policy_print(policy, try_pattern, &(struct paths){policy, again, 0});
	free(printed);
	free(printed_again);
	fsdax_policy_unref(policy);
	fsdax_policy_unref(again);
	return 0;
}
