/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_read.c - see json_read.h.
 */
#include "json_read.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The file ------------------------------------------------------------------------ */

/* All of a stream, with a NUL at its end. */
static int read_stream(FILE *in, char **text, size_t *len)
{
	char buf[65536];
	FILE *out = open_memstream(text, len);
	size_t n;
	int err = 0;

	if (!out)
		return -ENOMEM;
	errno = 0;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0 && !err)
		err = fwrite(buf, 1, n, out) < n ? -ENOMEM : 0;
	if (!err && ferror(in))
		err = errno ? -errno : -EIO;
	if (fclose(out) == EOF && !err)
		err = -ENOMEM;
	return err;
}

static size_t without_space(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len;
}

static int parse(const char *text, size_t len, struct json_object **object)
{
	struct json_tokener *parser = json_tokener_new();
	int err = -EBADMSG;

	if (!parser)
		return -ENOMEM;
	json_tokener_set_flags(parser, JSON_TOKENER_VALIDATE_UTF8);
	if (len <= INT_MAX)
		*object = json_tokener_parse_ex(parser, text, (int)len);
	if (*object)
		err = json_tokener_get_parse_end(parser) == len ? 0 : -E2BIG;
	json_tokener_free(parser);
	return err;
}

int json_read_file(const char *path, struct json_object **object)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t len;
	int err;

	if (!in)
		return -errno;
	err = read_stream(in, &text, &len);
	fclose(in);
	if (!err)
		err = parse(text, without_space(text, len), object);
	free(text);
	return err;
}

/* ---- Members --------------------------------------------------------------------------- */

void json_read_failed(struct json_reader *in, const char *key)
{
	if (in->err)
		return;
	in->err = -EINVAL;
	in->key = key;
}

static struct json_object *member(struct json_reader *in, struct json_object *object,
				  const char *key, enum json_type type)
{
	struct json_object *value;

	if (json_object_is_type(object, json_type_object) &&
	    json_object_object_get_ex(object, key, &value) && json_object_is_type(value, type))
		return value;
	json_read_failed(in, key);
	return NULL;
}

uint64_t json_read_number(struct json_reader *in, struct json_object *object, const char *key)
{
	struct json_object *value = member(in, object, key, json_type_int);

	if (value && json_object_get_int64(value) < 0)
		json_read_failed(in, key);
	return json_object_get_uint64(value);
}

bool json_read_bool(struct json_reader *in, struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(in, object, key, json_type_boolean));
}

const char *json_read_string(struct json_reader *in, struct json_object *object, const char *key)
{
	struct json_object *value = member(in, object, key, json_type_string);

	return value ? json_object_get_string(value) : "";
}

struct json_object *json_read_object(struct json_reader *in, struct json_object *object,
				     const char *key)
{
	return member(in, object, key, json_type_object);
}

struct json_object *json_read_array(struct json_reader *in, struct json_object *object,
				    const char *key)
{
	return member(in, object, key, json_type_array);
}

bool json_read_null(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_is_type(object, json_type_object) &&
	       json_object_object_get_ex(object, key, &value) && !value;
}

/* From hexadecimal. NULL: it is not that, or there is no memory. */
static char *bytes_of(const char *hex)
{
	const size_t len = strlen(hex);
	char *bytes = calloc(1, len / 2 + 1);

	for (size_t i = 0; bytes && i < len; i += 2) {
		unsigned int byte;

		if (strspn(hex + i, "0123456789abcdef") < 2 || sscanf(hex + i, "%2x", &byte) != 1 ||
		    !byte) {
			free(bytes);
			return NULL;
		}
		bytes[i / 2] = (char)byte;
	}
	return bytes;
}

char *json_read_path(struct json_reader *in, struct json_object *object, const char *key)
{
	struct json_object *value = member(in, object, key, json_type_string), *hex;
	char name[64], *path = NULL;

	if (!value)
		return NULL;
	snprintf(name, sizeof(name), "%s_bytes", key);
	if (json_object_object_get_ex(object, name, &hex) &&
	    json_object_is_type(hex, json_type_string))
		path = bytes_of(json_object_get_string(hex));
	else if (strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value))
		path = strdup(json_object_get_string(value));
	if (!path)
		json_read_failed(in, key);
	return path;
}
