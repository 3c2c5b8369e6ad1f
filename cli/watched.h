/* SPDX-License-Identifier: BSD-3-Clause */
/* watched.h - `fsdax-ctl status --watch`: what is known of each daemon, and what is shown of it. */
#ifndef CLI_WATCHED_H
#define CLI_WATCHED_H

#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

/* One daemon, as it was when it was asked last, and the time before. */
struct watched {
	char *socket;
	struct json_object *now;    /* its last answer; NULL: it never gave one */
	struct json_object *before; /* the one before, of the same process; NULL: none */
	int64_t now_ms, before_ms;  /* when they came, by a clock that nobody sets */
	int err;		    /* why it does not answer any more; 0: it does */
	int64_t lost_ms;	    /* since when */
};

/* Print all of one, in lines; how wide its bar is depends on the columns there are. */
void watch_draw(FILE *out, const struct watched *watched, int columns);

#endif
