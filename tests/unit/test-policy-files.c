/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-policy-files.c - the policies in tests/policy, and exactly what is said of them.
 *
 * ok-*, warn-* and should-fail-* are policy files, or folders with drop-in folders 1, 2 and
 * 3 in them. Beside each lies NAME.txt: what the report says and, if it was not refused, the
 * merged policy with the origin of each line. With --update, or FSDAX_UPDATE=1, these are
 * written anew; look at the difference before you commit it.
 */
#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include "helper.h"

static bool update;

static int print_line(void *data, const struct fsdax_policy_line *line)
{
	FILE *out = data;

	if (line->file)
		fprintf(out, "%s:%u: ", line->file, line->line);
	else
		fprintf(out, "built in: ");
	if (line->key)
		fprintf(out, "%s = %s\n", line->key, line->value);
	else
		fprintf(out, "[%s]\n", line->section);
	return 0;
}

static int load(const char *name, struct fsdax_policy **policy, struct fsdax_report **report)
{
	char dirs[3][PATH_MAX];
	const char *const paths[] = {dirs[0], dirs[1], dirs[2]};
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	if (!S_ISDIR(st.st_mode))
		return fsdax_policy_load(name, NULL, policy, report);
	for (int i = 0; i < 3; i++)
		snprintf(dirs[i], sizeof(dirs[i]), "%s/%d", name, i + 1);
	return fsdax_policy_load_dirs(paths, COUNT(paths), policy, report);
}

/* What is said of a policy; to be freed. */
static char *outcome_of(const char *name)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	char *outcome = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&outcome, &size);
	int err = load(name, &policy, &report);

	assert_non_null(out);
	for (size_t i = 0; i < fsdax_report_count(report); i++) {
		char *text;

		assert_int_equal(fsdax_remark_format(fsdax_report_get(report, i), &text), 0);
		fputs(text, out);
		free(text);
	}
	if (policy)
		assert_int_equal(fsdax_policy_print(policy, print_line, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(err, strncmp(name, "should-fail-", 12) ? 0 : -EBADMSG);
	assert_int_equal(fsdax_report_count(report) > 0, strncmp(name, "ok-", 3) != 0);
	fsdax_report_free(report);
	fsdax_policy_unref(policy);
	return outcome;
}

static char *read_text(const char *path)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!in)
		return NULL;
	if (getdelim(&text, &size, '\0', in) < 0)
		text[0] = '\0';
	fclose(in);
	return text;
}

static void the_outcome_is_as_written(void **state)
{
	const char *name = *state;
	char *outcome = outcome_of(name);
	char path[PATH_MAX];
	char *wanted;

	snprintf(path, sizeof(path), "%s.txt", name);
	if (update)
		write_file(".", path, outcome, strlen(outcome));
	wanted = read_text(path);
	if (!wanted)
		print_error("%s: there is no %s; run with --update to write it\n", name, path);
	else if (strcmp(outcome, wanted))
		print_error("%s: got\n%s\n%s: wanted\n%s\n", name, outcome, name, wanted);
	assert_non_null(wanted);
	assert_true(!strcmp(outcome, wanted));
	free(wanted);
	free(outcome);
}

static int is_fixture(const struct dirent *entry)
{
	const char *name = entry->d_name;
	size_t len = strlen(name);

	if (len > 4 && !strcmp(name + len - 4, ".txt"))
		return 0;
	return !strncmp(name, "ok-", 3) || !strncmp(name, "warn-", 5) ||
	       !strncmp(name, "should-fail-", 12);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv)
{
	const char *env = getenv("FSDAX_UPDATE");
	struct dirent **fixtures;
	struct CMUnitTest *tests;
	int n, failed;

	update = (argc > 1 && !strcmp(argv[1], "--update")) || (env && *env == '1');
	n = chdir(FSDAX_TESTS_DIR "/policy") ? -1 : scandir(".", &fixtures, is_fixture, by_name);
	if (n < 1) {
		perror(FSDAX_TESTS_DIR "/policy");
		return 1;
	}
	tests = calloc((size_t)n, sizeof(*tests));
	if (!tests)
		return 1;
	for (int i = 0; i < n; i++) {
		tests[i].name = fixtures[i]->d_name;
		tests[i].test_func = the_outcome_is_as_written;
		tests[i].initial_state = fixtures[i]->d_name;
	}
	/* The macro around it takes arrays only. */
	failed = _cmocka_run_group_tests("policies", tests, (size_t)n, NULL, NULL);
	for (int i = 0; i < n; i++)
		free(fixtures[i]);
	free(fixtures);
	free(tests);
	return failed;
}
