/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote.c - message_quote(): file names made safe for a terminal. A name could hold an
 * escape sequence, or characters that turn the direction of the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

/* How long a UTF-8 character is that starts with this byte; 0: none does. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf5 ? 4 : 0;
}

/* The length of the UTF-8 character at p, or 0 if there is none; its code goes to *code. */
static size_t decode(const unsigned char *p, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = length_of(*p);
	uint32_t c;

	if (len == 0)
		return 0;
	c = len == 1 ? *p : *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

static bool is_printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0, 0x1f},	     /* control characters */
		{0x7f, 0x9f},	     /* more of them */
		{0xad, 0xad},	     /* a hyphen that mostly is not seen */
		{0x61c, 0x61c},	     /* direction */
		{0x200b, 0x200f},    /* zero width, direction */
		{0x2028, 0x202e},    /* ends of lines, direction */
		{0x2060, 0x206f},    /* zero width, direction */
		{0xe000, 0xf8ff},    /* private use */
		{0xfeff, 0xfeff},    /* byte order mark */
		{0xfff0, 0xffff},    /* no characters */
		{0xe0000, 0x10ffff}, /* tags, private use */
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	}
	return true;
}

static bool all_printable(const unsigned char *p)
{
	while (*p) {
		uint32_t code;
		size_t len = decode(p, &code);

		if (len == 0 || !is_printable(code))
			return false;
		p += len;
	}
	return true;
}

/* One byte inside $'...'. Returns how much was written. */
static size_t escape(char *dst, unsigned char c)
{
	static const char letters[] = "a\ab\bt\tn\nv\vf\fr\r";

	for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
		if ((unsigned char)letters[i + 1] == c)
			return (size_t)sprintf(dst, "\\%c", letters[i]);
	}
	return (size_t)sprintf(dst, "\\%03o", c);
}

static void quote(char *dst, const unsigned char *p)
{
	dst = stpcpy(dst, "$'");
	while (*p) {
		uint32_t code;
		size_t len = decode(p, &code);

		if (len > 0 && is_printable(code)) {
			if (*p == '\'' || *p == '\\')
				*dst++ = '\\';
			dst = mempcpy(dst, p, len);
			p += len;
			continue;
		}
		dst += escape(dst, *p++);
	}
	strcpy(dst, "'");
}

char *message_quote(char *dst, const char *path)
{
	if (!dst)
		dst = malloc(4 * strlen(path) + 4);
	if (!dst)
		return NULL;
	if (!*path)
		return strcpy(dst, "''");
	if (all_printable((const unsigned char *)path))
		return strcpy(dst, path);
	quote(dst, (const unsigned char *)path);
	return dst;
}
