/* SPDX-License-Identifier: BSD-3-Clause */
/* decide.h - the decision about one file, for the library's own callers. */
#ifndef LIB_DECIDE_H
#define LIB_DECIDE_H

#include "keys.h"

/* As fsdax_decide(), in a folder whose files inherit folder_tag. */
int decide_subject(const struct subject *subject, enum fsdax_tag folder_tag, unsigned int flags,
		   struct fsdax_decision *decision, int *want);

#endif
