/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_effective.c - `fsdax-ctl check --effective`; see check.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "message.h"
#include "output.h"

#define COMMENT_COLUMN 40

struct effective {
	const struct options *opts;
	bool started; /* there is a line above */
};

static int print_json(const struct fsdax_policy_line *line)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_string(object, "section", line->section);
	err |= json_put_string(object, "key", line->key);
	err |= json_put_string(object, "value", line->value);
	err |= json_put_path(object, "file", line->file);
	if (line->file)
		err |= json_put_number(object, "line", line->line);
	else
		err |= json_put_null(object, "line");
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

/* "FILE:LINE", made so that no file's name can end the comment or the line. */
static char *origin(const struct fsdax_policy_line *line)
{
	char *file, *text;

	if (!line->file)
		return strdup("built in");
	file = message_quote(NULL, line->file);
	if (!file)
		return NULL;
	if (asprintf(&text, "%s:%u", file, line->line) < 0)
		text = NULL;
	free(file);
	return text;
}

static int print_line(const struct effective *e, const struct fsdax_policy_line *line)
{
	char *comment = origin(line);
	char *text;
	int len;

	if (!comment)
		return -ENOMEM;
	if (line->key)
		len = asprintf(&text, "%s = %s", line->key, line->value);
	else
		len = asprintf(&text, "[%s]", line->section);
	if (len >= 0) {
		/* A setting's section has no origin of its own. */
		bool plain = !line->key && !line->file;

		output_print("%s%s%*s%s%s\n", !line->key && e->started ? "\n" : "", text,
			     plain || len > COMMENT_COLUMN ? 0 : COMMENT_COLUMN - len, "",
			     plain ? "" : " ; ", plain ? "" : comment);
		free(text);
	}
	free(comment);
	return len < 0 ? -ENOMEM : 0;
}

static int print_one(void *data, const struct fsdax_policy_line *line)
{
	struct effective *e = data;
	int err = e->opts->json ? print_json(line) : print_line(e, line);

	e->started = true;
	return err;
}

int check_print_effective(const struct fsdax_policy *policy, const struct options *opts)
{
	struct effective e = {.opts = opts};

	return fsdax_policy_print(policy, print_one, &e);
}
