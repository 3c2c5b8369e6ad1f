/* SPDX-License-Identifier: BSD-3-Clause */
/* view_serve.h - the process that serves the view: see view.h. */
#ifndef DAEMON_VIEW_SERVE_H
#define DAEMON_VIEW_SERVE_H

#include <stdint.h>

/* What goes over the socket between the daemon and the process. */
struct view_message {
	int32_t err;	 /* answers: 0 or -errno */
	uint32_t number; /* of the file in the view: its name, in decimal */
};

/*
 * The daemon asks with number 0 and a descriptor, and is answered the number of a file that
 * can now be opened. With another number and no descriptor, the daemon says that it won't be
 * opened; that has no answer. The very first message is the process's own: whether the kernel
 * can do it.
 */

/* Serve until the daemon has gone. Never returns. */
_Noreturn void view_serve(int socket, int fuse_fd);

#endif
