/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show.c - `fsdax-ctl show`: the tags of files and folders, and where they have them from.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "walk.h"

struct shower {
	const struct share *share;
	const struct options *opts;
};

/* What one file or folder has. */
struct shown {
	struct fsdax_tag_state xattr;
	bool has_flag; /* flag was read */
	bool flag;
	enum fsdax_tag inherited; /* from a folder above */
	char *folder;		  /* that folder, or NULL */
	char *path;
};

/* Whether the xattr is an admin's word, rather than a decision that `apply` wrote down. */
static bool has_tag(const struct shown *s)
{
	return s->xattr.tag != FSDAX_TAG_NONE && !s->xattr.by_policy;
}

/* The tag of its own that counts, or FSDAX_TAG_NONE. */
static enum fsdax_tag find_own(const struct shower *shower, const struct shown *s)
{
	if (has_tag(s))
		return s->xattr.tag;
	if (s->flag && shower->share->settings.inode_flag)
		return FSDAX_TAG_YES;
	return FSDAX_TAG_NONE;
}

/* The tag that counts. */
static enum fsdax_tag find_tag(const struct shower *shower, const struct shown *s)
{
	enum fsdax_tag own = find_own(shower, s);

	return own != FSDAX_TAG_NONE ? own : s->inherited;
}

/* The nearest tagged folder above, and what it says. */
static void find_inherited(const struct shower *shower, const struct walk_entry *entry,
			   struct shown *s)
{
	bool is_folder = !*entry->name;

	/* The cursor of a folder says what its own tag does to what lies in it. */
	if (is_folder && find_own(shower, s) != FSDAX_TAG_NONE)
		return;
	s->inherited = fsdax_cursor_tag(entry->cursor);
	if (s->inherited != FSDAX_TAG_NONE)
		s->folder = walk_entry_tagged_by(entry);
}

static int read_tags(const struct shower *shower, const struct walk_entry *entry, struct shown *s)
{
	const char *xattr = shower->share->tag_xattr;
	bool carries = entry->type == DT_REG || entry->type == DT_DIR;
	int ret = 0;

	if (xattr && carries)
		ret = fsdax_tag_read(entry->dirfd, entry->name, xattr, &s->xattr);
	if (ret < 0 || !carries)
		return ret;
	ret = fsdax_flag_read(entry->dirfd, entry->name, &s->flag);
	if (ret == -EOPNOTSUPP)
		return 0;
	s->has_flag = ret == 0;
	return ret;
}

/* ---- Text ------------------------------------------------------------------------ */

static const char *tag_word(enum fsdax_tag tag)
{
	return tag == FSDAX_TAG_YES ? "yes" : tag == FSDAX_TAG_NO ? "no" : "none";
}

static void add(FILE *out, const char *what, const char *more)
{
	fprintf(out, "%s%s%s", ftell(out) > 0 ? ", " : "", what, more);
}

/* All that was found, what counts first. Allocated. */
static char *describe(const struct shower *shower, const struct shown *s)
{
	char *quoted = s->folder ? message_quote(NULL, s->folder) : NULL, *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		free(quoted);
		return NULL;
	}
	if (has_tag(s))
		add(out, "xattr", "");
	if (s->flag)
		add(out, "flag", shower->share->settings.inode_flag ? "" : " (not counted)");
	if (quoted && find_own(shower, s) == FSDAX_TAG_NONE)
		add(out, "folder ", quoted);
	if (s->xattr.by_policy)
		add(out, "written down: ", tag_word(s->xattr.tag));
	if (s->xattr.garbage)
		add(out, "xattr is neither yes nor no", "");
	if (ftell(out) == 0)
		fputs("-", out);
	free(quoted);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int print_text(const struct shower *shower, const struct shown *s)
{
	char *source = describe(shower, s);
	char *path = shower->opts->nul ? strdup(s->path) : message_quote(NULL, s->path);

	if (source && path)
		output_line("%s\t%s\t%s", tag_word(find_tag(shower, s)), source, path);
	free(path);
	free(source);
	return source && path ? 0 : -ENOMEM;
}

/* ---- JSON ------------------------------------------------------------------------- */

static const char *json_tag(enum fsdax_tag tag)
{
	return tag == FSDAX_TAG_NONE ? NULL : tag_word(tag);
}

static int print_json(const struct shower *shower, const struct shown *s)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_path(object, "path", s->path);

	err |= json_put_string(object, "tag", json_tag(find_tag(shower, s)));
	err |= json_put_string(object, "xattr", json_tag(s->xattr.tag));
	err |= json_put_bool(object, "by_policy", s->xattr.by_policy);
	err |= json_put_bool(object, "garbage", s->xattr.garbage);
	err |= s->has_flag ? json_put_bool(object, "flag", s->flag) : json_put_null(object, "flag");
	err |= json_put_string(object, "inherited", json_tag(s->inherited));
	err |= s->folder ? json_put_path(object, "folder", s->folder)
			 : json_put_null(object, "folder");
	output_json(json_finish(object, err));
	return err;
}

/* ---- One entry --------------------------------------------------------------------- */

static int show_entry(void *data, const struct walk_entry *entry)
{
	const struct shower *shower = data;
	struct shown s = {0};
	int ret = read_tags(shower, entry, &s);

	if (ret < 0)
		return ret;
	if (!entry->operand && !shower->opts->verbose && s.xattr.tag == FSDAX_TAG_NONE &&
	    !s.xattr.garbage && !s.flag)
		return 0;
	s.path = walk_entry_path(entry);
	if (!s.path)
		return -ENOMEM;
	find_inherited(shower, entry, &s);
	ret = shower->opts->json ? print_json(shower, &s) : print_text(shower, &s);
	free(s.folder);
	free(s.path);
	return ret;
}

int cmd_show(const struct options *opts)
{
	struct share share;
	struct shower shower = {.share = &share, .opts = opts};
	const struct walk_ops ops = {
		.file = show_entry,
		.folder = show_entry,
		.data = &shower,
		.action = "cannot read the tag of",
		.tags = true,
		.prints = true,
	};
	struct walk_result result = {0};
	int status = share_open(&share, opts, SHARE_TAGS);

	if (status >= 0)
		return status;
	if (walk_operands(&share, opts, opts->recursive, &ops, &result) < 0)
		status = EXIT_FAILED;
	else
		status = walk_status(&result);
	share_close(&share);
	return status;
}
