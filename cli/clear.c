/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clear.c - `fsdax-ctl clear`: takes tags away, so that the rules decide again.
 */
#include <dirent.h>

#include "command.h"
#include "pickup.h"
#include "tagger.h"

struct clearer {
	struct tagger tagger;
	struct pickup pickup;
};

static int clear_tag(struct clearer *clearer, const struct walk_entry *entry)
{
	int ret = tagger_write(&clearer->tagger, entry, FSDAX_TAG_NONE, false);

	return ret ? ret : pickup_note(&clearer->pickup, clearer->tagger.opts, entry);
}

static int clear_file(void *data, const struct walk_entry *entry)
{
	if (entry->type != DT_REG)
		return entry->operand ? tagger_refuse(entry, "cannot clear the tag of") : 0;
	return clear_tag(data, entry);
}

static int clear_folder(void *data, const struct walk_entry *entry)
{
	return clear_tag(data, entry);
}

int cmd_clear(const struct options *opts)
{
	struct clearer clearer = {.pickup = PICKUP_INIT};
	struct walk_ops ops = {
		.file = clear_file,
		.folder = clear_folder,
		.data = &clearer,
		.action = "cannot clear the tag of",
	};
	struct walk_result result = {0};
	struct share share;
	int status = tagger_open(&clearer.tagger, &share, opts, SHARE_CARRIERS, TAGGER_BOTH);

	if (status >= 0)
		return status;
	if (!tagger_lists(&clearer.tagger))
		ops.unit = "cleared";
	if (walk_operands(&share, opts, opts->recursive, &ops, &result) < 0)
		status = EXIT_FAILED;
	else
		status = tagger_finish(&clearer.tagger, &result, "cleared");
	tagger_close(&clearer.tagger, &share);
	return pickup_wait(&clearer.pickup, opts, status);
}
