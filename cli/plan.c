/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan.c - `fsdax-ctl plan`: which files fit a DAX window. plan_rest.c tells what is fixed,
 * plan_fit.c reckons, and plan_print.c, plan_json.c and plan_html.c show the result.
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "message.h"
#include "output.h"
#include "plan_rest.h"
#include "survey.h"

struct planner {
	const struct share *share;
	const struct options *opts;
	struct plan_rest rest;
	struct tallies tallies; /* by the policy as it is */
	struct tallies fixed;	/* by the rest of it: the groups alone, and not what is free */
	struct count *free;	/* by thread and bucket */
	bool *fits;		/* by group */
};

static int decide_rest(void *data, const struct walk_entry *entry, struct fsdax_facts *facts,
		       struct fsdax_decision *decision)
{
	const struct planner *p = data;

	return plan_rest_decide(&p->rest, entry, facts, decision);
}

static void count_inode(void *data, int thread, uint64_t size,
			const struct fsdax_decision *decision)
{
	struct planner *p = data;
	struct count *count = &p->free[thread * HISTOGRAM_BUCKETS + histogram_bucket(size)];

	if (decision->reason != FSDAX_REASON_DEFAULT)
		count = &tallies_of(&p->fixed, thread)->groups[tally_group(&p->fixed, decision)];
	count_file(count, p->share->policy, size);
}

static int print(const struct plan *plan, const struct options *opts)
{
	if (opts->json)
		return plan_print_json(plan);
	if (opts->html)
		return plan_print_html(plan);
	return plan_print(plan, opts);
}

static int show(struct planner *p, const struct walk_result *result)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct tally *tally, *fixed = NULL;
	int err = tallies_sum(&p->tallies, &tally);

	if (!err)
		err = tallies_sum(&p->fixed, &fixed);
	if (!plan || err) {
		free(plan);
		return -ENOMEM;
	}
	plan->root = *p->share->root ? p->share->root : "/";
	plan->tallies = &p->tallies;
	plan->tally = tally;
	plan->fixed_tally = fixed;
	plan->result = result;
	plan->by_size = p->rest.by_size;
	plan->fits = p->fits;
	plan->window = p->opts->window;
	plan->chunk_size = p->share->settings.chunk_size;
	for (size_t i = 0; i < p->opts->jobs * (size_t)HISTOGRAM_BUCKETS; i++)
		count_add(&plan->free[i % HISTOGRAM_BUCKETS], &p->free[i]);
	err = plan_fit(plan);
	if (!err)
		err = print(plan, p->opts);
	free(plan);
	return err;
}

static int run(struct planner *p)
{
	struct survey survey = {
		.action = "cannot scan",
		.unit = "scanned",
		.tallies = &p->tallies,
		.second = decide_rest,
		.other = p->rest.policy,
		.count = count_inode,
		.data = p,
	};
	struct walk_result result = {0};
	int err = survey_run(&survey, p->share, p->opts, &result);

	survey_release(&survey);
	if (err)
		return EXIT_FAILED;
	err = show(p, &result);
	if (err) {
		message_error("%s", strerror(-err));
		return EXIT_FAILED;
	}
	return walk_status(&result);
}

static int init(struct planner *p)
{
	int err = tallies_init(&p->tallies, p->share->policy, p->opts->jobs);

	if (!err)
		err = tallies_init(&p->fixed, p->share->policy, p->opts->jobs);
	if (err)
		return err;
	p->free = calloc(p->opts->jobs * (size_t)HISTOGRAM_BUCKETS, sizeof(*p->free));
	p->fits = calloc(p->tallies.n_groups, sizeof(*p->fits));
	if (!p->free || !p->fits)
		return -ENOMEM;
	return plan_rest_init(&p->rest, p->share->policy);
}

static void release(struct planner *p)
{
	plan_rest_free(&p->rest);
	tallies_free(&p->tallies);
	tallies_free(&p->fixed);
	free(p->free);
	free(p->fits);
}

/* Returns -1 if the window can be planned for, else an exit status, after a message. */
static int check_window(const struct share *share, const struct options *opts)
{
	char chunk[16];

	if (opts->window < share->settings.chunk_size) {
		message_error("the window is smaller than one chunk, which is %s",
			      output_size(chunk, share->settings.chunk_size));
		return EXIT_USAGE;
	}
	if (opts->window & (opts->window - 1) && !opts->quiet)
		message_warn("the window is no power of two: QEMU will refuse it");
	return -1;
}

int cmd_plan(const struct options *opts)
{
	struct share share;
	struct planner p = {.share = &share, .opts = opts};
	int status, err;

	if (!opts->window) {
		message_error("plan needs the size of the window, as in --window 512M");
		return EXIT_USAGE;
	}
	status = share_open(&share, opts, SHARE_RULES);
	if (status >= 0)
		return status;
	status = check_window(&share, opts);
	if (status < 0) {
		err = init(&p);
		if (err) {
			message_error("%s", strerror(-err));
			status = EXIT_FAILED;
		} else {
			status = run(&p);
		}
		release(&p);
	}
	share_close(&share);
	return output_finish(status);
}
