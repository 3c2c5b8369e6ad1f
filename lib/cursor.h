/* SPDX-License-Identifier: BSD-3-Clause */
/* cursor.h - a folder, as the rules see it. */
#ifndef LIB_CURSOR_H
#define LIB_CURSOR_H

#include "policy.h"

/* Immutable; counted by reference. */
struct fsdax_cursor {
	atomic_uint refs;
	uint8_t tag; /* enum fsdax_tag: what the files inherit */
	struct fsdax_policy *policy;  /* with a reference */
	struct matcher_folder folder; /* of live */
	live_t live[];                /* nodes of the matcher */
};

#endif
