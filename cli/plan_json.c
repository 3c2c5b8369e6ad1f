/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plan_json.c - a plan as one JSON object.
 */
#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "output.h"
#include "plan.h"
#include "tally_json.h"

static struct json_object *group_object(const struct plan *plan, size_t group)
{
	struct json_object *object = json_object_new_object();
	int err = group_json(object, plan->tallies, plan->fixed_tally, group);

	err |= json_put_bool(object, "fits", plan->fits[group]);
	return json_finish(object, err);
}

static struct json_object *group_array(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (size_t i = 0; i < plan->tallies->n_groups && !err; i++) {
		if (plan->fixed_tally->groups[i].files && plan_is_fixed_yes(plan, i))
			err = json_append(array, group_object(plan, i));
	}
	return json_finish(array, err);
}

static struct json_object *curve_object(const struct plan *plan, unsigned int bucket)
{
	const struct count *count = &plan->above[bucket];
	const uint64_t total = count->chunks + plan->fitting.chunks;
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_number(object, "from", histogram_from(bucket));
	err |= count_json(object, count);
	err |= json_put_number(object, "together", total);
	err |= json_put_bool(object, "fits", total <= plan->usable);
	return json_finish(object, err);
}

/* Each size at which the curve has a step. */
static struct json_object *curve_array(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS && !err; i++) {
		if (plan->free[i].files || i == plan->even || (plan->found && i == plan->from))
			err = json_append(array, curve_object(plan, i));
	}
	return json_finish(array, err);
}

/* What is shown to people. */
static struct json_object *threshold_array(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int i = plan_shown_first(); i < HISTOGRAM_BUCKETS && !err;
	     i = plan_shown_next(plan, i))
		err = json_append(array, curve_object(plan, i));
	return json_finish(array, err);
}

static struct json_object *hot_object(const struct plan *plan, unsigned int percent)
{
	const unsigned int from = plan_for_hot(plan, percent);
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "percent", percent);

	if (from == PLAN_NO_END) {
		err |= json_put_null(object, "from");
		return json_finish(object, err);
	}
	err |= json_put_number(object, "from", histogram_from(from));
	err |= json_put_number(object, "files", plan->above[from].files + plan->fixed.files);
	err |= json_put_number(object, "chunks", plan->above[from].chunks + plan->fixed.chunks);
	return json_finish(object, err);
}

static struct json_object *hot_array(const struct plan *plan)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (const unsigned int *percent = plan_hot_percents; *percent && !err; percent++)
		err = json_append(array, hot_object(plan, *percent));
	return json_finish(array, err);
}

static struct json_object *choice_object(const struct plan *plan)
{
	const struct count range = plan_range(plan, plan->from, plan->end);
	struct json_object *object = json_object_new_object();
	char *snippet = plan_snippet(plan);
	int err = snippet ? 0 : -ENOMEM;

	err |= json_put_number(object, "from", histogram_from(plan->from));
	if (plan->end != PLAN_NO_END)
		err |= json_put_number(object, "below", histogram_from(plan->end));
	else
		err |= json_put_null(object, "below");
	err |= count_json(object, &range);
	err |= json_put_string(object, "policy", snippet);
	free(snippet);
	return json_finish(object, err);
}

static int put_window(struct json_object *object, const struct plan *plan)
{
	int err = 0;

	err |= json_put_number(object, "window", plan->window);
	err |= json_put_number(object, "chunk_size", plan->chunk_size);
	err |= json_put_number(object, "chunks", plan->chunks);
	err |= json_put_number(object, "usable_chunks", plan->usable);
	err |= json_put_number(object, "window_descriptors", plan->window_cost);
	err |= json_put_number(object, "window_for_all", plan_window_for_all(plan));
	return err;
}

static int put_found(struct json_object *object, const struct plan *plan)
{
	const struct count yes = tally_verdict(plan->tally, true);
	const struct count no = tally_verdict(plan->tally, false);
	int err = json_put_path(object, "root", plan->root);

	err |= json_put_number(object, "files", yes.files + no.files);
	err |= json_put_number(object, "failed", plan->result->failed);
	err |= json_put_number(object, "vanished", plan->result->vanished);
	err |= json_put_bool(object, "interrupted", plan->result->interrupted);
	err |= count_json_put(object, "yes", &yes);
	err |= count_json_put(object, "no", &no);
	return err;
}

int plan_print_json(const struct plan *plan)
{
	struct json_object *object = json_object_new_object();
	int err = put_window(object, plan);

	err |= put_found(object, plan);
	err |= json_put(object, "fixed", group_array(plan));
	err |= json_put(object, "curve", curve_array(plan));
	err |= json_put(object, "thresholds", threshold_array(plan));
	err |= json_put(object, "hot_sets", hot_array(plan));
	if (plan->found)
		err |= json_put(object, "recommended", choice_object(plan));
	else
		err |= json_put_null(object, "recommended");
	err |= sizes_json(object, plan->tallies, plan->tally);
	err |= trees_json(object, &plan->tally->trees);
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}
