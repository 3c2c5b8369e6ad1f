/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reload.c - `fsdax-ctl reload`: has running daemons read their policy again, and prints what is
 * wrong with it, as they see it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "count.h"
#include "json.h"
#include "message.h"
#include "output.h"

static enum fsdax_severity severity_of(struct json_object *remark)
{
	const char *word = answer_string(remark, "severity");

	if (word && strcmp(word, "error") == 0)
		return FSDAX_ERROR;
	return word && strcmp(word, "warning") == 0 ? FSDAX_WARNING : FSDAX_NOTE;
}

static void print_remarks(struct json_object *answer)
{
	struct json_object *remarks = answer_member(answer, "remarks");

	for (size_t i = 0; i < answer_count(remarks); i++) {
		struct json_object *one = json_object_array_get_idx(remarks, i);
		const char *text = answer_string(one, "formatted");

		if (text)
			message_remark(severity_of(one), text);
	}
}

static void print_text(const char *socket, struct json_object *answer, const struct options *opts)
{
	const char *error = answer_string(answer, "error");
	char *quoted = message_quote(NULL, socket);
	char rules[COUNT_OF_MAX];

	print_remarks(answer);
	if (!answer_bool(answer, "ok"))
		message_error("%s: not reloaded: %s\n  = the policy from before stays in force",
			      quoted ? quoted : "?", error ? error : "it does not say why");
	else if (!opts->quiet)
		output_line("%s: reloaded, %s", quoted ? quoted : "?",
			    count_of(rules, answer_number(answer, "rules"), "rule"));
	free(quoted);
}

static bool is_bad_policy(struct json_object *answer)
{
	struct json_object *remarks = answer_member(answer, "remarks");

	for (size_t i = 0; i < answer_count(remarks); i++) {
		if (severity_of(json_object_array_get_idx(remarks, i)) == FSDAX_ERROR)
			return true;
	}
	return false;
}

/* Returns an exit status, or -1: nobody was there. */
static int reload_one(const char *socket, const struct options *opts, bool named)
{
	struct json_object *answer;
	bool gone, ok, bad;

	if (ask(socket, CONTROL_RELOAD, &answer, named ? NULL : &gone))
		return EXIT_FAILED;
	if (!answer)
		return -1;
	ok = answer_bool(answer, "ok");
	bad = is_bad_policy(answer);
	if (opts->json) {
		int err = json_put_path(answer, "socket", socket);

		output_json(json_finish(answer, err));
	} else {
		print_text(socket, answer, opts);
		json_object_put(answer);
	}
	return ok ? EXIT_DONE : bad ? EXIT_BAD_POLICY : EXIT_FAILED;
}

int cmd_reload(const struct options *opts)
{
	struct sockets sockets;
	int status = -1;

	if (sockets_find(opts, &sockets))
		return EXIT_FAILED;
	for (size_t i = 0; i < sockets.n; i++) {
		int one = reload_one(sockets.paths[i], opts, sockets.named);

		/* What failed otherwise counts for more than a bad policy. */
		if (status <= EXIT_DONE || one == EXIT_FAILED)
			status = one >= 0 ? one : status;
	}
	sockets_free(&sockets);
	if (status < 0) {
		sockets_say_none();
		status = EXIT_FAILED;
	}
	return output_finish(status);
}
