/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * regex.c - translates globs into regular expressions that RE2 and Hyperscan share.
 */
#include "regex.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies a class, and keeps a negated one from matching the slash. */
static const char *put_class(FILE *out, const char *at)
{
	const char *end;
	bool negated = at[1] == '!' || at[1] == '^';

	at += 1 + negated;
	end = strchr(at + 1, ']');
	if (!end)
		errx(1, "a class that is not closed: %s", at);
	fprintf(out, "[%s%.*s]", negated ? "^/" : "", (int)(end - at), at);
	return end + 1;
}

static void put_literal(FILE *out, char c)
{
	if (strchr("\\.+*?()|[]{}^$", c))
		fputc('\\', out);
	fputc(c, out);
}

/* One component or what is left of it: up to a slash outside of braces, or the end. */
static const char *put_component(FILE *out, const char *at)
{
	int braces = 0;

	while (*at && (*at != '/' || braces)) {
		if (*at == '[') {
			at = put_class(out, at);
			continue;
		}
		braces += (*at == '{') - (*at == '}');
		if (*at == '{')
			fputs("(?:", out);
		else if (*at == '}')
			fputc(')', out);
		else if (*at == ',' && braces)
			fputc('|', out);
		else if (*at == '*')
			fputs("[^/]*", out);
		else if (*at == '?')
			fputs("[^/]", out);
		else
			put_literal(out, *at);
		at++;
	}
	return at;
}

/*
 * What follows a "**" and a slash. Where a last component starts with a star, the two
 * melt into one: nothing at the start of a glob, ".*" in the middle.
 */
static const char *put_after_any(FILE *out, const char *at, bool start)
{
	bool melt = *at == '*' && !strchr(at, '/');

	if (!start)
		fputs(melt ? "/.*" : "/(?:.*/)?", out);
	else if (!melt)
		fputc('/', out);
	return put_component(out, at + melt);
}

char *regex_of_glob(const char *glob)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool start = true;

	if (!out)
		err(1, NULL);
	if (!strchr(glob, '/')) {
		glob = put_after_any(out, glob, true);
	} else if (strncmp(glob, "**/", 3)) {
		fputs("\\A", out);
		glob += *glob == '/';
	}
	for (; *glob; glob += *glob == '/', start = false) {
		if (!strcmp(glob, "**")) {
			fputc('/', out);
			break;
		}
		if (!strncmp(glob, "**/", 3)) {
			glob = put_after_any(out, glob + 3, start);
			continue;
		}
		fputc('/', out);
		glob = put_component(out, glob);
	}
	if (!*glob)
		fputs("\\z", out);
	if (fclose(out))
		err(1, NULL);
	return text;
}
