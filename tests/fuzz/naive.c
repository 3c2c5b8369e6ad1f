/* SPDX-License-Identifier: BSD-3-Clause */
/* naive.c - patterns in the plainest way that comes to mind. See naive.h. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "naive.h"

enum { ALLOWED = 1000, LONGEST = 4095, STRAY = 0x110000, PATIENCE = 200000 };

enum { BAD = -1, TOO_LONG = -2 };

/* Some text that is not changed. */
struct text {
	const char *at;
	size_t len;
};

static struct text from(struct text t, size_t i)
{
	return (struct text){t.at + i, t.len - i};
}

/* ---- Characters -------------------------------------------------------------- */

/* The character that a text starts with; a byte that is none stands above all. */
static uint32_t first_char(struct text t, size_t *bytes)
{
	const unsigned char *s = (const unsigned char *)t.at;
	uint32_t c = s[0];
	size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	*bytes = 1;
	if (n == 1)
		return c;
	if (n == 0 || n > t.len)
		return STRAY + s[0];
	c &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++) {
		if (s[i] / 64 != 2)
			return STRAY + s[0];
		c = c * 64 + s[i] % 64;
	}
	if (c < least[n] || c >= STRAY || (c >= 0xd800 && c < 0xe000))
		return STRAY + s[0];
	*bytes = n;
	return c;
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) % 16 : -1;
}

/* "\xHH", "\c" or a character as it is. The bytes of text it takes; 0: it is not allowed. */
static size_t read_char(struct text t, uint32_t *c)
{
	size_t bytes;

	if (*t.at != '\\') {
		*c = first_char(t, &bytes);
		return bytes;
	}
	if (t.len < 2 || t.at[1] == '/')
		return 0;
	if (t.at[1] != 'x') {
		*c = first_char(from(t, 1), &bytes);
		return bytes + 1;
	}
	if (t.len < 4 || hex(t.at[2]) < 0 || hex(t.at[3]) < 0)
		return 0;
	*c = (uint32_t)(hex(t.at[2]) * 16 + hex(t.at[3]));
	if (*c == 0 || *c == '/')
		return 0;
	*c += *c < 0x80 ? 0 : STRAY;
	return 4;
}

/* ---- Sets -------------------------------------------------------------------- */

/* The bytes of the set that a text starts with; 0 if it never ends. */
static size_t set_length(struct text t)
{
	size_t i = 1;

	if (i < t.len && (t.at[i] == '!' || t.at[i] == '^'))
		i++;
	for (size_t first = i; i < t.len; i++) {
		if (t.at[i] == ']' && i > first)
			return i + 1;
		if (t.at[i] == '\\')
			i++;
	}
	return 0;
}

/* Whether c is in the set; BAD if there cannot be such a set. */
static int in_set(struct text set, uint32_t c)
{
	size_t end = set.len - 1;
	bool negated = set.at[1] == '!' || set.at[1] == '^';
	bool found = false;

	if (memchr(set.at, '/', set.len))
		return BAD;
	for (size_t i = 1 + negated; i < end;) {
		struct text rest = {set.at + i, end - i};
		uint32_t lo, hi;
		size_t used = 0;

		if (*rest.at == '[' && rest.len > 1 && strchr(":.=", rest.at[1]) && rest.at[1])
			return BAD;
		used = read_char(rest, &lo);
		if (!used)
			return BAD;
		i += used;
		hi = lo;
		if (i + 1 < end && set.at[i] == '-') {
			used = read_char((struct text){set.at + i + 1, end - i - 1}, &hi);
			if (!used)
				return BAD;
			i += used + 1;
		}
		if (lo > hi)
			return BAD;
		found |= lo <= c && c <= hi;
	}
	return found != negated;
}

/* ---- One component ----------------------------------------------------------- */

/* An element of a component: a character, '?', '*' or a set. */
struct element {
	char kind; /* 'c', '?', '*', '[' */
	uint32_t c;
	struct text set;
};

struct component {
	struct element elements[LONGEST + 1];
	size_t n;
};

/* Literal characters, as bytes: "\xc3\xa4" is a character, though each of them is none. */
static size_t read_literals(struct text t, struct component *out)
{
	static char bytes[LONGEST];
	size_t n = 0, i = 0;

	while (i < t.len && !strchr("*?[", t.at[i])) {
		uint32_t c;
		size_t used = read_char(from(t, i), &c);

		if (!used)
			return 0;
		if (t.at[i] == '\\' && t.at[i + 1] == 'x') {
			bytes[n++] = (char)(c >= STRAY ? c - STRAY : c);
		} else {
			size_t skip = t.at[i] == '\\';

			memcpy(bytes + n, t.at + i + skip, used - skip);
			n += used - skip;
		}
		i += used;
	}
	for (size_t k = 0, used; k < n; k += used) {
		uint32_t c = first_char((struct text){bytes + k, n - k}, &used);

		out->elements[out->n++] = (struct element){'c', c, {NULL, 0}};
	}
	return i;
}

/* Returns BAD if the component is not allowed, or 0. */
static int read_component(struct text t, struct component *out)
{
	out->n = 0;
	for (size_t i = 0; i < t.len;) {
		struct element e = {t.at[i], 0, from(t, i)};
		size_t used = 1;

		if (e.kind == '*' && i + 1 < t.len && t.at[i + 1] == '*')
			return BAD;
		if (e.kind == '[') {
			e.set.len = used = set_length(e.set);
			if (!used || in_set(e.set, 'x') == BAD)
				return BAD;
		}
		if (strchr("*?[", e.kind))
			out->elements[out->n++] = e;
		else
			used = read_literals(from(t, i), out);
		if (!used)
			return BAD;
		i += used;
	}
	if (out->n == 0)
		return BAD;
	for (size_t i = 0; i < out->n && i < 2; i++) {
		if (out->elements[i].kind != 'c' || out->elements[i].c != '.')
			return 0;
	}
	return out->n > 2 ? 0 : BAD;
}

static bool match_name(const struct component *p, size_t i, struct text name, long *patience)
{
	const struct element *e = &p->elements[i];
	size_t bytes = 0;
	uint32_t c;

	if (--*patience < 0)
		return false;
	if (i == p->n)
		return name.len == 0;
	if (e->kind == '*' && match_name(p, i + 1, name, patience))
		return true;
	if (name.len == 0)
		return false;
	c = first_char(name, &bytes);
	if (e->kind == '*')
		return match_name(p, i, from(name, bytes), patience);
	if ((e->kind == 'c' && c != e->c) || (e->kind == '[' && !in_set(e->set, c)))
		return false;
	return match_name(p, i + 1, from(name, bytes), patience);
}

/* ---- All components ---------------------------------------------------------- */

/* The bytes up to the next slash that separates. */
static size_t component_length(struct text t)
{
	size_t i = 0;

	while (i < t.len && t.at[i] != '/') {
		size_t set = t.at[i] == '[' ? set_length(from(t, i)) : 0;

		i += set ? set : t.at[i] == '\\' ? 2 : 1;
	}
	return i < t.len ? i : t.len;
}

static bool is_two_stars(struct text t, size_t len)
{
	return len == 2 && t.at[0] == '*' && t.at[1] == '*';
}

/* Whether the language allows it: each component by itself. */
static int check_components(struct text t)
{
	static struct component component;

	for (;;) {
		size_t len = component_length(t);

		if (!is_two_stars(t, len) &&
		    read_component((struct text){t.at, len}, &component) == BAD)
			return BAD;
		if (len == t.len)
			return 0;
		t = from(t, len + 1);
	}
}

static bool match_path(struct text p, struct text path, long *patience)
{
	size_t len = component_length(p);
	const char *slash = memchr(path.at, '/', path.len);
	size_t name_len = slash ? (size_t)(slash - path.at) : path.len;
	struct component *component;
	bool fits;

	if (--*patience < 0)
		return false;
	if (is_two_stars(p, len)) {
		/* At the end: anything below. Else: here, or one folder further down. */
		if (len == p.len)
			return true;
		if (match_path(from(p, len + 1), path, patience))
			return true;
		return slash && match_path(p, from(path, name_len + 1), patience);
	}
	if ((len == p.len) != !slash)
		return false;
	component = malloc(sizeof(*component));
	if (!component)
		abort();
	read_component((struct text){p.at, len}, component);
	fits = match_name(component, 0, (struct text){path.at, name_len}, patience);
	free(component);
	if (!fits || !slash)
		return fits;
	return match_path(from(p, len + 1), from(path, name_len + 1), patience);
}

/* One alternative, without braces. */
static int match_alternative(struct text p, struct text path, long *patience)
{
	static const char anywhere[] = "**/";
	char *buffer;
	bool found;

	if (p.len == 0)
		return BAD;
	if (component_length(p) < p.len) {
		if (*p.at == '/')
			p = from(p, 1);
		if (check_components(p) == BAD)
			return BAD;
		return match_path(p, path, patience);
	}
	if (check_components(p) == BAD)
		return BAD;
	buffer = malloc(p.len + sizeof(anywhere));
	if (!buffer)
		abort();
	memcpy(buffer, anywhere, 3);
	memcpy(buffer + 3, p.at, p.len);
	found = match_path((struct text){buffer, p.len + 3}, path, patience);
	free(buffer);
	return found;
}

/* ---- Braces ------------------------------------------------------------------ */

/* Walk over what is no brace or comma: a set, something escaped, or one byte. */
static size_t step(struct text t)
{
	size_t set = *t.at == '[' ? set_length(t) : 0;

	return set ? set : *t.at == '\\' && t.len > 1 ? 2 : 1;
}

/* Where the group that is opened at i is closed; 0: nowhere. */
static size_t closed_at(struct text t, size_t i)
{
	size_t depth = 0;

	for (; i < t.len; i += step(from(t, i))) {
		depth += t.at[i] == '{';
		if (t.at[i] == '}' && --depth == 0)
			return i;
	}
	return 0;
}

/* The end of the branch that starts at i, in a group that is closed at close. */
static size_t branch_end(struct text t, size_t i, size_t close)
{
	size_t depth = 0;

	for (; i < close; i += step(from(t, i))) {
		if (t.at[i] == ',' && depth == 0)
			return i;
		depth += t.at[i] == '{';
		depth -= t.at[i] == '}';
	}
	return close;
}

static int match_all(struct text p, struct text path, unsigned int *alternatives, long *patience);

static int match_branches(struct text p, size_t open, size_t close, struct text path,
			  unsigned int *alternatives, long *patience)
{
	int all = 0;

	for (size_t i = open + 1, end; i <= close && all >= 0; i = end + 1) {
		char *buffer = malloc(p.len);
		size_t len = open;
		int one;

		if (!buffer)
			abort();
		end = branch_end(p, i, close);
		memcpy(buffer, p.at, open);
		memcpy(buffer + len, p.at + i, end - i);
		len += end - i;
		memcpy(buffer + len, p.at + close + 1, p.len - close - 1);
		len += p.len - close - 1;
		one = match_all((struct text){buffer, len}, path, alternatives, patience);
		free(buffer);
		all = one < 0 ? one : all | one;
	}
	return all;
}

static int match_all(struct text p, struct text path, unsigned int *alternatives, long *patience)
{
	size_t i = 0;
	size_t close;

	while (i < p.len && p.at[i] != '{' && p.at[i] != '}')
		i += step(from(p, i));
	if (i >= p.len) {
		if (++*alternatives > ALLOWED)
			return BAD;
		return match_alternative(p, path, patience);
	}
	close = p.at[i] == '{' ? closed_at(p, i) : 0;
	if (!close)
		return BAD;
	if ((*patience -= (long)p.len) < 0)
		return TOO_LONG;
	return match_branches(p, i, close, path, alternatives, patience);
}

int naive_match(const char *pattern, size_t len, const char *path, size_t path_len)
{
	unsigned int alternatives = 0;
	long patience = PATIENCE;
	int found;

	if (len == 0 || len > LONGEST)
		return BAD;
	found = match_all((struct text){pattern, len}, (struct text){path, path_len}, &alternatives,
			  &patience);
	return patience < 0 ? TOO_LONG : found;
}
