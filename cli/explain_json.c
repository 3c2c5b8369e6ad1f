/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain_json.c - an explanation as members of a JSON object.
 */
#include <errno.h>
#include <sys/stat.h>

#include "explain.h"
#include "json.h"
#include "output.h"

static const char *tag_name(enum fsdax_tag tag)
{
	if (tag == FSDAX_TAG_NONE)
		return NULL;
	return tag == FSDAX_TAG_YES ? "yes" : "no";
}

static struct json_object *cost_object(const struct explanation *e)
{
	struct json_object *object = json_object_new_object();
	struct fsdax_cost cost;
	int err = 0;

	fsdax_policy_cost(e->share->policy, e->inode.facts.size, &cost);
	err |= json_put_number(object, "chunks", cost.chunks);
	err |= json_put_number(object, "descriptors", cost.descriptors);
	err |= json_put_number(object, "page_cache", cost.page_cache);
	return json_finish(object, err);
}

static int put_tags(struct json_object *object, const struct explanation *e)
{
	const struct fsdax_xattr *xattr = e->xattrs;
	enum fsdax_tag tag = FSDAX_TAG_NONE;
	bool by_policy = false;
	int err = 0;

	if (e->share->settings.tag_xattr && xattr && xattr->state == FSDAX_XATTR_PRESENT)
		tag = fsdax_tag_parse(xattr->value, xattr->size, &by_policy);
	err |= json_put_string(object, "tag", by_policy ? NULL : tag_name(tag));
	err |= json_put_string(object, "written_decision", by_policy ? tag_name(tag) : NULL);
	if (e->inode.facts.mask & FSDAX_FACT_FLAG && !e->flag_unknown)
		err |= json_put_bool(object, "flag", e->inode.facts.inode_flag);
	else
		err |= json_put_null(object, "flag");
	err |= json_put_string(object, "folder_tag", tag_name(e->folder_tag));
	err |= json_put_path(object, "folder", e->tagged_by);
	return err;
}

static struct json_object *step_object(const struct explanation *e, const struct explain_step *step)
{
	static const char *const outcomes[] = {"failed", "matched", "unknown"};
	struct json_object *object = json_object_new_object();
	struct fsdax_rule_info rule = {0};
	int err = 0;

	fsdax_policy_rule(e->share->policy, step->rule, &rule);
	err |= json_put_string(object, "rule", rule.name);
	err |= json_put_path(object, "file", rule.file);
	err |= json_put_number(object, "line", step->line);
	err |= json_put_string(object, "key", step->key);
	err |= json_put_path(object, "wanted", step->wanted);
	err |= json_put_path(object, "found", step->found);
	if (step->key)
		err |= json_put_bool(object, "exclude", step->exclude);
	err |= json_put_string(object, "outcome", outcomes[step->outcome]);
	return json_finish(object, err);
}

static struct json_object *step_array(const struct explanation *e)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (size_t i = 0; i < e->n_steps && !err; i++)
		err = json_append(array, step_object(e, &e->steps[i]));
	return json_finish(array, err);
}

int explanation_json(const struct explanation *e, struct json_object *object)
{
	int err = 0;

	if (S_ISREG(e->inode.facts.mode)) {
		err |= json_put_number(object, "size", e->inode.facts.size);
		err |= json_put(object, "cost", cost_object(e));
	}
	err |= put_tags(object, e);
	err |= json_put(object, "steps", step_array(e));
	return err ? -ENOMEM : 0;
}
