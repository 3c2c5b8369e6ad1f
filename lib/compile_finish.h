/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compile_finish.h - what can only be done when all files are read: the settings are known,
 * and no rule comes after.
 */
#ifndef LIB_COMPILE_FINISH_H
#define LIB_COMPILE_FINISH_H

#include "compile.h"

/* 0 or -ENOMEM. Adds warnings to the report. */
int compile_finish(struct compiler *c);

#endif
