/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * walk.h - visits a tree with N threads, by folder fds: no path strings are built but
 * for messages, so that paths may be of any length. Follows no links and opens nothing
 * but folders.
 */
#ifndef CLI_WALK_H
#define CLI_WALK_H

#include <stdatomic.h>

#include "options.h"
#include "share.h"

struct walk_folder; /* the folder that is being visited */

struct walk_entry {
	struct walk_folder *folder;
	int dirfd;	  /* the folder, open for reading */
	const char *name; /* NUL at the end; "" for the folder itself: see below */
	size_t len;
	unsigned char type;		   /* DT_*, never DT_UNKNOWN */
	const struct fsdax_cursor *cursor; /* of the folder */
	const struct fsdax_cursor *other;  /* the same under walk_ops.other, or NULL */
	int thread;			   /* from 0, below opts->jobs */
	bool operand;			   /* the user named it: it was not found below a folder */
};

/* What a callback returns when something failed, and it has named it itself: counted only. */
#define WALK_NAMED 1

/*
 * What to do with each entry. Called from several threads at once; walk_entry.thread
 * tells which. Return 0, WALK_NAMED, or a negative errno, which is reported with the path and
 * counted (-ENOENT is not: the file vanished while we walked, and that is counted apart).
 */
struct walk_ops {
	/* Every entry that is not a folder; NULL: none. */
	int (*file)(void *data, const struct walk_entry *entry);
	/*
	 * Each folder, before what lies in it: dirfd is the folder itself, name is "".
	 * cursor is the folder's own. NULL: none.
	 */
	int (*folder)(void *data, const struct walk_entry *entry);
	void *data;
	const char *action; /* for messages, such as "cannot set the tag of" */
	bool tags;	    /* read the tags of folders for the cursors */
	/* A second policy to keep a cursor of, and with its own tags, for diff; NULL: none. */
	struct fsdax_policy *other;
	/* A word for the progress line, such as "scanned"; NULL: no progress line. */
	const char *unit;
	/* The operands were found by a walk before: one that is gone has vanished. */
	bool seen_before;
	/* All that it does is print: once nobody reads that, it stops. */
	bool prints;
	/* An operand that is another one, or lies below it, is visited with that one only. */
	bool once;
};

/* What became of a walk. Added to, so several walks may share one. */
struct walk_result {
	uint64_t files, folders; /* visited */
	uint64_t failed;	 /* named on stderr */
	uint64_t vanished;
	bool interrupted; /* SIGINT or SIGTERM: stopped in good order */
};

/*
 * Visit the operands of the command (or the paths of --files0-from): each one, and with
 * recursive all that lies below it. Excluded paths are left out, mount points too with -x.
 * Without recursive, one thread visits them in their order; else there is no order.
 * Returns 0, or a negative errno when the walk could not start at all (with a message).
 */
int walk_operands(const struct share *share, const struct options *opts, bool recursive,
		  const struct walk_ops *ops, struct walk_result *result);

/* One path, as walk_operands() does it. */
int walk_path(const struct share *share, const struct options *opts, const char *path,
	      bool recursive, const struct walk_ops *ops, struct walk_result *result);

/*
 * The entry's path as the user would write it (operand, slash, names). Allocated;
 * NULL without memory.
 */
char *walk_entry_path(const struct walk_entry *entry);

/* As walk_entry_path(), but below the operand: "" for the operand itself. */
char *walk_entry_below(const struct walk_entry *entry);

/* The path of the entry's folder below the share's root, "" for that. Allocated, or NULL. */
char *walk_entry_folder(const struct walk_entry *entry);

/*
 * Path of the nearest folder that carries a tag of its own: the entry's folder or one above,
 * and for a folder itself one above it. Only with walk_ops.tags. Allocated; NULL if there is
 * none, or no memory.
 */
char *walk_entry_tagged_by(const struct walk_entry *entry);

/*
 * A number that no other folder of the process has, for those who keep something per thread
 * and folder; 0 for an operand that is no folder.
 */
uint64_t walk_entry_folder_id(const struct walk_entry *entry);

/* The name of the entry's folder, and the number of the one above; "" for an operand: none. */
const char *walk_entry_folder_name(const struct walk_entry *entry, uint64_t *parent);

/* The exit status that goes with a result; prints the summary of failures. */
int walk_status(const struct walk_result *result);

#endif
