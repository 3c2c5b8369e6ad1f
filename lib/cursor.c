/* SPDX-License-Identifier: BSD-3-Clause */
/* cursor.c - a folder, as the rules see it. See cursor.h. */
#include <stdlib.h>

#include "cursor.h"
#include "path.h"

static void copy_nodes(live_t *to, const live_t *nodes, uint32_t n)
{
	memcpy(to, nodes, n * sizeof(*nodes));
}

static int cursor_new(struct fsdax_policy *policy, enum fsdax_tag tag, const struct live *live,
		      struct fsdax_cursor **out)
{
	const struct matcher_folder *folder = &live->folder;
	size_t n_live = (size_t)folder->n_stars + folder->n_plain;
	struct fsdax_cursor *cursor = malloc(sizeof(*cursor) + n_live * sizeof(*cursor->live));

	if (!cursor)
		return -ENOMEM;
	atomic_init(&cursor->refs, 1);
	cursor->tag = (uint8_t)tag;
	cursor->policy = fsdax_policy_ref(policy);
	cursor->folder = *folder;
	cursor->folder.stars = cursor->live;
	cursor->folder.plain = cursor->live + folder->n_stars;
	copy_nodes(cursor->live, folder->stars, folder->n_stars);
	copy_nodes(cursor->live + folder->n_stars, folder->plain, folder->n_plain);
	*out = cursor;
	return 0;
}

static bool same_nodes(const struct matcher_folder *a, const struct matcher_folder *b)
{
	return a->n_stars == b->n_stars && a->n_plain == b->n_plain &&
	       !memcmp(a->stars, b->stars, a->n_stars * sizeof(*a->stars)) &&
	       !memcmp(a->plain, b->plain, a->n_plain * sizeof(*a->plain));
}

int fsdax_cursor_root(struct fsdax_policy *policy, enum fsdax_tag tag, struct fsdax_cursor **root)
{
	struct live live;
	int err;

	live_init(&live);
	err = matcher_start(&policy->matcher, &live);
	if (!err)
		err = cursor_new(policy, tag, &live, root);
	live_release(&live);
	return err;
}

int fsdax_cursor_enter(struct fsdax_cursor *parent, const char *name, size_t len,
		       enum fsdax_tag tag, struct fsdax_cursor **child)
{
	struct live live;
	int err;

	if (!path_is_name(name, len))
		return -EINVAL;
	if (tag == FSDAX_TAG_NONE)
		tag = (enum fsdax_tag)parent->tag;
	live_init(&live);
	err = matcher_resume(&parent->folder, &live);
	if (!err)
		err = matcher_enter(&parent->policy->matcher, &live, name, len);
	/* Most folders are as their parent is: no pattern knows their name. */
	if (!err && tag == (enum fsdax_tag)parent->tag &&
	    same_nodes(&live.folder, &parent->folder))
		*child = fsdax_cursor_ref(parent);
	else if (!err)
		err = cursor_new(parent->policy, tag, &live, child);
	live_release(&live);
	return err;
}

struct fsdax_cursor *fsdax_cursor_ref(struct fsdax_cursor *cursor)
{
	atomic_fetch_add_explicit(&cursor->refs, 1, memory_order_relaxed);
	return cursor;
}

void fsdax_cursor_unref(struct fsdax_cursor *cursor)
{
	if (!cursor || atomic_fetch_sub_explicit(&cursor->refs, 1, memory_order_acq_rel) != 1)
		return;
	fsdax_policy_unref(cursor->policy);
	free(cursor);
}

struct fsdax_policy *fsdax_cursor_policy(const struct fsdax_cursor *cursor)
{
	return cursor->policy;
}

enum fsdax_tag fsdax_cursor_tag(const struct fsdax_cursor *cursor)
{
	return (enum fsdax_tag)cursor->tag;
}
