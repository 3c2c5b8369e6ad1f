/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.h - the subcommand load: so many requests of one kind as a back-end answers.
 */
#ifndef PROBE_LOAD_H
#define PROBE_LOAD_H

#include "options.h"

int load_run(const struct options *options);

/* Run on this processor only from now on; -1: on any. 0 or -errno. */
int load_pin(int cpu);

/* The names for --op, NULL behind the last. */
const char *load_op_name(unsigned i);

#endif
