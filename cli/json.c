/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.c - see json.h.
 */
#include "json.h"

#include <errno.h>

int json_put(struct json_object *object, const char *key, struct json_object *value)
{
	if (object && value && !json_object_object_add(object, key, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

int json_put_null(struct json_object *object, const char *key)
{
	/* json-c's null is a NULL pointer */
	if (object && !json_object_object_add(object, key, NULL))
		return 0;
	return -ENOMEM;
}

int json_put_string(struct json_object *object, const char *key, const char *text)
{
	if (!text)
		return json_put_null(object, key);
	return json_put(object, key, json_object_new_string(text));
}

int json_put_number(struct json_object *object, const char *key, uint64_t number)
{
	return json_put(object, key, json_object_new_uint64(number));
}

int json_put_signed(struct json_object *object, const char *key, int64_t number)
{
	return json_put(object, key, json_object_new_int64(number));
}

int json_put_bool(struct json_object *object, const char *key, bool value)
{
	return json_put(object, key, json_object_new_boolean(value));
}

int json_append(struct json_object *array, struct json_object *value)
{
	if (array && value && !json_object_array_add(array, value))
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

struct json_object *json_finish(struct json_object *object, int err)
{
	if (!err)
		return object;
	json_object_put(object);
	return NULL;
}
