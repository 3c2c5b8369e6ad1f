/* SPDX-License-Identifier: BSD-3-Clause */
/* load.c - from policy files, folders or text to a policy and a report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compile.h"
#include "dropin.h"

/* Where policies are looked for; what comes later replaces what comes before. */
static const char *const search_path[] = {
	"/usr/lib/fsdax/policy.d",
	"/run/fsdax/policy.d",
	"/etc/fsdax/policy.d",
};

enum { N_SEARCH = sizeof(search_path) / sizeof(search_path[0]) };

struct load {
	struct compiler compiler;
	struct fsdax_report *report;
	uint32_t files;
};

static int load_begin(struct load *load)
{
	*load = (struct load){.report = report_new()};
	if (!load->report)
		return -ENOMEM;
	return compiler_init(&load->compiler, load->report);
}

static int add_file(void *data, const char *path, const char *text, size_t size)
{
	struct load *load = data;

	load->files++;
	return compiler_add(&load->compiler, path, text, size);
}

/* Make the policy if all went well so far, and hand out the report. */
static int load_end(struct load *load, int err, struct fsdax_policy **policy,
		    struct fsdax_report **report)
{
	struct span nowhere = {0};

	if (!err && !load->files && !fsdax_report_errors(load->report))
		report_add(load->report, FSDAX_WARNING, &nowhere,
			   "see fsdax-policy(5) for where they belong",
			   "there is no policy file: the answer is no for every file");
	if (!err)
		err = compiler_finish(&load->compiler, policy);
	compiler_release(&load->compiler);
	if (load->report) {
		report_sort(load->report);
		if (err && report_failed(load->report))
			err = -ENOMEM; /* a mistake without its remark helps nobody */
	}
	if (report)
		*report = load->report;
	else
		fsdax_report_free(load->report);
	return err;
}

int fsdax_policy_parse(const char *name, const void *text, size_t size,
		       struct fsdax_policy **policy, struct fsdax_report **report)
{
	struct load load;
	int err = load_begin(&load);

	if (!err)
		err = add_file(&load, name, text, size);
	return load_end(&load, err, policy, report);
}

int fsdax_policy_load_dirs(const char *const *dirs, size_t n_dirs, struct fsdax_policy **policy,
			   struct fsdax_report **report)
{
	struct load load;
	int err = load_begin(&load);

	if (!err)
		err = dropin_read_dirs(load.report, dirs, n_dirs, add_file, &load);
	return load_end(&load, err, policy, report);
}

static int load_file(const char *path, struct fsdax_policy **policy, struct fsdax_report **report)
{
	struct load load;
	int err = load_begin(&load);

	if (!err)
		err = dropin_read_file(load.report, path, add_file, &load);
	return load_end(&load, err, policy, report);
}

static int load_search_path(const char *root, struct fsdax_policy **policy,
			    struct fsdax_report **report)
{
	char *dirs[N_SEARCH] = {NULL};
	int err = 0;

	for (int i = 0; i < N_SEARCH; i++) {
		if (asprintf(&dirs[i], "%s%s", root, search_path[i]) < 0) {
			dirs[i] = NULL;
			err = -ENOMEM;
		}
	}
	if (!err)
		err = fsdax_policy_load_dirs((const char *const *)dirs, N_SEARCH, policy, report);
	else if (report)
		*report = NULL;
	for (int i = 0; i < N_SEARCH; i++)
		free(dirs[i]);
	return err;
}

int fsdax_policy_load(const char *path, const char *root, struct fsdax_policy **policy,
		      struct fsdax_report **report)
{
	struct stat st;

	if (!path)
		return load_search_path(root && strcmp(root, "/") ? root : "", policy, report);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return fsdax_policy_load_dirs(&path, 1, policy, report);
	return load_file(path, policy, report);
}
