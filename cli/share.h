/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share.h - the share's root and its policy, and from a path on the command line to
 * the folder, name and cursor that a decision needs.
 */
#ifndef CLI_SHARE_H
#define CLI_SHARE_H

#include <fsdax/fsdax.h>

#include "options.h"

/* What a command wants of the policy. */
enum share_use {
	SHARE_CARRIERS, /* what carries tags: warnings about rules would only be in the way */
	SHARE_TAGS,     /* the same, and the tags of folders */
	SHARE_RULES,    /* decisions */
};

struct share {
	struct fsdax_policy *policy; /* a reference of the share's own */
	enum share_use use;
	struct fsdax_settings settings;
	int root_fd;                 /* the root folder, open for reading */
	char *root;                  /* its real path, without a slash at the end, "" for "/" */
	const char *tag_xattr;       /* --xattr, else the policy's; NULL for none */
};

/*
 * Load the policy (printing its errors and, for rules, its warnings) and open the root.
 * Returns -1 if the command should go on, else an exit status, after a message.
 */
int share_open(struct share *share, const struct options *opts, enum share_use use);

/* As share_open(), for a command that asks no policy: the share is "/", without rules and tags. */
int share_open_plain(struct share *share);
void share_close(struct share *share);

/*
 * The tag of a folder, as fsdax_folder_tag(), where the share's use asks for it. With SHARE_TAGS
 * that is by --xattr, as it is for what lies in the folder; decisions rest on the policy's.
 */
int share_folder_tag(const struct share *share, int dirfd, const char *name, enum fsdax_tag *tag);

/* Where a path on the command line lies. */
struct place {
	int dirfd;                   /* its folder, open for reading; the root itself: share's */
	char *name;                  /* its last component; "" if it is the root itself */
	char *below;                 /* its path below the root, no slash in front; "" for the root */
	struct fsdax_cursor *cursor; /* of dirfd; the root itself: NULL */
	char *tagged_by;             /* path of the nearest tagged folder above, or NULL */
};

/*
 * Find a path. The path's folder may be reached through links; its last component is
 * never followed. The folders between the root and it are entered one by one, and
 * their tags read. "." and ".." as the last component, and a trailing slash, are
 * resolved to the folder they mean.
 *
 * Errors: -EXDEV (the path is not below the root), -ENOENT, -ENOTDIR, -EACCES, -ENOMEM.
 */
int share_find(const struct share *share, const char *path, struct place *place);
void place_release(struct place *place);

/*
 * An xattr name and a carrier from --by, --xattr and the policy, for the commands that
 * write tags: whether they write the xattr *xattr, or the inode flag.
 */
bool share_by_flag(const struct share *share, const struct options *opts);

#endif
