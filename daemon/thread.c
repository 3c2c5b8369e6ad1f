/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.c - see thread.h. */
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

void thread_begin(const char *name, unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%s-%u", name, number % 1000);
	pthread_setname_np(pthread_self(), text);
	/* Needs no privilege. A seccomp filter of somebody else's may still say no. */
	if (unshare(CLONE_FS))
		log_warn("a thread can't have a umask of its own: %s", strerror(errno));
}
