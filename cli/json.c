/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.c - see json.h. JSON is Unicode and a path is not, so a path that is not UTF-8 appears
 * twice: once to read, and once to use.
 */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- Paths ------------------------------------------------------------------------ */

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* How many bytes a character has that starts so; 0 if none can. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* How many bytes the character at text has; 0 if it is not UTF-8. text ends in a NUL. */
static size_t character(const unsigned char *text)
{
	size_t len = length_of(text[0]);

	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	/* overlong forms, surrogates, and what lies past U+10FFFF */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return len;
}

static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	for (size_t len; *at; at += len) {
		len = character(at);
		if (!len)
			return false;
	}
	return true;
}

static int put_readable(struct json_object *object, const char *key, const char *path)
{
	const unsigned char *at = (const unsigned char *)path;
	char *text = malloc(3 * strlen(path) + 1);
	char *to = text;
	int err;

	if (!text)
		return -ENOMEM;
	while (*at) {
		size_t len = character(at);

		to = len ? mempcpy(to, at, len) : stpcpy(to, replacement);
		at += len ? len : 1;
	}
	*to = '\0';
	err = json_put_string(object, key, text);
	free(text);
	return err;
}

static int put_bytes(struct json_object *object, const char *key, const char *path)
{
	char *hex = malloc(2 * strlen(path) + 1);
	char *name = NULL;
	int err = -ENOMEM;

	if (hex && asprintf(&name, "%s_bytes", key) >= 0) {
		for (size_t i = 0; path[i]; i++)
			sprintf(hex + 2 * i, "%02x", (unsigned char)path[i]);
		err = json_put_string(object, name, hex);
		free(name);
	}
	free(hex);
	return err;
}

int json_put_path(struct json_object *object, const char *key, const char *path)
{
	int err;

	if (!path || is_utf8(path))
		return json_put_string(object, key, path);
	err = put_readable(object, key, path);
	return err ? err : put_bytes(object, key, path);
}
