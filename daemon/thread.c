/* SPDX-License-Identifier: BSD-3-Clause */
/* thread.c - see thread.h. */
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

void thread_begin(const char *name, unsigned int number)
{
	char text[16];

	snprintf(text, sizeof(text), "%s-%u", name, number % 1000);
	pthread_setname_np(pthread_self(), text);
	/* Else a file could get the umask of another's request. thread_check() said that it works. */
	if (unshare(CLONE_FS)) {
		log_error("a thread can't have a umask of its own: %s", strerror(errno));
		abort();
	}
}

bool thread_check(void)
{
	/* Needs no privilege. But a container's own filter of system calls may say no. */
	if (!unshare(CLONE_FS))
		return true;
	log_error("unshare(CLONE_FS): %s; if this is a container, its seccomp profile must allow "
		  "that call",
		  strerror(errno));
	return false;
}
