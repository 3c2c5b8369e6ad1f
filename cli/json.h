/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - building JSON objects member by member. Each call adds one member, and returns
 * 0 or -ENOMEM; calls on an object that is NULL return -ENOMEM too, so that a chain of them
 * needs one check only:
 *
 *	err |= json_put_string(object, "rule", name);
 *	err |= json_put_number(object, "files", files);
 *	output_json(json_finish(object, err));
 *
 * Used by fsdaxd too, for what it tells fsdax-ctl.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include <fsdax/fsdax.h>

/* A string, or null if text is NULL. Must be UTF-8: for a path see json_put_path(). */
int json_put_string(struct json_object *object, const char *key, const char *text);

/*
 * A path. One that is not UTF-8 gets U+FFFD where the bytes were wrong, and the very bytes as
 * "KEY_bytes" in hexadecimal.
 */
int json_put_path(struct json_object *object, const char *key, const char *path);

int json_put_number(struct json_object *object, const char *key, uint64_t number);
int json_put_signed(struct json_object *object, const char *key, int64_t number);
int json_put_bool(struct json_object *object, const char *key, bool value);
int json_put_null(struct json_object *object, const char *key);

/* Takes ownership of value, also on an error. NULL is "no memory", not null. */
int json_put(struct json_object *object, const char *key, struct json_object *value);

/* Append to an array; takes ownership of value, also on an error. */
int json_append(struct json_object *array, struct json_object *value);

/*
 * Add dax, reason, rule, file and line of a decision (null where there is none). policy: that
 * it is of; NULL: not known, and so is the rule.
 */
int json_put_decision(struct json_object *object, const struct fsdax_policy *policy,
		      const struct fsdax_decision *decision);

/* All remarks of a report, as an array; NULL: no memory. */
struct json_object *json_remarks(const struct fsdax_report *report);

/* The object, or if err is not 0, NULL, and the object is released. */
struct json_object *json_finish(struct json_object *object, int err);

#endif
