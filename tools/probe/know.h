/* SPDX-License-Identifier: BSD-3-Clause */
/* know.h - what it costs a back-end that its guest knows many files. */
#ifndef PROBE_KNOW_H
#define PROBE_KNOW_H

#include "options.h"

/* Returns an exit status. */
int know_run(const struct options *options);

#endif
