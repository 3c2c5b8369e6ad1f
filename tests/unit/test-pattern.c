/* SPDX-License-Identifier: BSD-3-Clause */
/* test-pattern.c - braces, components, and what makes a whole pattern. */
#include "helper.h"
#include "pattern.h"

static struct mistake mistake;

/* Collects the alternatives of a pattern: components joined with '/', each in <>. */
struct collected {
	char text[8192];
	size_t len;
	unsigned int n;
};

static int collect(void *data, const struct component *components, size_t n)
{
	struct collected *c = data;

	for (size_t i = 0; i < n && c->len < sizeof(c->text); i++) {
		const char *text = components[i].any_depth ? "**" : components[i].text;
		int len = components[i].any_depth ? 2 : (int)components[i].len;

		c->len += (size_t)snprintf(c->text + c->len, sizeof(c->text) - c->len, "%s%.*s",
					   i	  ? "/"
					   : c->n ? " "
						  : "",
					   len, text);
	}
	c->n++;
	return 0;
}

static int parse(const char *pattern, struct collected *collected)
{
	struct arena arena = {0};
	int err;

	*collected = (struct collected){0};
	err = pattern_parse(&arena, pattern, strlen(pattern), collect, collected, &mistake);
	arena_release(&arena);
	return err;
}

static void assert_expands(const char *pattern, const char *wanted)
{
	struct collected collected;

	assert_int_equal(parse(pattern, &collected), 0);
	assert_string_equal(collected.text, wanted);
}

static void assert_bad(const char *pattern, size_t at, size_t len, const char *message)
{
	struct collected collected;

	assert_int_equal(parse(pattern, &collected), -EINVAL);
	assert_string_equal(mistake.message, message);
	assert_int_equal(mistake.at, at);
	assert_int_equal(mistake.len, len);
}

/* ---- Components -------------------------------------------------------------- */

static void a_pattern_without_a_slash_matches_at_any_depth(void **state)
{
	(void)state;
	assert_expands("*.so", "**/*.so");
	assert_expands("**", "**");
}

static void a_pattern_with_a_slash_is_anchored(void **state)
{
	(void)state;
	assert_expands("a/b", "a/b");
	assert_expands("/a/b", "a/b");
	assert_expands("/a", "a");
	assert_expands("/**", "**");
}

static void two_stars_in_a_row_are_as_one(void **state)
{
	(void)state;
	assert_expands("**/**", "**");
	assert_expands("a/**/**/b", "a/**/b");
	assert_expands("**/**/*", "**/*");
}

static void a_slash_in_a_set_does_not_end_a_component(void **state)
{
	(void)state;
	assert_bad("a/[x/y]/b", 2, 5, "a set cannot hold '/'");
}

static void an_escaped_slash_is_refused(void **state)
{
	(void)state;
	assert_bad("a\\/b", 1, 2, "a slash always separates");
}

/* ---- Braces ------------------------------------------------------------------ */

static void braces_are_alternatives(void **state)
{
	(void)state;
	assert_expands("/{a,b}", "a b");
	assert_expands("/x{a,b}y", "xay xby");
	assert_expands("/{a,b}{c,d}", "ac ad bc bd");
	assert_expands("/{a}", "a");
}

static void alternatives_may_be_empty_or_hold_slashes(void **state)
{
	(void)state;
	assert_expands("/a{,b}", "a ab");
	assert_expands("/a{/b,/c/d}", "a/b a/c/d");
	assert_expands("{a/b,c}", "a/b **/c");
}

static void braces_nest(void **state)
{
	(void)state;
	assert_expands("/{a,b{c,d}}", "a bc bd");
	assert_expands("/{{{a,b},c},d}", "a b c d");
}

static void braces_in_sets_and_escaped_ones_are_literal(void **state)
{
	(void)state;
	assert_expands("/[{]a[}]", "[{]a[}]");
	assert_expands("/\\{a,b\\}", "\\{a,b\\}");
	assert_expands("/{a\\,b,c}", "a\\,b c");
	assert_expands("/{[,],a}", "[,] a");
	assert_expands("/a,b", "a,b");
}

static void braces_must_be_in_pairs(void **state)
{
	(void)state;
	assert_bad("/a{b,c", 2, 1, "'{' is never closed");
	assert_bad("/a{b,{c}", 2, 1, "'{' is never closed");
	assert_bad("/ab}", 3, 1, "'}' without a '{'");
	assert_bad("/{a}}", 4, 1, "'}' without a '{'");
	assert_bad("/{[},a]", 1, 1, "'{' is never closed");
}

static void a_thousand_alternatives_are_allowed_and_no_more(void **state)
{
	struct collected collected;
	char one_more[5000] = "/{0";

	(void)state;
	for (int i = 1; i <= 1000; i++)
		snprintf(one_more + strlen(one_more), 8, ",%d%s", i % 10, i < 1000 ? "" : "}");
	assert_bad(one_more, 0, strlen(one_more), "the braces expand to more than 1000 patterns");
	assert_int_equal(parse("/{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}",
			       &collected),
			 0);
	assert_int_equal(collected.n, 1000);
	assert_bad("/{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}{0,1,2,3,4,5,6,7,8,9}{a,b}", 0, 69,
		   "the braces expand to more than 1000 patterns");
}

static void an_explosion_of_braces_is_refused_at_once(void **state)
{
	char pattern[4001];
	struct collected collected;

	(void)state;
	for (size_t i = 0; i < 800; i++)
		memcpy(pattern + i * 5, "{a,b}", 5);
	pattern[4000] = '\0';
	assert_int_equal(parse(pattern, &collected), -EINVAL);
	assert_string_equal(mistake.message, "the braces expand to more than 1000 patterns");
}

static void deep_braces_do_no_harm(void **state)
{
	char pattern[4001];
	struct collected collected;

	(void)state;
	memset(pattern, '{', 2000);
	memset(pattern + 2000, '}', 2000);
	pattern[1999] = 'a';
	pattern[4000] = '\0';
	assert_int_equal(parse(pattern, &collected), -EINVAL);
	assert_string_equal(mistake.message, "'}' without a '{'");
	pattern[3999] = '\0';
	assert_int_equal(parse(pattern, &collected), 0);
	assert_string_equal(collected.text, "**/a");
}

/* ---- Mistakes ---------------------------------------------------------------- */

static void a_pattern_must_not_be_empty(void **state)
{
	(void)state;
	assert_bad("", 0, 0, "the pattern is empty");
	assert_bad("{,a}", 0, 4, "one of the alternatives is an empty pattern");
}

static void a_pattern_must_not_end_in_a_slash(void **state)
{
	(void)state;
	assert_bad("a/", 1, 1, "the pattern ends in a slash");
	assert_bad("a/b/", 3, 1, "the pattern ends in a slash");
	assert_bad("/", 0, 1, "the pattern ends in a slash");
	assert_bad("**/", 2, 1, "the pattern ends in a slash");
	assert_bad("a{/,b}", 2, 1, "the pattern ends in a slash");
}

static void a_component_must_not_be_empty(void **state)
{
	(void)state;
	assert_bad("a//b", 2, 1, "there is nothing between two slashes");
	assert_bad("//a", 1, 1, "there is nothing between two slashes");
	assert_bad("a/{,b}/c", 6, 1, "there is nothing between two slashes");
}

static void dots_are_in_no_path(void **state)
{
	(void)state;
	assert_bad("./a", 0, 1, "'.' and '..' are in no path");
	assert_bad("a/../b", 2, 2, "'.' and '..' are in no path");
	assert_bad(".", 0, 1, "'.' and '..' are in no path");
	assert_bad("a/\\.", 2, 2, "'.' and '..' are in no path");
	assert_expands("...", "**/...");
	assert_expands(".a", "**/.a");
}

static void a_mistake_behind_braces_is_found_at_its_own_place(void **state)
{
	(void)state;
	assert_bad("/{aaa,bb}/x[y", 11, 1, "'[' is never closed");
	assert_bad("/{aaa,b[b}/x", 7, 1, "'[' is never closed");
	assert_bad("/{a,b}/./c", 7, 1, "'.' and '..' are in no path");
}

static void a_pattern_may_be_as_long_as_a_path(void **state)
{
	static char pattern[PATTERN_LONGEST + 2];
	struct collected collected;

	(void)state;
	memset(pattern, 'a', PATTERN_LONGEST);
	assert_int_equal(parse(pattern, &collected), 0);
	for (size_t i = 1; i < PATTERN_LONGEST; i += 2)
		pattern[i] = '/';
	assert_int_equal(parse(pattern, &collected), 0);
	memset(pattern, 'a', PATTERN_LONGEST + 1);
	assert_int_equal(parse(pattern, &collected), -EINVAL);
	assert_string_equal(mistake.message,
			    "the pattern has 4096 bytes; patterns have at most 4095");
}

static int stop(void *data, const struct component *components, size_t n)
{
	(void)components;
	(void)n;
	++*(int *)data;
	return -ENOMEM;
}

static void an_error_of_the_callee_stops_it(void **state)
{
	struct arena arena = {0};
	int calls = 0;

	(void)state;
	assert_int_equal(pattern_parse(&arena, "{a,b,c}", 7, stop, &calls, &mistake), -ENOMEM);
	assert_int_equal(calls, 1);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_without_a_slash_matches_at_any_depth),
		cmocka_unit_test(a_pattern_with_a_slash_is_anchored),
		cmocka_unit_test(two_stars_in_a_row_are_as_one),
		cmocka_unit_test(a_slash_in_a_set_does_not_end_a_component),
		cmocka_unit_test(an_escaped_slash_is_refused),
		cmocka_unit_test(braces_are_alternatives),
		cmocka_unit_test(alternatives_may_be_empty_or_hold_slashes),
		cmocka_unit_test(braces_nest),
		cmocka_unit_test(braces_in_sets_and_escaped_ones_are_literal),
		cmocka_unit_test(braces_must_be_in_pairs),
		cmocka_unit_test(a_thousand_alternatives_are_allowed_and_no_more),
		cmocka_unit_test(an_explosion_of_braces_is_refused_at_once),
		cmocka_unit_test(deep_braces_do_no_harm),
		cmocka_unit_test(a_pattern_must_not_be_empty),
		cmocka_unit_test(a_pattern_must_not_end_in_a_slash),
		cmocka_unit_test(a_component_must_not_be_empty),
		cmocka_unit_test(dots_are_in_no_path),
		cmocka_unit_test(a_mistake_behind_braces_is_found_at_its_own_place),
		cmocka_unit_test(a_pattern_may_be_as_long_as_a_path),
		cmocka_unit_test(an_error_of_the_callee_stops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
