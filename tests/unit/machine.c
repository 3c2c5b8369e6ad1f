/* SPDX-License-Identifier: BSD-3-Clause */
/* machine.c - a matcher under test. See machine.h. */
#include "machine.h"

static int add_spot(void *data, const struct component *components, size_t n)
{
	struct machine *m = data;

	return builder_add(&m->builder, components, n, &m->spots[m->n]);
}

struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	assert_int_equal(builder_init(&m->builder), 0);
	return m;
}

void machine_add(struct machine *m, const char *pattern)
{
	struct mistake mistake;

	assert_true(m->n < MOST);
	assert_int_equal(pattern_parse(&m->arena, pattern, strlen(pattern), add_spot, m, &mistake),
			 0);
	assert_int_equal(builder_accept(&m->builder, m->spots[m->n], accept_make(m->n, m->bare)),
			 0);
	m->n++;
}

void machine_finish(struct machine *m)
{
	assert_int_equal(builder_finish(&m->builder, &m->matcher), 0);
	builder_release(&m->builder);
}

struct machine *machine_of(const char *const *patterns, size_t n)
{
	struct machine *m = machine_new();

	for (size_t i = 0; i < n; i++)
		machine_add(m, patterns[i]);
	machine_finish(m);
	return m;
}

void machine_free(struct machine *m)
{
	matcher_release(&m->matcher);
	builder_release(&m->builder);
	arena_release(&m->arena);
	free(m);
}

/* Whole paths lead to the same nodes, in the same order. */
static void assert_same_at_once(const struct machine *m, const char *path, const struct live *live)
{
	size_t len = strlen(path);
	struct live all;

	live_init(&all);
	assert_int_equal(matcher_start(&m->matcher, &all), 0);
	assert_int_equal(matcher_enter_all(&m->matcher, &all, &path, &len), 0);
	assert_null(strchr(path, '/'));
	assert_int_equal(len, strlen(path));
	assert_int_equal(all.folder.n_stars, live->folder.n_stars);
	assert_int_equal(all.folder.n_plain, live->folder.n_plain);
	for (uint32_t i = 0; i < all.folder.n_stars; i++)
		assert_int_equal(all.folder.stars[i], live->folder.stars[i]);
	for (uint32_t i = 0; i < all.folder.n_plain; i++)
		assert_int_equal(all.folder.plain[i], live->folder.plain[i]);
	assert_int_equal(all.folder.floor, live->folder.floor);
	live_release(&all);
}

const char *walk(const struct machine *m, const char *path, struct live *live)
{
	const char *name = path;
	const char *slash;

	live_init(live);
	assert_int_equal(matcher_start(&m->matcher, live), 0);
	while ((slash = strchr(name, '/'))) {
		assert_int_equal(matcher_enter(&m->matcher, live, name, (size_t)(slash - name)), 0);
		name = slash + 1;
	}
	assert_same_at_once(m, path, live);
	return name;
}

/* Marks each pattern found, and asks for all others too. */
static bool mark(void *data, uint32_t rule)
{
	bool *found = data;

	assert_false(found[rule]);
	found[rule] = true;
	return false;
}

const char *found(const struct machine *m, const char *path)
{
	static char text[MOST * 6];
	static bool marks[MOST];
	struct live live;
	const char *name = walk(m, path, &live);
	size_t used = 0;

	memset(marks, 0, sizeof(marks));
	live.folder.floor = 0;
	assert_int_equal(matcher_find(&m->matcher, &live.folder, name, strlen(name), mark, marks),
			 0);
	text[0] = '\0';
	for (uint32_t i = 0; i < m->n; i++) {
		assert_int_equal(marks[i], matcher_matches(&m->matcher, &live.folder, name,
							   strlen(name), m->spots[i]));
		if (marks[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u",
						 used ? " " : "", i);
	}
	live_release(&live);
	return text;
}
