/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain_gather.c - every fact that the policy can ask for, whether it matters or not, and
 * the steps of the decision. Never opens the file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "explain.h"

#define MAX_VALUE 65536 /* the kernel's XATTR_SIZE_MAX */

/*
 * An xattr's value, without following or opening the file, on any kernel. Absent where the
 * file system has no such xattrs.
 */
static int read_xattr(const char *path, const char *xattr, struct fsdax_xattr *value)
{
	char *buffer = malloc(MAX_VALUE);
	ssize_t size;

	if (!buffer)
		return -ENOMEM;
	size = lgetxattr(path, xattr, buffer, MAX_VALUE);
	if (size >= 0) {
		value->state = FSDAX_XATTR_PRESENT;
		value->value = buffer;
		value->size = size;
		return 0;
	}
	free(buffer);
	if (errno != ENODATA && errno != EOPNOTSUPP)
		return -errno;
	value->state = FSDAX_XATTR_ABSENT;
	return 0;
}

static int read_xattrs(struct explanation *e, const struct place *place)
{
	size_t count = fsdax_policy_xattrs(e->share->policy);
	char *path;
	int err = 0;

	e->xattrs = calloc(count + 1, sizeof(*e->xattrs));
	if (!e->xattrs)
		return -ENOMEM;
	if (asprintf(&path, "/proc/self/fd/%d/%s", place->dirfd, place->name) < 0)
		return -ENOMEM;
	e->n_xattrs = count;
	for (size_t i = 0; i < count && !err; i++)
		err = read_xattr(path, fsdax_policy_xattr(e->share->policy, i), &e->xattrs[i]);
	free(path);
	return err;
}

static int read_flag(struct explanation *e, const struct place *place)
{
	struct fsdax_facts *facts = &e->inode.facts;
	int err;

	if (!(fsdax_policy_needs(e->share->policy) & FSDAX_NEED_FLAG))
		return 0;
	err = fsdax_flag_read(place->dirfd, place->name, &facts->inode_flag);
	e->flag_unknown = err == -EOPNOTSUPP;
	if (err && !e->flag_unknown)
		return err;
	/* A file system without such flags carries no tag. */
	facts->mask |= FSDAX_FACT_FLAG;
	return 0;
}

static int copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int add_step(void *data, const struct fsdax_step *step)
{
	struct explanation *e = data;
	struct explain_step *copy;
	int err = 0;

	if (e->n_steps == e->room) {
		size_t room = e->room ? 2 * e->room : 16;
		struct explain_step *steps = reallocarray(e->steps, room, sizeof(*steps));

		if (!steps)
			return -ENOMEM;
		e->steps = steps;
		e->room = room;
	}
	copy = &e->steps[e->n_steps++];
	*copy = (struct explain_step){
		.rule = step->rule,
		.line = step->line,
		.outcome = step->outcome,
		.exclude = step->exclude,
	};
	err |= copy_text(&copy->key, step->key);
	err |= copy_text(&copy->wanted, step->wanted);
	err |= copy_text(&copy->found, step->found);
	return err;
}

static int gather_file(struct explanation *e, const struct place *place)
{
	struct fsdax_facts *facts = &e->inode.facts;
	int err = read_xattrs(e, place);

	if (!err)
		err = read_flag(e, place);
	if (err)
		return err;
	facts->xattrs = e->xattrs;
	facts->n_xattrs = e->n_xattrs;
	return fsdax_explain(place->cursor, place->below, place->name, strlen(place->name), facts,
			     add_step, e, &e->decision);
}

static int gather(struct explanation *e, struct place *place, int64_t now)
{
	const uint32_t needs = fsdax_policy_needs(e->share->policy);
	int err = inode_read(place->dirfd, place->name, needs, now, &e->inode);

	if (err)
		return err;
	e->tagged_by = place->tagged_by;
	place->tagged_by = NULL;
	e->folder_tag = place->cursor ? fsdax_cursor_tag(place->cursor) : FSDAX_TAG_NONE;
	if (S_ISREG(e->inode.facts.mode))
		return gather_file(e, place);
	if (S_ISDIR(e->inode.facts.mode))
		err = read_xattrs(e, place);
	e->decision = (struct fsdax_decision){
		.reason = FSDAX_REASON_NOT_REGULAR,
		.rule = FSDAX_NO_RULE,
	};
	return err;
}

int explanation_gather(struct explanation *e, int64_t now)
{
	struct place place;
	int err = share_find(e->share, e->path, &place);

	if (err)
		return err;
	err = gather(e, &place, now);
	place_release(&place);
	return err;
}

void explanation_release(struct explanation *e)
{
	for (size_t i = 0; i < e->n_steps; i++) {
		free(e->steps[i].key);
		free(e->steps[i].wanted);
		free(e->steps[i].found);
	}
	free(e->steps);
	for (size_t i = 0; i < e->n_xattrs; i++)
		free((void *)e->xattrs[i].value);
	free(e->xattrs);
	free(e->tagged_by);
}
