/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_status.c - what a daemon is doing: its guest, its window, and what was decided. All
 * of it is seen from outside of the locks that requests take, so the sums may be some requests
 * apart from each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "../cli/json.h"
#include "control_internal.h"
#include "control_proto.h"
#include "inode.h"
#include "request.h"
#include "settings.h"
#include "share.h"
#include "verdict.h"
#include "window.h"
#include "worker.h"

enum {
	POLICIES_MAX = 8, /* that decisions are of: the one in force, and some before it */
	N_REASONS = FSDAX_REASON_UNMAPPABLE + 1,
	N_UNMAPPABLE = UNMAPPABLE_UNKNOWN + 1,
};

/* How many files were decided so. */
struct votes {
	uint64_t yes, no;
};

/* The decisions of one policy, by rule. */
struct policy_votes {
	struct fsdax_policy *policy; /* with a reference */
	struct votes *rules;
	uint32_t n_rules;
};

/* What goes through all inodes adds up. */
struct census {
	const struct control *control;
	struct share *share;
	uint64_t files, folders, others, opens, undecided, pending;
	uint32_t oldest;		 /* since when the oldest one is pending */
	struct votes reasons[N_REASONS]; /* FSDAX_REASON_RULE: of policies long gone */
	struct policy_votes policies[POLICIES_MAX];
	size_t n_policies;
	uint64_t unmappable[N_UNMAPPABLE];
	struct json_object *pending_files;
	int err;
};

/* ---- Adding up ------------------------------------------------------------------------------------ */

static struct policy_votes *votes_of(struct census *census, struct fsdax_policy *policy)
{
	struct policy_votes *votes = census->policies;
	uint32_t n = fsdax_policy_rules(policy);

	for (size_t i = 0; i < census->n_policies; i++) {
		if (votes[i].policy == policy)
			return &votes[i];
	}
	if (census->n_policies == POLICIES_MAX)
		return NULL;
	votes += census->n_policies;
	votes->rules = calloc(n ? n : 1, sizeof(*votes->rules));
	if (!votes->rules) {
		census->err = -ENOMEM;
		return NULL;
	}
	votes->n_rules = n;
	votes->policy = fsdax_policy_ref(policy);
	census->n_policies++;
	return votes;
}

static void count_vote(struct votes *votes, bool yes)
{
	votes->yes += yes;
	votes->no += !yes;
}

static void count_decision(struct census *census, const struct view *view)
{
	const struct fsdax_decision *now = &view->now;
	struct policy_votes *votes;

	if (!view->told_known) {
		census->undecided++;
		return;
	}
	if (view->unmappable && view->unmappable < N_UNMAPPABLE)
		census->unmappable[view->unmappable]++;
	if (now->reason < N_REASONS && now->reason != FSDAX_REASON_RULE) {
		count_vote(&census->reasons[now->reason], now->dax);
		return;
	}
	votes = view->policy ? votes_of(census, view->policy) : NULL;
	if (votes && now->rule < votes->n_rules)
		count_vote(&votes->rules[now->rule], now->dax);
	else
		count_vote(&census->reasons[FSDAX_REASON_RULE], now->dax);
}

static void count_pending(struct census *census, struct inode *inode, const struct view *view)
{
	if (!view->pending)
		return;
	if (!census->pending || view->pending_since < census->oldest)
		census->oldest = view->pending_since;
	if (census->pending++ >= CONTROL_FILES_MAX)
		return;
	census->err |= json_append(census->pending_files, view_json(census->share, inode, view));
}

static void count_inode(struct census *census, struct inode *inode)
{
	struct view view;

	view_take(census->control, inode, &view);
	census->opens += view.opens;
	if (view.retired) {
		/* The guest will look again before it opens the file. */
	} else if (S_ISREG(view.type)) {
		census->files++;
		count_decision(census, &view);
		count_pending(census, inode, &view);
	} else if (S_ISDIR(view.type)) {
		census->folders++;
	} else {
		census->others++;
	}
	view_release(&view);
}

static int take_census(struct census *census)
{
	struct nodes nodes = {0};

	census->pending_files = json_object_new_array();
	if (!census->pending_files)
		return -ENOMEM;
	nodes_collect(census->share, &nodes);
	for (size_t i = 0; i < nodes.n && !atomic_load(&census->control->stopping); i++) {
		struct inode *inode = inode_get(census->share, nodes.ids[i]);

		if (inode)
			count_inode(census, inode);
		inode_put(census->share, inode);
	}
	census->err |= nodes.err;
	nodes_free(&nodes);
	return census->err;
}

static void release_census(struct census *census)
{
	for (size_t i = 0; i < census->n_policies; i++) {
		fsdax_policy_unref(census->policies[i].policy);
		free(census->policies[i].rules);
	}
	json_object_put(census->pending_files);
}

/* ---- Decisions ------------------------------------------------------------------------------------ */

static int append_votes(struct json_object *array, const struct policy_votes *of,
			const struct fsdax_decision *decision, const struct votes *votes)
{
	struct json_object *object;
	int err;

	if (!votes->yes && !votes->no)
		return 0;
	object = json_object_new_object();
	err = json_put_decision(object, of ? of->policy : NULL, decision);
	json_object_object_del(object, "dax");
	err |= json_put_number(object, "yes", votes->yes);
	err |= json_put_number(object, "no", votes->no);
	return json_append(array, json_finish(object, err));
}

static struct json_object *decisions_json(const struct census *census)
{
	struct json_object *array = json_object_new_array();
	struct fsdax_decision decision = {.reason = FSDAX_REASON_RULE};
	int err = 0;

	for (size_t i = 0; i < census->n_policies; i++) {
		const struct policy_votes *of = &census->policies[i];

		for (decision.rule = 0; decision.rule < of->n_rules; decision.rule++)
			err |= append_votes(array, of, &decision, &of->rules[decision.rule]);
	}
	decision.rule = FSDAX_NO_RULE;
	for (unsigned int reason = 0; reason < N_REASONS; reason++) {
		decision.reason = (uint8_t)reason;
		err |= append_votes(array, NULL, &decision, &census->reasons[reason]);
	}
	return json_finish(array, err);
}

static struct json_object *unmappable_json(const struct census *census)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int why = 1; why < N_UNMAPPABLE && !err; why++) {
		struct json_object *object;

		if (!census->unmappable[why])
			continue;
		object = json_object_new_object();
		err = json_put_string(object, "why", unmappable_text(why));
		err |= json_put_number(object, "files", census->unmappable[why]);
		err |= json_append(array, json_finish(object, err));
	}
	return json_finish(array, err);
}

static int put_census(const struct control *control, struct json_object *object)
{
	struct census census = {.control = control, .share = control->share};
	int err = take_census(&census);

	if (!err) {
		err |= json_put_number(object, "files", census.files);
		err |= json_put_number(object, "folders", census.folders);
		err |= json_put_number(object, "others", census.others);
		err |= json_put_number(object, "open_handles", census.opens);
		err |= json_put(object, "decisions", decisions_json(&census));
		err |= json_put_number(object, "undecided", census.undecided);
		err |= json_put(object, "unmappable", unmappable_json(&census));
		err |= json_put_number(object, "pending_total", census.pending);
		err |= census.pending ? json_put_number(object, "pending_oldest", census.oldest)
				      : json_put_null(object, "pending_oldest");
		err |= json_put(object, "pending", json_object_get(census.pending_files));
	}
	release_census(&census);
	return err;
}

/* ---- Requests -------------------------------------------------------------------------------- */

/* By the names of the protocol. */
static struct json_object *requests_json(const struct worker_sums *sums)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	for (uint32_t opcode = 0; opcode < WORKER_OPCODES && !err; opcode++) {
		if (sums->requests[opcode])
			err = json_put_number(object, serve_opcode_name(opcode),
					      sums->requests[opcode]);
	}
	return json_finish(object, err);
}

static int put_errors(struct json_object *object, const char *name, const uint64_t *errors)
{
	struct json_object *kinds = json_object_new_object();
	int err = 0;

	for (unsigned int kind = 0; kind < WORKER_ERRORS && !err; kind++) {
		if (errors[kind])
			err = json_put_number(kinds, worker_error_name(kind), errors[kind]);
	}
	if (kinds && !err && !json_object_object_length(kinds)) {
		json_object_put(kinds);
		return 0;
	}
	return json_put(object, name, json_finish(kinds, err));
}

static struct json_object *errors_json(const struct worker_sums *sums)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	for (uint32_t opcode = 0; opcode < WORKER_OPCODES && !err; opcode++)
		err = put_errors(object, serve_opcode_name(opcode), sums->errors[opcode]);
	return json_finish(object, err);
}

/* How often a queue that was empty was looked at, and how often that found something. */
static struct json_object *polling_json(struct share *share, const struct worker_sums *sums)
{
	struct json_object *object = json_object_new_object();
	int err;

	err = json_put_number(object, "limit_us", share->settings->poll_us);
	err |= json_put_number(object, "looks", sums->looks);
	err |= json_put_number(object, "finds", sums->finds);
	return json_finish(object, err);
}

/* The processor time of this process, which serves the requests. */
static uint64_t cpu_us(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time))
		return 0;
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static int put_work(struct share *share, struct json_object *object)
{
	struct worker_sums *sums = malloc(sizeof(*sums));
	int err = 0;

	if (!sums)
		return -ENOMEM;
	worker_sum(share, sums);
	err |= json_put(object, "requests", requests_json(sums));
	err |= json_put(object, "errors", errors_json(sums));
	err |= json_put_number(object, "read_bytes", sums->read_bytes);
	err |= json_put_number(object, "written_bytes", sums->written_bytes);
	err |= json_put_number(object, "cpu_us", cpu_us());
	err |= share->settings->mount_dir ? json_put_null(object, "polling")
					  : json_put(object, "polling", polling_json(share, sums));
	free(sums);
	return err;
}

/* ---- The window ------------------------------------------------------------------------------------- */

struct mapped {
	uint64_t nodeid;
	uint32_t chunks;
};

/* The files with most chunks: those that were seen so far, in no order. */
struct top {
	struct mapped *files;
	unsigned int n, room;
	uint64_t all;
};

static void note_mapped(void *data, struct inode *inode, uint32_t chunks)
{
	const struct mapped one = {.nodeid = inode->nodeid, .chunks = chunks};
	struct top *top = data;
	unsigned int least = 0;

	top->all++;
	if (top->n < top->room) {
		top->files[top->n++] = one;
		return;
	}
	for (unsigned int i = 1; i < top->n; i++) {
		if (top->files[i].chunks < top->files[least].chunks)
			least = i;
	}
	if (top->n && top->files[least].chunks < chunks)
		top->files[least] = one;
}

static int compare_mapped(const void *a, const void *b)
{
	const struct mapped *x = a, *y = b;

	if (x->chunks != y->chunks)
		return x->chunks > y->chunks ? -1 : 1;
	return x->nodeid < y->nodeid ? -1 : x->nodeid > y->nodeid;
}

static struct json_object *mapped_json(const struct control *control, struct top *top)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	if (top->n)
		qsort(top->files, top->n, sizeof(*top->files), compare_mapped);
	for (unsigned int i = 0; i < top->n && !err; i++) {
		struct inode *inode = inode_get(control->share, top->files[i].nodeid);
		struct json_object *object;
		struct view view;

		if (!inode)
			continue;
		view_take(control, inode, &view);
		object = view_json(control->share, inode, &view);
		err |= json_put_number(object, "chunks", top->files[i].chunks);
		err |= json_append(array, json_finish(object, err));
		view_release(&view);
		inode_put(control->share, inode);
	}
	return json_finish(array, err);
}

static int put_mapped(const struct control *control, struct json_object *object, unsigned int room)
{
	struct top top = {.room = room};
	int err;

	top.files = calloc(room ? room : 1, sizeof(*top.files));
	if (!top.files)
		return -ENOMEM;
	window_each(control->share->window, note_mapped, &top);
	err = json_put_number(object, "mapped_files", top.all);
	err |= json_put(object, "top", mapped_json(control, &top));
	free(top.files);
	return err;
}

static struct json_object *window_json(const struct control *control, unsigned int top)
{
	struct json_object *object = json_object_new_object();
	struct share *share = control->share;
	struct window_stats stats;
	int err = 0;

	window_stats(share->window, &stats);
	err |= json_put_number(object, "size", stats.size);
	err |= json_put_number(object, "chunk_size", stats.chunk_size);
	err |= json_put_bool(object, "ready", window_ready(share->window));
	err |= json_put_bool(object, "view", stats.view);
	err |= json_put_number(object, "mapped_chunks", stats.mapped_chunks);
	err |= json_put_number(object, "mapped_bytes", stats.mapped_bytes);
	err |= json_put_number(object, "maps", stats.maps);
	err |= json_put_number(object, "unmaps", stats.unmaps);
	err |= json_put_number(object, "upgrades", stats.upgrades);
	err |= json_put_number(object, "failures", stats.failures);
	err |= put_mapped(control, object, top);
	return json_finish(object, err);
}

/* ---- The rest ------------------------------------------------------------------------------------------ */

static struct json_object *guest_json(struct share *share)
{
	struct json_object *object = json_object_new_object();
	bool initialized = atomic_load(&share->initialized);
	int err = 0;

	err |= json_put_bool(object, "connected",
			     share->settings->mount_dir || atomic_load(&share->connected));
	err |= json_put_bool(object, "initialized", initialized);
	/* Written before initialized is set. */
	err |= initialized ? json_put_number(object, "fuse_minor", share->minor)
			   : json_put_null(object, "fuse_minor");
	err |= json_put_bool(object, "window", initialized && share->dax.window);
	err |= json_put_bool(object, "inode_dax", initialized && share->dax.inode_dax);
	return json_finish(object, err);
}

/* Of those that have been there so far. */
static struct json_object *front_ends_json(struct share *share)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_number(object, "connections", share->front_ends.connections);
	err |= json_put_number(object, "malformed", share->front_ends.malformed);
	err |= json_put_number(object, "failed", share->front_ends.failed);
	err |= json_put_number(object, "broken_queues", share->front_ends.broken_queues);
	return json_finish(object, err);
}

static struct json_object *policy_json(const struct control *control)
{
	struct fsdax_policy *policy = fsdax_slot_get(control->share->policy);
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_path(object, "path", control->share->settings->policy);
	err |= json_put_number(object, "rules", fsdax_policy_rules(policy));
	err |= json_put_number(object, "generation", fsdax_slot_generation(control->share->policy));
	err |= json_put_signed(object, "loaded", control->policy_loaded);
	err |= control->policy_refused ? json_put_signed(object, "refused", control->policy_refused)
				       : json_put_null(object, "refused");
	err |= json_put_number(object, "reloads", control->reloads);
	err |= json_put_number(object, "reloads_failed", control->reloads_failed);
	fsdax_policy_unref(policy);
	return json_finish(object, err);
}

static int put_share(const struct control *control, struct json_object *object)
{
	const struct settings *settings = control->share->settings;
	int err = 0;

	err |= json_put_path(object, "dir", control->dir);
	err |= json_put_path(object, "tag", settings->tag);
	err |= json_put_path(object, "mount", settings->mount_dir);
	err |= json_put_bool(object, "readonly", settings->readonly);
	err |= json_put_signed(object, "pid", settings->pid);
	err |= json_put_string(object, "version", fsdax_version());
	err |= json_put_signed(object, "started", control->started);
	return err;
}

struct json_object *control_status(struct control *control, unsigned int top)
{
	struct json_object *object = json_object_new_object();
	struct share *share = control->share;
	int err = json_put_bool(object, "ok", true);

	err |= put_share(control, object);
	err |= json_put(object, "guest", guest_json(share));
	err |= share->settings->mount_dir ? json_put_null(object, "front_ends")
					  : json_put(object, "front_ends", front_ends_json(share));
	err |= share->window ? json_put(object, "window", window_json(control, top))
			     : json_put_null(object, "window");
	err |= share->policy ? json_put(object, "policy", policy_json(control))
			     : json_put_null(object, "policy");
	err |= put_census(control, object);
	err |= put_work(share, object);
	return json_finish(object, err);
}
