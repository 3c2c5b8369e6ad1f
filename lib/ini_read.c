/* SPDX-License-Identifier: BSD-3-Clause */
/* ini_read.c - reads a file of sections and keys, line by line. See ini_read.h. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "ini_read.h"
#include "utf8.h"

struct reading {
	const struct ini_sink *sink;
	const char *rest; /* what has not been read yet */
	const char *end;
	struct ini_item item; /* the current line */
	int err;
	bool in_section;
};

/* ---- One line --------------------------------------------------------------- */

struct span ini_span(const struct ini_item *item, struct ini_text part)
{
	return (struct span){
		.file = item->file,
		.line = item->line,
		.text = item->whole.text,
		.text_len = item->whole.len,
		.at = part.text ? (size_t)(part.text - item->whole.text) : 0,
		.len = part.len,
	};
}

static void refuse(struct reading *r, struct ini_text part, const char *hint, const char *message)
{
	struct span span = ini_span(&r->item, part);

	r->sink->mistake(r->sink->data, &span, hint, message);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct ini_text trim(struct ini_text t)
{
	while (t.len && is_blank(*t.text)) {
		t.text++;
		t.len--;
	}
	while (t.len && is_blank(t.text[t.len - 1]))
		t.len--;
	return t;
}

/* Without a comment behind it: a ';' that follows a blank. */
static struct ini_text cut_comment(struct ini_text t)
{
	for (size_t i = 1; i < t.len; i++) {
		if (t.text[i] == ';' && is_blank(t.text[i - 1]))
			return trim((struct ini_text){t.text, i});
	}
	return t;
}

/* Refuse bytes that are no text. Returns whether the line may be read. */
static bool check_bytes(struct reading *r)
{
	struct ini_text line = r->item.whole;
	char message[64];
	size_t used;

	for (size_t i = 0; i < line.len; i += used) {
		uint32_t c = utf8_decode(line.text + i, line.len - i, &used);
		bool control = (c < 0x20 && c != '\t') || c == 0x7f;

		if (!control && c < UTF8_STRAY)
			continue;
		snprintf(message, sizeof(message),
			 control ? "control character 0x%02x" : "byte 0x%02x is not UTF-8",
			 c & 0xff);
		refuse(r, (struct ini_text){line.text + i, used},
		       control ? "remove it; in a pattern, \\x and two hexadecimal digits stand for it" :
				 "save the file as UTF-8; in a pattern, \\x and two hexadecimal digits "
				 "stand for such a byte",
		       message);
		return false;
	}
	return true;
}

/* The next line, without its end. */
static bool take_line(struct reading *r)
{
	const char *newline;
	size_t len;

	if (r->rest == r->end)
		return false;
	newline = memchr(r->rest, '\n', (size_t)(r->end - r->rest));
	len = (size_t)((newline ? newline : r->end) - r->rest);
	r->item.line++;
	r->item.whole = (struct ini_text){r->rest, len};
	if (len && r->rest[len - 1] == '\r')
		r->item.whole.len--;
	r->rest = newline ? newline + 1 : r->end;
	return true;
}

/* "[section]". Returns whether it is one. */
static bool split_section(struct reading *r, struct ini_text line)
{
	const char *close = memchr(line.text, ']', line.len);

	if (!close) {
		refuse(r, (struct ini_text){line.text, 1}, "write ']' behind the section's name",
		       "'[' is never closed");
		return false;
	}
	if (close + 1 != line.text + line.len) {
		refuse(r,
		       (struct ini_text){close + 1, (size_t)(line.text + line.len - close - 1)},
		       "put it on a line of its own, or ' ;' before a comment",
		       "there is something behind the section's name");
		return false;
	}
	r->item.key = trim((struct ini_text){line.text + 1, (size_t)(close - line.text - 1)});
	r->item.value = (struct ini_text){NULL, 0};
	return true;
}

/* "key = value". Returns whether it is one. */
static bool split_pair(struct reading *r, struct ini_text line)
{
	size_t i = 0;

	while (i < line.len && line.text[i] != '=' && line.text[i] != ':')
		i++;
	if (i == line.len) {
		refuse(r, line, "write a comment with ';' or '#' in front",
		       "this is neither [section] nor key = value");
		return false;
	}
	r->item.key = trim((struct ini_text){line.text, i});
	r->item.value = trim((struct ini_text){line.text + i + 1, line.len - i - 1});
	if (!r->item.key.len) {
		refuse(r, (struct ini_text){line.text + i, 1}, NULL, "there is no key here");
		return false;
	}
	if (!r->item.value.len) {
		refuse(r, r->item.key, "remove the line, or give a value behind '='",
		       "this key has no value");
		return false;
	}
	if (*r->item.value.text == ';') {
		refuse(r, r->item.value, "it is a comment behind a blank; in a pattern, write \\;",
		       "a value cannot start with ';'");
		return false;
	}
	return true;
}

static void deliver(struct reading *r)
{
	if (!r->err)
		r->err = r->sink->item(r->sink->data, &r->item);
}

static void refuse_stray(struct reading *r)
{
	char hint[80];

	snprintf(hint, sizeof(hint), "put a section such as %s above it", r->sink->section);
	refuse(r, r->item.key, hint, "a key before any section");
}

/* ---- Between the lines and inih ------------------------------------------------ */

/* What inih gets to see of the current line: nothing, a section, or a pair. */
static const char *stand_in(struct reading *r)
{
	struct ini_text line = trim(r->item.whole);
	bool readable = check_bytes(r);

	if (!line.len || *line.text == ';' || *line.text == '#')
		return "\n";
	line = cut_comment(line);
	if (*line.text == '[') {
		r->in_section = true;
		if (!readable || !split_section(r, line))
			r->item.key = r->item.value = (struct ini_text){NULL, 0};
		deliver(r);
		return "[s]\n";
	}
	if (!readable || !split_pair(r, line))
		return "\n";
	if (r->in_section)
		return "k=v\n";
	refuse_stray(r);
	return "\n";
}

static bool too_many(struct reading *r)
{
	struct span span = {.file = r->item.file, .line = r->item.line};

	if (!r->sink->enough(r->sink->data))
		return false;
	r->sink->mistake(r->sink->data, &span, "is this the right file?",
			 "too many mistakes: what follows was not read");
	return true;
}

/* inih asks for a line. It has room for far more than a stand-in. */
static char *next_line(char *out, int size, void *stream)
{
	struct reading *r = stream;

	if (r->err || too_many(r) || !take_line(r))
		return NULL;
	*out = '\0';
	strncat(out, stand_in(r), (size_t)size - 1);
	return out;
}

/* inih has found a pair: the one on the current line. */
static int found_pair(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;

	(void)section;
	(void)key;
	(void)value;
	deliver(r);
	return 1;
}

/* Leave a byte order mark out; refuse what is in two bytes a character. */
static bool check_start(struct reading *r)
{
	struct span span = {.file = r->item.file};
	size_t size = (size_t)(r->end - r->rest);

	if (size >= 3 && !memcmp(r->rest, "\xef\xbb\xbf", 3)) {
		r->rest += 3;
		return true;
	}
	if (size < 2 || (memcmp(r->rest, "\xff\xfe", 2) && memcmp(r->rest, "\xfe\xff", 2)))
		return true;
	r->sink->mistake(r->sink->data, &span, "save it as UTF-8", "this file is UTF-16");
	return false;
}

int ini_read(const char *file, const char *text, size_t size, const struct ini_sink *sink)
{
	struct reading r = {
		.sink = sink,
		.rest = text,
		.end = text + size,
		.item = {.file = file},
	};

	if (!check_start(&r))
		return 0;
	/* The stand-ins have no mistakes: what can go wrong is that inih gets no memory. */
	if (ini_parse_stream(next_line, &r, found_pair, &r))
		return r.err ? r.err : -ENOMEM;
	return r.err;
}
