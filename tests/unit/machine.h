/* SPDX-License-Identifier: BSD-3-Clause */
/* machine.h - a matcher under test: patterns of which number i stands for rule i. */
#ifndef UNIT_MACHINE_H
#define UNIT_MACHINE_H

#include "helper.h"
#include "matcher_build.h"

enum { MOST = 4096 };

struct machine {
	struct arena arena;
	struct matcher_builder builder;
	struct matcher matcher;
	struct spot spots[MOST];
	uint32_t n;
	bool bare; /* what is added next has no other condition */
};

/* Start with no pattern, add some, and finish; or all at once. */
struct machine *machine_new(void);
void machine_add(struct machine *m, const char *pattern);
void machine_finish(struct machine *m);
struct machine *machine_of(const char *const *patterns, size_t n);
void machine_free(struct machine *m);

/* Enter the folders of a path. Returns the file's name. */
const char *walk(const struct machine *m, const char *path, struct live *live);

/* The numbers of the patterns that match, as "0 2"; both ways of asking must agree. */
const char *found(const struct machine *m, const char *path);

#endif
