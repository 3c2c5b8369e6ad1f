/* SPDX-License-Identifier: BSD-3-Clause */
/* source.h - where the text of a policy comes from: files, or a bundle of what was in them. */
#ifndef LIB_SOURCE_H
#define LIB_SOURCE_H

#include "dropin.h"

/*
 * Call fn for each policy file that fsdax_policy_load() reads for path and root. What is wrong
 * is reported. 0, what fn returned, or as fsdax_policy_load().
 */
int source_read(struct fsdax_report *report, const char *path, const char *root, dropin_fn *fn,
		void *data);

/*
 * The same, of a bundle that fsdax_policy_pack() has made: the calls and the remarks are those
 * that there were then, and so is the result. -EINVAL: it is no bundle.
 */
int source_unpack(struct fsdax_report *report, const void *bundle, size_t size, dropin_fn *fn,
		  void *data);

#endif
