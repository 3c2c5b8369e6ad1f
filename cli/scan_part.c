/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_part.c - see scan_part.h. The file is not trusted to be one that scan wrote: each member
 * is looked at, and the sums have to agree with each other.
 */
#include "scan_part.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"
#include "message.h"
#include "scan.h"

static const char again[] = "make it again: fsdax-ctl scan --json ... >PART";

/* Why a part cannot be used, and what to do. Returns -EINVAL. */
static int refuse(const struct scan_part *part, const char *why, const char *hint)
{
	char *file = message_quote(NULL, part->file);

	message_error("%s: %s\n  = %s", file ? file : part->file, why, hint);
	free(file);
	return -EINVAL;
}

/* What is read, and where to. */
struct reading {
	struct scan_part *part;
	struct tally *tally;
	struct links *links;
	struct json_reader in;
};

static struct count read_count(struct reading *r, struct json_object *object)
{
	return (struct count){
		.files = json_read_number(&r->in, object, "files"),
		.bytes = json_read_number(&r->in, object, "bytes"),
		.chunks = json_read_number(&r->in, object, "chunks"),
		.descriptors = json_read_number(&r->in, object, "descriptors"),
		.page_cache = json_read_number(&r->in, object, "page_cache"),
	};
}

static void read_verdicts(struct reading *r, struct json_object *object, struct count of[2])
{
	of[1] = read_count(r, json_read_object(&r->in, object, "yes"));
	of[0] = read_count(r, json_read_object(&r->in, object, "no"));
}

static struct fsdax_decision read_decision(struct reading *r, struct json_object *object)
{
	struct fsdax_decision decision = {.rule = FSDAX_NO_RULE};
	const char *name = json_read_string(&r->in, object, "reason");

	decision.dax = json_read_bool(&r->in, object, "dax");
	while (decision.reason < FSDAX_REASON_UNMAPPABLE &&
	       strcmp(name, fsdax_reason_name(decision.reason)) != 0)
		decision.reason++;
	if (strcmp(name, fsdax_reason_name(decision.reason)) != 0)
		json_read_failed(&r->in, "reason");
	return decision;
}

/* The rules come first, each in its place. */
static void read_group(struct reading *r, struct json_object *object, size_t i)
{
	struct fsdax_decision decision = read_decision(r, object);
	const bool rule = decision.reason == FSDAX_REASON_RULE;
	size_t group;

	if (rule != (i < r->part->tallies.n_rules)) {
		json_read_failed(&r->in, "decided_by");
		return;
	}
	if (rule)
		decision.rule = (uint32_t)i;
	group = tally_group(&r->part->tallies, &decision);
	r->tally->groups[group] = read_count(r, object);
}

static void read_bucket(struct reading *r, struct json_object *object, size_t i)
{
	const uint64_t from = json_read_number(&r->in, object, "from");
	const unsigned int bucket = histogram_bucket(from);

	(void)i;
	if (histogram_from(bucket) != from)
		json_read_failed(&r->in, "from");
	read_verdicts(r, object, r->tally->buckets[bucket]);
}

/* A path below the share's root, as trees have it. NULL: failed. */
static char *read_folder(struct reading *r, struct json_object *object, const char *key)
{
	char *path = json_read_path(&r->in, object, key);

	if (!path || *path != '/') {
		json_read_failed(&r->in, key);
		free(path);
		return NULL;
	}
	memmove(path, path + 1, strlen(path));
	return path;
}

static void read_tree(struct reading *r, struct json_object *object, size_t i)
{
	char *path = read_folder(r, object, "path");
	struct tree *tree;

	(void)i;
	if (path && trees_at(&r->tally->trees, path, &tree))
		r->in.err = -ENOMEM;
	else if (path)
		read_verdicts(r, object, tree->of);
	free(path);
}

static void read_trees(struct reading *r, struct json_object *object)
{
	char *below;

	if (json_read_null(object, "trees_below"))
		return;
	below = read_folder(r, object, "trees_below");
	if (below && trees_note(&r->tally->trees, below))
		r->in.err = -ENOMEM;
	free(below);
}

/* An inode with names elsewhere leaves the sums: it is counted when all parts are read. */
static void take_out(struct reading *r, const struct link *link)
{
	const struct count one = count_of_file(r->part->tallies.policy, link->size);
	const bool dax = link->decision.dax;
	struct tree *tree;

	if (trees_at(&r->tally->trees, link->folder, &tree)) {
		r->in.err = -ENOMEM;
		return;
	}
	if (!count_sub(&r->tally->groups[tally_group(&r->part->tallies, &link->decision)], &one) ||
	    !count_sub(&r->tally->buckets[histogram_bucket(link->size)][dax], &one) ||
	    !count_sub(&tree->of[dax], &one))
		json_read_failed(&r->in, "links");
}

static void read_link(struct reading *r, struct json_object *object, size_t i)
{
	struct link link = {
		.dev = json_read_null(object, "dev") ? 0 : json_read_number(&r->in, object, "dev"),
		.ino = json_read_number(&r->in, object, "ino"),
		.size = json_read_number(&r->in, object, "size"),
		.names = (uint32_t)json_read_number(&r->in, object, "names"),
		.nlink = (uint32_t)json_read_number(&r->in, object, "links"),
		.decision = read_decision(r, object),
		.folder = read_folder(r, object, "folder"),
	};

	(void)i;
	if (link.decision.reason == FSDAX_REASON_RULE)
		link.decision.rule = (uint32_t)json_read_number(&r->in, object, "rule_number");
	if (link.decision.reason == FSDAX_REASON_RULE &&
	    link.decision.rule >= r->part->tallies.n_rules)
		json_read_failed(&r->in, "rule_number");
	if (!r->in.err)
		take_out(r, &link);
	if (!r->in.err && links_add(r->links, &link, NULL) < 0)
		r->in.err = -ENOMEM;
	free(link.folder);
}

static void read_each(struct reading *r, struct json_object *object, const char *key,
		      void (*fn)(struct reading *r, struct json_object *object, size_t i))
{
	struct json_object *array = json_read_array(&r->in, object, key);
	const size_t n = array ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < n && !r->in.err; i++)
		fn(r, json_object_array_get_idx(array, i), i);
}

static void read_sample(struct reading *r, struct json_object *object)
{
	struct json_object *array = json_read_array(&r->in, object, "sample");
	const size_t n = array ? json_object_array_length(array) : 0;

	for (size_t i = 0; i < n; i++)
		sample_hash(&r->tally->names,
			    json_object_get_uint64(json_object_array_get_idx(array, i)));
	sample_settle(&r->tally->names);
}

static void read_result(struct reading *r, struct json_object *object)
{
	r->part->result = (struct walk_result){
		.folders = json_read_number(&r->in, object, "folders"),
		.failed = json_read_number(&r->in, object, "failed"),
		.vanished = json_read_number(&r->in, object, "vanished"),
		.interrupted = json_read_bool(&r->in, object, "interrupted"),
	};
	r->tally->others = json_read_number(&r->in, object, "others");
}

/* That each file is in each of the sums once. */
static void check_sums(struct reading *r, struct json_object *object)
{
	const struct count yes = tally_verdict(r->tally, true), no = tally_verdict(r->tally, false);
	const struct tallies *tallies = &r->part->tallies;
	const uint64_t files = json_read_number(&r->in, object, "files");
	uint64_t by_group = 0, by_tree = 0;
	const struct tree **list;
	size_t n;

	if (trees_list(&r->tally->trees, &list, &n)) {
		r->in.err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < tallies->n_groups; i++)
		by_group += r->tally->groups[i].files;
	for (size_t i = 0; i < n; i++)
		by_tree += list[i]->of[0].files + list[i]->of[1].files;
	free(list);
	if (files != yes.files + no.files || files != by_group || files != by_tree)
		json_read_failed(&r->in, "files");
}

static void read_all(struct reading *r, struct json_object *object)
{
	struct json_object *links = json_read_array(&r->in, object, "links");
	uint64_t linked = json_read_number(&r->in, object, "hard_linked");

	r->part->root = json_read_path(&r->in, object, "root");
	read_result(r, object);
	read_each(r, object, "decided_by", read_group);
	read_each(r, object, "histogram", read_bucket);
	read_trees(r, object);
	read_each(r, object, "trees", read_tree);
	read_sample(r, object);
	if (!r->in.err)
		check_sums(r, object);
	if (r->in.err)
		return;
	if (linked < json_object_array_length(links))
		json_read_failed(&r->in, "hard_linked");
	r->part->closed = linked - json_object_array_length(links);
	read_each(r, object, "links", read_link);
}

/* Whether it is a part at all, and one of this policy. Returns 0, or -EINVAL after a message. */
static int check_kind(const struct scan_part *part, struct json_object *object)
{
	struct json_reader in = {0};
	const char *format = json_read_string(&in, object, "format");
	const char *policy = json_read_string(&in, object, "policy");
	char digest[SCAN_DIGEST_MAX];

	if (strncmp(format, SCAN_FORMAT, strlen(SCAN_FORMAT) - 1) != 0)
		return refuse(part, "this is not what scan --json prints", again);
	if (strcmp(format, SCAN_FORMAT) != 0)
		return refuse(part, "this was made by another version of fsdax-ctl",
			      "scan all parts, and merge them, with the same version");
	if (strcmp(policy, scan_digest(digest, part->tallies.policy)) != 0)
		return refuse(part, "this was scanned under another policy than the one in use",
			      "name the policy of the parts with --policy, or scan them again");
	return 0;
}

static int refuse_member(const struct scan_part *part, const char *key)
{
	char why[100];

	snprintf(why, sizeof(why), "its \"%s\" is missing, or was changed", key);
	return refuse(part, why, again);
}

static int read_part(struct scan_part *part, struct json_object *object, struct links *links)
{
	struct reading r = {
		.part = part,
		.tally = tallies_of(&part->tallies, 0),
		.links = links,
	};
	int err = check_kind(part, object);

	if (err)
		return err;
	read_all(&r, object);
	if (r.in.err == -ENOMEM)
		message_path("cannot read", part->file, -ENOMEM);
	else if (r.in.err)
		refuse_member(part, r.in.key);
	return r.in.err;
}

int scan_part_read(struct scan_part *part, const char *file, const struct fsdax_policy *policy,
		   struct links *links)
{
	struct json_object *object = NULL;
	int err;

	*part = (struct scan_part){.file = file};
	err = tallies_init(&part->tallies, policy, 1);
	if (err) {
		message_path("cannot read", file, err);
		return err;
	}
	err = json_read_file(file, &object);
	if (err == -EBADMSG)
		refuse(part, "this is not JSON, or was cut", again);
	else if (err == -E2BIG)
		refuse(part, "this has more in it than one JSON object",
		       "make it with scan --json, without -v, one file for each scan");
	else if (err)
		message_path("cannot read", file, err);
	else
		err = read_part(part, object, links);
	json_object_put(object);
	return err;
}

void scan_part_free(struct scan_part *part)
{
	tallies_free(&part->tallies);
	free(part->root);
	*part = (struct scan_part){0};
}
