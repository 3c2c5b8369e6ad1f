/* SPDX-License-Identifier: BSD-3-Clause */
/* opening.h - the flags of OPEN and CREATE, on their way to the host and back to the guest. */
#ifndef DAEMON_OPENING_H
#define DAEMON_OPENING_H

#include <stdint.h>

struct share;

/* For open(2), from what the guest asks: without O_CREAT, O_EXCL, and what is the daemon's. */
int opening_flags(const struct share *share, uint32_t asked);

/* The FOPEN_* bits of the reply, by --cache; for folders with is_dir. */
uint32_t opening_reply_flags(const struct share *share, int is_dir);

#endif
