/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * backend.h - the program under test: started by us, and again after it has ended, or running
 * already; and connections to it.
 */
#ifndef PROBE_BACKEND_H
#define PROBE_BACKEND_H

#include <stdbool.h>
#include <sys/types.h>

#include "frontend.h"

struct backend {
	char **argv; /* NULL: not started by us */
	const char *socket;
	pid_t pid;	    /* 0: not running, or not ours */
	int signal;	    /* that it died of, since backend_clear() */
	int status;	    /* a nonzero exit status, since then */
	bool leaves, stays; /* was seen to end, or not to, when its front-end did */
};

void backend_init(struct backend *backend, char **argv, const char *socket);

/*
 * frontend_start(), after starting the back-end where that is needed. Tries again for a while
 * where a back-end that just ends took the connection. On an error too, frontend_stop().
 */
int backend_connect(struct backend *backend, struct frontend *fe,
		    const struct frontend_options *options);

/* See whether it has ended, and how. */
void backend_check(struct backend *backend);

/*
 * The front-end has hung up: give the back-end the time to end, if it is one that does, so
 * that how it ends is known.
 */
void backend_settle(struct backend *backend);

/* Forget how it ended. */
void backend_clear(struct backend *backend);

/* End it, if we started it. */
void backend_stop(struct backend *backend);

#endif
