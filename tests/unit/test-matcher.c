/* SPDX-License-Identifier: BSD-3-Clause */
/* test-matcher.c - many patterns as one machine: which of them match a path. */
#include "machine.h"

/* ---- Few patterns ------------------------------------------------------------ */

static void no_pattern_matches_nothing(void **state)
{
	struct machine *m = machine_of(NULL, 0);

	(void)state;
	assert_string_equal(found(m, "a/b"), "");
	machine_free(m);
}

static void a_pattern_is_anchored_at_the_root(void **state)
{
	static const char *const patterns[] = {"/a/b", "a/*", "/*", "b"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a/b"), "0 1 3");
	assert_string_equal(found(m, "x/a/b"), "3");
	assert_string_equal(found(m, "a/c"), "1");
	assert_string_equal(found(m, "a"), "2");
	assert_string_equal(found(m, "a/b/c"), "");
	machine_free(m);
}

static void two_stars_match_any_number_of_folders(void **state)
{
	static const char *const patterns[] = {"a/**/b", "**/a/b", "/**/b", "**/a/**/b"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a/b"), "0 1 2 3");
	assert_string_equal(found(m, "a/x/b"), "0 2 3");
	assert_string_equal(found(m, "a/x/y/b"), "0 2 3");
	assert_string_equal(found(m, "x/a/b"), "1 2 3");
	assert_string_equal(found(m, "b"), "2");
	assert_string_equal(found(m, "a/b/c"), "");
	machine_free(m);
}

static void two_stars_at_the_end_match_all_below_but_not_the_folder(void **state)
{
	static const char *const patterns[] = {"a/**", "**", "**/a/**", "a/*/**"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a"), "1");
	assert_string_equal(found(m, "a/b"), "0 1 2");
	assert_string_equal(found(m, "a/b/c"), "0 1 2 3");
	assert_string_equal(found(m, "x/a/b/c"), "1 2");
	machine_free(m);
}

static void a_folder_may_match_in_several_ways_at_once(void **state)
{
	static const char *const patterns[] = {"*/b/c", "a/*/c", "a/b/*", "?/?/?", "[a]/[b]/[c]"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a/b/c"), "0 1 2 3 4");
	assert_string_equal(found(m, "x/b/c"), "0 3");
	machine_free(m);
}

static void the_same_pattern_twice_counts_for_both_rules(void **state)
{
	static const char *const patterns[] = {"*.so", "*.so", "a/**", "a/**"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a/x.so"), "0 1 2 3");
	/* One to the file, one to the folder. */
	assert_int_equal(m->matcher.n_edges, 2);
	machine_free(m);
}

/* ---- The last match first ---------------------------------------------------- */

/* Counts the calls, and lets a rule hold from some number on. */
struct order {
	uint32_t last, calls;
	uint32_t holds_from;
};

static bool take(void *data, uint32_t rule)
{
	struct order *order = data;

	order->calls++;
	order->last = rule;
	return rule >= order->holds_from;
}

static void a_pattern_below_the_best_so_far_is_not_looked_at(void **state)
{
	static const char *const patterns[] = {"*", "a*", "*b", "ab", "?b", "x"};
	struct machine *m = machine_of(patterns, COUNT(patterns));
	struct order order = {0};
	struct live live;
	const char *name = walk(m, "ab", &live);

	(void)state;
	assert_int_equal(matcher_find(&m->matcher, &live.folder, name, 2, take, &order),
			 accept_make(4, true));
	order.calls = 0;
	live.folder.floor = accept_make(4, true);
	assert_int_equal(matcher_find(&m->matcher, &live.folder, name, 2, take, &order),
			 accept_make(4, true));
	assert_int_equal(order.calls, 0);
	live.folder.floor = accept_make(3, true);
	matcher_find(&m->matcher, &live.folder, name, 2, take, &order);
	assert_int_equal(order.calls, 1);
	assert_int_equal(order.last, 4);
	live_release(&live);
	machine_free(m);
}

static accept_t floor_of(const struct machine *m, const char *path)
{
	struct live live;
	accept_t floor;

	walk(m, path, &live);
	floor = live.folder.floor;
	live_release(&live);
	return floor;
}

static void what_holds_for_all_of_a_folder_is_known_at_once(void **state)
{
	static const char *const patterns[] = {"a/**", "a/b/**", "**/c/**", "*"};
	struct machine *m = machine_new();

	(void)state;
	m->bare = true;
	for (size_t i = 0; i < COUNT(patterns); i++)
		machine_add(m, patterns[i]);
	m->bare = false;
	machine_add(m, "a/**");
	machine_finish(m);
	assert_int_equal(floor_of(m, "f"), 0);
	assert_int_equal(floor_of(m, "a"), 0);
	assert_int_equal(floor_of(m, "a/f"), accept_make(0, true));
	assert_int_equal(floor_of(m, "a/b/f"), accept_make(1, true));
	assert_int_equal(floor_of(m, "a/b/c/f"), accept_make(2, true));
	assert_int_equal(floor_of(m, "c/a/f"), accept_make(2, true));
	machine_free(m);
}

/* ---- Many patterns on one node ----------------------------------------------- */

/* A pattern of some shape with a '#' in it, a name that it matches, and one that it does not. */
struct shape {
	const char *pattern, *match, *other;
};

static const struct shape shapes[] = {
	{"n#.exact", "n#.exact", "n#.exac"},
	{"#-pre*", "#-prefix", "x#-prefix"},
	{"*.suf#", "a.suf#", "a.suf#x"},
	{"b#*.both", "b#.x.both", "b#b.bot"},
	{"q?#[ab]*", "qq#azz", "qq#czz"},
	{"[xy]#.[ch]", "y#.h", "y#.o"},
	{"*mid#*", "a-mid#-z", "a-mi#-z"},
	{"long-literal-name-#-of-more-than-eight", "long-literal-name-#-of-more-than-eight",
	 "long-literal-name-#-of-more-than-eigh"},
};

/* A path with a number in place of the '#'. */
static const char *numbered(const char *text, unsigned int number, bool as_folder, bool pattern)
{
	static char path[256];
	int before = (int)strcspn(text, "#");

	snprintf(path, sizeof(path), "%s%.*s%u%s%s", pattern && !as_folder ? "/" : "", before, text,
		 number, text + before + 1, as_folder ? "/in" : "");
	return path;
}

static void assert_all_found(bool as_folder)
{
	struct machine *m = machine_new();
	char wanted[16];

	for (unsigned int i = 0; i < MOST; i++)
		machine_add(m, numbered(shapes[i % COUNT(shapes)].pattern, 100000 + i, as_folder,
					true));
	machine_finish(m);
	for (unsigned int i = 0; i < MOST; i += 5) {
		const struct shape *shape = &shapes[i % COUNT(shapes)];

		snprintf(wanted, sizeof(wanted), "%u", i);
		assert_string_equal(found(m, numbered(shape->match, 100000 + i, as_folder, false)),
				    wanted);
		assert_string_equal(found(m, numbered(shape->other, 100000 + i, as_folder, false)),
				    "");
	}
	machine_free(m);
}

static void thousands_of_files_are_told_apart(void **state)
{
	(void)state;
	assert_all_found(false);
}

static void thousands_of_folders_are_told_apart(void **state)
{
	(void)state;
	assert_all_found(true);
}

static void patterns_that_share_an_anchor_are_all_found(void **state)
{
	struct machine *m = machine_new();
	char text[64];

	(void)state;
	/* All have the last eight bytes in common, and nothing at the start. */
	for (unsigned int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "*%c?%03u.safetensors", 'a' + i % 26, i);
		machine_add(m, text);
	}
	machine_finish(m);
	assert_string_equal(found(m, "zzb_001.safetensors"), "1");
	assert_string_equal(found(m, "zzb_001.safetensor"), "");
	assert_string_equal(found(m, "f_499.safetensors"), "499");
	machine_free(m);
}

static void names_shorter_than_any_anchor_do_no_harm(void **state)
{
	static const char *const patterns[] = {"*abcdefgh", "abcdefgh*", "*bc", "a*",
					       "*c",	    "abc",	 "??",	"*x*"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, "a"), "3");
	assert_string_equal(found(m, "bc"), "2 4 6");
	assert_string_equal(found(m, "abc"), "2 3 4 5");
	assert_string_equal(found(m, "abcdefgh"), "0 1 3");
	assert_string_equal(found(m, "x"), "7");
	machine_free(m);
}

/* ---- Live nodes -------------------------------------------------------------- */

static void more_nodes_may_be_live_than_fit_on_the_stack(void **state)
{
	struct machine *m = machine_new();
	char letters[128], pattern[256], wanted[MOST] = "";

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (unsigned int i = 0; i < 300; i++) {
		snprintf(pattern, sizeof(pattern), "**/%.*s*/x%u/**/f", (int)(i % 100) + 1, letters,
			 i % 3);
		machine_add(m, pattern);
	}
	machine_finish(m);
	for (unsigned int i = 0; i < 300; i++) {
		size_t used = strlen(wanted);

		if (i % 3 == 1)
			snprintf(wanted + used, sizeof(wanted) - used, "%s%u", used ? " " : "", i);
	}
	memset(pattern, 'a', 150);
	strcpy(pattern + 150, "/x1/y/f");
	assert_string_equal(found(m, pattern), wanted);
	machine_free(m);
}

static void a_slash_may_be_anywhere_in_a_path(void **state)
{
	static const char *const patterns[] = {"*/y/*/z", "**/y/**", "/*/z"};
	struct machine *m = machine_of(patterns, COUNT(patterns));
	char path[512];

	(void)state;
	for (int before = 1; before < 150; before++) {
		for (int after = 1; after < 70; after += 23) {
			snprintf(path, sizeof(path), "%0*d/y/%0*d/z", before, 0, after, 0);
			assert_string_equal(found(m, path), "0 1");
		}
		snprintf(path, sizeof(path), "%0*d/z", before, 0);
		assert_string_equal(found(m, path), "2");
	}
	machine_free(m);
}

static void live_stars_may_move_while_they_are_followed(void **state)
{
	struct machine *m = machine_new();
	char marks[256], text[512], wanted[MOST] = "";

	(void)state;
	memset(marks, '?', sizeof(marks));
	/* Edges without a literal byte, of two stars: each is tried, and makes a star live. */
	for (unsigned int i = 0; i < 360; i++) {
		size_t used = strlen(wanted);

		snprintf(text, sizeof(text), "%s%.*s*/**/f", i % 2 ? "**/" : "a/**/",
			 (int)i / 2 + 1, marks);
		machine_add(m, text);
		snprintf(wanted + used, sizeof(wanted) - used, "%s%u", used ? " " : "", i);
	}
	machine_finish(m);
	/* Some stars first, more than fit on the stack, then all. */
	snprintf(text, sizeof(text), "a/%.*s/%.*s/f", 40, marks, 190, marks);
	assert_string_equal(found(m, text), wanted);
	machine_free(m);
}

static bool each_once(const live_t *nodes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (nodes[i] == nodes[k])
				return false;
		}
	}
	return true;
}

static void live_nodes_are_live_once(void **state)
{
	static const char *const patterns[] = {"**/a/**/b", "**/?/c", "a/**/d", "**/[a]/**/e"};
	struct machine *m = machine_of(patterns, COUNT(patterns));
	struct live live;

	(void)state;
	walk(m, "a/a/a/f", &live);
	assert_true(live.folder.n_stars > 2);
	assert_true(each_once(live.folder.stars, live.folder.n_stars));
	assert_true(each_once(live.folder.plain, live.folder.n_plain));
	live_release(&live);
	machine_free(m);
}

static void the_empty_name_matches_only_a_star(void **state)
{
	static const char *const patterns[] = {"*", "?", "a", "*a", "**"};
	struct machine *m = machine_of(patterns, COUNT(patterns));

	(void)state;
	assert_string_equal(found(m, ""), "0 4");
	machine_free(m);
}

static void patterns_without_anchors_are_counted(void **state)
{
	static const char *const patterns[] = {"*a*", "?a?", "a*", "*a", "**", "[!a]b?", "a"};
	static const bool unanchored[] = {true, true, false, false, false, true, false};
	struct machine *m = machine_new();

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		machine_add(m, patterns[i]);
		assert_int_equal(builder_unanchored(&m->builder, m->spots[i]), unanchored[i]);
	}
	machine_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pattern_matches_nothing),
		cmocka_unit_test(a_pattern_is_anchored_at_the_root),
		cmocka_unit_test(two_stars_match_any_number_of_folders),
		cmocka_unit_test(two_stars_at_the_end_match_all_below_but_not_the_folder),
		cmocka_unit_test(a_folder_may_match_in_several_ways_at_once),
		cmocka_unit_test(the_same_pattern_twice_counts_for_both_rules),
		cmocka_unit_test(a_pattern_below_the_best_so_far_is_not_looked_at),
		cmocka_unit_test(what_holds_for_all_of_a_folder_is_known_at_once),
		cmocka_unit_test(thousands_of_files_are_told_apart),
		cmocka_unit_test(thousands_of_folders_are_told_apart),
		cmocka_unit_test(patterns_that_share_an_anchor_are_all_found),
		cmocka_unit_test(names_shorter_than_any_anchor_do_no_harm),
		cmocka_unit_test(more_nodes_may_be_live_than_fit_on_the_stack),
		cmocka_unit_test(a_slash_may_be_anywhere_in_a_path),
		cmocka_unit_test(live_stars_may_move_while_they_are_followed),
		cmocka_unit_test(live_nodes_are_live_once),
		cmocka_unit_test(the_empty_name_matches_only_a_star),
		cmocka_unit_test(patterns_without_anchors_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
