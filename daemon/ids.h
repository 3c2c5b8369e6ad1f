/* SPDX-License-Identifier: BSD-3-Clause */
/* ids.h - a user namespace for the daemon: which of its users and groups are which of the host's. */
#ifndef DAEMON_IDS_H
#define DAEMON_IDS_H

#include <stdbool.h>
#include <sys/types.h>

struct settings;

/* Not root, or --uid-map: then there must be one. */
bool ids_need_namespace(const struct settings *settings);

/* By the child: enter a new one, in which nobody is known yet. 0 or -errno (on the log). */
int ids_enter_namespace(void);

/*
 * By its parent, for the child: say who is who. Without --uid-map the user is root there, and
 * alone; with it, somebody who is not root has newuidmap(1) and newgidmap(1) do it, by what
 * /etc/subuid and /etc/subgid allow. 0 or -errno (on the log).
 */
int ids_map(const struct settings *settings, pid_t child);

/* By the child after that: be root there. 0 or -errno (on the log). */
int ids_become_root(const struct settings *settings);

#endif
