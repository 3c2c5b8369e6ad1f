/* SPDX-License-Identifier: BSD-3-Clause */
/* folder.c - see folder.h. */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "creds.h"
#include "inode.h"
#include "share.h"

/* A path of PATH_MAX bytes has no more folders. A guest can go deeper; nothing is DAX there. */
enum { DEEPEST = PATH_MAX / 2 };

/* A ctime that may be had twice: the kernel's clock stands still for as long. See memo.c. */
enum { FRESH_NS = 20 * 1000 * 1000, NS_PER_S = 1000 * 1000 * 1000 };

uint64_t folder_generation(struct share *share)
{
	/* Both only grow: so their sum moves whenever one of them does. */
	return atomic_load_explicit(&share->tree_generation, memory_order_acquire) +
	       fsdax_slot_generation(share->policy);
}

/* ---- Names --------------------------------------------------------------------------- */

static bool copy_name_locked(const struct inode_name *name, struct known_name *copy)
{
	size_t len;

	if (!name->parent)
		return false;
	len = strnlen(name->name, NAME_MAX);
	memcpy(copy->name, name->name, len);
	copy->name[len] = '\0';
	copy->parent = inode_ref(name->parent);
	return true;
}

bool known_name(struct share *share, struct inode *inode, uint32_t i, struct known_name *copy)
{
	bool found = false;

	inode_names_lock(share);
	if (i == 0)
		found = copy_name_locked(&inode->name, copy);
	else if (i - 1 < inode->n_others)
		found = copy_name_locked(&inode->others[i - 1], copy);
	inode_names_unlock(share);
	return found;
}

/* ---- Tags ---------------------------------------------------------------------------- */

static bool is_fresh(const struct statx_timestamp *ctime)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - ctime->tv_sec) * NS_PER_S + now.tv_nsec - ctime->tv_nsec < FRESH_NS;
}

/*
 * By a descriptor of the folder, for it may have another name by now. What cannot be read (a
 * folder that was removed, or that we may not look into) is no tag.
 */
static enum fsdax_tag read_tag(struct share *share, struct inode *folder,
			       const struct fsdax_policy *policy)
{
	enum fsdax_tag tag = FSDAX_TAG_NONE;
	struct fsdax_settings settings;
	int fd;

	fsdax_policy_settings(policy, &settings);
	if (!settings.tag_xattr && !settings.inode_flag)
		return FSDAX_TAG_NONE;
	fd = inode_open(share, folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (fd < 0)
		return FSDAX_TAG_NONE;
	creds_admin(true);
	if (fsdax_folder_tag(policy, fd, "", &tag))
		tag = FSDAX_TAG_NONE;
	creds_admin(false);
	close(fd);
	return tag;
}

static int stat_folder(struct share *share, struct inode *folder, struct statx *stx)
{
	int fd = inode_fd(share, folder);
	int err;

	if (fd < 0)
		return fd;
	err = statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, stx) ? -errno : 0;
	inode_fd_done(share, folder, fd);
	return err;
}

static void note_tag(struct verdict *v, enum fsdax_tag tag, const struct statx_timestamp *ctime)
{
	v->tag = (uint8_t)tag;
	v->ctime_sec = ctime->tv_sec;
	/* No ctime is like this: the next reply about the folder has the tag read again. */
	v->ctime_nsec = is_fresh(ctime) ? UINT32_MAX : ctime->tv_nsec;
}

/* ---- Cursors ------------------------------------------------------------------------- */

/* A cursor's ingredients, as they are now. */
struct recipe {
	struct fsdax_policy *policy;
	struct fsdax_cursor *above; /* NULL: the root */
	const char *name;
	uint32_t names;
	uint64_t generation;
};

static int make_cursor(const struct recipe *recipe, enum fsdax_tag tag,
		       struct fsdax_cursor **cursor)
{
	if (!recipe->above)
		return fsdax_cursor_root(recipe->policy, tag, cursor);
	return fsdax_cursor_enter(recipe->above, recipe->name, strlen(recipe->name), tag, cursor);
}

static void put_cursor(struct verdict *v, const struct recipe *recipe, struct fsdax_cursor *cursor)
{
	fsdax_cursor_unref(v->cursor);
	fsdax_cursor_unref(v->above);
	v->cursor = cursor;
	v->above = recipe->above ? fsdax_cursor_ref(recipe->above) : NULL;
	v->names = recipe->names;
	v->generation = recipe->generation;
}

/* Whether the kept cursor is what would be made anew; then says that it is good. */
static bool still_good(struct verdict *v, const struct recipe *recipe)
{
	if (!v->cursor || fsdax_cursor_policy(v->cursor) != recipe->policy ||
	    v->above != recipe->above || v->names != recipe->names)
		return false;
	v->generation = recipe->generation;
	return true;
}

/* Whether its tag is to be read: never was, or by another policy, which may name another xattr. */
static bool tag_is_known(const struct verdict *v, const struct recipe *recipe)
{
	return v->cursor && fsdax_cursor_policy(v->cursor) == recipe->policy;
}

/* The tag that is known; or read it, and *stx before that. 0 or -errno. */
static int tag_of(struct share *share, struct inode *folder, const struct recipe *recipe,
		  struct statx *stx, enum fsdax_tag *tag, bool *known)
{
	int err;

	inode_lock(share, folder);
	*known = tag_is_known(&folder->verdict, recipe);
	*tag = (enum fsdax_tag)folder->verdict.tag;
	inode_unlock(share, folder);
	if (*known)
		return 0;
	err = stat_folder(share, folder, stx);
	if (!err)
		*tag = read_tag(share, folder, recipe->policy);
	return err;
}

/* Make a folder's cursor anew. -EAGAIN: its tag changed meanwhile. */
static int renew_once(struct share *share, struct inode *folder, const struct recipe *recipe,
		      struct fsdax_cursor **cursor)
{
	struct verdict *v = &folder->verdict;
	struct fsdax_cursor *made;
	enum fsdax_tag tag;
	struct statx stx;
	bool known;
	int err = tag_of(share, folder, recipe, &stx, &tag, &known);

	if (!err)
		err = make_cursor(recipe, tag, &made);
	if (err)
		return err;
	inode_lock(share, folder);
	if (known && v->tag != tag) {
		inode_unlock(share, folder);
		fsdax_cursor_unref(made);
		return -EAGAIN;
	}
	if (!known)
		note_tag(v, tag, &stx.stx_ctime);
	put_cursor(v, recipe, made);
	*cursor = fsdax_cursor_ref(made);
	inode_unlock(share, folder);
	return 0;
}

static int renew(struct share *share, struct inode *folder, const struct recipe *recipe,
		 struct fsdax_cursor **cursor)
{
	bool good;
	int err;

	inode_lock(share, folder);
	good = still_good(&folder->verdict, recipe);
	if (good)
		*cursor = fsdax_cursor_ref(folder->verdict.cursor);
	inode_unlock(share, folder);
	if (good)
		return 0;
	do
		err = renew_once(share, folder, recipe, cursor);
	while (err == -EAGAIN);
	return err;
}

/* The folders from one that is asked for, up to one whose cursor is good. */
struct climb {
	struct inode **folders; /* each with a reference, lowest first */
	size_t n, room;
	struct fsdax_cursor *cursor; /* of the folder above the last; NULL: the last is the root */
};

static bool find_good(struct share *share, struct inode *folder, uint64_t generation,
		      struct fsdax_cursor **cursor)
{
	struct verdict *v = &folder->verdict;
	bool good;

	inode_lock(share, folder);
	good = v->cursor && v->generation == generation;
	if (good)
		*cursor = fsdax_cursor_ref(v->cursor);
	inode_unlock(share, folder);
	return good;
}

/* Takes the reference over on success. */
static int push(struct climb *climb, struct inode *folder)
{
	if (climb->n == DEEPEST)
		return -ELOOP;
	if (climb->n == climb->room) {
		size_t room = climb->room ? 2 * climb->room : 16;
		struct inode **grown = realloc(climb->folders, room * sizeof(struct inode *));

		if (!grown)
			return -ENOMEM;
		climb->folders = grown;
		climb->room = room;
	}
	climb->folders[climb->n++] = folder;
	return 0;
}

static struct inode *parent_of(struct share *share, struct inode *folder)
{
	struct inode *parent = NULL;

	inode_names_lock(share);
	if (folder->name.parent)
		parent = inode_ref(folder->name.parent);
	inode_names_unlock(share);
	return parent;
}

static int climb_up(struct share *share, struct inode *folder, uint64_t generation,
		    struct climb *climb)
{
	struct inode *next = inode_ref(folder);

	while (!find_good(share, next, generation, &climb->cursor)) {
		int err = push(climb, next);

		if (err) {
			inode_put(share, next);
			return err;
		}
		if (next->nodeid == FUSE_ROOT_ID)
			return 0;
		next = parent_of(share, next);
		if (!next)
			return -ENOENT;
	}
	inode_put(share, next);
	return 0;
}

/* Down again by one folder: climb->cursor becomes that folder's. */
static int step_down(struct share *share, struct inode *folder, struct fsdax_policy *policy,
		     uint64_t generation, struct climb *climb)
{
	struct known_name name = {0};
	struct recipe recipe = {
		.policy = climb->cursor ? fsdax_cursor_policy(climb->cursor) : policy,
		.above = climb->cursor,
		.name = name.name,
		.names = inode_names_moved(folder),
		.generation = generation,
	};
	struct fsdax_cursor *cursor = NULL;
	int err;

	if (recipe.above && !known_name(share, folder, 0, &name))
		return -ENOENT;
	inode_put(share, name.parent);
	err = renew(share, folder, &recipe, &cursor);
	if (err)
		return err;
	fsdax_cursor_unref(climb->cursor);
	climb->cursor = cursor;
	return 0;
}

static void end_climb(struct share *share, struct climb *climb)
{
	for (size_t i = 0; i < climb->n; i++)
		inode_put(share, climb->folders[i]);
	free(climb->folders);
}

int folder_cursor(struct share *share, struct inode *folder, uint64_t generation,
		  struct fsdax_cursor **cursor)
{
	struct fsdax_policy *policy;
	struct climb climb = {0};
	int err;

	if (find_good(share, folder, generation, cursor))
		return 0;
	policy = fsdax_slot_get(share->policy);
	err = climb_up(share, folder, generation, &climb);
	for (size_t i = climb.n; !err && i--;)
		err = step_down(share, climb.folders[i], policy, generation, &climb);
	end_climb(share, &climb);
	fsdax_policy_unref(policy);
	if (err)
		fsdax_cursor_unref(climb.cursor);
	else
		*cursor = climb.cursor;
	return err;
}

/* ---- Replies about folders ------------------------------------------------------------ */

/* The policy by which the folder's tag was read, with a reference; NULL: nothing to look at. */
static struct fsdax_policy *needs_look(struct share *share, struct inode *folder,
				       const struct statx *stx)
{
	struct verdict *v = &folder->verdict;
	struct fsdax_policy *policy = NULL;

	inode_lock(share, folder);
	if (v->cursor &&
	    (v->ctime_sec != stx->stx_ctime.tv_sec || v->ctime_nsec != stx->stx_ctime.tv_nsec))
		policy = fsdax_policy_ref(fsdax_cursor_policy(v->cursor));
	inode_unlock(share, folder);
	return policy;
}

void folder_seen(struct share *share, struct inode *folder, const struct statx *stx)
{
	struct verdict *v = &folder->verdict;
	struct fsdax_policy *policy;
	enum fsdax_tag tag;
	bool changed;

	policy = needs_look(share, folder, stx);
	if (!policy)
		return;
	tag = read_tag(share, folder, policy);
	inode_lock(share, folder);
	changed = v->tag != tag;
	if (changed) {
		fsdax_cursor_unref(v->cursor);
		v->cursor = NULL;
	}
	note_tag(v, tag, &stx->stx_ctime);
	inode_unlock(share, folder);
	fsdax_policy_unref(policy);
	if (changed)
		atomic_fetch_add_explicit(&share->tree_generation, 1, memory_order_release);
}
