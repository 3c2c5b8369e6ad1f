/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notify.h - tells a service manager how it goes, as sd_notify(3) does: that the daemon listens,
 * reloads, or ends, and in words whether a guest is there.
 *
 * Only the process that was started speaks to the manager: it is the one that systemd takes such
 * messages from (NotifyAccess=main). Nor could it be the daemon in its sandbox. Whoever holds the
 * manager's socket can name any process of the host as the service's main one (MAINPID=), for the
 * manager to kill at the end; and that is out of reach of a guest that has taken over the daemon.
 * So the daemon only says what has happened, by its number, and the process outside (outside.h)
 * makes words of it. Without a sandbox the two are the same process.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum notify_event {
	NOTIFY_READY, /* front-ends can connect */
	NOTIFY_CONNECTED,
	NOTIFY_GONE,
	NOTIFY_RELOADING,
	NOTIFY_RELOADED,
	NOTIFY_REFUSED, /* ... as it should have been */
	NOTIFY_STOPPING,
	N_NOTIFY_EVENTS
};

struct notify {
	int fd;		 /* -1: nobody wants to know */
	bool through;	 /* fd leads to the process outside */
	uint64_t window; /* which is offered to guests: bytes, or 0 */
	atomic_bool connected, refused;
};

/* Connect to $NOTIFY_SOCKET, if it is set. 0 or -errno (on the log). */
int notify_open(struct notify *notify);

/* In the daemon: from now on by this socket to the process outside, which is taken over. */
void notify_through(struct notify *notify, int socket);

/* From any thread. NULL is fine. */
void notify_tell(struct notify *notify, enum notify_event event);

/* In the process outside: pass on what has come by the socket, without waiting. -EPIPE at its end. */
int notify_pass_on(struct notify *notify, int socket);

void notify_close(struct notify *notify);

#endif
