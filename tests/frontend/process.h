/* SPDX-License-Identifier: BSD-3-Clause */
/* process.h - what a process of somebody else's holds, as /proc tells. */
#ifndef FRONTEND_PROCESS_H
#define FRONTEND_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* Resident memory in bytes. 0 or -errno; -ENODATA: it has ended. */
int process_rss(pid_t pid, uint64_t *rss);

/* Open descriptors. 0 or -errno. */
int process_fds(pid_t pid, unsigned int *n);

#endif
