/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.h - what every thread of the daemon that serves requests does first. */
#ifndef DAEMON_THREAD_H
#define DAEMON_THREAD_H

#include <stdbool.h>

/*
 * Name the thread, as in `ps -L`; and give it a umask and a working directory of its own, so
 * that an operation can change them for the time of a call. Cleans up nothing: they go with
 * the thread.
 */
void thread_begin(const char *name, unsigned int number);

/* Whether threads will be able to do that; if not, why goes to the log. Once, at the start. */
bool thread_check(void);

#endif
