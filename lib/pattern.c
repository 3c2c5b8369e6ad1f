/* SPDX-License-Identifier: BSD-3-Clause */
/* pattern.c - takes a whole pattern apart. See pattern.h. */
#include <stdlib.h>

#include "pattern.h"

/* What does not change while one pattern is taken apart. */
struct parse {
	struct arena *arena;
	pattern_fn *fn;
	void *data;
	struct mistake *mistake;
	const char *original;
	size_t original_len;
	unsigned int alternatives;
};

/* A pattern, or one that some braces were expanded in; at tells where each byte is from. */
struct text {
	char *bytes;
	uint32_t *at;
	size_t len;
};

/* ---- Splitting ------------------------------------------------------------ */

static int refuse(struct parse *p, const struct text *t, size_t from, size_t to, const char *hint,
		  const char *message)
{
	size_t start = from < t->len ? t->at[from] : p->original_len - 1;
	size_t end = to > from && to <= t->len ? t->at[to - 1] + 1u : start + 1;

	return mistake_set(p->mistake, start, end > start ? end - start : 1, hint, "%s", message);
}

/* Where the component that starts at `from` ends: at a slash or the end. */
static size_t component_end(const struct text *t, size_t from)
{
	size_t i = from;

	while (i < t->len && t->bytes[i] != '/') {
		size_t skip = glob_skip(t->bytes + i, t->len - i);

		i += skip ? skip : 1;
	}
	return i < t->len ? i : t->len;
}

static bool is_literal(const struct component *c, const char *name)
{
	size_t len = strlen(name);

	return c->glob.kind == GLOB_EXACT && c->glob.prefix_len == len &&
	       !memcmp(c->glob.prefix, name, len);
}

static int refuse_empty(struct parse *p, const struct text *t, size_t from)
{
	if (from + 1 >= t->len)
		return refuse(p, t, t->len ? t->len - 1 : 0, t->len,
			      "rules are about files: write ** behind the slash for what lies below",
			      "the pattern ends in a slash");
	return refuse(p, t, from, from + 1, "write a single slash",
		      "there is nothing between two slashes");
}

static int read_component(struct parse *p, const struct text *t, size_t from, size_t to,
			  struct component *c)
{
	int err;

	*c = (struct component){.text = t->bytes + from, .len = to - from};
	if (from == to)
		return refuse_empty(p, t, from);
	if (to - from == 2 && !memcmp(c->text, "**", 2)) {
		c->any_depth = true;
		return 0;
	}
	err = glob_compile(p->arena, c->text, t->at + from, to - from, &c->glob, p->mistake);
	if (err)
		return err;
	if (is_literal(c, ".") || is_literal(c, ".."))
		return refuse(p, t, from, to, "write the path below the share's root without it",
			      "'.' and '..' are in no path");
	return 0;
}

static size_t count_components(const struct text *t)
{
	size_t n = 2; /* one more for the '**' that a pattern without a slash gets */

	for (size_t i = 0; i < t->len; i++)
		n += t->bytes[i] == '/';
	return n;
}

static int split_into(struct parse *p, const struct text *t, struct component *components)
{
	size_t from = t->len > 1 && t->bytes[0] == '/';
	bool anchored = from || component_end(t, 0) < t->len;
	size_t n = 0;

	if (!anchored)
		components[n++] = (struct component){.any_depth = true};
	for (;;) {
		size_t to = component_end(t, from);
		bool doubled = n && components[n - 1].any_depth;
		int err = read_component(p, t, from, to, &components[n]);

		if (err)
			return err;
		if (!(doubled && components[n].any_depth))
			n++;
		if (to == t->len)
			return p->fn(p->data, components, n);
		from = to + 1;
	}
}

static int split(struct parse *p, const struct text *t)
{
	struct component *components;
	int err;

	if (++p->alternatives > PATTERN_ALTERNATIVES)
		return mistake_set(p->mistake, 0, p->original_len,
				   "write several path lines, or fewer braces",
				   "the braces expand to more than %d patterns",
				   PATTERN_ALTERNATIVES);
	if (!t->len)
		return mistake_set(p->mistake, 0, p->original_len, NULL,
				   "one of the alternatives is an empty pattern");
	components = calloc(count_components(t), sizeof(*components));
	if (!components)
		return -ENOMEM;
	err = split_into(p, t, components);
	free(components);
	return err;
}

/* ---- Braces ----------------------------------------------------------------- */

/* Where a group '{...}' stands: at its braces. */
struct braces {
	size_t open, close;
};

/* Find the first group. Returns 1 if there is one, 0 if not, -EINVAL if it is unclosed. */
static int find_braces(struct parse *p, const struct text *t, struct braces *found)
{
	size_t depth = 0;
	size_t skip;

	for (size_t i = 0; i < t->len; i += skip ? skip : 1) {
		skip = glob_skip(t->bytes + i, t->len - i);
		if (skip)
			continue;
		if (t->bytes[i] == '{' && depth++ == 0)
			found->open = i;
		if (t->bytes[i] != '}')
			continue;
		if (depth == 0)
			return refuse(p, t, i, i + 1, "write \\} for a literal brace",
				      "'}' without a '{'");
		if (--depth == 0) {
			found->close = i;
			return 1;
		}
	}
	if (depth)
		return refuse(p, t, found->open, found->open + 1, "write \\{ for a literal brace",
			      "'{' is never closed");
	return 0;
}

/* Where the alternative that starts at `from` ends: at a comma of the group, or its end. */
static size_t alternative_end(const struct text *t, size_t from, size_t close)
{
	size_t depth = 0;
	size_t skip, i;

	for (i = from; i < close; i += skip ? skip : 1) {
		skip = glob_skip(t->bytes + i, t->len - i);
		if (skip)
			continue;
		if (t->bytes[i] == ',' && depth == 0)
			break;
		depth += t->bytes[i] == '{';
		depth -= t->bytes[i] == '}';
	}
	return i;
}

static void append(struct text *out, const struct text *t, size_t from, size_t to)
{
	memcpy(out->bytes + out->len, t->bytes + from, to - from);
	memcpy(out->at + out->len, t->at + from, (to - from) * sizeof(*t->at));
	out->len += to - from;
}

static int text_new(struct text *t, size_t len)
{
	*t = (struct text){malloc(len + 1), malloc((len + 1) * sizeof(*t->at)), 0};
	return t->bytes && t->at ? 0 : -ENOMEM;
}

static void text_release(struct text *t)
{
	free(t->bytes);
	free(t->at);
}

static int expand(struct parse *p, const struct text *t);

static int expand_one(struct parse *p, const struct text *t, const struct braces *b, size_t from,
		      size_t to)
{
	struct text expanded;
	int err = text_new(&expanded, t->len);

	if (!err) {
		append(&expanded, t, 0, b->open);
		append(&expanded, t, from, to);
		append(&expanded, t, b->close + 1, t->len);
		err = expand(p, &expanded);
	}
	text_release(&expanded);
	return err;
}

/* Expand the first group, and what is left the same way. Each level has a group less. */
static int expand(struct parse *p, const struct text *t)
{
	struct braces b = {0};
	int found = find_braces(p, t, &b);

	if (found <= 0)
		return found ? found : split(p, t);
	for (size_t from = b.open + 1; from <= b.close;) {
		size_t to = alternative_end(t, from, b.close);
		int err = expand_one(p, t, &b, from, to);

		if (err)
			return err;
		from = to + 1;
	}
	return 0;
}

int pattern_parse(struct arena *arena, const char *text, size_t len, pattern_fn *fn, void *data,
		  struct mistake *mistake)
{
	struct parse p = {arena, fn, data, mistake, text, len, 0};
	struct text t;
	int err;

	if (len > PATTERN_LONGEST)
		return mistake_set(mistake, 0, len, "write several path lines",
				   "the pattern has %zu bytes; patterns have at most %d", len,
				   PATTERN_LONGEST);
	if (!len)
		return mistake_set(mistake, 0, 0, NULL, "the pattern is empty");
	err = text_new(&t, len);
	if (!err) {
		memcpy(t.bytes, text, len);
		for (t.len = 0; t.len < len; t.len++)
			t.at[t.len] = (uint32_t)t.len;
		err = expand(&p, &t);
	}
	text_release(&t);
	return err;
}
