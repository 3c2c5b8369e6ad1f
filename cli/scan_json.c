/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_json.c - the sums of a scan as one JSON object.
 */
#include <errno.h>

#include "json.h"
#include "output.h"
#include "scan.h"
#include "tally_json.h"

static struct json_object *group_object(const struct scan_sum *sum, size_t group)
{
	struct json_object *object = json_object_new_object();

	return json_finish(object, group_json(object, sum->tallies, sum->tally, group));
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

static struct json_object *threshold_object(const struct scan_sum *sum, uint64_t from)
{
	const struct count count = scan_from(sum, from);
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "from", from);

	err |= count_json(object, &count);
	err |= json_put_number(object, "window", count.chunks * sum->chunk_size);
	return json_finish(object, err);
}

static struct json_object *threshold_array(const struct scan_sum *sum)
{
	struct json_object *array = json_object_new_array();
	uint64_t from = 0;
	int err = 0;

	do
		err = json_append(array, threshold_object(sum, from));
	while (!err && scan_next_threshold(sum, &from));
	return json_finish(array, err);
}

/* a - b; less than the least that there is a type for is that. */
static int put_difference(struct json_object *object, const char *key, uint64_t a, uint64_t b)
{
	if (a >= b)
		return json_put_number(object, key, a - b);
	return json_put_signed(object, key, b - a > INT64_MAX ? INT64_MIN : -(int64_t)(b - a));
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
	err |= put_difference(object, "saved_against_all", all, policy);
	err |= put_difference(object, "saved_against_none", none, policy);
	return json_finish(object, err);
}

static struct json_object *link_object(const struct scan_sum *sum, const struct link *link)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	if (link->dev)
		err |= json_put_number(object, "dev", link->dev);
	else
		err |= json_put_null(object, "dev");
	err |= json_put_number(object, "ino", link->ino);
	err |= json_put_number(object, "names", link->names);
	err |= json_put_number(object, "links", link->nlink);
	err |= json_put_number(object, "size", link->size);
	err |= folder_json(object, "folder", link->folder);
	err |= json_put_decision(object, sum->tallies->policy, &link->decision);
	if (link->decision.reason == FSDAX_REASON_RULE)
		err |= json_put_number(object, "rule_number", link->decision.rule);
	return json_finish(object, err);
}

/* What a merge needs beside the sums. */
static int put_rest(struct json_object *object, const struct scan_sum *sum)
{
	struct json_object *links = json_object_new_array();
	struct json_object *sample = json_object_new_array();
	int err = 0;

	for (size_t i = 0; i < sum->n_open && !err; i++)
		err = json_append(links, link_object(sum, &sum->open[i]));
	for (size_t i = 0; i < sum->tally->names.n && !err; i++)
		err = json_append(sample, json_object_new_uint64(sum->tally->names.hashes[i]));
	err |= json_put(object, "links", json_finish(links, err));
	err |= json_put(object, "sample", json_finish(sample, err));
	return err ? -ENOMEM : 0;
}

/* What parts of one scan have in common. */
static int put_head(struct json_object *object, const struct scan_sum *sum)
{
	char digest[SCAN_DIGEST_MAX];
	int err = json_put_string(object, "format", SCAN_FORMAT);

	err |= json_put_string(object, "policy", scan_digest(digest, sum->tallies->policy));
	err |= json_put_path(object, "root", sum->root);
	return err ? -ENOMEM : 0;
}

int scan_print_json(const struct scan_sum *sum)
{
	struct json_object *object = json_object_new_object();
	const struct count yes = tally_verdict(sum->tally, true);
	const struct count no = tally_verdict(sum->tally, false);
	const struct walk_result *result = sum->result;
	int err = put_head(object, sum);

	err |= json_put_number(object, "files", yes.files + no.files);
	err |= json_put_number(object, "folders", result->folders);
	err |= json_put_number(object, "others", sum->tally->others);
	err |= json_put_number(object, "hard_linked", sum->linked);
	err |= json_put_number(object, "failed", result->failed);
	err |= json_put_number(object, "vanished", result->vanished);
	err |= json_put_bool(object, "interrupted", result->interrupted);
	err |= json_put_number(object, "chunk_size", sum->chunk_size);
	err |= count_json_put(object, "yes", &yes);
	err |= count_json_put(object, "no", &no);
	err |= json_put(object, "guest_memory", memory_object(&yes, &no));
	err |= json_put(object, "decided_by", group_array(sum));
	err |= sizes_json(object, sum->tallies, sum->tally);
	err |= json_put(object, "thresholds", threshold_array(sum));
	err |= trees_json(object, &sum->tally->trees);
	err |= put_rest(object, sum);
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}
