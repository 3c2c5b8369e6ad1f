/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * insist.h - what must hold, whatever the input: says what did not, and ends the program. On the
 * descriptor, for what the code under test prints by stderr may be thrown away.
 */
#ifndef FUZZ_INSIST_H
#define FUZZ_INSIST_H

#include <stdio.h>
#include <stdlib.h>

#define insist(holds, ...)                       \
	do {                                     \
		if (!(holds)) {                  \
			dprintf(2, __VA_ARGS__); \
			dprintf(2, "\n");        \
			abort();                 \
		}                                \
	} while (0)

#endif
