/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tagger.c - writes tags, by one carrier or both, and keeps count.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "count.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "tagger.h"
#include "tagger_hint.h"

static const char *tag_word(enum fsdax_tag tag)
{
	return tag == FSDAX_TAG_YES ? "yes" : tag == FSDAX_TAG_NO ? "no" : "none";
}

/* ---- Open and close ------------------------------------------------------------ */

static int find_carriers(struct tagger *tagger, enum tagger_carriers carriers)
{
	const struct share *share = tagger->share;
	bool by_flag = share_by_flag(share, tagger->opts);

	tagger->flag = by_flag;
	tagger->xattr = by_flag ? NULL : share->tag_xattr;
	if (carriers == TAGGER_BOTH && tagger->opts->by == CARRIER_DEFAULT) {
		tagger->flag = share->settings.inode_flag;
		tagger->xattr = share->tag_xattr;
	}
	if (tagger->flag || tagger->xattr)
		return -1;
	message_error("the policy says xattr = none: there is no xattr to carry tags\n"
		      "  = name one with --xattr=NAME, or use --by=flag");
	return EXIT_USAGE;
}

int tagger_open(struct tagger *tagger, struct share *share, const struct options *opts,
		enum share_use use, enum tagger_carriers carriers)
{
	int status = share_open(share, opts, use);
	size_t size = sizeof(*tagger->threads) * (size_t)opts->jobs;

	if (status >= 0)
		return status;
	*tagger = (struct tagger){.share = share, .opts = opts};
	status = find_carriers(tagger, carriers);
	if (status < 0) {
		tagger->threads = aligned_alloc(_Alignof(struct tagger_thread), size);
		if (!tagger->threads) {
			message_error("%s", strerrordesc_np(ENOMEM));
			status = EXIT_FAILED;
		}
	}
	if (status >= 0) {
		share_close(share);
		return status;
	}
	memset(tagger->threads, 0, size);
	return -1;
}

void tagger_close(struct tagger *tagger, struct share *share)
{
	free(tagger->threads);
	share_close(share);
}

/* ---- Write --------------------------------------------------------------------------- */

int tagger_write_xattr(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		       bool by_policy)
{
	struct tagger_thread *thread = &tagger->threads[entry->thread];
	unsigned int flags = by_policy ? FSDAX_TAG_BY_POLICY : 0;
	int ret;

	if (tagger->opts->dry_run)
		flags |= FSDAX_TAG_DRY_RUN;
	if (thread->likely_new)
		flags |= FSDAX_TAG_LIKELY_NEW;
	ret = fsdax_tag_write(entry->dirfd, entry->name, tagger->xattr, tag, flags);
	thread->likely_new = ret == 1;
	return ret;
}

int tagger_write_flag(const struct tagger *tagger, const struct walk_entry *entry, bool dax)
{
	return fsdax_flag_write(entry->dirfd, entry->name, dax,
				tagger->opts->dry_run ? FSDAX_TAG_DRY_RUN : 0);
}

int tagger_write(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		 bool by_policy)
{
	const bool clear = tag == FSDAX_TAG_NONE;
	bool changed = false;
	int ret;

	if (tagger->xattr) {
		ret = tagger_write_xattr(tagger, entry, tag, by_policy);
		/* Where no tag can be, there is none to take away. */
		if (ret < 0 && !(ret == -EOPNOTSUPP && clear))
			return tagger_failed(tagger, entry,
					     clear ? "cannot clear the tag of"
						   : "cannot set the tag of",
					     false, ret);
		changed = ret > 0;
	}
	if (tagger->flag) {
		ret = tagger_write_flag(tagger, entry, tag == FSDAX_TAG_YES);
		if (ret < 0 && !(ret == -EOPNOTSUPP && tag != FSDAX_TAG_YES))
			return tagger_failed(tagger, entry,
					     clear ? "cannot clear the inode flag of"
						   : "cannot set the inode flag of",
					     true, ret);
		changed |= ret > 0;
	}
	return tagger_done(tagger, entry, tag, changed);
}

int tagger_failed(const struct tagger *tagger, const struct walk_entry *entry, const char *action,
		  bool by_flag, int err)
{
	char hint[TAGGER_HINT_MAX];
	char *path;

	/* It vanished while we walked, unless the user asked for this very one. */
	if (err == -ENOENT && !entry->operand)
		return err;
	path = walk_entry_path(entry);
	if (tagger_hint(hint, entry->dirfd, by_flag ? NULL : tagger->xattr, err))
		message_path_hint(action, path ? path : entry->name, err, hint);
	else
		message_path(action, path ? path : entry->name, err);
	free(path);
	return WALK_NAMED;
}

int tagger_refuse(const struct walk_entry *entry, const char *action)
{
	char *path = walk_entry_path(entry);

	message_path_hint(action, path ? path : entry->name, -EINVAL,
			  entry->type == DT_LNK ? "it is a link, and links are not followed: name "
						  "the file it leads to"
						: "only regular files and folders have tags");
	free(path);
	return WALK_NAMED;
}

/* ---- Say ------------------------------------------------------------------------------ */

bool tagger_lists(const struct tagger *tagger)
{
	return (tagger->opts->verbose || tagger->opts->dry_run) && !tagger->opts->quiet;
}

static int print_json(const struct tagger *tagger, const char *path, enum fsdax_tag tag)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_path(object, "path", path);

	err |= json_put_string(object, "tag", tag == FSDAX_TAG_NONE ? NULL : tag_word(tag));
	err |= json_put_bool(object, "dry_run", tagger->opts->dry_run);
	output_json(json_finish(object, err));
	return err;
}

static int print_line(const struct tagger *tagger, const char *path, enum fsdax_tag tag)
{
	char *quoted;

	if (tagger->opts->json)
		return print_json(tagger, path, tag);
	quoted = tagger->opts->nul ? strdup(path) : message_quote(NULL, path);
	if (!quoted)
		return -ENOMEM;
	output_line("%s\t%s", tag_word(tag), quoted);
	free(quoted);
	return 0;
}

int tagger_done_path(struct tagger *tagger, int thread, const char *path, enum fsdax_tag tag,
		     bool changed)
{
	if (!changed) {
		tagger->threads[thread].same++;
		return 0;
	}
	tagger->threads[thread].changed++;
	return tagger_lists(tagger) ? print_line(tagger, path, tag) : 0;
}

int tagger_done(struct tagger *tagger, const struct walk_entry *entry, enum fsdax_tag tag,
		bool changed)
{
	char *path;
	int ret;

	if (!changed || !tagger_lists(tagger))
		return tagger_done_path(tagger, entry->thread, "", tag, changed);
	path = walk_entry_path(entry);
	if (!path)
		return -ENOMEM;
	ret = tagger_done_path(tagger, entry->thread, path, tag, changed);
	free(path);
	return ret;
}

static void print_sum_json(const struct tagger *tagger, const struct walk_result *result,
			   uint64_t changed, uint64_t same)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_number(object, "changed", changed);

	err |= json_put_number(object, "unchanged", same);
	err |= json_put_number(object, "failed", result->failed);
	err |= json_put_bool(object, "dry_run", tagger->opts->dry_run);
	err |= json_put_bool(object, "interrupted", result->interrupted);
	output_json(json_finish(object, err));
}

/* One file that was named, and is done, needs no words. */
static bool wants_sum(const struct options *opts, uint64_t n)
{
	bool always_trees = !(opts->command->options & OPT_RECURSIVE);

	return opts->recursive || always_trees || opts->verbose || opts->dry_run || n > 1;
}

int tagger_finish(const struct tagger *tagger, const struct walk_result *result, const char *verb)
{
	const struct options *opts = tagger->opts;
	char changed_text[COUNT_MAX], same_text[COUNT_MAX];
	uint64_t changed = 0, same = 0;

	for (int i = 0; i < opts->jobs; i++) {
		changed += tagger->threads[i].changed;
		same += tagger->threads[i].same;
	}
	if (opts->quiet)
		return walk_status(result);
	if (opts->json)
		print_sum_json(tagger, result, changed, same);
	else if (!opts->nul && wants_sum(opts, changed + same))
		output_line("%s %s%s, %s unchanged", count_text(changed_text, changed),
			    opts->dry_run ? "would be " : "", verb, count_text(same_text, same));
	return walk_status(result);
}
