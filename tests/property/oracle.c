/* SPDX-License-Identifier: BSD-3-Clause */
/* oracle.c - whether a pattern matches a path, by PCRE2. See oracle.h. */
#define PCRE2_CODE_UNIT_WIDTH 32
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

struct oracle {
	pcre2_code *code;
	pcre2_match_data *match;
};

/* ---- Characters -------------------------------------------------------------- */

/* By the table of well-formed sequences in the Unicode standard (3-7). */
static size_t well_formed(const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char from, to, second_from, second_to;
		size_t n;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = s[0] >= rows[i].from && s[0] <= rows[i].to && len >= rows[i].n;

		if (good && rows[i].n > 1)
			good = s[1] >= rows[i].second_from && s[1] <= rows[i].second_to;
		for (size_t k = 2; good && k < rows[i].n; k++)
			good = s[k] >= 0x80 && s[k] <= 0xbf;
		if (good)
			return rows[i].n;
	}
	return 0;
}

void oracle_units(struct units *units, const char *path, size_t len)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *s = (const unsigned char *)path;

	units->n = 0;
	for (size_t i = 0; i < len;) {
		size_t n = well_formed(s + i, len - i);
		uint32_t c = n ? s[i] & masks[n] : STRAY + s[i];

		for (size_t k = 1; k < n; k++)
			c = c * 64 + s[i + k] - 0x80;
		if (units->n == sizeof(units->units) / sizeof(units->units[0]))
			abort();
		units->units[units->n++] = c;
		i += n ? n : 1;
	}
}

/* ---- The regular expression -------------------------------------------------- */

struct regex {
	char text[256 * 1024];
	size_t len;
};

static void put(struct regex *r, const char *text)
{
	size_t len = strlen(text);

	if (r->len + len >= sizeof(r->text))
		abort();
	memcpy(r->text + r->len, text, len + 1);
	r->len += len;
}

static void put_char(struct regex *r, uint32_t c)
{
	char text[16];

	snprintf(text, sizeof(text), "\\x{%x}", c);
	put(r, text);
}

static void put_piece(struct regex *r, const struct piece *piece)
{
	switch (piece->kind) {
	case PIECE_CHAR: break;
	case PIECE_ONE: put(r, "[^/]"); break;
	case PIECE_STAR: put(r, "[^/]*"); break;
	case PIECE_SLASH: put(r, "/"); break;
	case PIECE_SET:
		put(r, piece->negated ? "(?!/)[^" : "(?!/)[");
		for (unsigned int i = 0; i < piece->n_ranges; i++) {
			put_char(r, piece->lo[i]);
			put(r, "-");
			put_char(r, piece->hi[i]);
		}
		put(r, "]");
		break;
	}
}

static bool is_two_stars(const struct alternative *a, unsigned int i)
{
	return i + 1 < a->n && a->pieces[i].kind == PIECE_STAR &&
	       a->pieces[i + 1].kind == PIECE_STAR;
}

/* Pieces that are literal, from i on: as bytes, for some may make a character together. */
static unsigned int put_literals(struct regex *r, const struct alternative *a, unsigned int i)
{
	char bytes[4 * MOST_PIECES];
	struct units units;
	size_t len = 0;

	for (; i < a->n && a->pieces[i].kind == PIECE_CHAR; i++)
		len += pattern_encode(a->pieces[i].c, bytes + len);
	oracle_units(&units, bytes, len);
	for (size_t k = 0; k < units.n; k++)
		put_char(r, units.units[k]);
	return i;
}

static void put_alternative(struct regex *r, const struct alternative *a)
{
	bool anchored = false;

	for (unsigned int i = 0; i < a->n; i++)
		anchored |= a->pieces[i].kind == PIECE_SLASH;
	if (!anchored)
		put(r, "(?:[^/]+/)*");
	for (unsigned int i = a->n && a->pieces[0].kind == PIECE_SLASH; i < a->n;) {
		if (is_two_stars(a, i)) {
			/* With the slash behind it, if there is one. */
			put(r, i + 2 < a->n ? "(?:[^/]+/)*" : "(?:[^/]+/)*[^/]+");
			i += 3;
		} else if (a->pieces[i].kind == PIECE_CHAR) {
			i = put_literals(r, a, i);
		} else {
			put_piece(r, &a->pieces[i++]);
		}
	}
}

/* ---- Compiling and matching -------------------------------------------------- */

static pcre2_code *compile(const struct regex *r)
{
	static uint32_t units[256 * 1024];
	PCRE2_SIZE at;
	int err;
	pcre2_code *code;

	for (size_t i = 0; i < r->len; i++)
		units[i] = (unsigned char)r->text[i];
	code = pcre2_compile(units, r->len, PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, &err, &at, NULL);
	if (!code) {
		fprintf(stderr, "PCRE2 error %d at %zu of %s\n", err, (size_t)at, r->text);
		abort();
	}
	return code;
}

struct oracle *oracle_new(const struct pattern *pattern)
{
	static struct regex regex;
	struct oracle *oracle = calloc(1, sizeof(*oracle));

	if (!oracle)
		abort();
	regex.len = 0;
	put(&regex, "\\A(?:");
	for (unsigned int i = 0; i < pattern->n; i++) {
		if (i)
			put(&regex, "|");
		put_alternative(&regex, &pattern->alternatives[i]);
	}
	put(&regex, ")\\z");
	oracle->code = compile(&regex);
	oracle->match = pcre2_match_data_create_from_pattern(oracle->code, NULL);
	if (!oracle->match)
		abort();
	return oracle;
}

void oracle_free(struct oracle *oracle)
{
	pcre2_match_data_free(oracle->match);
	pcre2_code_free(oracle->code);
	free(oracle);
}

bool oracle_matches(struct oracle *oracle, const struct units *path)
{
	int found = pcre2_match(oracle->code, path->units, path->n, 0, 0, oracle->match, NULL);

	if (found < 0 && found != PCRE2_ERROR_NOMATCH) {
		fprintf(stderr, "PCRE2 match error %d\n", found);
		abort();
	}
	return found >= 0;
}
