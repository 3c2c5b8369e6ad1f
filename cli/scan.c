/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.c - `fsdax-ctl scan`: what the policy does to a tree. scan_print.c shows it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int scan_show(const struct scan_sum *sum, const struct options *opts)
{
	if (opts->json)
		return scan_print_json(sum);
	if (opts->html)
		return scan_print_html(sum);
	return scan_print(sum, opts);
}

static int show(struct scan *scan, const struct survey *survey, const struct walk_result *result)
{
	struct scan_sum sum = {
		.root = *scan->share->root ? scan->share->root : "/",
		.chunk_size = scan->share->settings.chunk_size,
		.tallies = &scan->tallies,
		.result = result,
		.linked = links_count(survey->links),
	};
	struct tally *tally;
	struct stat st;
	int err = tallies_sum(&scan->tallies, &tally);

	sum.tally = tally;
	if (fstat(scan->share->root_fd, &st) < 0)
		st.st_dev = 0;
	err = err ? err : links_open(survey->links, st.st_dev, &sum.open, &sum.n_open);
	err = err ? err : scan_show(&sum, scan->opts);
	free(sum.open);
	if (!err)
		return walk_status(result);
	message_error("%s", strerror(-err));
	return EXIT_FAILED;
}

static int run(struct scan *scan)
{
	struct survey survey = {
		.action = "cannot scan",
		.unit = "scanned",
		.tallies = &scan->tallies,
		.list = scan->opts->verbose ? list_file : NULL,
		.data = scan,
	};
	struct walk_result result = {0};
	int status = EXIT_FAILED;

	if (!survey_run(&survey, scan->share, scan->opts, &result))
		status = show(scan, &survey, &result);
	survey_release(&survey);
	return status;
}

static int scan_tree(const struct share *share, const struct options *opts)
{
	struct scan scan = {.share = share, .opts = opts};
	int status = EXIT_FAILED;

	if (tallies_init(&scan.tallies, share->policy, (size_t)opts->jobs))
		message_error("%s", strerror(ENOMEM));
	else
		status = run(&scan);
	tallies_free(&scan.tallies);
	return status;
}

int cmd_scan(const struct options *opts)
{
	struct share share;
	int status = share_open(&share, opts, SHARE_RULES);

	if (status >= 0)
		return status;
	status = opts->merge ? scan_merge(&share, opts) : scan_tree(&share, opts);
	share_close(&share);
	return output_finish(status);
}
