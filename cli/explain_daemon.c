/* SPDX-License-Identifier: BSD-3-Clause */
/* explain_daemon.c - see explain_daemon.h. */
#include "explain_daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "../daemon/control_proto.h"
#include "ask.h"
#include "count.h"
#include "json.h"
#include "output.h"

/* Take the files of one daemon's answer, each with the share that it is of. */
static int take_files(struct json_object *told, struct json_object *answer)
{
	struct json_object *files = answer_member(answer, "files");
	int err = 0;

	for (size_t i = 0; i < answer_count(files) && !err; i++) {
		struct json_object *file = json_object_array_get_idx(files, i);
		const char *dir = answer_string(answer, "dir");

		/* Who knows what answers there. */
		if (!json_object_is_type(file, json_type_object))
			continue;
		json_object_get(file);
		err = json_put_string(file, "dir", dir ? dir : "?");
		err |= json_append(told, file);
	}
	return err;
}

static int ask_one(const char *socket, const char *request, bool named, struct json_object *told)
{
	struct json_object *answer = NULL;
	bool gone;
	int err = ask(socket, request, &answer, named ? NULL : &gone);

	if (!err && answer)
		err = take_files(told, answer);
	json_object_put(answer);
	return err;
}

int explain_ask(const struct explanation *e, const struct options *opts, struct json_object **told)
{
	struct json_object *array = json_object_new_array();
	struct sockets sockets = {0};
	char request[sizeof(CONTROL_PICKUP) + 64];
	int err = array ? sockets_find(opts, &sockets) : -ENOMEM;

	snprintf(request, sizeof(request), CONTROL_PICKUP " %" PRIu64 ":%" PRIu64,
		 (uint64_t)e->inode.dev, (uint64_t)e->inode.ino);
	for (size_t i = 0; i < sockets.n && !err; i++)
		err = ask_one(sockets.paths[i], request, sockets.named, array);
	sockets_free(&sockets);
	if (err)
		json_object_put(array);
	else
		*told = array;
	return err;
}

static int print_one(struct json_object *file)
{
	const char *unmappable = answer_string(file, "unmappable");
	uint64_t opens = answer_number(file, "opens");
	char *dir = answer_path(file, "dir");

	if (!dir)
		return -ENOMEM;
	output_line("  daemon   of %s: the guest was told %s%s%s%s%s", dir,
		    !answer_member(file, "told") ? "nothing yet" :
		    answer_bool(file, "told")    ? "yes" :
						   "no",
		    opens ? ", and has it open" : "",
		    answer_bool(file, "pending") ? "; the change is picked up when it is closed" : "",
		    unmappable ? "; it cannot be mapped: " : "", unmappable ? unmappable : "");
	free(dir);
	return 0;
}

int explain_print_told(struct json_object *told)
{
	int err = 0;

	for (size_t i = 0; i < answer_count(told) && !err; i++)
		err = print_one(json_object_array_get_idx(told, i));
	return err;
}
