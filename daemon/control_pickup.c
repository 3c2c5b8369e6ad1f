/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control_pickup.c - whether the guest has the newest decision about some files: decides anew
 * about each, so that nobody has to wait for the guest to ask, and tells which are held.
 *
 * What nobody has open is retired by that (see inode.h), and so is picked up at the next open.
 * What is pending then is open in the guest. A folder stands for all known files below it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../cli/json.h"
#include "attr.h"
#include "control_internal.h"
#include "control_proto.h"
#include "inode.h"
#include "share.h"
#include "verdict.h"

/* Names of folders can be stale, and then even go round in circles. */
enum { DEPTH_MAX = 4096 };

struct wanted {
	uint64_t dev, ino, nodeid; /* nodeid 0: it has to be found */
};

struct pickup {
	const struct control *control;
	struct share *share;
	struct wanted *wanted; /* sorted */
	size_t n_wanted;
	struct nodes named;	/* inodes that were asked for */
	struct nodes below;	/* files below the folders among them */
	struct inode **folders; /* with a reference each; sorted by address */
	size_t n_folders;

	struct json_object *files; /* of the answer */
	uint64_t n_known, n_pending;
	bool cut; /* not all that are pending are among the files */
	int err;
};

/* ---- What was asked ---------------------------------------------------------------------------- */

static bool parse_number(const char **text, uint64_t *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	*text = end;
	return !errno;
}

static bool parse_word(const char *word, struct wanted *wanted)
{
	*wanted = (struct wanted){0};
	if (!parse_number(&word, &wanted->dev) || *word++ != ':' ||
	    !parse_number(&word, &wanted->ino))
		return false;
	if (*word == ':') {
		word++;
		if (!parse_number(&word, &wanted->nodeid))
			return false;
	}
	return !*word;
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

static bool parse_words(struct pickup *pickup, char *words)
{
	char *rest = NULL;

	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (pickup->n_wanted == CONTROL_INODES_MAX ||
		    !parse_word(word, &pickup->wanted[pickup->n_wanted++]))
			return false;
	}
	qsort(pickup->wanted, pickup->n_wanted, sizeof(*pickup->wanted), compare_wanted);
	return pickup->n_wanted > 0;
}

/* ---- Finding inodes ---------------------------------------------------------------------------- */

static const struct wanted *find_wanted(const struct pickup *pickup, const struct inode *inode)
{
	const struct wanted key = {.dev = inode->key.dev, .ino = inode->key.ino};

	return bsearch(&key, pickup->wanted, pickup->n_wanted, sizeof(key), compare_wanted);
}

static void add_if_wanted(void *data, struct inode *inode)
{
	struct pickup *pickup = data;

	if (!inode_is_retired(inode) && find_wanted(pickup, inode))
		nodes_add(&pickup->named, inode->nodeid);
}

/* By their nodeids where all of them are given, else by a search of the whole table. */
static void find_named(struct pickup *pickup)
{
	bool search = false;

	for (size_t i = 0; i < pickup->n_wanted; i++)
		search |= !pickup->wanted[i].nodeid;
	if (search) {
		inode_each(pickup->share, add_if_wanted, pickup);
		return;
	}
	for (size_t i = 0; i < pickup->n_wanted; i++)
		nodes_add(&pickup->named, pickup->wanted[i].nodeid);
}

static int compare_pointers(const void *a, const void *b)
{
	const struct inode *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool is_below(const struct pickup *pickup, const struct inode_name *name)
{
	const struct inode *folder = name->parent;

	for (int i = 0; folder && i < DEPTH_MAX; i++) {
		if (bsearch(&folder, pickup->folders, pickup->n_folders, sizeof(folder),
			    compare_pointers))
			return true;
		folder = folder->name.parent;
	}
	return false;
}

static void add_if_below(void *data, struct inode *inode)
{
	struct pickup *pickup = data;
	bool below;

	if (!S_ISREG(inode->type) || inode_is_retired(inode))
		return;
	below = is_below(pickup, &inode->name);
	for (uint32_t i = 0; i < inode->n_others && !below; i++)
		below = is_below(pickup, &inode->others[i]);
	if (below && !find_wanted(pickup, inode))
		nodes_add(&pickup->below, inode->nodeid);
}

/* ---- Deciding anew ------------------------------------------------------------------------------- */

/* What is gone from the host keeps what it has; what can't be seen for now is asked for again. */
static bool is_passing(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

/* Returns whether the guest holds it open in the other state, as far as is known. */
static bool decide_anew(struct share *share, struct inode *inode)
{
	struct statx stx;
	int fd = inode_fd(share, inode);
	int err;

	if (fd < 0)
		return is_passing(fd);
	err = statx(fd, "", AT_EMPTY_PATH, ATTR_STATX_MASK, &stx) ? -errno : 0;
	inode_fd_done(share, inode, fd);
	return err ? is_passing(err) : verdict_holds(share, inode, &stx);
}

static void list_view(struct pickup *pickup, struct inode *inode, const struct view *view,
		      bool named)
{
	pickup->n_known++;
	pickup->n_pending += view->pending;
	if (!named && !view->pending)
		return;
	if (json_object_array_length(pickup->files) < CONTROL_FILES_MAX)
		pickup->err |= json_append(pickup->files, view_json(pickup->share, inode, view));
	else
		pickup->cut |= view->pending;
}

static void look_at(struct pickup *pickup, struct inode *inode, bool named)
{
	const bool held = decide_anew(pickup->share, inode);
	struct view view;

	view_take(pickup->control, inode, &view);
	view.pending = held;
	if (!view.retired)
		list_view(pickup, inode, &view, named);
	view_release(&view);
}

/* Whether it is, by its number, what was asked for: a nodeid may be a former guest's. */
static bool is_wanted(const struct pickup *pickup, const struct inode *inode)
{
	return inode && !inode_is_retired(inode) && find_wanted(pickup, inode);
}

/* The folders first: a changed tag of theirs counts for the files. */
static void look_at_named(struct pickup *pickup)
{
	for (size_t i = 0; i < pickup->named.n; i++) {
		struct inode *inode = inode_get_any(pickup->share, pickup->named.ids[i]);

		if (is_wanted(pickup, inode) && S_ISDIR(inode->type)) {
			look_at(pickup, inode, true);
			pickup->folders[pickup->n_folders++] = inode;
		} else {
			inode_put(pickup->share, inode);
		}
	}
	for (size_t i = 0; i < pickup->named.n; i++) {
		struct inode *inode = inode_get_any(pickup->share, pickup->named.ids[i]);

		if (is_wanted(pickup, inode) && !S_ISDIR(inode->type))
			look_at(pickup, inode, true);
		inode_put(pickup->share, inode);
	}
}

static void look_below(struct pickup *pickup)
{
	if (!pickup->n_folders)
		return;
	qsort(pickup->folders, pickup->n_folders, sizeof(*pickup->folders), compare_pointers);
	inode_each(pickup->share, add_if_below, pickup);
	for (size_t i = 0; i < pickup->below.n && !atomic_load(&pickup->control->stopping); i++) {
		struct inode *inode = inode_get_any(pickup->share, pickup->below.ids[i]);

		if (inode)
			look_at(pickup, inode, false);
		inode_put(pickup->share, inode);
	}
}

static int look_at_all(struct pickup *pickup)
{
	find_named(pickup);
	pickup->folders = calloc(pickup->named.n + 1, sizeof(*pickup->folders));
	pickup->files = json_object_new_array();
	if (!pickup->folders || !pickup->files)
		return -ENOMEM;
	look_at_named(pickup);
	look_below(pickup);
	return pickup->err | pickup->named.err | pickup->below.err;
}

/* ---- The answer ------------------------------------------------------------------------------------ */

static int put_root(struct control *control, struct json_object *object)
{
	struct inode *root = inode_get(control->share, FUSE_ROOT_ID);
	int err = json_put_path(object, "dir", control->dir);

	if (!root)
		return err;
	err |= json_put_number(object, "root_dev", root->key.dev);
	err |= json_put_number(object, "root_ino", root->key.ino);
	inode_put(control->share, root);
	return err;
}

static struct json_object *make_answer(struct control *control, struct pickup *pickup)
{
	struct json_object *object = json_object_new_object();
	int err = json_put_bool(object, "ok", true);

	err |= put_root(control, object);
	err |= json_put_number(object, "known", pickup->n_known);
	err |= json_put_number(object, "pending", pickup->n_pending);
	err |= json_put_bool(object, "cut", pickup->cut);
	err |= json_put(object, "files", pickup->files);
	pickup->files = NULL;
	return json_finish(object, err);
}

static void release(struct pickup *pickup)
{
	for (size_t i = 0; i < pickup->n_folders; i++)
		inode_put(pickup->share, pickup->folders[i]);
	free(pickup->folders);
	free(pickup->wanted);
	nodes_free(&pickup->named);
	nodes_free(&pickup->below);
	json_object_put(pickup->files);
}

struct json_object *control_pickup(struct control *control, char *words)
{
	struct pickup pickup = {.control = control, .share = control->share};
	struct json_object *object = NULL;

	pickup.wanted = calloc(CONTROL_INODES_MAX, sizeof(*pickup.wanted));
	if (pickup.wanted && !parse_words(&pickup, words))
		object = control_error("after pickup there must be DEV:INO or DEV:INO:NODEID, at "
				       "most 2000 of them");
	else if (pickup.wanted && !look_at_all(&pickup))
		object = make_answer(control, &pickup);
	release(&pickup);
	return object;
}
