/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_mutate.c - see json_mutate.h.
 */
#include "json_mutate.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

static struct json_object *some_value(unsigned int r)
{
	static const char *const texts[] = {
		"null",
		"true",
		"false",
		"0",
		"1",
		"-1",
		"18446744073709551615",
		"9223372036854775808",
		"1e300",
		"\"x\"",
		"\"\"",
		"[]",
		"{}",
		"[1,null,\"x\",[],{}]",
		"[{}]",
		"\"\\u0000\\n\\u001b[0m\"",
		"\"2f61\"",
		"\"2f6\"",
		"\"zz\"",
		"-9223372036854775808",
		"[{\"pending\":true,\"opens\":3,\"path\":\"/b\"}]",
		"\"error\"",
		"{\"connected\":true}",
	};

	return json_tokener_parse(texts[r % (sizeof(texts) / sizeof(*texts))]);
}

/* Count the places for values down, and change that where *left becomes 0. */
static void change_place(struct json_object *object, unsigned int *left, unsigned int r)
{
	if (json_object_is_type(object, json_type_object)) {
		json_object_object_foreach(object, key, value)
		{
			if ((*left)-- == 0) {
				if (r % 8)
					json_object_object_add(object, key, some_value(r / 8));
				else
					json_object_object_del(object, key);
				return;
			}
			change_place(value, left, r);
			if (*left > 100000)
				return;
		}
		return;
	}
	for (size_t i = 0;
	     json_object_is_type(object, json_type_array) && i < json_object_array_length(object);
	     i++) {
		if ((*left)-- == 0) {
			json_object_array_put_idx(object, i, some_value(r / 8));
			return;
		}
		change_place(json_object_array_get_idx(object, i), left, r);
		if (*left > 100000)
			return;
	}
}

size_t json_mutate(uint8_t *data, size_t size, size_t room, unsigned int place, unsigned int how)
{
	char *text = strndup((const char *)data, size);
	struct json_object *object = text ? json_tokener_parse(text) : NULL;
	size_t len = 0;

	free(text);
	if (json_object_is_type(object, json_type_object)) {
		change_place(object, &place, how);
		len = strlen(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
		len = len < room ? len : room;
		memcpy(data, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), len);
	}
	json_object_put(object);
	return len;
}
