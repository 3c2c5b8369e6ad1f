/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain_daemon.h - what running daemons have to add to an explanation: what their guests
 * were told about the file, and why it can't be mapped.
 */
#ifndef CLI_EXPLAIN_DAEMON_H
#define CLI_EXPLAIN_DAEMON_H

#include <stdio.h>

#include <json-c/json.h>

#include "explain.h"
#include "options.h"

/*
 * Ask the daemon of --socket, or all that are there, about the file of an explanation. *told:
 * set to an array with an object for each inode that a guest knows, to be released with
 * json_object_put(); as the files of daemon/control_proto.h, with "dir", the share. Daemons
 * that don't answer are named on stderr. 0 or -errno.
 */
int explain_ask(const struct explanation *e, const struct options *opts, struct json_object **told);

/* A line each. 0 or -ENOMEM. */
int explain_print_told(struct json_object *told);

#endif
