/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cputime.c - from the process's processor clock, which counts threads that have ended too,
 * and has no ticks.
 */
#include <errno.h>
#include <time.h>

#include "cputime.h"

int cputime_read(pid_t pid, uint64_t *ns)
{
	struct timespec ts;
	clockid_t clock;
	int err = clock_getcpuclockid(pid, &clock);

	if (err)
		return -err;
	if (clock_gettime(clock, &ts) < 0)
		return -errno;
	*ns = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	return 0;
}
