/* SPDX-License-Identifier: BSD-3-Clause */
/* load.c - from policy files, folders or text to a policy and a report. */
#include <errno.h>

#include "compile.h"
#include "source.h"

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

int fsdax_policy_load(const char *path, const char *root, struct fsdax_policy **policy,
		      struct fsdax_report **report)
{
	struct load load;
	int err = load_begin(&load);

	if (!err)
		err = source_read(load.report, path, root, add_file, &load);
	return load_end(&load, err, policy, report);
}

int fsdax_policy_unpack(const void *bundle, size_t size, struct fsdax_policy **policy,
			struct fsdax_report **report)
{
	struct load load;
	int err = load_begin(&load);

	if (!err)
		err = source_unpack(load.report, bundle, size, add_file, &load);
	return load_end(&load, err, policy, report);
}
