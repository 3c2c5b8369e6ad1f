/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.h - building JSON objects member by member. Each call adds one member, and returns
 * 0 or -ENOMEM; calls on an object that is NULL return -ENOMEM too, so that a chain of them
 * needs one check only:
 *
 *	err |= json_put_string(object, "rule", name);
 *	err |= json_put_number(object, "files", files);
 *	output_json(json_finish(object, err));
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* A string, or null if text is NULL. Must be UTF-8: for a path see output_json_path(). */
int json_put_string(struct json_object *object, const char *key, const char *text);

int json_put_number(struct json_object *object, const char *key, uint64_t number);
int json_put_signed(struct json_object *object, const char *key, int64_t number);
int json_put_bool(struct json_object *object, const char *key, bool value);
int json_put_null(struct json_object *object, const char *key);

/* Takes ownership of value, also on an error. NULL is "no memory", not null. */
int json_put(struct json_object *object, const char *key, struct json_object *value);

/* Append to an array; takes ownership of value, also on an error. */
int json_append(struct json_object *array, struct json_object *value);

/* The object, or if err is not 0, NULL, and the object is released. */
struct json_object *json_finish(struct json_object *object, int err);

#endif
