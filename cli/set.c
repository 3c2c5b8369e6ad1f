/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set.c - `fsdax-ctl set`: an admin's own word on files and folders.
 */
#include <dirent.h>

#include "command.h"
#include "message.h"
#include "pickup.h"
#include "tagger.h"

struct setter {
	struct tagger tagger;
	enum fsdax_tag tag;
	struct pickup pickup;
};

static int write_tag(struct setter *setter, const struct walk_entry *entry)
{
	int ret = tagger_write(&setter->tagger, entry, setter->tag, false);

	return ret ? ret : pickup_note(&setter->pickup, setter->tagger.opts, entry);
}

static int set_file(void *data, const struct walk_entry *entry)
{
	struct setter *setter = data;

	if (entry->type != DT_REG)
		return entry->operand ? tagger_refuse(entry, "cannot set the tag of") : 0;
	return write_tag(setter, entry);
}

static int set_folder(void *data, const struct walk_entry *entry)
{
	return write_tag(data, entry);
}

int cmd_set(const struct options *opts)
{
	struct setter setter = {
		.tag = opts->dax == FSDAX_TAG_NO ? FSDAX_TAG_NO : FSDAX_TAG_YES,
		.pickup = PICKUP_INIT,
	};
	struct walk_ops ops = {
		.file = set_file,
		.folder = set_folder,
		.data = &setter,
		.action = "cannot set the tag of",
	};
	struct walk_result result = {0};
	struct share share;
	int status = tagger_open(&setter.tagger, &share, opts, SHARE_CARRIERS, TAGGER_ONE);

	if (status >= 0)
		return status;
	if (setter.tagger.flag && !share.settings.inode_flag)
		message_warn("this policy does not count inode flags, so this changes no decision\n"
			     "  = for it to count, a policy file must say: [tag] inode-flag = yes");
	if (!tagger_lists(&setter.tagger))
		ops.unit = "tagged";
	if (walk_operands(&share, opts, opts->recursive, &ops, &result) < 0)
		status = EXIT_FAILED;
	else
		status = tagger_finish(&setter.tagger, &result,
				       setter.tag == FSDAX_TAG_YES ? "tagged yes" : "tagged no");
	tagger_close(&setter.tagger, &share);
	return pickup_wait(&setter.pickup, opts, status);
}
