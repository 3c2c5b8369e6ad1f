/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * outside.h - the process that was started stays outside of the sandbox, while a child of it goes
 * on as the daemon. It passes on signals, removes the sockets at the end, which the daemon can't
 * reach then, passes on what the service manager is to know (notify.h), and ends as the daemon ended.
 * It has nothing to do with the guest, and keeps only the privilege that this takes.
 */
#ifndef DAEMON_OUTSIDE_H
#define DAEMON_OUTSIDE_H

#include <stdbool.h>

struct notify;
struct settings;

/*
 * Returns 0 in the process that is to be the daemon, with settings->outside set. In the one that
 * was started it does not return, but with -errno (on the log) if there is no daemon. With
 * namespaces, the daemon is the first of a PID namespace, and in a user namespace if it needs one.
 * In the daemon, notify leads to the process outside then.
 *
 * Call it while there is one thread.
 */
int outside_begin(struct settings *settings, struct notify *notify, bool namespaces);

#endif
