/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clear.c - `fsdax-ctl clear`: takes tags away, so that the rules decide again.
 */
#include <dirent.h>

#include "command.h"
#include "tagger.h"

static int clear_file(void *data, const struct walk_entry *entry)
{
	if (entry->type != DT_REG)
		return entry->operand ? tagger_refuse(entry, "cannot clear the tag of") : 0;
	return tagger_write(data, entry, FSDAX_TAG_NONE, false);
}

static int clear_folder(void *data, const struct walk_entry *entry)
{
	return tagger_write(data, entry, FSDAX_TAG_NONE, false);
}

int cmd_clear(const struct options *opts)
{
	struct tagger tagger;
	struct walk_ops ops = {
		.file = clear_file,
		.folder = clear_folder,
		.data = &tagger,
		.action = "cannot clear the tag of",
	};
	struct walk_result result = {0};
	struct share share;
	int status = tagger_open(&tagger, &share, opts, SHARE_SETTINGS, TAGGER_BOTH);

	if (status >= 0)
		return status;
	if (!tagger_lists(&tagger))
		ops.unit = "cleared";
	if (walk_operands(&share, opts, opts->recursive, &ops, &result) < 0)
		status = EXIT_FAILED;
	else
		status = tagger_finish(&tagger, &result, "cleared");
	tagger_close(&tagger, &share);
	return status;
}
