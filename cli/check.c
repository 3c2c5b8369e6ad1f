/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.c - `fsdax-ctl check`: every mistake in a policy, before it is in force.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "count.h"
#include "json.h"
#include "message.h"
#include "output.h"

/* What came of one load. */
struct checked {
	const char *path; /* NULL: the search path */
	int err;
	struct fsdax_policy *policy; /* NULL if there are mistakes */
	struct fsdax_report *report;
};

/* The files that a policy is made of. */
struct files {
	const char **list;
	size_t count, room;
};

static int add_file(void *data, const struct fsdax_policy_line *line)
{
	struct files *files = data;

	if (!line->file || (files->count && files->list[files->count - 1] == line->file))
		return 0;
	if (files->count == files->room) {
		size_t room = files->room ? 2 * files->room : 16;
		const char **list = reallocarray(files->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		files->list = list;
		files->room = room;
	}
	files->list[files->count++] = line->file;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The number of files that have a say in the policy. */
static int count_files(const struct fsdax_policy *policy, size_t *count)
{
	struct files files = {0};
	int err = fsdax_policy_print(policy, add_file, &files);
	size_t n = 0;

	if (!err && files.count)
		qsort(files.list, files.count, sizeof(*files.list), compare);
	for (size_t i = 0; !err && i < files.count; i++)
		n += !i || strcmp(files.list[i - 1], files.list[i]);
	free(files.list);
	if (!err)
		*count = n;
	return err;
}

static size_t count_warnings(const struct fsdax_report *report)
{
	size_t n = 0;

	for (size_t i = 0; i < fsdax_report_count(report); i++)
		n += fsdax_report_get(report, i)->severity == FSDAX_WARNING;
	return n;
}

static int print_json(const struct checked *c)
{
	struct json_object *object = json_object_new_object();
	size_t files = 0;
	int err = c->policy ? count_files(c->policy, &files) : 0;

	err |= json_put_path(object, "path", c->path);
	err |= json_put_bool(object, "valid", c->policy);
	err |= json_put_number(object, "rules", c->policy ? fsdax_policy_rules(c->policy) : 0);
	err |= json_put_number(object, "files", files);
	err |= json_put_number(object, "errors", fsdax_report_errors(c->report));
	err |= json_put_number(object, "warnings", count_warnings(c->report));
	err |= json_put(object, "remarks", json_remarks(c->report));
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

/* "PATH: ", or nothing for the search path. Allocated. */
static char *prefix(const struct checked *c)
{
	char *quoted, *text;

	if (!c->path)
		return strdup("");
	quoted = message_quote(NULL, c->path);
	if (!quoted || asprintf(&text, "%s: ", quoted) < 0)
		text = NULL;
	free(quoted);
	return text;
}

static int print_good(const struct checked *c, const char *name)
{
	const size_t warnings = count_warnings(c->report);
	const uint32_t rules = fsdax_policy_rules(c->policy);
	char n_rules[COUNT_MAX], n_files[COUNT_MAX], n_warnings[COUNT_MAX];
	size_t files;
	int err = count_files(c->policy, &files);

	if (err)
		return err;
	output_print("%s%s %s in %s %s, no mistakes", name, count_text(n_rules, rules),
		     rules == 1 ? "rule" : "rules", count_text(n_files, files),
		     files == 1 ? "file" : "files");
	if (warnings)
		output_print(", %s %s", count_text(n_warnings, warnings),
			     warnings == 1 ? "warning" : "warnings");
	output_text("\n");
	return 0;
}

static int print_text(const struct checked *c, const struct options *opts)
{
	const size_t errors = fsdax_report_errors(c->report);
	char *name = prefix(c);
	char number[COUNT_MAX];
	int err = name ? 0 : -ENOMEM;

	message_report(c->report);
	if (!err && c->policy && opts->effective)
		err = check_print_effective(c->policy, opts);
	else if (!err && c->policy && !opts->quiet)
		err = print_good(c, name);
	else if (!err && !c->policy && !opts->quiet)
		message_error("%s%s %s: this policy would be refused", name,
			      count_text(number, errors), errors == 1 ? "mistake" : "mistakes");
	free(name);
	return err;
}

static int print(const struct checked *c, const struct options *opts)
{
	if (!opts->json)
		return print_text(c, opts);
	if (opts->effective && c->policy)
		return check_print_effective(c->policy, opts);
	return print_json(c);
}

static int check_one(const char *path, const struct options *opts)
{
	struct checked c = {.path = path};
	int err;

	c.err = fsdax_policy_load(path, NULL, &c.policy, &c.report);
	if (c.err)
		c.policy = NULL;
	err = c.err == -ENOMEM ? -ENOMEM : print(&c, opts);
	fsdax_policy_unref(c.policy);
	fsdax_report_free(c.report);
	if (err) {
		message_error("%s", strerror(-err));
		return EXIT_FAILED;
	}
	return c.err ? EXIT_BAD_POLICY : EXIT_DONE;
}

static int check_all(const struct options *opts)
{
	int status = EXIT_DONE;

	if (!opts->n_args)
		return check_one(opts->policy, opts);
	for (int i = 0; i < opts->n_args; i++) {
		int one = check_one(opts->args[i], opts);

		if (status != EXIT_FAILED && one != EXIT_DONE)
			status = one;
	}
	return status;
}

int cmd_check(const struct options *opts)
{
	int status;

	if (opts->n_args && opts->policy) {
		message_error("check takes a PATH or --policy, not both");
		return EXIT_USAGE;
	}
	if (opts->effective && opts->n_args > 1) {
		message_error("--effective shows one policy: give one PATH");
		return EXIT_USAGE;
	}
	if (!opts->keys)
		status = check_all(opts);
	else
		status = check_print_keys(opts) ? EXIT_FAILED : EXIT_DONE;
	return output_finish(status);
}
