/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copy.c - `fsdax-ctl copy`: the tags of one tree go on the same paths of another. libattr
 * copies the xattr itself; most files have none, and are not even opened.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "copy_target.h"
#include "copy_xattr.h"
#include "message.h"
#include "tagger.h"

struct copier {
	struct tagger tagger;
	struct copy_target target;
};

/* Where a tag goes. */
struct goal {
	int dirfd;
	const char *name; /* "": dirfd itself */
};

/* Name an error on the side of DST. */
static int goal_failed(const struct copier *c, const struct walk_entry *entry, int err)
{
	char *path = copy_target_path(&c->target, entry);

	message_path_hint("cannot copy the tag to", path ? path : c->target.path, err,
			  err == -ENOENT ? "SRC has it, with a tag, but DST does not: copy the "
					   "file itself first"
			  : err == -EOPNOTSUPP ? "the file system of DST cannot carry this tag"
			  : err == -EINVAL     ? "only regular files and folders have tags"
					       : NULL);
	free(path);
	return WALK_NAMED;
}

/* ---- The xattr ----------------------------------------------------------------------- */

/* SRC has no tag. Returns 1 (changed), 0, or an error of the goal's. */
static int delete_xattr(const struct copier *c, const struct goal *goal)
{
	int ret;

	if (!c->tagger.opts->delete)
		return 0;
	ret = fsdax_tag_write(goal->dirfd, goal->name, c->tagger.xattr, FSDAX_TAG_NONE,
			      c->tagger.opts->dry_run ? FSDAX_TAG_DRY_RUN : 0);
	return ret == -ENOENT || ret == -EOPNOTSUPP ? 0 : ret;
}

static int copy_xattr(const struct copier *c, const struct walk_entry *entry,
		      const struct goal *goal, const struct fsdax_tag_state *state)
{
	struct fsdax_tag_state there;
	int ret;

	if (state->tag == FSDAX_TAG_NONE)
		return state->garbage ? 0 : delete_xattr(c, goal);
	ret = fsdax_tag_read(goal->dirfd, goal->name, c->tagger.xattr, &there);
	if (ret < 0)
		return ret;
	if (there.tag == state->tag && there.by_policy == state->by_policy)
		return 0;
	if (c->tagger.opts->dry_run)
		ret = copy_xattr_check(goal->dirfd, goal->name);
	else
		ret = copy_one_xattr(entry->dirfd, entry->name, goal->dirfd, goal->name,
				     c->tagger.xattr);
	return ret < 0 ? ret : 1;
}

/* ---- The inode flag -------------------------------------------------------------------- */

static int copy_flag(const struct copier *c, const struct goal *goal, bool flag)
{
	int ret;

	if (!flag && !c->tagger.opts->delete)
		return 0;
	ret = fsdax_flag_write(goal->dirfd, goal->name, flag,
			       c->tagger.opts->dry_run ? FSDAX_TAG_DRY_RUN : 0);
	return !flag && (ret == -ENOENT || ret == -EOPNOTSUPP) ? 0 : ret;
}

/* ---- One entry ---------------------------------------------------------------------------- */

/* What SRC has. */
static int read_source(const struct copier *c, const struct walk_entry *entry,
		       struct fsdax_tag_state *state, bool *flag)
{
	int ret = 0;

	if (c->tagger.xattr)
		ret = fsdax_tag_read(entry->dirfd, entry->name, c->tagger.xattr, state);
	if (ret == 0 && c->tagger.flag)
		ret = fsdax_flag_read(entry->dirfd, entry->name, flag);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

static int done(struct copier *c, const struct walk_entry *entry, enum fsdax_tag tag, bool changed)
{
	char *path = NULL;
	int ret;

	if (changed && tagger_lists(&c->tagger)) {
		path = copy_target_path(&c->target, entry);
		if (!path)
			return -ENOMEM;
	}
	ret = tagger_done_path(&c->tagger, entry->thread, path ? path : "", tag, changed);
	free(path);
	return ret;
}

static int say_garbage(const struct walk_entry *entry)
{
	char *path = walk_entry_path(entry);

	message_path_hint("cannot copy the tag of", path ? path : entry->name, -EINVAL,
			  "it is neither yes nor no: look with getfattr, and set or clear it");
	free(path);
	return WALK_NAMED;
}

static int copy_entry(struct copier *c, const struct walk_entry *entry)
{
	struct fsdax_tag_state state = {0};
	struct goal goal = {.name = entry->name};
	bool flag = false, changed;
	int ret = read_source(c, entry, &state, &flag);

	if (ret < 0)
		return ret;
	if (state.garbage)
		return say_garbage(entry);
	if (state.tag == FSDAX_TAG_NONE && !flag && !c->tagger.opts->delete)
		return done(c, entry, FSDAX_TAG_NONE, false);
	goal.dirfd = copy_target_folder(&c->target, entry, &goal.name);
	if (goal.dirfd < 0) {
		if (goal.dirfd == -ENOENT && state.tag == FSDAX_TAG_NONE && !flag)
			return 0;
		return goal_failed(c, entry, goal.dirfd);
	}
	ret = c->tagger.xattr ? copy_xattr(c, entry, &goal, &state) : 0;
	changed = ret > 0;
	if (ret >= 0 && c->tagger.flag)
		ret = copy_flag(c, &goal, flag);
	changed |= ret > 0;
	if (ret < 0)
		return goal_failed(c, entry, ret);
	return done(c, entry, flag && state.tag == FSDAX_TAG_NONE ? FSDAX_TAG_YES : state.tag,
		    changed);
}

static int copy_file(void *data, const struct walk_entry *entry)
{
	if (entry->type != DT_REG)
		return 0;
	return copy_entry(data, entry);
}

static int copy_folder(void *data, const struct walk_entry *entry)
{
	return copy_entry(data, entry);
}

static int run(struct copier *c, const struct share *share, const struct options *opts)
{
	struct walk_ops ops = {
		.file = copy_file,
		.folder = copy_folder,
		.data = c,
		.action = "cannot read the tag of",
	};
	struct walk_result result = {0};

	if (!tagger_lists(&c->tagger))
		ops.unit = "compared";
	if (walk_path(share, opts, opts->args[0], true, &ops, &result) < 0)
		return EXIT_FAILED;
	return tagger_finish(&c->tagger, &result, "copied");
}

int cmd_copy(const struct options *opts)
{
	struct copier c;
	struct share share;
	int status = tagger_open(&c.tagger, &share, opts, SHARE_CARRIERS, TAGGER_BOTH), ret;

	if (status >= 0)
		return status;
	ret = copy_target_open(&c.target, opts->args[1], opts->jobs);
	if (ret < 0) {
		message_path("cannot open", opts->args[1], ret);
		status = EXIT_FAILED;
	} else {
		status = run(&c, &share, opts);
		copy_target_close(&c.target);
	}
	tagger_close(&c.tagger, &share);
	return status;
}
