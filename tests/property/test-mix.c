/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-mix.c - many patterns at once find what each of them finds alone.
 *
 * The alphabet is small, so that patterns share heads, tails and nodes: there are long ways
 * down the tries, anchors within anchors, and crowds of star nodes. Some patterns are all that
 * their rule asks for, the others hang on a condition that holds or not.
 */
/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "matcher_build.h"
#include "random.h"

enum { MOST = 400, TEXT = 600, POLICIES = 60, PATHS = 300, DEEPEST = 8 };

/* So many folders make star nodes that share anchors. */
enum { CROWDED = 40 };

struct mix {
	struct arena arena;
	struct matcher_builder builder;
	struct matcher matcher;
	struct spot spots[MOST];
	struct component components[MOST][DEEPEST];
	size_t depths[MOST];
	char texts[MOST][TEXT];
	bool bare[MOST], holds[MOST];
	uint32_t n;
	uint32_t asked; /* how often a condition was looked at */
};

/* ---- Random names, patterns and paths -------------------------------------------- */

/* Bytes at the ends of what there is, and characters of several bytes. */
static const char *const letters[] = {"a",    "b", ".", "-", "\xc3\xa9", "\xf0\x9f\x98\x80",
				      "\x01", "0"};

static void add(char *text, const char *more)
{
	strcat(text, more);
}

static void add_letters(char *text, unsigned int n)
{
	while (n--)
		add(text, letters[random_below(random_once_in(4) ? 8 : 3)]);
}

/* Most are short; some are longer than any anchor, and than what a hash takes at once. */
static void add_literal(char *text)
{
	static const char *const common[] = {".so",
					     ".py",
					     "lib",
					     "a.b",
					     "long-ending-of-a-name.so",
					     "beginning-that-goes-on-for-over-thirty-two-bytes-"};

	if (random_once_in(3))
		add(text, common[random_below(random_once_in(4) ? 6 : 4)]);
	else
		add_letters(text, 1 + random_below(random_once_in(6) ? 20 : 4));
}

static void add_glob(char *text)
{
	static const char *const sets[] = {"[ab]", "[!a]", "?", "[a-c]", "*", "[0-9a-z]"};

	switch (random_below(8)) {
	case 0: add_literal(text); break;
	case 1:
	case 2:
		add(text, "*");
		add_literal(text);
		break;
	case 3:
		add_literal(text);
		add(text, "*");
		break;
	case 4:
		add_literal(text);
		add(text, "*");
		add_literal(text);
		break;
	case 5:
		add(text, sets[random_below(6)]);
		add_literal(text);
		break;
	case 6:
		add_literal(text);
		add(text, sets[random_below(6)]);
		break;
	default:
		add(text, sets[random_below(6)]);
		add(text, "*");
		add_literal(text);
		add(text, sets[random_below(4)]);
	}
}

/* Few folders, so that many patterns have them in common. */
static void add_folder(char *text, unsigned int n)
{
	char name[16];

	snprintf(name, sizeof(name), "d%u/", random_below(n));
	add(text, name);
}

/* Patterns of many star nodes, which share a few anchors. */
static void make_crowded(char *text, unsigned int folders)
{
	static const char *const common[] = {"*.so", "*.py",	"lib*",	   "a.b",
					     "*",    "lib*.so", "[ab]*.so"};

	text[0] = '\0';
	if (!random_once_in(10)) {
		add(text, "/");
		add_folder(text, folders);
		add(text, "**/");
		if (random_once_in(4))
			add_folder(text, 3);
	}
	add(text, common[random_below(random_once_in(4) ? 7 : 4)]);
	if (strchr(text, '/') && random_once_in(8))
		add(text, "/x");
}

static void make_pattern(char *text, unsigned int folders)
{
	if (folders == CROWDED) {
		make_crowded(text, folders);
		return;
	}
	text[0] = '\0';
	if (random_once_in(3)) {
		add_glob(text);
		return;
	}
	add(text, random_once_in(3) ? "**/" : "/");
	for (unsigned int depth = 1 + random_below(2); depth--;) {
		add_folder(text, folders);
		if (random_once_in(2))
			add(text, "**/");
	}
	if (random_once_in(10))
		strcpy(strrchr(text, '/'), "/**");
	else
		add_glob(text);
	/* What was "**" before is now followed by another: one is enough. */
	for (char *twice; (twice = strstr(text, "**/**"));)
		memmove(twice, twice + 3, strlen(twice + 3) + 1);
}

static void make_path(char *text, unsigned int folders)
{
	text[0] = '\0';
	for (unsigned int depth = random_below(4); depth--;)
		add_folder(text, folders);
	if (random_once_in(20))
		add(text, "lib.so/x");
	else
		for (unsigned int parts = 1 + random_below(3); parts--;)
			add_literal(text);
}

/* ---- All at once, and each alone ------------------------------------------------- */

static int add_spot(void *data, const struct component *components, size_t n)
{
	struct mix *mix = data;

	assert_true(n <= DEEPEST);
	memcpy(mix->components[mix->n], components, n * sizeof(*components));
	mix->depths[mix->n] = n;
	return builder_add(&mix->builder, components, n, &mix->spots[mix->n]);
}

static void mix_add(struct mix *mix, unsigned int folders)
{
	char *text = mix->texts[mix->n];
	struct mistake mistake;

	make_pattern(text, folders);
	if (pattern_parse(&mix->arena, text, strlen(text), add_spot, mix, &mistake))
		return; /* two stars in a row, and the like */
	mix->bare[mix->n] = random_once_in(2);
	assert_int_equal(builder_accept(&mix->builder, mix->spots[mix->n],
					accept_make(mix->n, mix->bare[mix->n])),
			 0);
	mix->n++;
}

static void mix_init(struct mix *mix, uint32_t n, unsigned int folders)
{
	memset(mix, 0, sizeof(*mix));
	assert_int_equal(builder_init(&mix->builder), 0);
	for (uint32_t i = 0; i < n; i++)
		mix_add(mix, folders);
	assert_int_equal(builder_finish(&mix->builder, &mix->matcher), 0);
}

static void mix_release(struct mix *mix)
{
	matcher_release(&mix->matcher);
	builder_release(&mix->builder);
	arena_release(&mix->arena);
}

static bool rule_holds(void *data, uint32_t rule)
{
	struct mix *mix = data;

	assert_true(rule < mix->n);
	assert_false(mix->bare[rule]);
	mix->asked++;
	return mix->holds[rule];
}

/* Whether a pattern matches a path: component by component, with no thought of speed. */
static bool matches_path(const struct component *c, size_t n, const char *path, size_t len)
{
	const char *slash = memchr(path, '/', len);
	size_t first = slash ? (size_t)(slash - path) : len;

	if (c->any_depth && (n == 1 || matches_path(c + 1, n - 1, path, len)))
		return true;
	if (c->any_depth)
		return slash && matches_path(c, n, slash + 1, len - first - 1);
	if (!glob_match(&c->glob, path, first) || !slash != (n == 1))
		return false;
	return !slash || matches_path(c + 1, n - 1, slash + 1, len - first - 1);
}

/* The last rule that holds, from the patterns one by one. */
static accept_t last_of_each(const struct mix *mix, const char *path, size_t len)
{
	for (uint32_t i = mix->n; i-- > 0;) {
		if ((mix->bare[i] || mix->holds[i]) &&
		    matches_path(mix->components[i], mix->depths[i], path, len))
			return accept_make(i, true);
	}
	return 0;
}

static uint32_t rule_of(accept_t accept)
{
	return accept ? accept_rule(accept) : MATCHER_NONE;
}

static void check_name(struct mix *mix, const struct matcher_folder *folder, const char *path,
		       const char *name, size_t len)
{
	accept_t expected = last_of_each(mix, path, (size_t)(name - path) + len);
	accept_t got = matcher_find(&mix->matcher, folder, name, len, rule_holds, mix);

	if (got == expected)
		return;
	fail_msg("seed %llu: %s (%zu bytes): rule %d '%s', not %d '%s'",
		 (unsigned long long)random_seed(), path, len, (int)rule_of(got),
		 got ? mix->texts[rule_of(got)] : "", (int)rule_of(expected),
		 expected ? mix->texts[rule_of(expected)] : "");
}

static void check_path(struct mix *mix, unsigned int folders)
{
	char path[TEXT];
	const char *name = path;
	struct live live;
	size_t len;

	make_path(path, folders);
	len = strlen(path);
	for (uint32_t i = 0; i < mix->n; i++)
		mix->holds[i] = random_once_in(3);
	live_init(&live);
	assert_int_equal(matcher_start(&mix->matcher, &live), 0);
	assert_int_equal(matcher_enter_all(&mix->matcher, &live, &name, &len), 0);
	/* All its heads are names too, and so is one with a NUL, which is a byte like others. */
	for (size_t n = 0; n <= len; n++)
		check_name(mix, &live.folder, path, name, n);
	path[(size_t)(name - path) + random_below((unsigned int)len)] = '\0';
	check_name(mix, &live.folder, path, name, len);
	live_release(&live);
}

/* sizes: of the mixes; folders: how many names folders have. */
static uint32_t check_mixes(uint32_t n, unsigned int folders)
{
	static struct mix mix;
	uint32_t asked = 0;

	for (unsigned int i = 0; i < POLICIES * random_rounds(); i++) {
		mix_init(&mix, 1 + random_below(n), folders);
		for (unsigned int k = 0; k < PATHS; k++)
			check_path(&mix, folders);
		asked += mix.asked;
		mix_release(&mix);
	}
	return asked;
}

static void few_patterns_find_what_each_finds(void **state)
{
	(void)state;
	assert_true(check_mixes(12, 2) > 0);
}

static void many_patterns_find_what_each_finds(void **state)
{
	(void)state;
	assert_true(check_mixes(MOST, 3) > 0);
}

static void crowds_of_folders_find_what_each_finds(void **state)
{
	(void)state;
	assert_true(check_mixes(MOST, CROWDED) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_patterns_find_what_each_finds),
		cmocka_unit_test(many_patterns_find_what_each_finds),
		cmocka_unit_test(crowds_of_folders_find_what_each_finds),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
