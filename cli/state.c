/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state.c - `fsdax-ctl state`: whether files use DAX at this moment. Asks the kernel, and no
 * policy: what statx(2) calls STATX_ATTR_DAX is the truth, in a guest too.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "message.h"
#include "mounts.h"
#include "output.h"
#include "walk.h"

struct viewer {
	const struct options *opts;
	bool color;
	pthread_mutex_t lock; /* of mounts */
	struct mounts mounts;
};

/* Answers that may be missing. */
enum answer { NO, YES, UNKNOWN };

struct state {
	enum answer dax;  /* in effect now; UNKNOWN: the file system cannot tell */
	enum answer flag; /* FS_XFLAG_DAX; UNKNOWN: there is none here */
	struct mount mount;
};

static enum answer read_dax(const struct statx *stx)
{
	if (stx->stx_attributes & STATX_ATTR_DAX)
		return YES;
	return stx->stx_attributes_mask & STATX_ATTR_DAX ? NO : UNKNOWN;
}

static int read_flag(const struct walk_entry *entry, const struct statx *stx, enum answer *flag)
{
	bool set;
	int err;

	*flag = UNKNOWN;
	/* Nothing else carries the flag, and a pipe or a device must not be opened. */
	if (!S_ISREG(stx->stx_mode) && !S_ISDIR(stx->stx_mode))
		return 0;
	err = fsdax_flag_read(entry->dirfd, entry->name, &set);
	if (!err)
		*flag = set ? YES : NO;
	/* Whoever may not open a file can still see what is in effect. */
	return err == -EOPNOTSUPP || err == -EACCES || err == -EPERM ? 0 : err;
}

static void read_mount(struct viewer *v, const struct statx *stx, struct mount *to)
{
	const struct mount *mount = NULL;

	pthread_mutex_lock(&v->lock);
	if (stx->stx_mask & STATX_MNT_ID)
		mount = mounts_find(&v->mounts, stx->stx_mnt_id);
	*to = mount ? *mount : (struct mount){.type = "?"};
	pthread_mutex_unlock(&v->lock);
}

static int read_state(struct viewer *v, const struct walk_entry *entry, struct state *state)
{
	const int flags =
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*entry->name ? 0 : AT_EMPTY_PATH);
	struct statx stx;

	if (statx(entry->dirfd, entry->name, flags, STATX_TYPE | STATX_MNT_ID, &stx) < 0)
		return -errno;
	state->dax = read_dax(&stx);
	read_mount(v, &stx, &state->mount);
	return read_flag(entry, &stx, &state->flag);
}

static int print_text(const struct viewer *v, const char *path, const struct state *state)
{
	static const char *const dax[] = {"no", "yes", "unknown"};
	static const char *const flag[] = {"flag=no", "flag=yes", "flag=none"};
	static const char *const paints[] = {"\033[31m", "\033[32m", "\033[33m"};
	char *shown = v->opts->nul ? strdup(path) : message_quote(NULL, path);
	const struct mount *mount = &state->mount;

	if (!shown)
		return -ENOMEM;
	output_line("%s%s%s\t%s\t%s%s%s\t%s", v->color ? paints[state->dax] : "", dax[state->dax],
		    v->color ? "\033[m" : "", flag[state->flag], mount->type,
		    *mount->options ? "," : "", mount->options, shown);
	free(shown);
	return 0;
}

static int put_answer(struct json_object *object, const char *key, enum answer answer)
{
	if (answer == UNKNOWN)
		return json_put_null(object, key);
	return json_put_bool(object, key, answer == YES);
}

static int print_json(const char *path, const struct state *state)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_path(object, "path", path);
	err |= put_answer(object, "dax", state->dax);
	err |= put_answer(object, "flag", state->flag);
	err |= json_put_string(object, "type", state->mount.type);
	err |= json_put_string(object, "mount_option",
			       *state->mount.options ? state->mount.options : NULL);
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

/* For -v: what the two answers mean together. */
static void print_meaning(const struct state *state)
{
	const char *text = NULL;

	if (state->dax == UNKNOWN)
		text = "this file system, or this kernel, does not tell; only ext2, ext4, xfs, "
		       "virtiofs and a few others know DAX";
	else if (state->dax == NO && state->flag == YES)
		text = "the flag asks for DAX: it takes effect once all who have the file open "
		       "have closed it, and only on DAX media that are not mounted with dax=never";
	else if (state->dax == YES && state->flag == NO)
		text = "DAX without the flag: the mount or a virtiofs daemon says so, or the flag "
		       "was cleared while the file is open";
	if (text)
		output_print("  %s\n", text);
}

static int show(void *data, const struct walk_entry *entry)
{
	struct viewer *v = data;
	struct state state;
	char *path;
	int err = read_state(v, entry, &state);

	if (err)
		return err;
	path = walk_entry_path(entry);
	if (!path)
		return -ENOMEM;
	err = v->opts->json ? print_json(path, &state) : print_text(v, path, &state);
	if (!err && v->opts->verbose && !v->opts->json)
		print_meaning(&state);
	free(path);
	return err;
}

static int run(const struct share *share, const struct options *opts)
{
	struct options one = *opts;
	struct viewer v = {
		.opts = &one,
		.color = message_color(STDOUT_FILENO),
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	const struct walk_ops ops = {
		.file = show,
		.folder = show,
		.data = &v,
		.action = "cannot see the state of",
		.prints = true,
	};
	struct walk_result result = {0};
	int status = EXIT_FAILED;

	/* In the order of the operands, and with -v a meaning behind its own line. */
	if (!opts->recursive || opts->verbose)
		one.jobs = 1;
	if (!walk_operands(share, &one, opts->recursive, &ops, &result))
		status = walk_status(&result);
	mounts_free(&v.mounts);
	return status;
}

int cmd_state(const struct options *opts)
{
	struct share share;
	int status = share_open_plain(&share);

	if (status >= 0)
		return status;
	status = run(&share, opts);
	share_close(&share);
	return output_finish(status);
}
