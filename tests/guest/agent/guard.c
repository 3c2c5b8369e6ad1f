// SPDX-License-Identifier: BSD-3-Clause
/*
 * guard.c - touch memory that may not be there. A file that is too short, or a DAX mapping
 * that the host refuses, is a signal; a test wants to hear of it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "agent.h"

/* A signal handler has no argument. */
static sigjmp_buf guard_back;

static void guard_caught(int signal)
{
	siglongjmp(guard_back, signal);
}

int guard_call(int (*work)(void *), void *arg)
{
	struct sigaction catch = {.sa_handler = guard_caught}, bus, segv;
	int caught, result;

	sigaction(SIGBUS, &catch, &bus);
	sigaction(SIGSEGV, &catch, &segv);
	caught = sigsetjmp(guard_back, 1);
	result = caught ? AGENT_SIGNAL - caught : work(arg);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return result;
}
