/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_json.c - see tally_json.h. scan_parts.c reads what is written here.
 */
#include "tally_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int count_json(struct json_object *object, const struct count *count)
{
	int err = 0;

	err |= json_put_number(object, "files", count->files);
	err |= json_put_number(object, "bytes", count->bytes);
	err |= json_put_number(object, "chunks", count->chunks);
	err |= json_put_number(object, "descriptors", count->descriptors);
	err |= json_put_number(object, "page_cache", count->page_cache);
	return err ? -ENOMEM : 0;
}

int count_json_put(struct json_object *object, const char *key, const struct count *count)
{
	struct json_object *sums = json_object_new_object();

	return json_put(object, key, json_finish(sums, count_json(sums, count)));
}

int group_json(struct json_object *object, const struct tallies *tallies, const struct tally *tally,
	       size_t group)
{
	const struct fsdax_decision decision = tally_decision(tallies, group);
	int err = 0;

	err |= json_put_decision(object, tallies->policy, &decision);
	err |= count_json(object, &tally->groups[group]);
	return err ? -ENOMEM : 0;
}

static int put_verdicts(struct json_object *object, const struct count *yes, const struct count *no)
{
	int err = count_json_put(object, "yes", yes);

	err |= count_json_put(object, "no", no);
	return err ? -ENOMEM : 0;
}

static struct json_object *class_object(const struct tally *tally, unsigned int class)
{
	const struct count yes = tally_class(tally, true, class);
	const struct count no = tally_class(tally, false, class);
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "from", sizeclass_from(class));

	if (class + 1 < SIZECLASS_COUNT)
		err |= json_put_number(object, "below", sizeclass_from(class + 1));
	else
		err |= json_put_null(object, "below");
	err |= put_verdicts(object, &yes, &no);
	return json_finish(object, err);
}

static struct json_object *class_array(const struct tally *tally)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int i = 0; i < SIZECLASS_COUNT && !err; i++)
		err = json_append(array, class_object(tally, i));
	return json_finish(array, err);
}

static struct json_object *bucket_object(const struct tally *tally, unsigned int bucket)
{
	const struct count *of = tally->buckets[bucket];
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "from", histogram_from(bucket));

	err |= put_verdicts(object, &of[1], &of[0]);
	return json_finish(object, err);
}

/* The buckets that have files. */
static struct json_object *bucket_array(const struct tally *tally)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS && !err; i++) {
		if (tally->buckets[i][0].files + tally->buckets[i][1].files)
			err = json_append(array, bucket_object(tally, i));
	}
	return json_finish(array, err);
}

int sizes_json(struct json_object *object, const struct tallies *tallies, const struct tally *tally)
{
	int err = 0;

	err |= json_put_number(object, "break_even", tally_break_even(tallies->policy));
	err |= json_put(object, "sizes", class_array(tally));
	err |= json_put(object, "histogram", bucket_array(tally));
	return err ? -ENOMEM : 0;
}

int folder_json(struct json_object *object, const char *key, const char *path)
{
	char *text;
	int err;

	if (!path)
		return json_put_null(object, key);
	if (asprintf(&text, "/%s", path) < 0)
		return -ENOMEM;
	err = json_put_path(object, key, text);
	free(text);
	return err;
}

static struct json_object *tree_object(const struct tree *tree)
{
	struct json_object *object = json_object_new_object();
	int err = folder_json(object, "path", tree->path);

	err |= json_put_bool(object, "deep", tree->deep);
	err |= put_verdicts(object, &tree->of[1], &tree->of[0]);
	return json_finish(object, err);
}

static struct json_object *tree_array(const struct trees *trees)
{
	struct json_object *array = json_object_new_array();
	const struct tree **list;
	size_t n;
	int err = trees_list(trees, &list, &n);

	if (err)
		return json_finish(array, err);
	for (size_t i = 0; i < n && !err; i++)
		err = json_append(array, tree_object(list[i]));
	free(list);
	return json_finish(array, err);
}

int trees_json(struct json_object *object, const struct trees *trees)
{
	int err = folder_json(object, "trees_below", trees->common);

	err |= json_put(object, "trees", tree_array(trees));
	return err ? -ENOMEM : 0;
}
