/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * diff.c - `fsdax-ctl diff`: which files another policy would change. Walks the tree once
 * and asks both policies about each file. diff_print.c shows the result.
 */
#include "diff.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "links.h"
#include "message.h"
#include "link_names.h"
#include "output.h"
#include "walk.h"

/* Cache lines of their own, one for each thread. */
struct counts {
	_Alignas(64) struct count of[DIFF_KINDS];
};

struct differ {
	const struct diff *diff;
	struct fsdax_policy *policies[2];
	uint32_t needs;
	int64_t now;
	struct counts *counts; /* by thread */
	pthread_mutex_t lock;  /* an inode goes into both of links, or into none */
	struct links *links[2];
	struct link_names names; /* of those */
};

static void count_one(struct differ *d, int thread, uint64_t size,
		      const struct fsdax_decision decisions[2])
{
	count_file(&d->counts[thread].of[diff_kind(decisions)], d->policies[1], size);
}

static int add_name(struct differ *d, const struct walk_entry *entry, const struct inode *inode,
		    const struct fsdax_decision decisions[2])
{
	int err = d->diff->opts->quiet ? 0 : link_names_add(&d->names, entry, inode);

	pthread_mutex_lock(&d->lock);
	for (int i = 0; i < 2 && err >= 0; i++) {
		const struct link name = link_of(inode, &decisions[i]);

		err = links_add(d->links[i], &name, NULL);
	}
	pthread_mutex_unlock(&d->lock);
	return err < 0 ? err : 0;
}

static int list_entry(const struct differ *d, const struct walk_entry *entry, uint64_t size,
		      const struct fsdax_decision decisions[2])
{
	char *path = walk_entry_path(entry);
	int err = path ? diff_print_file(d->diff, path, size, decisions) : -ENOMEM;

	free(path);
	return err;
}

static int decide(const struct walk_entry *entry, struct inode *inode,
		  struct fsdax_decision decisions[2])
{
	const struct fsdax_cursor *const cursors[2] = {entry->cursor, entry->other};
	int err = 0;

	for (int i = 0; i < 2 && !err; i++)
		err = fsdax_decide_at(cursors[i], entry->dirfd, entry->name, &inode->facts,
				      FSDAX_DECIDE_EXACT, &decisions[i]);
	return err;
}

static int visit_file(void *data, const struct walk_entry *entry)
{
	struct fsdax_decision decisions[2];
	struct differ *d = data;
	struct inode inode;
	int err;

	if (entry->type != DT_REG)
		return 0;
	err = inode_read(entry->dirfd, entry->name, d->needs, d->now, &inode);
	if (!err && !S_ISREG(inode.facts.mode))
		return 0;
	if (!err)
		err = decide(entry, &inode, decisions);
	if (err)
		return err;
	if (inode.facts.nlink > 1)
		return add_name(d, entry, &inode, decisions);
	count_one(d, entry->thread, inode.facts.size, decisions);
	if (d->diff->opts->quiet || diff_kind(decisions) >= DIFF_STILL_YES)
		return 0;
	return list_entry(d, entry, inode.facts.size, decisions);
}

/* Both indexes hold the same inodes, in the same order. */
static void count_links(struct differ *d, const struct link_index index[2])
{
	for (size_t i = 0; i < index[0].count; i++) {
		const struct fsdax_decision decisions[2] = {
			index[0].list[i].decision,
			index[1].list[i].decision,
		};

		count_one(d, 0, index[0].list[i].size, decisions);
	}
}

static int list_names(struct differ *d, const struct link_index index[2])
{
	int err = 0;

	for (size_t i = 0; i < d->names.count && !err; i++) {
		const struct link_name *name = &d->names.list[i];
		const struct inode *inode = &name->inode;
		const struct link *links[2];

		links[0] = link_index_find(&index[0], inode->dev, inode->ino);
		links[1] = link_index_find(&index[1], inode->dev, inode->ino);
		if (links[0] && links[1]) {
			const struct fsdax_decision decisions[2] = {
				links[0]->decision,
				links[1]->decision,
			};

			if (diff_kind(decisions) < DIFF_STILL_YES)
				err = diff_print_file(d->diff, name->path, inode->facts.size,
						      decisions);
		}
	}
	return err;
}

static int add_links(struct differ *d)
{
	struct link_index index[2] = {0};
	int err = link_index_init(&index[0], d->links[0]);

	if (!err)
		err = link_index_init(&index[1], d->links[1]);
	if (!err && index[0].count != index[1].count)
		err = -ENOMEM; /* memory ran out while one was added */
	if (!err) {
		count_links(d, index);
		err = list_names(d, index);
	}
	link_index_free(&index[0]);
	link_index_free(&index[1]);
	return err;
}

static int walk(struct differ *d, const struct share *share, struct walk_result *result)
{
	struct options opts = *d->diff->opts;
	/* Files that are listed on a terminal are progress enough. */
	const bool listed = !opts.quiet && opts.progress == WHEN_AUTO && isatty(STDOUT_FILENO);
	const struct walk_ops ops = {
		.file = visit_file,
		.data = d,
		.action = "cannot compare",
		.tags = true,
		.other = d->policies[1],
		.unit = listed ? NULL : "compared",
		.prints = true,
		.once = true,
	};
	int err;

	/* OLD and NEW are no operands of the walk. */
	opts.args += 2;
	opts.n_args -= 2;
	if (walk_operands(share, &opts, true, &ops, result))
		return EXIT_FAILED;
	err = add_links(d);
	for (int i = 1; i < opts.jobs; i++) {
		for (int kind = 0; kind < DIFF_KINDS; kind++)
			count_add(&d->counts[0].of[kind], &d->counts[i].of[kind]);
	}
	if (!err)
		err = diff_print_sum(d->diff, d->counts[0].of, result);
	if (err) {
		message_error("%s", strerror(-err));
		return EXIT_FAILED;
	}
	return walk_status(result);
}

static int init(struct differ *d)
{
	const size_t size = d->diff->opts->jobs * sizeof(*d->counts);

	d->counts = aligned_alloc(_Alignof(struct counts), size);
	if (!d->counts)
		return -ENOMEM;
	memset(d->counts, 0, size);
	d->needs = fsdax_policy_needs(d->policies[0]) | fsdax_policy_needs(d->policies[1]);
	d->now = inode_now(d->needs);
	return links_new(&d->links[0]) || links_new(&d->links[1]) ? -ENOMEM : 0;
}

static int run(const struct diff *diff, const struct share *share)
{
	struct differ d = {
		.diff = diff,
		.policies = {diff->policies[0], diff->policies[1]},
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	struct walk_result result = {0};
	int status = EXIT_FAILED;

	link_names_init(&d.names);
	if (init(&d))
		message_error("%s", strerror(ENOMEM));
	else
		status = walk(&d, share, &result);
	link_names_free(&d.names);
	links_free(d.links[0]);
	links_free(d.links[1]);
	free(d.counts);
	return status;
}

/* Open the share under one of the two policies. */
static int open_share(struct share *share, const struct options *opts, const char *policy)
{
	struct options one = *opts;

	one.policy = policy;
	return share_open(share, &one, SHARE_RULES);
}

int cmd_diff(const struct options *opts)
{
	struct share old, new;
	int status;

	if (opts->n_args < 3) {
		message_error("diff needs OLD, NEW and at least one DIR");
		return EXIT_USAGE;
	}
	status = open_share(&old, opts, opts->args[0]);
	if (status >= 0)
		return status;
	status = open_share(&new, opts, opts->args[1]);
	if (status < 0) {
		const struct diff diff = {
			.opts = opts,
			.policies = {old.policy, new.policy},
		};

		status = run(&diff, &old);
		share_close(&new);
	}
	share_close(&old);
	return output_finish(status);
}
