/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tally_json.h - sums as JSON, in the same words for all commands. Each returns 0 or -ENOMEM.
 */
#ifndef CLI_TALLY_JSON_H
#define CLI_TALLY_JSON_H

#include "json.h"
#include "tally.h"

/* files, bytes, chunks, descriptors, page_cache: members of the object. */
int count_json(struct json_object *object, const struct count *count);

/* The same as an object of its own, by that name. */
int count_json_put(struct json_object *object, const char *key, const struct count *count);

/* A group: what decided, and its sums. Members of the object. */
int group_json(struct json_object *object, const struct tallies *tallies, const struct tally *tally,
	       size_t group);

/* break_even, sizes, histogram: the files by size. */
int sizes_json(struct json_object *object, const struct tallies *tallies,
	       const struct tally *tally);

/* trees_below, trees: the files by folder. */
int trees_json(struct json_object *object, const struct trees *trees);

/* A path below the share's root, with the slash that patterns start with; NULL: null. */
int folder_json(struct json_object *object, const char *key, const char *path);

#endif
