/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.c - `fsdax-ctl explain`: the decision about each file, and why.
 */
#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "explain_daemon.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "walk.h"

struct explainer {
	const struct share *share;
	const struct options *opts;
	bool color;
	uint32_t needs;
	int64_t now;
};

static int print_verdict(const struct explainer *x, const struct explanation *e)
{
	const struct fsdax_decision *decision = &e->decision;
	char *source = output_source(x->share->policy, decision);
	char *path = x->opts->nul ? strdup(e->path) : message_quote(NULL, e->path);
	const char *paint = decision->dax ? "\033[32m" : "\033[31m";

	if (source && path)
		output_line("%s%s%s\t%s\t%s", x->color ? paint : "", decision->dax ? "yes" : "no",
			    x->color ? "\033[m" : "", source, path);
	free(source);
	free(path);
	return source && path ? 0 : -ENOMEM;
}

static int print_json(const struct explainer *x, const struct explanation *e,
		      struct json_object *told)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_path(object, "path", e->path);
	err |= json_put_decision(object, x->share->policy, &e->decision);
	err |= json_put_number(object, "links", e->inode.facts.nlink);
	err |= json_put_bool(object, "bad_tag", e->decision.flags & FSDAX_DECISION_BAD_TAG);
	if (x->opts->verbose)
		err |= explanation_json(e, object);
	if (told)
		err |= json_put(object, "daemons", json_object_get(told));
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

/* What the line with the verdict cannot say, and -v does. */
static void warn(const struct explanation *e)
{
	char *path = message_quote(NULL, e->path);

	if (path && e->decision.flags & FSDAX_DECISION_BAD_TAG)
		message_warn("%s: its tag is neither yes nor no, and was ignored", path);
	if (path && e->decision.dax && e->inode.facts.nlink > 1)
		message_warn("%s has %u names, and uses DAX only while each of them says yes", path,
			     e->inode.facts.nlink);
	free(path);
}

static int print(const struct explainer *x, const struct explanation *e, struct json_object *told)
{
	int err;

	if (x->opts->json)
		return print_json(x, e, told);
	err = print_verdict(x, e);
	if (!err && x->opts->verbose)
		err = explanation_print(e);
	if (!err)
		err = explain_print_told(told);
	if (!err && !x->opts->verbose && !x->opts->recursive)
		warn(e);
	return err;
}

/* Whether daemons are asked, too: with -v those that are there, and any that is named. */
static int show(const struct explainer *x, const struct explanation *e)
{
	struct json_object *told = NULL;
	int err = 0;

	if (x->opts->verbose || x->opts->socket)
		err = explain_ask(e, x->opts, &told);
	if (!err)
		err = print(x, e, told);
	json_object_put(told);
	return err;
}

/* The verdict alone needs fewer facts. */
static int decide(const struct explainer *x, const struct walk_entry *entry, struct explanation *e)
{
	int err = inode_read(entry->dirfd, entry->name, x->needs, x->now, &e->inode);

	if (err)
		return err;
	if (*entry->name)
		return fsdax_decide_at(entry->cursor, entry->dirfd, entry->name, &e->inode.facts,
				       FSDAX_DECIDE_EXACT, &e->decision);
	e->decision = (struct fsdax_decision){
		.reason = FSDAX_REASON_NOT_REGULAR,
		.rule = FSDAX_NO_RULE,
	};
	return 0;
}

static int explain_entry(void *data, const struct walk_entry *entry)
{
	const struct explainer *x = data;
	char *path = walk_entry_path(entry);
	struct explanation e = {.share = x->share, .path = path};
	int err;

	if (!path)
		return -ENOMEM;
	err = x->opts->verbose ? explanation_gather(&e, x->now) : decide(x, entry, &e);
	if (!err)
		err = show(x, &e);
	explanation_release(&e);
	free(path);
	return err;
}

static int run(const struct share *share, const struct options *opts)
{
	struct explainer x = {
		.share = share,
		.opts = opts,
		.color = message_color(STDOUT_FILENO),
		.needs = fsdax_policy_needs(share->policy),
	};
	const struct walk_ops ops = {
		.file = explain_entry,
		.folder = opts->recursive ? NULL : explain_entry,
		.data = &x,
		.action = "cannot explain",
		.tags = true,
		.prints = true,
	};
	struct options one = *opts;
	struct walk_result result = {0};

	/* Answers come in the order of the questions, unless there are whole trees of them. */
	if (!opts->recursive || opts->verbose)
		one.jobs = 1;
	x.now = inode_now(x.needs);
	x.opts = &one;
	if (walk_operands(share, &one, opts->recursive, &ops, &result))
		return EXIT_FAILED;
	return walk_status(&result);
}

int cmd_explain(const struct options *opts)
{
	struct share share;
	int status = share_open(&share, opts, SHARE_RULES);

	if (status >= 0)
		return status;
	status = run(&share, opts);
	share_close(&share);
	return output_finish(status);
}
