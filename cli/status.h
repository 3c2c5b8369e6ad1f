/* SPDX-License-Identifier: BSD-3-Clause */
/* status.h - what `fsdax-ctl status` shows of one daemon. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "options.h"

#define STATUS_DURATION_MAX 64

/* "3 h 5 min", in the two largest units. Returns dst. */
char *status_duration(char dst[STATUS_DURATION_MAX], uint64_t seconds);

/* What an answer says of the guest. A static string. */
const char *status_guest(struct json_object *answer);

/* FILE:LINE:RULE, or the reason's name. Allocated; NULL: no memory. */
char *status_source(struct json_object *decision);

/* --watch (watch.c). Returns an exit status, when the user has had enough. */
int status_watch(const struct options *opts);

/* For people. answer: of the daemon that listens at socket. 0 or -ENOMEM. */
int status_print(const char *socket, struct json_object *answer);

#endif
