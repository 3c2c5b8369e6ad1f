/* SPDX-License-Identifier: BSD-3-Clause */
/* helper.c - what most unit tests need. See helper.h. */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <unistd.h>

#include "helper.h"

/* ---- Policies ---------------------------------------------------------------- */

static char *format_all(const struct fsdax_report *report)
{
	char *all = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&all, &size);

	assert_non_null(out);
	for (size_t i = 0; i < fsdax_report_count(report); i++) {
		char *text;

		assert_int_equal(fsdax_remark_format(fsdax_report_get(report, i), &text), 0);
		fputs(text, out);
		free(text);
	}
	assert_int_equal(fclose(out), 0);
	return all;
}

struct fsdax_policy *policy_of_bytes(const void *text, size_t size)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_parse("test.ini", text, size, &policy, &report);

	if (err) {
		char *all = format_all(report);

		print_error("%s", all);
		free(all);
	}
	assert_int_equal(err, 0);
	assert_int_equal(fsdax_report_errors(report), 0);
	fsdax_report_free(report);
	return policy;
}

struct fsdax_policy *policy_of(const char *text)
{
	return policy_of_bytes(text, strlen(text));
}

char *remarks_of_bytes(const void *text, size_t size)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_parse("test.ini", text, size, &policy, &report);
	char *all;

	assert_true(err == 0 || err == -EBADMSG);
	assert_int_equal(err == -EBADMSG, fsdax_report_errors(report) > 0);
	assert_int_equal(err == -EBADMSG, policy == NULL);
	all = format_all(report);
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
	return all;
}

char *remarks_of(const char *text)
{
	return remarks_of_bytes(text, strlen(text));
}

struct fsdax_report *refusal_of(const char *text)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_parse("test.ini", text, strlen(text), &policy, &report);

	if (!err)
		print_error("not refused: %s\n", text);
	assert_int_equal(err, -EBADMSG);
	assert_null(policy);
	assert_true(fsdax_report_errors(report) > 0);
	return report;
}

void assert_refused(const char *text, uint32_t line, uint32_t column, const char *message)
{
	struct fsdax_report *report = refusal_of(text);
	const struct fsdax_remark *remark = fsdax_report_get(report, 0);

	assert_int_equal(fsdax_report_errors(report), 1);
	assert_int_equal(remark->severity, FSDAX_ERROR);
	assert_string_equal(remark->message, message);
	assert_string_equal(remark->file, "test.ini");
	assert_int_equal(remark->line, line);
	assert_int_equal(remark->column, column);
	fsdax_report_free(report);
}

void assert_warned(const char *text, uint32_t line, const char *message)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	const struct fsdax_remark *remark;

	assert_int_equal(fsdax_policy_parse("test.ini", text, strlen(text), &policy, &report), 0);
	assert_true(fsdax_report_count(report) > 0);
	remark = fsdax_report_get(report, 0);
	assert_int_equal(remark->severity, FSDAX_WARNING);
	assert_string_equal(remark->message, message);
	assert_int_equal(remark->line, line);
	for (size_t i = 1; i < fsdax_report_count(report); i++)
		assert_int_equal(fsdax_report_get(report, i)->severity, FSDAX_NOTE);
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
}

/* ---- Facts and decisions ----------------------------------------------------- */

struct fsdax_facts regular(uint64_t size)
{
	return (struct fsdax_facts){
		.mask = FSDAX_FACT_STAT,
		.mode = S_IFREG | 0644,
		.uid = 1000,
		.gid = 1000,
		.nlink = 1,
		.size = size,
	};
}

#define ABSENT4                                                       \
	{FSDAX_XATTR_ABSENT, NULL, 0}, {FSDAX_XATTR_ABSENT, NULL, 0}, \
		{FSDAX_XATTR_ABSENT, NULL, 0},                        \
	{                                                             \
		FSDAX_XATTR_ABSENT, NULL, 0                           \
	}
#define ABSENT16 ABSENT4, ABSENT4, ABSENT4, ABSENT4

struct fsdax_facts untagged(uint64_t size)
{
	static const struct fsdax_xattr absent[] = {ABSENT16, ABSENT16, ABSENT16, ABSENT16};
	struct fsdax_facts facts = regular(size);

	facts.xattrs = absent;
	facts.n_xattrs = COUNT(absent);
	return facts;
}

struct fsdax_decision decide(const struct fsdax_policy *policy, const char *path,
			     const struct fsdax_facts *facts)
{
	struct fsdax_decision decision;

	assert_int_equal(fsdax_decide_path(policy, path, strlen(path), FSDAX_TAG_NONE, facts, 0,
					   &decision, NULL),
			 0);
	return decision;
}

bool says_yes(const char *text, const char *path)
{
	struct fsdax_policy *policy = policy_of(text);
	const struct fsdax_facts facts = untagged(1);
	struct fsdax_decision decision = decide(policy, path, &facts);

	fsdax_policy_unref(policy);
	return decision.dax;
}

const char *rule_of(const struct fsdax_policy *policy, const struct fsdax_decision *decision)
{
	struct fsdax_rule_info info;

	if (decision->rule == FSDAX_NO_RULE)
		return "";
	assert_int_equal(fsdax_policy_rule(policy, decision->rule, &info), 0);
	return info.name;
}

struct fsdax_cursor *cursor_of(struct fsdax_policy *policy, const char *folder)
{
	struct fsdax_cursor *cursor;

	assert_int_equal(fsdax_cursor_root(policy, FSDAX_TAG_NONE, &cursor), 0);
	while (*folder) {
		size_t len = strcspn(folder, "/");
		struct fsdax_cursor *child;

		assert_int_equal(fsdax_cursor_enter(cursor, folder, len, FSDAX_TAG_NONE, &child),
				 0);
		fsdax_cursor_unref(cursor);
		cursor = child;
		folder += len + (folder[len] == '/');
	}
	return cursor;
}

/* ---- Files ------------------------------------------------------------------- */

const char *path_in(const char *folder, const char *name)
{
	static char buffers[4][PATH_MAX];
	static unsigned int next;
	char *path = buffers[next++ % COUNT(buffers)];
	int len = snprintf(path, PATH_MAX, "%s/%s", folder, name);

	assert_true(len > 0 && len < PATH_MAX);
	return path;
}

void write_file(const char *folder, const char *name, const void *text, size_t size)
{
	int fd = open(path_in(folder, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), (ssize_t)size);
	assert_int_equal(close(fd), 0);
}

char *scratch_new(void)
{
	char *folder = strdup("/tmp/fsdax-test-XXXXXX");

	assert_non_null(folder);
	assert_non_null(mkdtemp(folder));
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_remove(char *folder)
{
	assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT), 0);
	free(folder);
}
