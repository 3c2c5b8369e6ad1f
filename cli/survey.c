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

/* The folder that an entry is in, below the share's root. NULL: no memory. */
static const char *folder_of(struct survey *s, const struct walk_entry *entry)
{
	struct survey_folder *folder = &s->folders[entry->thread];
	const uint64_t id = walk_entry_folder_id(entry);

	if (id && folder->id == id)
		return folder->path;
	free(folder->path);
	folder->path = walk_entry_folder(entry);
	folder->id = folder->path ? id : 0;
	return folder->path;
}

/* One of several names: wait for the others. */
static int add_name(struct survey *s, const struct walk_entry *entry, const char *folder,
		    const struct inode *inode, const struct fsdax_decision decisions[2])
{
	struct link name = link_of(inode, &decisions[0]);
	int err = s->list ? link_names_add(&s->names, entry, inode) : 0;

	name.second = decisions[1];
	name.folder = (char *)folder;
	if (!err)
		err = links_add(s->links, &name, NULL);
	return err < 0 ? err : 0;
}

static int add_inode(struct survey *s, int thread, const char *folder, uint64_t size,
		     const struct fsdax_decision *decision, const struct fsdax_decision *second)
{
	int err = tally_add(s->tallies, tallies_of(s->tallies, thread), folder, decision, size);

	if (!err && s->count)
		s->count(s->data, thread, size, second);
	return err;
}

static int add_file(struct survey *s, const struct walk_entry *entry, const struct inode *inode,
		    const struct fsdax_decision decisions[2])
{
	struct tally *tally = tallies_of(s->tallies, entry->thread);
	const char *folder = folder_of(s, entry);
	const uint64_t size = inode->facts.size;
	int err = folder ? tally_name(tally, folder, entry->name) : -ENOMEM;

	if (err)
		return err;
	if (inode->facts.nlink > 1)
		return add_name(s, entry, folder, inode, decisions);
	err = add_inode(s, entry->thread, folder, size, &decisions[0], &decisions[1]);
	return !err && s->list ? list_file(s, entry, size, &decisions[0]) : err;
}

static int decide(struct survey *s, const struct walk_entry *entry, struct inode *inode,
		  struct fsdax_decision decisions[2])
{
	int err = fsdax_decide_at(entry->cursor, entry->dirfd, entry->name, &inode->facts,
				  FSDAX_DECIDE_EXACT, &decisions[0]);

	if (err)
		return err;
	decisions[1] = decisions[0];
	return s->second ? s->second(s->data, entry, &inode->facts, &decisions[1]) : 0;
}

static int visit_file(void *data, const struct walk_entry *entry)
{
	struct fsdax_decision decisions[2];
	struct survey *s = data;
	struct inode inode;
	int err;

	if (entry->type == DT_REG) {
		err = inode_read(entry->dirfd, entry->name, s->needs, s->now, &inode);
		if (err)
			return err;
	}
	if (entry->type != DT_REG || !S_ISREG(inode.facts.mode)) {
		tallies_of(s->tallies, entry->thread)->others++;
		return 0;
	}
	err = decide(s, entry, &inode, decisions);
	return err ? err : add_file(s, entry, &inode, decisions);
}

static int add_link(void *data, const struct link *link)
{
	return add_inode(data, 0, link->folder, link->size, &link->decision, &link->second);
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
		.other = s->other,
		.unit = s->unit,
		.prints = true,
		.once = true,
	};
	int err = walk_operands(share, opts, true, &ops, result);

	if (err)
		return err;
	err = links_each(s->links, add_link, s);
	if (!err && s->list)
		err = list_names(s);
	if (err)
		message_error("%s", strerror(-err));
	return err;
}

int survey_run(struct survey *s, const struct share *share, const struct options *opts,
	       struct walk_result *result)
{
	int err = links_new(&s->links);

	s->folders = calloc((size_t)opts->jobs, sizeof(*s->folders));
	if (err || !s->folders) {
		message_error("%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	link_names_init(&s->names);
	s->needs = fsdax_policy_needs(share->policy);
	s->now = inode_now(s->needs);
	err = run(s, share, opts, result);
	link_names_free(&s->names);
	for (int i = 0; i < opts->jobs; i++)
		free(s->folders[i].path);
	return err;
}

void survey_release(struct survey *s)
{
	free(s->folders);
	links_free(s->links);
	s->folders = NULL;
	s->links = NULL;
}
