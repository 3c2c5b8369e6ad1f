/* SPDX-License-Identifier: BSD-3-Clause */
/* tag.c - an admin's word on one file or folder, in an xattr or the inode flag. */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/xattr.h>

#include <fsdax/fsdax.h>

#include "sys.h"

/* Longer values are no tags. */
enum { LONGEST_TAG = 32 };

static const char by_policy_suffix[] = " policy";

/* ---- Values ----------------------------------------------------------------- */

static bool same(const char *text, size_t size, const char *word)
{
	return strlen(word) == size && !memcmp(text, word, size);
}

enum fsdax_tag fsdax_tag_parse(const void *value, size_t size, bool *by_policy)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
	const char *text = value;
	const size_t suffix = sizeof(by_policy_suffix) - 1;
	bool written_down = false;

	if (size > LONGEST_TAG)
		return FSDAX_TAG_NONE;
	if (size && (text[size - 1] == '\0' || text[size - 1] == '\n'))
		size--;
	if (size > suffix && !memcmp(text + size - suffix, by_policy_suffix, suffix)) {
		written_down = true;
		size -= suffix;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!same(text, size, words[i]))
			continue;
		if (by_policy)
			*by_policy = written_down;
		return i % 2 ? FSDAX_TAG_YES : FSDAX_TAG_NO;
	}
	return FSDAX_TAG_NONE;
}

/* ---- The xattr --------------------------------------------------------------- */

int fsdax_tag_read(int dirfd, const char *name, const char *xattr, struct fsdax_tag_state *state)
{
	struct fsdax_tag_state read = {.tag = FSDAX_TAG_NONE};
	char value[LONGEST_TAG + 1];
	ssize_t size = sys_get_xattr(dirfd, name, xattr, value, sizeof(value));

	if (size == -ERANGE || size == -E2BIG) {
		read.garbage = true;
	} else if (size >= 0) {
		read.tag = fsdax_tag_parse(value, (size_t)size, &read.by_policy);
		read.garbage = read.tag == FSDAX_TAG_NONE;
	} else if (size != -ENODATA && size != -EOPNOTSUPP) {
		return (int)size;
	}
	*state = read;
	return 0;
}

static int remove_tag(int dirfd, const char *name, const char *xattr, unsigned int flags)
{
	/* Reading is cheaper than a removal that finds nothing. */
	ssize_t size = sys_get_xattr(dirfd, name, xattr, NULL, 0);
	int err;

	if (size == -ENODATA || size == -EOPNOTSUPP)
		return 0;
	if (size < 0 && size != -E2BIG)
		return (int)size;
	if (flags & FSDAX_TAG_DRY_RUN)
		return 1;
	err = sys_remove_xattr(dirfd, name, xattr);
	return err == -ENODATA ? 0 : err ? err : 1;
}

int fsdax_tag_write(int dirfd, const char *name, const char *xattr, enum fsdax_tag tag,
		    unsigned int flags)
{
	const bool by_policy = flags & FSDAX_TAG_BY_POLICY;
	const bool dry_run = flags & FSDAX_TAG_DRY_RUN;
	struct fsdax_tag_state state;
	char value[LONGEST_TAG + 1];
	size_t size;
	int err;

	if (tag == FSDAX_TAG_NONE)
		return remove_tag(dirfd, name, xattr, flags);
	strcpy(value, tag == FSDAX_TAG_YES ? "yes" : "no");
	if (by_policy)
		strcat(value, by_policy_suffix);
	size = strlen(value);
	/* Whatever it fails for: where nothing can be written, it may stand so already. */
	if ((flags & FSDAX_TAG_LIKELY_NEW) && !dry_run &&
	    !sys_set_xattr(dirfd, name, xattr, value, size, XATTR_CREATE))
		return 1;
	err = fsdax_tag_read(dirfd, name, xattr, &state);
	if (err)
		return err;
	if (state.tag == tag && state.by_policy == by_policy)
		return 0;
	if (dry_run)
		return 1;
	err = sys_set_xattr(dirfd, name, xattr, value, size, 0);
	return err ? err : 1;
}

/* ---- The inode flag ------------------------------------------------------------ */

int fsdax_flag_read(int dirfd, const char *name, bool *dax)
{
	struct sys_attr attr;
	int err = sys_get_attr(dirfd, name, &attr);

	if (!err)
		*dax = attr.xflags & FS_XFLAG_DAX;
	return err;
}

int fsdax_flag_write(int dirfd, const char *name, bool dax, unsigned int flags)
{
	struct sys_attr attr;
	int err = sys_get_attr(dirfd, name, &attr);

	if (err)
		return err;
	if (!(attr.xflags & FS_XFLAG_DAX) == !dax)
		return 0;
	if (flags & FSDAX_TAG_DRY_RUN)
		return 1;
	attr.xflags ^= FS_XFLAG_DAX;
	err = sys_set_attr(dirfd, name, &attr);
	return err ? err : 1;
}

/* ---- Folders -------------------------------------------------------------------- */

int fsdax_folder_tag(const struct fsdax_policy *policy, int dirfd, const char *name,
		     enum fsdax_tag *tag)
{
	struct fsdax_tag_state state = {.tag = FSDAX_TAG_NONE};
	struct fsdax_settings settings;
	bool dax = false;
	int err = 0;

	fsdax_policy_settings(policy, &settings);
	if (settings.tag_xattr)
		err = fsdax_tag_read(dirfd, name, settings.tag_xattr, &state);
	if (err)
		return err;
	if (state.by_policy)
		state.tag = FSDAX_TAG_NONE;
	if (settings.inode_flag && state.tag == FSDAX_TAG_NONE) {
		err = fsdax_flag_read(dirfd, name, &dax);
		if (err && err != -EOPNOTSUPP)
			return err;
	}
	*tag = dax ? FSDAX_TAG_YES : state.tag;
	return 0;
}
