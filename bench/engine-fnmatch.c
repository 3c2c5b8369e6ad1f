/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine-fnmatch.c - a loop over fnmatch(3), as short as one can make it: from the last
 * rule to the first, and no further than the first that matches.
 *
 * fnmatch knows neither braces nor "**". Braces are written out when the globs are read.
 * A glob is cut at each "**" into segments; the first and the last have one place where
 * they can match, found by counting components, and only one in the middle is searched.
 */
#include "engine.h"

#include <err.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SEGMENTS 4
#define MAX_COMPONENTS 128

struct segment {
	char *glob;
	uint32_t components;
	uint32_t rest; /* components that must follow it */
};

struct pattern {
	uint32_t rule;
	bool name_only;	 /* has no slash: matched against the name */
	bool open_start; /* starts with "**" */
	bool open_end;	 /* ends with "**" */
	uint32_t n_segments;
	struct segment segments[MAX_SEGMENTS];
};

struct fnmatch_state {
	struct pattern *patterns;
	size_t n, room;
};

static char *copy(const char *text, size_t len)
{
	char *dup = strndup(text, len);

	if (!dup)
		err(1, NULL);
	return dup;
}

static void add_segment(struct pattern *pattern, const char *text, size_t len)
{
	struct segment *segment = &pattern->segments[pattern->n_segments++];

	segment->glob = copy(text, len);
	segment->components = 1;
	for (size_t i = 0; i < len; i++)
		segment->components += text[i] == '/';
}

static void count_rest(struct pattern *pattern)
{
	uint32_t rest = pattern->open_end;

	for (uint32_t i = pattern->n_segments; i--;) {
		pattern->segments[i].rest = rest;
		rest += pattern->segments[i].components;
	}
}

static void cut_segments(struct pattern *pattern, const char *glob)
{
	glob += *glob == '/';
	if (!strncmp(glob, "**/", 3)) {
		pattern->open_start = true;
		glob += 3;
	}
	while (*glob) {
		const char *any = strstr(glob, "/**");

		if (pattern->n_segments == MAX_SEGMENTS)
			errx(1, "too many \"**\": %s", glob);
		add_segment(pattern, glob, any ? (size_t)(any - glob) : strlen(glob));
		if (!any)
			break;
		pattern->open_end = !any[3];
		glob = any + 3 + (any[3] == '/');
	}
	count_rest(pattern);
}

static void add_pattern(struct fnmatch_state *state, const char *glob, uint32_t rule)
{
	struct pattern *pattern;

	if (state->n == state->room) {
		state->room = state->room ? state->room * 2 : 64;
		state->patterns = realloc(state->patterns, state->room * sizeof(*state->patterns));
		if (!state->patterns)
			err(1, NULL);
	}
	pattern = &state->patterns[state->n++];
	*pattern = (struct pattern){.rule = rule, .name_only = !strchr(glob, '/')};
	if (pattern->name_only)
		add_segment(pattern, glob, strlen(glob));
	else
		cut_segments(pattern, glob);
}

/* Writes the first pair of braces out, and does the rest in the same way. */
static void add_glob(struct fnmatch_state *state, const char *glob, uint32_t rule)
{
	const char *open = strchr(glob, '{'), *close = strchr(glob, '}');
	const char *at, *end;
	char text[2048];

	if (!open || !close) {
		add_pattern(state, glob, rule);
		return;
	}
	for (at = open + 1; at <= close; at = end + 1) {
		int len;

		end = at + strcspn(at, ",}");
		len = snprintf(text, sizeof(text), "%.*s%.*s%s", (int)(open - glob), glob,
			       (int)(end - at), at, close + 1);
		if (len >= (int)sizeof(text))
			errx(1, "too long: %s", glob);
		add_glob(state, text, rule);
	}
}

static void *fnmatch_build(const struct globs *globs, const struct corpus *corpus)
{
	struct fnmatch_state *state = calloc(1, sizeof(*state));

	(void)corpus;
	if (!state)
		err(1, NULL);
	for (size_t i = 0; i < globs->n; i++)
		add_glob(state, globs->pattern[i], (uint32_t)i);
	return state;
}

/* Where the components of a path start. */
struct components {
	const char *start[MAX_COMPONENTS];
	uint32_t n;
};

static void find_components(const struct path *path, struct components *components)
{
	const char *at = path->text;

	components->n = 0;
	do {
		if (components->n == MAX_COMPONENTS)
			errx(1, "too deep: %s", path->text);
		components->start[components->n++] = ++at;
		at = strchr(at, '/');
	} while (at);
}

static bool segment_at(const struct segment *segment, const char *at)
{
	int flags = segment->rest ? FNM_PATHNAME | FNM_LEADING_DIR : FNM_PATHNAME;

	return !fnmatch(segment->glob, at, flags);
}

static bool matches(const struct pattern *pattern, const struct path *path,
		    const struct components *components)
{
	uint32_t from = 0;

	if (pattern->name_only)
		return !fnmatch(pattern->segments[0].glob, path->name, 0);
	for (uint32_t i = 0; i < pattern->n_segments; i++) {
		const struct segment *segment = &pattern->segments[i];
		uint32_t need = segment->components + segment->rest, to;

		if (components->n < from + need)
			return false;
		to = components->n - need;
		if (i == 0 && !pattern->open_start) {
			if (i + 1 == pattern->n_segments && !pattern->open_end && to)
				return false;
			to = 0;
		} else if (i + 1 == pattern->n_segments && !pattern->open_end) {
			from = to;
		}
		while (from <= to && !segment_at(segment, components->start[from]))
			from++;
		if (from > to)
			return false;
		from += segment->components;
	}
	return true;
}

static void fnmatch_pass(void *data, const struct path *paths, size_t n, uint32_t *winners)
{
	const struct fnmatch_state *state = data;
	struct components components;

	for (size_t i = 0; i < n; i++) {
		winners[i] = NO_WINNER;
		find_components(&paths[i], &components);
		for (size_t p = state->n; p--;) {
			if (!matches(&state->patterns[p], &paths[i], &components))
				continue;
			winners[i] = state->patterns[p].rule;
			break;
		}
	}
}

static void fnmatch_destroy(void *data)
{
	struct fnmatch_state *state = data;

	for (size_t i = 0; i < state->n; i++) {
		for (uint32_t s = 0; s < state->patterns[i].n_segments; s++)
			free(state->patterns[i].segments[s].glob);
	}
	free(state->patterns);
	free(state);
}

const struct engine engine_fnmatch = {
	"fnmatch loop",
	fnmatch_build,
	fnmatch_pass,
	fnmatch_destroy,
};
