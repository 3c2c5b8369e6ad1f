/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_reload.c - a new policy for a running daemon: loaded whole, and put in force only if
 * it has no mistakes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/json.h"
#include "control_internal.h"
#include "folder.h"
#include "log.h"
#include "notify.h"
#include "privileges.h"
#include "share.h"
#include "verdict.h"

/* The remarks, each with the text that is for people. */
static struct json_object *remarks(const struct fsdax_report *report)
{
	struct json_object *array = json_remarks(report);
	int err = 0;

	for (size_t i = 0; array && i < fsdax_report_count(report) && !err; i++) {
		char *text;

		err = fsdax_remark_format(fsdax_report_get(report, i), &text);
		if (err)
			break;
		err = json_put_path(json_object_array_get_idx(array, i), "formatted", text);
		free(text);
	}
	return json_finish(array, err);
}

static void refused(struct control *control)
{
	control->policy_refused = time(NULL);
	control->reloads_failed++;
}

/* Put it in force; or without a policy, say that it was refused. */
static void settle(struct control *control, struct fsdax_policy *policy,
		   const struct fsdax_report *report)
{
	share_log_report(report);
	if (!policy) {
		refused(control);
		log_error("the policy was not replaced: the one from before stays in force");
		return;
	}
	fsdax_slot_swap(control->share->policy, policy);
	verdict_tree_changed(control->share);
	control->policy_generation = folder_generation(control->share);
	control->policy_loaded = time(NULL);
	control->policy_refused = 0;
	control->reloads++;
	log_info("the policy was replaced: it has %u rule%s now", fsdax_policy_rules(policy),
		 fsdax_policy_rules(policy) == 1 ? "" : "s");
}

/* Such a policy would decide as if nothing had a tag. */
static const char no_trusted[] = "the new policy reads xattrs in trusted.*, and the one that the "
				 "daemon was started with did not: start it again";

static bool gave_up_trusted(const struct share *share)
{
	return share->had_trusted && !share->trusted;
}

static struct json_object *reload(struct control *control, bool *replaced)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	struct json_object *object;
	int failed, err = 0;

	if (!control->share->policy)
		return control_error("it was started with --policy=none: there is no policy to "
				     "replace");
	failed = share_load_policy(control->share, &policy, &report);
	if (!failed && privileges_policy_needs_trusted(policy) && gave_up_trusted(control->share)) {
		fsdax_policy_unref(policy);
		fsdax_report_free(report);
		refused(control);
		return control_error(no_trusted);
	}
	settle(control, policy, report);
	*replaced = !failed;
	object = json_object_new_object();
	err |= json_put_bool(object, "ok", !failed);
	if (failed)
		err |= json_put_string(object, "error",
				       failed == -EBADMSG ? "the policy has mistakes"
							  : strerrordesc_np(-failed));
	err |= json_put_number(object, "rules", policy ? fsdax_policy_rules(policy) : 0);
	err |= json_put(object, "remarks", remarks(report));
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
	return json_finish(object, err);
}

struct json_object *control_reload(struct control *control)
{
	struct json_object *object;
	bool replaced = false;

	notify_tell(control->share->notify, NOTIFY_RELOADING);
	object = reload(control, &replaced);
	notify_tell(control->share->notify, replaced ? NOTIFY_RELOADED : NOTIFY_REFUSED);
	return object;
}
