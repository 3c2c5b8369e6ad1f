/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filter.h - which system calls a process may make (seccomp), by what it is for.
 */
#ifndef DAEMON_FILTER_H
#define DAEMON_FILTER_H

#include <stddef.h>

#include "settings.h"

/* The processes. */
enum filter_kind {
	FILTER_SERVE,	/* the guest's requests, and the control socket */
	FILTER_VIEW,	/* view_serve.h */
	FILTER_POLICY,	/* policy_reader.h */
	FILTER_OUTSIDE, /* outside.h */
	N_FILTERS
};

/*
 * From here on, and for threads that start later, any other call does what settings->seccomp
 * says. What the settings have no use for is not allowed either. Needs "no new privileges".
 * 0 or -errno (on the log).
 */
int filter_load(enum filter_kind kind, const struct settings *settings);

/* For the test that compares the lists with what is called: see filter.c. */
struct filter_call {
	const char *name;
	const char *rare; /* why no test makes it; NULL: they do */
};

/* The i-th call of a list, or false at its end. */
bool filter_call(enum filter_kind kind, size_t i, struct filter_call *call);

#endif
