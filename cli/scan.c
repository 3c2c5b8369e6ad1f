/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.c - `fsdax-ctl scan`: what the policy does to a tree. scan_print.c shows it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "scan.h"
#include "survey.h"

struct scan {
	const struct share *share;
	const struct options *opts;
	struct tallies tallies;
};

static void count_inode(void *data, int thread, uint64_t size,
			const struct fsdax_decision *decision)
{
	struct scan *scan = data;

	tally_add(&scan->tallies, tallies_of(&scan->tallies, thread), decision, size);
}

static void count_other(void *data, int thread)
{
	struct scan *scan = data;

	tallies_of(&scan->tallies, thread)->others++;
}

static int list_text(const struct scan *scan, const char *path,
		     const struct fsdax_decision *decision)
{
	char *source = output_source(scan->share->policy, decision);
	char *shown = scan->opts->nul ? strdup(path) : message_quote(NULL, path);

	if (source && shown)
		output_line("%s\t%s\t%s", decision->dax ? "yes" : "no", source, shown);
	free(source);
	free(shown);
	return source && shown ? 0 : -ENOMEM;
}

static int list_json(const struct scan *scan, const char *path, uint64_t size,
		     const struct fsdax_decision *decision)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_path(object, "path", path);
	err |= json_put_decision(object, scan->share->policy, decision);
	err |= json_put_number(object, "size", size);
	output_json(json_finish(object, err));
	return err;
}

static int list_file(void *data, const char *path, uint64_t size,
		     const struct fsdax_decision *decision)
{
	const struct scan *scan = data;

	if (scan->opts->json)
		return list_json(scan, path, size, decision);
	return list_text(scan, path, decision);
}

static int run(struct scan *scan)
{
	struct survey survey = {
		.action = "cannot scan",
		.unit = "scanned",
		.count = count_inode,
		.list = scan->opts->verbose ? list_file : NULL,
		.other = count_other,
		.data = scan,
	};
	struct walk_result result = {0};
	struct scan_sum sum;
	int err = survey_run(&survey, scan->share, scan->opts, &result);

	if (err)
		return EXIT_FAILED;
	sum = (struct scan_sum){
		.tallies = &scan->tallies,
		.tally = tallies_sum(&scan->tallies),
		.result = &result,
		.linked = survey.linked,
	};
	err = scan->opts->json ? scan_print_json(&sum) : scan_print(&sum, scan->opts);
	if (err) {
		message_error("%s", strerror(-err));
		return EXIT_FAILED;
	}
	return walk_status(&result);
}

int cmd_scan(const struct options *opts)
{
	struct share share;
	struct scan scan = {.share = &share, .opts = opts};
	int status = share_open(&share, opts, SHARE_RULES);

	if (status >= 0)
		return status;
	if (tallies_init(&scan.tallies, share.policy, opts->jobs)) {
		message_error("%s", strerror(ENOMEM));
		status = EXIT_FAILED;
	} else {
		status = run(&scan);
		tallies_free(&scan.tallies);
	}
	share_close(&share);
	return output_finish(status);
}
