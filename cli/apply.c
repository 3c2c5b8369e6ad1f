/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * apply.c - `fsdax-ctl apply`: writes decisions down, for those who cannot ask the policy.
 * Files with several names wait until the whole tree was seen: what their names say is
 * merged, and written once, so that no order and no interruption leaves another state
 * behind than one run in peace.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "inode.h"
#include "links.h"
#include "message.h"
#include "tagger.h"

struct applier {
	struct tagger tagger;
	struct links *links;
	uint32_t needs;
	int64_t now;
	bool own_xattr; /* what is written is what the policy reads tags from */
};

/* ---- Decide ------------------------------------------------------------------------ */

/*
 * The tag xattr as the evaluator wants it, so that it need not be read again: what it means,
 * not the very bytes, since no rule may look at it.
 */
static struct fsdax_xattr as_xattr(const struct fsdax_tag_state *state)
{
	static const char yes[] = "yes policy", no[] = "no policy", garbage[] = "?";
	const char *value = state->tag == FSDAX_TAG_YES ? yes : no;

	if (state->garbage)
		value = garbage;
	else if (state->tag == FSDAX_TAG_NONE)
		return (struct fsdax_xattr){.state = FSDAX_XATTR_ABSENT};
	return (struct fsdax_xattr){FSDAX_XATTR_PRESENT, value, strlen(value)};
}

/* state: what stands in the xattr that is written; there is no admin's tag. */
static int decide(const struct applier *a, const struct walk_entry *entry, struct inode *inode,
		  const struct fsdax_tag_state *state, struct fsdax_decision *decision)
{
	struct fsdax_xattr xattr = as_xattr(state);
	struct fsdax_facts facts = inode->facts;

	if (a->tagger.flag) {
		/* The flag is what we write: as it stands, it decides nothing. */
		inode->facts.mask |= FSDAX_FACT_FLAG;
		inode->facts.inode_flag = false;
	} else if (a->own_xattr) {
		facts.xattrs = &xattr;
		facts.n_xattrs = 1;
		if (fsdax_decide(entry->cursor, entry->name, entry->len, &facts, 0, decision,
				 NULL) == 0)
			return 0;
	}
	return fsdax_decide_at(entry->cursor, entry->dirfd, entry->name, &inode->facts, 0,
			       decision);
}

/* ---- Write --------------------------------------------------------------------------- */

static int write_flag(struct applier *a, const struct walk_entry *entry, bool dax)
{
	int ret = tagger_write_flag(&a->tagger, entry, dax);

	/* Where no flag can be, there is none to clear. */
	if (ret < 0 && !(ret == -EOPNOTSUPP && !dax))
		return tagger_failed(&a->tagger, entry, "cannot set the inode flag of", true, ret);
	return tagger_done(&a->tagger, entry, dax ? FSDAX_TAG_YES : FSDAX_TAG_NO, ret > 0);
}

static int write_decision(struct applier *a, const struct walk_entry *entry,
			  const struct fsdax_tag_state *state, bool dax)
{
	enum fsdax_tag tag = dax ? FSDAX_TAG_YES : FSDAX_TAG_NO;
	int ret = 0;

	if (a->tagger.flag)
		return write_flag(a, entry, dax);
	if (state->tag != tag) {
		a->tagger.threads[entry->thread].likely_new =
			state->tag == FSDAX_TAG_NONE && !state->garbage;
		ret = tagger_write_xattr(&a->tagger, entry, tag, true);
	}
	if (ret < 0)
		return tagger_failed(&a->tagger, entry, "cannot write the decision about", false,
				     ret);
	return tagger_done(&a->tagger, entry, tag, ret > 0);
}

/* What stands there. Returns 1 if that is an admin's tag, which is left alone. */
static int read_state(const struct applier *a, const struct walk_entry *entry,
		      struct fsdax_tag_state *state)
{
	int ret;

	memset(state, 0, sizeof(*state));
	if (a->tagger.flag)
		return 0;
	ret = fsdax_tag_read(entry->dirfd, entry->name, a->tagger.xattr, state);
	return ret < 0 ? ret : state->tag != FSDAX_TAG_NONE && !state->by_policy;
}

/* ---- The walk -------------------------------------------------------------------------- */

static int keep_link(struct applier *a, const struct walk_entry *entry, const struct inode *inode,
		     const struct fsdax_decision *decision)
{
	const struct link name = link_of(inode, decision);
	int ret = links_add(a->links, &name, entry);

	return ret < 0 ? ret : 0;
}

static int apply_file(void *data, const struct walk_entry *entry)
{
	struct applier *a = data;
	struct fsdax_tag_state state;
	struct fsdax_decision decision;
	struct inode inode;
	int ret;

	if (entry->type != DT_REG)
		return 0;
	ret = inode_read(entry->dirfd, entry->name, a->needs, a->now, &inode);
	if (ret < 0 || !S_ISREG(inode.facts.mode))
		return ret;
	ret = read_state(a, entry, &state);
	if (ret < 0)
		return ret;
	if (ret > 0)
		return tagger_done(&a->tagger, entry, state.tag, false);
	ret = decide(a, entry, &inode, &state, &decision);
	if (ret < 0)
		return ret;
	if (inode.facts.nlink > 1)
		return keep_link(a, entry, &inode, &decision);
	return write_decision(a, entry, &state, decision.dax);
}

/* ---- Files with several names ------------------------------------------------------------ */

static int apply_link(void *data, const struct walk_entry *entry)
{
	struct applier *a = data;
	struct fsdax_tag_state state;
	struct link *link;
	struct inode inode;
	int ret;

	if (entry->type != DT_REG)
		return 0;
	ret = inode_read(entry->dirfd, entry->name, a->needs, a->now, &inode);
	if (ret < 0)
		return ret;
	link = links_find(a->links, inode.dev, inode.ino);
	if (!link)
		return -ENOENT; /* another file has taken the name meanwhile */
	link->done = true;
	ret = read_state(a, entry, &state);
	if (ret < 0)
		return ret;
	if (ret > 0)
		return tagger_done(&a->tagger, entry, state.tag, false);
	return write_decision(a, entry, &state, link->decision.dax);
}

struct path_list {
	char **paths;
	size_t n;
	int name; /* which of the names */
};

static int list_path(void *data, const struct link *link)
{
	struct path_list *list = data;

	if (!link->done && link->paths[list->name])
		list->paths[list->n++] = link->paths[list->name];
	return 0;
}

static int count_undone(void *data, const struct link *link)
{
	*(uint64_t *)data += !link->done;
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A walk of its own, over one name of each, those of one folder in a row. */
static int apply_names(struct applier *a, const struct share *share, const struct options *opts,
		       struct path_list *list, struct walk_result *result)
{
	const struct walk_ops ops = {
		.file = apply_link,
		.data = a,
		.action = "cannot write the decision about",
		.seen_before = true,
	};
	struct options named = *opts;

	list->n = 0;
	links_each(a->links, list_path, list);
	if (list->n == 0)
		return 0;
	qsort(list->paths, list->n, sizeof(*list->paths), compare_paths);
	named.files0 = NULL;
	named.n_excludes = 0;
	named.args = list->paths;
	named.n_args = (int)list->n;
	return walk_operands(share, &named, false, &ops, result);
}

/* A name may be gone by now: then the second one is tried. */
static int apply_links(struct applier *a, const struct share *share, const struct options *opts,
		       struct walk_result *result)
{
	struct walk_result again = {0};
	struct path_list list = {0};
	int ret = 0;

	if (links_count(a->links) == 0 || result->interrupted)
		return 0;
	list.paths = calloc(links_count(a->links), sizeof(*list.paths));
	if (!list.paths) {
		message_error("%s", strerrordesc_np(ENOMEM));
		return -ENOMEM;
	}
	for (list.name = 0; list.name < 2 && ret == 0; list.name++)
		ret = apply_names(a, share, opts, &list, &again);
	result->failed += again.failed;
	result->interrupted = again.interrupted;
	if (!again.interrupted)
		links_each(a->links, count_undone, &result->vanished);
	free(list.paths);
	return ret;
}

static int run(struct applier *a, const struct share *share, const struct options *opts)
{
	struct walk_ops ops = {
		.file = apply_file,
		.data = a,
		.action = "cannot write the decision about",
		.tags = true,
		.once = true,
	};
	struct walk_result result = {0};
	int ret = links_new(&a->links);

	if (!tagger_lists(&a->tagger))
		ops.unit = "decided";
	if (ret == 0)
		ret = walk_operands(share, opts, true, &ops, &result);
	else
		message_error("%s", strerrordesc_np(-ret));
	if (ret == 0)
		ret = apply_links(a, share, opts, &result);
	links_free(a->links);
	return ret < 0 ? EXIT_FAILED : tagger_finish(&a->tagger, &result, "written");
}

/*
 * Of the policy's own xattr it is refused when that is loaded: what is written would change what
 * the rule says, and the next run would write that. Returns -1 to go on, or an exit status.
 */
static int check_rules(const struct tagger *tagger)
{
	const struct share *share = tagger->share;
	const char *name;

	if (!tagger->xattr || tagger->xattr == share->settings.tag_xattr)
		return -1;
	/* The tag's own comes first, and no rule asks for that. */
	for (size_t i = share->settings.tag_xattr ? 1 : 0;
	     (name = fsdax_policy_xattr(share->policy, i)); i++) {
		if (strcmp(name, tagger->xattr) != 0)
			continue;
		message_error("the policy has a rule about %s, which decisions must not change\n"
			      "  = name another one with --xattr=NAME",
			      name);
		return EXIT_USAGE;
	}
	return -1;
}

static int apply(struct applier *a, const struct share *share, const struct options *opts)
{
	int status = check_rules(&a->tagger);

	if (status >= 0)
		return status;
	a->needs = fsdax_policy_needs(share->policy);
	a->now = inode_now(a->needs);
	a->own_xattr = a->tagger.xattr && share->settings.tag_xattr &&
		       strcmp(a->tagger.xattr, share->settings.tag_xattr) == 0;
	return run(a, share, opts);
}

int cmd_apply(const struct options *opts)
{
	struct applier a = {.links = NULL};
	struct share share;
	int status = tagger_open(&a.tagger, &share, opts, SHARE_RULES, TAGGER_ONE);

	if (status >= 0)
		return status;
	status = apply(&a, &share, opts);
	tagger_close(&a.tagger, &share);
	return status;
}
