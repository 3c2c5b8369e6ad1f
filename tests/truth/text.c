/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - text that grows, names of errors, a hash, and random numbers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

static void make_room(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 256;

	while (room < text->size + more + 1)
		room *= 2;
	if (room == text->room)
		return;
	text->data = realloc(text->data, room);
	if (!text->data)
		abort();
	text->room = room;
}

void say(struct text *text, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	make_room(text, (size_t)size);
	va_start(args, format);
	vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
	va_end(args);
	text->size += (size_t)size;
}

void say_quoted(struct text *text, const char *bytes)
{
	size_t len = strlen(bytes);

	if (len > 300) {
		say(text, "<%zu bytes>", len);
		return;
	}
	say(text, "\"");
	for (const char *at = bytes; *at; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte == '"' || byte == '\\')
			say(text, "\\%c", byte);
		else if (byte < ' ' || byte > '~')
			say(text, "\\%03o", byte);
		else
			say(text, "%c", byte);
	}
	say(text, "\"");
}

void text_reset(struct text *text)
{
	make_room(text, 0);
	text->size = 0;
	text->data[0] = 0;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

const char *errno_name(int number)
{
	const char *name = number ? strerrorname_np(number) : "0";

	return name ? name : "an unknown errno";
}

/* FNV-1a */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	if (!hash)
		hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

/* Steele, Lea and Flood's splitmix64 */
uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}
