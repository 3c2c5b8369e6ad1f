/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cputime.h - the processor time of another process, in nanoseconds.
 */
#ifndef PROBE_CPUTIME_H
#define PROBE_CPUTIME_H

#include <stdint.h>
#include <sys/types.h>

/* Of all its threads, ended ones too. 0 or -errno. */
int cputime_read(pid_t pid, uint64_t *ns);

#endif
