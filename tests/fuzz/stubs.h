/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stubs.h - in place of the daemon's view and guard, which have a process and a thread of
 * their own: the same promises, kept at once.
 */
#ifndef FUZZ_STUBS_H
#define FUZZ_STUBS_H

/* What view_open() returns: 0: a descriptor of the file itself; else this error, -EIO for good. */
extern int stub_view_error;

/* The host has changed a file. */
void stub_host_changed(void);

#endif
