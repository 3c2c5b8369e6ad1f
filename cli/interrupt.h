/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interrupt.h - SIGINT, SIGTERM and SIGHUP as something to look at, instead of a sudden
 * death: whoever holds one of these stops in good order. A second signal kills.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
	int fd; /* readable when a signal came: for poll(2) */
	sigset_t before;
};

/*
 * Hold the signals back, in this thread and those it starts from here on.
 * Errors: what signalfd(2) may say.
 */
int interrupt_open(struct interrupt *in);

/* Whether a signal came. After the first one, a second has its usual effect. */
bool interrupt_came(struct interrupt *in);

void interrupt_close(struct interrupt *in);

#endif
