/* SPDX-License-Identifier: BSD-3-Clause */
/* send_fds.h - bytes as a front-end sends them, with any number of descriptors. */
#ifndef FUZZ_SEND_FDS_H
#define FUZZ_SEND_FDS_H

#include <stddef.h>

/* More than any message may have. */
enum { SEND_FDS_MAX = 40 };

/* At once and whole: the other side's buffer must have room, unless it has gone. */
void send_fds(int socket, const void *bytes, size_t size, const int *fds, unsigned int n_fds);

#endif
