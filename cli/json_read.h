/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_read.h - reading members of JSON objects that came from a file. What is missing or of
 * another type is kept as an error, and reads as 0 or "", so that a chain of calls needs one
 * check only.
 */
#ifndef CLI_JSON_READ_H
#define CLI_JSON_READ_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* Start from {0}. */
struct json_reader {
	int err;	 /* -EINVAL, -ENOMEM */
	const char *key; /* of the first member that was not right */
};

/*
 * The one JSON value that a file holds. Errors: -EBADMSG (it is not JSON), -E2BIG (there is more
 * behind it), and those of open(2) and read(2).
 */
int json_read_file(const char *path, struct json_object **object);

/* Something about a member is not right. */
void json_read_failed(struct json_reader *in, const char *key);

/* Members. object may be NULL: then they are missing. Strings and objects are borrowed. */
uint64_t json_read_number(struct json_reader *in, struct json_object *object, const char *key);
bool json_read_bool(struct json_reader *in, struct json_object *object, const char *key);
const char *json_read_string(struct json_reader *in, struct json_object *object, const char *key);
struct json_object *json_read_object(struct json_reader *in, struct json_object *object,
				     const char *key);
struct json_object *json_read_array(struct json_reader *in, struct json_object *object,
				    const char *key);

/* Whether a member is there, and null. */
bool json_read_null(struct json_object *object, const char *key);

/* A path, as json_put_path() writes it. Allocated; NULL: failed. */
char *json_read_path(struct json_reader *in, struct json_object *object, const char *key);

#endif
