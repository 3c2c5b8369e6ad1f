/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status.c - `fsdax-ctl status`: what running daemons do.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "status.h"

static int print_json(const char *socket, struct json_object *answer)
{
	int err = json_put_path(answer, "socket", socket);

	json_object_object_del(answer, "ok");
	output_json(json_finish(json_object_get(answer), err));
	return err;
}

static int show(const char *socket, struct json_object *answer, const struct options *opts,
		bool first)
{
	const char *error = answer_string(answer, "error");
	char *quoted;
	int err;

	if (!answer_bool(answer, "ok")) {
		quoted = message_quote(NULL, socket);
		message_error("%s: %s", quoted ? quoted : "?", error ? error : "it gives no state");
		free(quoted);
		return -EPROTO;
	}
	if (opts->json)
		return print_json(socket, answer);
	if (!first)
		output_text("\n");
	err = status_print(socket, answer);
	if (err)
		message_error("%s", strerror(-err));
	return err;
}

int cmd_status(const struct options *opts)
{
	char request[sizeof(CONTROL_STATUS) + 16];
	struct sockets sockets;
	int status = EXIT_DONE;
	size_t n = 0;

	if (opts->watch_seconds)
		return status_watch(opts);
	if (sockets_find(opts, &sockets))
		return EXIT_FAILED;
	snprintf(request, sizeof(request), CONTROL_STATUS " %d", opts->top);
	for (size_t i = 0; i < sockets.n; i++) {
		struct json_object *answer;
		bool gone;

		if (ask(sockets.paths[i], request, &answer, sockets.named ? NULL : &gone)) {
			status = EXIT_FAILED;
		} else if (answer) {
			if (show(sockets.paths[i], answer, opts, n++ == 0))
				status = EXIT_FAILED;
			json_object_put(answer);
		}
	}
	if (!n && status == EXIT_DONE) {
		sockets_say_none();
		status = EXIT_FAILED;
	}
	sockets_free(&sockets);
	return output_finish(status);
}
