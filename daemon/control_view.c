/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_view.c - inodes as the control socket shows them. The table's lock is held only while
 * numbers are collected; each inode is then looked at by itself, and one that the guest has
 * forgotten meanwhile is passed over.
 */
#include <errno.h>
#include <stdlib.h>

#include "../cli/json.h"
#include "control_internal.h"
#include "inode.h"
#include "share.h"
#include "verdict.h"

/* ---- Numbers --------------------------------------------------------------------------------- */

void nodes_add(struct nodes *nodes, uint64_t nodeid)
{
	if (nodes->n == nodes->room) {
		size_t room = nodes->room ? 2 * nodes->room : 256;
		uint64_t *ids = reallocarray(nodes->ids, room, sizeof(*ids));

		if (!ids) {
			nodes->err = -ENOMEM;
			return;
		}
		nodes->ids = ids;
		nodes->room = room;
	}
	nodes->ids[nodes->n++] = nodeid;
}

void nodes_free(struct nodes *nodes)
{
	free(nodes->ids);
	*nodes = (struct nodes){0};
}

static void add_one(void *data, struct inode *inode)
{
	nodes_add(data, inode->nodeid);
}

void nodes_collect(struct share *share, struct nodes *nodes)
{
	inode_each(share, add_one, nodes);
}

/* ---- One inode ---------------------------------------------------------------------------------- */

/* The policy by which a decision was made: its cursor's; without one, that of now if it can be. */
static struct fsdax_policy *policy_of(const struct control *control, const struct verdict *verdict)
{
	struct fsdax_slot *slot = control->share->policy;

	if (verdict->memo.cursor)
		return fsdax_policy_ref(fsdax_cursor_policy(verdict->memo.cursor));
	return slot && verdict->generation >= control->policy_generation ? fsdax_slot_get(slot)
									 : NULL;
}

void view_take(const struct control *control, struct inode *inode, struct view *view)
{
	const struct verdict *verdict = &inode->verdict;
	struct share *share = control->share;

	*view = (struct view){
		.nodeid = inode->nodeid,
		.ino = inode->key.ino,
		.dev = inode->key.dev,
		.type = inode->type,
	};
	inode_lock(share, inode);
	view->opens = inode->opens;
	view->retired = inode_is_retired(inode);
	view->told_known = verdict->settled;
	view->told = verdict->settled && verdict->flag;
	view->pending = verdict->pending && !view->retired;
	view->pending_since = verdict->pending_since;
	view->unmappable = verdict->unmappable;
	view->now = verdict->now;
	view->policy = policy_of(control, verdict);
	inode_unlock(share, inode);
}

void view_release(struct view *view)
{
	fsdax_policy_unref(view->policy);
	view->policy = NULL;
}

static int put_decision(struct json_object *object, const struct view *view)
{
	struct fsdax_decision decision = view->now;

	if (!S_ISREG(view->type))
		decision = (struct fsdax_decision){.reason = FSDAX_REASON_NOT_REGULAR};
	/* The number of a rule says nothing without its policy. */
	if (!view->policy)
		decision.rule = FSDAX_NO_RULE;
	return json_put_decision(object, view->policy, &decision);
}

struct json_object *view_json(struct share *share, struct inode *inode, const struct view *view)
{
	struct json_object *object = json_object_new_object();
	char *path = inode_path(share, inode);
	int err = json_put_path(object, "path", path ? path : "?");

	free(path);
	err |= json_put_number(object, "dev", view->dev);
	err |= json_put_number(object, "ino", view->ino);
	err |= json_put_number(object, "nodeid", view->nodeid);
	err |= put_decision(object, view);
	err |= json_put_string(object, "unmappable",
			       view->unmappable ? unmappable_text(view->unmappable) : NULL);
	err |= view->told_known ? json_put_bool(object, "told", view->told)
				: json_put_null(object, "told");
	err |= json_put_number(object, "opens", view->opens);
	err |= json_put_bool(object, "pending", view->pending);
	err |= view->pending ? json_put_number(object, "pending_since", view->pending_since)
			     : json_put_null(object, "pending_since");
	return json_finish(object, err);
}
