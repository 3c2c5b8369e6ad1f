/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_json.c - the sums of a scan as one JSON object.
 */
#include <errno.h>

#include "json.h"
#include "output.h"
#include "scan.h"
#include "tally_print.h"

static struct json_object *count_object(const struct count *count)
{
	struct json_object *object = json_object_new_object();

	return json_finish(object, count_json(object, count));
}

static struct json_object *group_object(const struct scan_sum *sum, size_t group)
{
	const struct fsdax_decision decision = tally_decision(sum->tallies, group);
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_decision(object, sum->tallies->policy, &decision);
	err |= count_json(object, &sum->tally->groups[group]);
	return json_finish(object, err);
}

static struct json_object *group_array(const struct scan_sum *sum)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (size_t i = 0; i < sum->tallies->n_groups && !err; i++) {
		if (i < sum->tallies->n_rules || sum->tally->groups[i].files)
			err = json_append(array, group_object(sum, i));
	}
	return json_finish(array, err);
}

static struct json_object *size_object(const struct scan_sum *sum, unsigned int class)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "from", sizeclass_from(class));

	if (class + 1 < SIZECLASS_COUNT)
		err |= json_put_number(object, "below", sizeclass_from(class + 1));
	else
		err |= json_put_null(object, "below");
	err |= json_put(object, "yes", count_object(&sum->tally->sizes[class][1]));
	err |= json_put(object, "no", count_object(&sum->tally->sizes[class][0]));
	return json_finish(object, err);
}

static struct json_object *size_array(const struct scan_sum *sum)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int i = 0; i < SIZECLASS_COUNT && !err; i++)
		err = json_append(array, size_object(sum, i));
	return json_finish(array, err);
}

static struct json_object *memory_object(const struct count *yes, const struct count *no)
{
	struct json_object *object = json_object_new_object();
	const uint64_t policy = yes->descriptors + no->page_cache;
	const uint64_t all = yes->descriptors + no->descriptors;
	const uint64_t none = yes->page_cache + no->page_cache;
	int err = 0;

	err |= json_put_number(object, "policy", policy);
	err |= json_put_number(object, "dax_for_all", all);
	err |= json_put_number(object, "dax_for_none", none);
	err |= json_put_signed(object, "saved_against_all", (int64_t)(all - policy));
	err |= json_put_signed(object, "saved_against_none", (int64_t)(none - policy));
	return json_finish(object, err);
}

int scan_print_json(const struct scan_sum *sum)
{
	struct json_object *object = json_object_new_object();
	const struct count yes = tally_verdict(sum->tally, true);
	const struct count no = tally_verdict(sum->tally, false);
	const struct walk_result *result = sum->result;
	int err = 0;

	err |= json_put_number(object, "files", yes.files + no.files);
	err |= json_put_number(object, "folders", result->folders);
	err |= json_put_number(object, "others", sum->tally->others);
	err |= json_put_number(object, "hard_linked", sum->linked);
	err |= json_put_number(object, "failed", result->failed);
	err |= json_put_number(object, "vanished", result->vanished);
	err |= json_put_bool(object, "interrupted", result->interrupted);
	err |= json_put(object, "yes", count_object(&yes));
	err |= json_put(object, "no", count_object(&no));
	err |= json_put(object, "guest_memory", memory_object(&yes, &no));
	err |= json_put(object, "decided_by", group_array(sum));
	err |= json_put(object, "sizes", size_array(sum));
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}
