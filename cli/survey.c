/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * survey.c - see survey.h.
 */
#include "survey.h"

#include <errno.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "message.h"

static int list_file(struct survey *s, const struct walk_entry *entry, uint64_t size,
		     const struct fsdax_decision *decision)
{
	char *path = walk_entry_path(entry);
	int err = path ? s->list(s->data, path, size, decision) : -ENOMEM;

	free(path);
	return err;
}

/* One of several names: wait for the others. */
static int add_name(struct survey *s, const struct walk_entry *entry, const struct inode *inode,
		    const struct fsdax_decision *decision)
{
	const struct link name = link_of(inode, decision);
	int err = s->list ? link_names_add(&s->names, entry, inode) : 0;

	if (!err)
		err = links_add(s->links, &name, NULL);
	return err < 0 ? err : 0;
}

static int visit_file(void *data, const struct walk_entry *entry)
{
	struct fsdax_decision decision;
	struct survey *s = data;
	struct inode inode;
	int err;

	if (entry->type == DT_REG) {
		err = inode_read(entry->dirfd, entry->name, s->needs, s->now, &inode);
		if (err)
			return err;
	}
	if (entry->type != DT_REG || !S_ISREG(inode.facts.mode)) {
		if (s->other)
			s->other(s->data, entry->thread);
		return 0;
	}
	err = fsdax_decide_at(entry->cursor, entry->dirfd, entry->name, &inode.facts,
			      FSDAX_DECIDE_EXACT, &decision);
	if (err)
		return err;
	if (inode.facts.nlink > 1)
		return add_name(s, entry, &inode, &decision);
	s->count(s->data, entry->thread, inode.facts.size, &decision);
	return s->list ? list_file(s, entry, inode.facts.size, &decision) : 0;
}

static int count_link(void *data, const struct link *link)
{
	struct survey *s = data;

	s->linked++;
	s->count(s->data, 0, link->size, &link->decision);
	return 0;
}

static int list_names(struct survey *s)
{
	struct link_index index;
	int err = link_index_init(&index, s->links);

	for (size_t i = 0; !err && i < s->names.count; i++) {
		const struct link_name *name = &s->names.list[i];
		const struct link *link = link_index_find(&index, name->inode.dev, name->inode.ino);

		if (link)
			err = s->list(s->data, name->path, name->inode.facts.size, &link->decision);
	}
	link_index_free(&index);
	return err;
}

static int run(struct survey *s, const struct share *share, const struct options *opts,
	       struct walk_result *result)
{
	const struct walk_ops ops = {
		.file = visit_file,
		.data = s,
		.action = s->action,
		.tags = true,
		.unit = s->unit,
		.prints = true,
		.once = true,
	};
	int err = walk_operands(share, opts, true, &ops, result);

	if (err)
		return err;
	links_each(s->links, count_link, s);
	err = s->list ? list_names(s) : 0;
	if (err)
		message_error("%s", strerror(-err));
	return err;
}

int survey_run(struct survey *s, const struct share *share, const struct options *opts,
	       struct walk_result *result)
{
	int err = links_new(&s->links);

	if (err) {
		message_error("%s", strerror(-err));
		return err;
	}
	link_names_init(&s->names);
	s->linked = 0;
	s->needs = fsdax_policy_needs(share->policy);
	s->now = inode_now(s->needs);
	err = run(s, share, opts, result);
	link_names_free(&s->names);
	links_free(s->links);
	return err;
}
