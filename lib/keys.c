/* SPDX-License-Identifier: BSD-3-Clause */
/* keys.c - the table of the keys of the policy language. See keys.h. */
#include <linux/limits.h>
#include <string.h>

#include "conditions.h"
#include "keys.h"
#include "suggest.h"

/* ---- Settings ---------------------------------------------------------------- */

static int set_default(struct fsdax_settings *settings, const char *text, size_t len,
		       struct mistake *mistake)
{
	return value_bool(text, len, &settings->default_dax, mistake);
}

/* text is NUL-terminated and lives as long as the settings. */
static int set_tag_xattr(struct fsdax_settings *settings, const char *text, size_t len,
			 struct mistake *mistake)
{
	int err;

	if (!strcmp(text, "none")) {
		settings->tag_xattr = NULL;
		return 0;
	}
	err = xattr_name_check(text, len, mistake);
	if (!err)
		settings->tag_xattr = text;
	return err;
}

static int set_inode_flag(struct fsdax_settings *settings, const char *text, size_t len,
			  struct mistake *mistake)
{
	return value_bool(text, len, &settings->inode_flag, mistake);
}

static bool is_power_of_two(uint64_t value, uint64_t lo, uint64_t hi)
{
	return value >= lo && value <= hi && !(value & (value - 1));
}

static int set_page_size(struct fsdax_settings *settings, const char *text, size_t len,
			 struct mistake *mistake)
{
	uint64_t value;
	int err = value_size(text, len, &value, mistake);

	if (err)
		return err;
	if (!is_power_of_two(value, 4096, 64 * 1024))
		return mistake_set(mistake, 0, len, "write a power of two from 4K to 64K",
				   "no guest has pages of this size");
	settings->page_size = value;
	return 0;
}

static int set_chunk_size(struct fsdax_settings *settings, const char *text, size_t len,
			  struct mistake *mistake)
{
	uint64_t value;
	int err = value_size(text, len, &value, mistake);

	if (err)
		return err;
	if (!is_power_of_two(value, 64 * 1024, 1ull << 30))
		return mistake_set(mistake, 0, len, "write a power of two from 64K to 1G",
				   "no guest maps chunks of this size");
	settings->chunk_size = value;
	return 0;
}

static int set_descriptor_size(struct fsdax_settings *settings, const char *text, size_t len,
			       struct mistake *mistake)
{
	uint64_t value;
	int err = value_size(text, len, &value, mistake);

	if (err)
		return err;
	if (value < 8 || value > 1024)
		return mistake_set(mistake, 0, len,
				   "write a number of bytes from 8 to 1024; Linux has 64",
				   "no guest has page descriptors of this size");
	settings->descriptor_size = value;
	return 0;
}

/* ---- The table ---------------------------------------------------------------- */

const struct key keys[N_KEYS] = {
	[POLICY_DEFAULT] = {
		.info = {"policy", "default", "yes|no", "no",
			 "The decision for a regular file that no tag and no rule says anything "
			 "about.",
			 false},
		.set = set_default,
	},
	[TAG_XATTR] = {
		.info = {"tag", "xattr", "NAME|none", FSDAX_TAG_XATTR,
			 "The xattr that carries an admin's tag. A name in trusted. needs "
			 "CAP_SYS_ADMIN, and no guest can set it; one in user. serves a daemon "
			 "without privilege, but whoever may write a file may tag it. With none, "
			 "tags are not read, which saves a system call a file.",
			 false},
		.set = set_tag_xattr,
	},
	[TAG_INODE_FLAG] = {
		.info = {"tag", "inode-flag", "yes|no", "no",
			 "Whether the inode flag FS_XFLAG_DAX, which chattr +x and xfs_io set on "
			 "ext4 and xfs, counts as a tag that says yes. It costs a system call a "
			 "file.",
			 false},
		.set = set_inode_flag,
	},
	[WINDOW_PAGE_SIZE] = {
		.info = {"window", "page-size", "SIZE", "4K",
			 "The size of a page in the guest.", false},
		.set = set_page_size,
	},
	[WINDOW_CHUNK_SIZE] = {
		.info = {"window", "chunk-size", "SIZE", "2M",
			 "The part of the DAX window that the guest maps at once. Linux maps 2M.",
			 false},
		.set = set_chunk_size,
	},
	[WINDOW_DESCRIPTOR_SIZE] = {
		.info = {"window", "descriptor-size", "BYTES", "64",
			 "What the guest spends on each page of the window, used or not: the size "
			 "of its struct page.",
			 false},
		.set = set_descriptor_size,
	},
	[RULE_DAX] = {
		.info = {"rule", "dax", "yes|no", NULL,
			 "What the rule says of a file for which all of its conditions hold. Every "
			 "rule needs it, once.",
			 false},
	},
	[RULE_SIZE] = {
		.info = {"rule", "size", ">= SIZE | > SIZE | <= SIZE | < SIZE | = SIZE | SIZE..SIZE",
			 NULL,
			 "The size of the file in bytes. K, M, G and T are powers of 1024; A..B "
			 "includes both ends. In place of a size, >= or < may be followed by the "
			 "word descriptors: the page descriptors of one chunk, 32K unless [window] "
			 "says otherwise.",
			 true},
		.need = FSDAX_NEED_SIZE,
		.parse = size_parse,
		.test = size_test,
		.found = size_found,
	},
	[RULE_OWNER] = {
		.info = {"rule", "owner", "UID | UID..UID | NAME", NULL,
			 "The owner of the file. A name is looked up on the host when the policy is "
			 "loaded.",
			 true},
		.need = FSDAX_NEED_OWNER,
		.parse = owner_parse,
		.test = owner_test,
		.found = owner_found,
	},
	[RULE_GROUP] = {
		.info = {"rule", "group", "GID | GID..GID | NAME", NULL,
			 "The group of the file, as for owner.", true},
		.need = FSDAX_NEED_OWNER,
		.parse = group_parse,
		.test = group_test,
		.found = group_found,
	},
	[RULE_MODE] = {
		.info = {"rule", "mode", "OCTAL | !OCTAL", NULL,
			 "Permission bits: 0111 holds if any of these bits is set, !0222 if none "
			 "of them is.",
			 true},
		.need = FSDAX_NEED_MODE,
		.parse = mode_parse,
		.test = mode_test,
		.found = mode_found,
	},
	[RULE_AGE] = {
		.info = {"rule", "age", "> AGE | < AGE | ... | AGE..AGE", NULL,
			 "The time since the file was last modified, with s, m, h, d or w behind "
			 "the number.",
			 true},
		.need = FSDAX_NEED_MTIME,
		.parse = age_parse,
		.test = age_test,
		.found = age_found,
	},
	[RULE_XATTR] = {
		.info = {"rule", "xattr", "NAME | NAME=VALUE", NULL,
			 "An xattr of the file: that it is there, or that it has this value. It is "
			 "read only when it can change the decision. It cannot be the xattr that "
			 "carries tags.",
			 true},
		.need = FSDAX_NEED_XATTR,
		.parse = xattr_parse,
		.test = xattr_test,
		.found = xattr_found,
	},
	[RULE_PATH] = {
		.info = {"rule", "path", "PATTERN | !PATTERN", NULL,
			 "The path of the file below the root of the share. A pattern with '!' in "
			 "front excludes: the condition holds if one of the other patterns matches, "
			 "or there are none, and no excluding one does.",
			 true},
		.test = path_test,
		.found = path_found,
	},
};

const struct key *key_find(const char *section, const char *text, size_t len, int *id)
{
	for (int i = 0; i < N_KEYS; i++) {
		if (!strcmp(keys[i].info.section, section) && strlen(keys[i].info.key) == len &&
		    !memcmp(keys[i].info.key, text, len)) {
			*id = i;
			return &keys[i];
		}
	}
	return NULL;
}

const char *key_suggest(const char *section, const char *text, size_t len)
{
	unsigned int best = 3;
	const char *word = NULL;

	for (int i = 0; i < N_KEYS; i++) {
		unsigned int distance = suggest_distance(text, len, keys[i].info.key);

		if (strcmp(keys[i].info.section, section) || distance >= best)
			continue;
		best = distance;
		word = keys[i].info.key;
	}
	return word;
}

int fsdax_key(size_t i, struct fsdax_key_info *info)
{
	if (i >= N_KEYS)
		return -ENOENT;
	*info = keys[i].info;
	return 0;
}
