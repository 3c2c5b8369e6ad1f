/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json_mutate.c - see json_mutate.h. The text is not parsed into objects and printed again: that
 * would take as long as the code under test.
 */
#include "json_mutate.h"

#include <stdbool.h>
#include <string.h>

enum { DEEPEST = 32 };

/* A walk through the values of an object, in their order, until one is found. */
struct hunt {
	const char *at, *end;
	unsigned int depth;
	unsigned int left;  /* places before the one that is wanted */
	unsigned int found; /* places so far */
	const char *key;    /* of the one that is wanted; NULL: of an array */
	const char *from, *to;
};

static void skip_space(struct hunt *hunt)
{
	while (hunt->at < hunt->end && *hunt->at && strchr(" \t\r\n", *hunt->at))
		hunt->at++;
}

/* A byte, and the space around it. */
static bool skip_byte(struct hunt *hunt, char byte)
{
	skip_space(hunt);
	if (hunt->at == hunt->end || *hunt->at != byte)
		return false;
	hunt->at++;
	skip_space(hunt);
	return true;
}

static bool skip_string(struct hunt *hunt)
{
	if (hunt->at == hunt->end || *hunt->at != '"')
		return false;
	for (hunt->at++; hunt->at < hunt->end && *hunt->at != '"'; hunt->at++)
		hunt->at += *hunt->at == '\\' && hunt->at + 1 < hunt->end;
	if (hunt->at == hunt->end)
		return false;
	hunt->at++;
	return true;
}

static bool skip_word(struct hunt *hunt)
{
	const char *from = hunt->at;

	while (hunt->at < hunt->end && *hunt->at && !strchr(" \t\r\n,:\"[]{}", *hunt->at))
		hunt->at++;
	return hunt->at > from;
}

static bool skip_members(struct hunt *hunt, char close);

static bool skip_value(struct hunt *hunt)
{
	bool done;

	if (hunt->at == hunt->end)
		return false;
	if (*hunt->at == '"')
		return skip_string(hunt);
	if (*hunt->at != '{' && *hunt->at != '[')
		return skip_word(hunt);
	if (hunt->depth == DEEPEST)
		return false;
	hunt->depth++;
	done = skip_members(hunt, *hunt->at == '{' ? '}' : ']');
	hunt->depth--;
	return done;
}

/* False: this was the one that is wanted, or it is not JSON. */
static bool skip_place(struct hunt *hunt, const char *key)
{
	const bool wanted = hunt->found++ == hunt->left;
	const char *from = hunt->at;

	if (!skip_value(hunt))
		return false;
	if (!wanted)
		return true;
	hunt->key = key;
	hunt->from = from;
	hunt->to = hunt->at;
	return false;
}

static bool skip_members(struct hunt *hunt, char close)
{
	hunt->at++;
	skip_space(hunt);
	if (skip_byte(hunt, close))
		return true;
	do {
		const char *key = close == '}' ? hunt->at : NULL;

		if (key && (!skip_string(hunt) || !skip_byte(hunt, ':')))
			return false;
		if (!skip_place(hunt, key))
			return false;
	} while (skip_byte(hunt, ','));
	return skip_byte(hunt, close);
}

/* Find a place of the object. Returns how many there are up to it. */
static unsigned int find(struct hunt *hunt, const uint8_t *data, size_t size, unsigned int place)
{
	*hunt = (struct hunt){
		.at = (const char *)data, .end = (const char *)data + size, .left = place};
	skip_space(hunt);
	if (hunt->at < hunt->end && *hunt->at == '{')
		skip_value(hunt);
	return hunt->found;
}

static const char *some_value(unsigned int r)
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

	return texts[r % (sizeof(texts) / sizeof(*texts))];
}

/* The member, with the comma behind it or before it. */
static void take_all_of_it(struct hunt *hunt, const char *start)
{
	hunt->from = hunt->key;
	hunt->at = hunt->to;
	if (skip_byte(hunt, ',')) {
		hunt->to = hunt->at;
		return;
	}
	while (hunt->from > start && hunt->from[-1] != ',' && hunt->from[-1] != '{')
		hunt->from--;
	hunt->from -= hunt->from > start && hunt->from[-1] == ',';
}

size_t json_mutate(uint8_t *data, size_t size, size_t room, unsigned int place, unsigned int how)
{
	const char *text = some_value(how / 8);
	size_t from, to, len;
	struct hunt hunt;
	unsigned int n;

	/* None has so many. */
	n = find(&hunt, data, size, UINT32_MAX);
	if (n)
		find(&hunt, data, size, place % n);
	if (!hunt.to)
		return 0;
	if (hunt.key && how % 8 == 0) {
		take_all_of_it(&hunt, (const char *)data);
		text = "";
	}
	from = (size_t)(hunt.from - (const char *)data);
	to = (size_t)(hunt.to - (const char *)data);
	len = strlen(text);
	if (from + len + size - to > room)
		return 0;
	memmove(data + from + len, data + to, size - to);
	memcpy(data + from, text, len);
	return from + len + size - to;
}
