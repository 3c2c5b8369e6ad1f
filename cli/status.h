/* SPDX-License-Identifier: BSD-3-Clause */
/* status.h - what `fsdax-ctl status` shows of one daemon. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <json-c/json.h>

/* For people. answer: of the daemon that listens at socket. 0 or -ENOMEM. */
int status_print(const char *socket, struct json_object *answer);

#endif
