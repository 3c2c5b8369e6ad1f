/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check_keys.c - `fsdax-ctl check --keys`; see check.h. Sections and keys with what they
 * mean below them: the meanings are too long for columns.
 */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "json.h"
#include "output.h"

#define WIDTH 72u
#define INDENT "      "

static int print_json(const struct fsdax_key_info *key)
{
	struct json_object *object = json_object_new_object();
	int err = 0;

	err |= json_put_string(object, "section", key->section);
	err |= json_put_string(object, "key", key->key);
	err |= json_put_string(object, "value", key->value);
	err |= json_put_string(object, "default", key->preset);
	err |= json_put_bool(object, "repeats", key->repeats);
	err |= json_put_string(object, "help", key->help);
	output_json(json_finish(object, err));
	return err ? -ENOMEM : 0;
}

/* Lines of whole words. */
static void print_wrapped(const char *text)
{
	while (*text) {
		size_t len = strlen(text);
		size_t end = len;

		if (len > WIDTH) {
			for (end = WIDTH; end && text[end] != ' '; end--)
				;
			if (!end)
				end = strcspn(text, " ");
		}
		output_print(INDENT "%.*s\n", (int)end, text);
		text += end;
		text += strspn(text, " ");
	}
}

static void print_key(const struct fsdax_key_info *key)
{
	output_print("  %s = %s\n", key->key, key->value);
	print_wrapped(key->help);
	if (key->repeats)
		print_wrapped("May be given several times: they are alternatives.");
	if (key->preset)
		output_print(INDENT "Default: %s\n", key->preset);
}

int check_print_keys(const struct options *opts)
{
	const char *section = "";
	struct fsdax_key_info key;
	int err = 0;

	for (size_t i = 0; !err && !fsdax_key(i, &key); i++) {
		if (opts->json) {
			err = print_json(&key);
			continue;
		}
		if (strcmp(key.section, section))
			output_print("%s[%s%s]\n", i ? "\n" : "", key.section,
				     strcmp(key.section, "rule") ? "" : " NAME");
		section = key.section;
		print_key(&key);
	}
	return err;
}
