/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tagger_hint.h - what to do when a tag cannot be written, and which file systems can
 * carry it.
 */
#ifndef CLI_TAGGER_HINT_H
#define CLI_TAGGER_HINT_H

#include <stdbool.h>

#define TAGGER_HINT_MAX 400

/*
 * hint: set to a sentence. dirfd: on the file system in question. xattr: what was to be
 * written; NULL for the inode flag. err: a negative errno.
 * Returns false if there is nothing more to say than for any other file.
 */
bool tagger_hint(char hint[TAGGER_HINT_MAX], int dirfd, const char *xattr, int err);

#endif
