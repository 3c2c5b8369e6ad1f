/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_decision.c - decisions, and what is wrong with a policy, as JSON; see json.h.
 */
#include <errno.h>

#include "json.h"

int json_put_decision(struct json_object *object, const struct fsdax_policy *policy,
		      const struct fsdax_decision *decision)
{
	struct fsdax_rule_info rule;
	int err = 0;

	err |= json_put_bool(object, "dax", decision->dax);
	err |= json_put_string(object, "reason", fsdax_reason_name(decision->reason));
	if (decision->reason != FSDAX_REASON_RULE || !policy ||
	    fsdax_policy_rule(policy, decision->rule, &rule)) {
		err |= json_put_null(object, "rule");
		err |= json_put_null(object, "file");
		err |= json_put_null(object, "line");
		return err ? -ENOMEM : 0;
	}
	err |= json_put_string(object, "rule", rule.name);
	err |= json_put_path(object, "file", rule.file);
	err |= json_put_number(object, "line", rule.line);
	return err ? -ENOMEM : 0;
}

static struct json_object *remark_object(const struct fsdax_remark *remark)
{
	static const char *const severities[] = {"note", "warning", "error"};
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_string(object, "severity", severities[remark->severity]);
	err |= json_put_path(object, "file", remark->file);
	err |= json_put_number(object, "line", remark->line);
	err |= json_put_number(object, "column", remark->column);
	err |= json_put_number(object, "width", remark->width);
	err |= json_put_path(object, "message", remark->message);
	err |= json_put_path(object, "hint", remark->hint);
	err |= json_put_path(object, "text", remark->text);
	return json_finish(object, err);
}

struct json_object *json_remarks(const struct fsdax_report *report)
{
	struct json_object *array = json_object_new_array();
	int err = 0;

	for (size_t i = 0; i < fsdax_report_count(report) && !err; i++)
		err = json_append(array, remark_object(fsdax_report_get(report, i)));
	return json_finish(array, err);
}
