/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * backend_channel.h - the second socket of vhost-user, on which the daemon asks the front-end:
 * to map a file in the DAX window, and to unmap it. This is the `mapper` of window.h.
 */
#ifndef DAEMON_BACKEND_CHANNEL_H
#define DAEMON_BACKEND_CHANNEL_H

#include <stdbool.h>

#include "window.h"

struct backend_channel;

/*
 * Takes socket over on success. shared_objects: the front-end knows messages about them. 0 or
 * -errno.
 */
int backend_channel_new(int socket, bool shared_objects, struct backend_channel **channel);

/* Nobody may be using it any more. NULL is fine. */
void backend_channel_free(struct backend_channel *channel);

/* How to map by it; lives as long as the channel. */
const struct mapper *backend_channel_mapper(struct backend_channel *channel);

/*
 * While on, nobody waits for answers: what was asked is taken as done. For the time in which
 * the front-end itself waits for us, and so can't answer (GET_VRING_BASE).
 */
void backend_channel_hurry(struct backend_channel *channel, bool on);

#endif
