/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuse_host.h - what happens around a session of fuzz-fuse.c: the host changes files and tags, and the
 * front-end comes, goes, and refuses to map.
 */
#ifndef FUZZ_FUSE_HOST_H
#define FUZZ_FUSE_HOST_H

#include <stdbool.h>

#include "fuse_build.h"
#include "fuse_session.h"

/* A front-end with a window is there, or gone. */
void fuse_attach(struct share *share, bool there);

/* One event, by step->op. Returns whether the tree may have changed. */
bool fuse_host_event(struct session *session, const struct step *step);

/* The front-end and the view do as they are asked again. */
void fuse_host_reset(void);

#endif
