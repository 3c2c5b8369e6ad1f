/* SPDX-License-Identifier: BSD-3-Clause */
/* test-glob.c - a pattern for one component of a path. */
#include "glob.h"
#include "helper.h"

static struct mistake mistake;

static int compile(struct arena *arena, const char *text, struct glob *glob)
{
	uint32_t at[512];
	size_t len = strlen(text);

	assert_true(len <= COUNT(at));
	for (size_t i = 0; i < len; i++)
		at[i] = (uint32_t)i;
	return glob_compile(arena, text, at, len, glob, &mistake);
}

static bool matches_bytes(const char *pattern, const char *name, size_t len)
{
	struct arena arena = {0};
	struct glob glob;
	/* In memory of its own length, so that a sanitizer sees a byte too much. */
	char *copy = malloc(len + !len);
	bool matches;

	assert_non_null(copy);
	memcpy(copy, name, len);
	assert_int_equal(compile(&arena, pattern, &glob), 0);
	matches = glob_match(&glob, copy, len);
	arena_release(&arena);
	free(copy);
	return matches;
}

static bool matches(const char *pattern, const char *name)
{
	return matches_bytes(pattern, name, strlen(name));
}

static void assert_bad(const char *pattern, size_t at, size_t len, const char *message)
{
	struct arena arena = {0};
	struct glob glob;

	assert_int_equal(compile(&arena, pattern, &glob), -EINVAL);
	assert_string_equal(mistake.message, message);
	assert_int_equal(mistake.at, at);
	assert_int_equal(mistake.len, len);
	arena_release(&arena);
}

static int kind_of(const char *pattern)
{
	struct arena arena = {0};
	struct glob glob;

	assert_int_equal(compile(&arena, pattern, &glob), 0);
	arena_release(&arena);
	return glob.kind;
}

/* ---- Shapes ------------------------------------------------------------------ */

static void a_literal_matches_itself_only(void **state)
{
	(void)state;
	assert_true(matches("abc", "abc"));
	assert_false(matches("abc", "ab"));
	assert_false(matches("abc", "abcd"));
	assert_false(matches("abc", "Abc"));
	assert_false(matches("abc", ""));
}

static void a_star_matches_any_run_of_characters(void **state)
{
	(void)state;
	assert_true(matches("*", ""));
	assert_true(matches("*", "anything at all"));
	assert_true(matches("a*", "a"));
	assert_true(matches("a*", "abc"));
	assert_false(matches("a*", "ba"));
	assert_true(matches("*.so", ".so"));
	assert_true(matches("*.so", "lib.so"));
	assert_false(matches("*.so", "lib.so.1"));
	assert_true(matches("lib*.so", "lib.so"));
	assert_true(matches("lib*.so", "libc.so"));
	assert_false(matches("lib*.so", "lib.s"));
}

static void the_ends_around_a_star_do_not_overlap(void **state)
{
	(void)state;
	assert_false(matches("aba*ba", "aba"));
	assert_true(matches("aba*ba", "ababa"));
	assert_false(matches("a*a", "a"));
	assert_true(matches("a*a", "aa"));
	assert_false(matches("ab*[b]c", "abc"));
}

static void several_stars_find_their_parts_in_order(void **state)
{
	(void)state;
	assert_true(matches("*a*b*", "ab"));
	assert_true(matches("*a*b*", "xxaxxbxx"));
	assert_false(matches("*a*b*", "ba"));
	assert_true(matches("a*b*c", "aXbXbXc"));
	assert_true(matches("*ab*abc", "ababcabc"));
	assert_false(matches("*abc*abc", "ababc"));
	assert_true(matches("*?*?*", "ab"));
	assert_false(matches("*?*?*", "a"));
}

static void many_stars_take_no_long_time(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'a', 255);
	name[255] = '\0';
	assert_false(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
	assert_false(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a[b]", name));
}

static void a_leading_dot_is_nothing_special(void **state)
{
	(void)state;
	assert_true(matches("*", ".hidden"));
	assert_true(matches("?hidden", ".hidden"));
	assert_true(matches("[.]hidden", ".hidden"));
}

/* ---- Characters -------------------------------------------------------------- */

static void a_question_mark_is_one_character(void **state)
{
	(void)state;
	assert_true(matches("?", "a"));
	assert_false(matches("?", ""));
	assert_false(matches("?", "ab"));
	assert_true(matches("?", "\xc3\xa4"));
	assert_true(matches("?", "\xf0\x9f\x98\x80"));
	assert_false(matches("??", "\xf0\x9f\x98\x80"));
}

static void a_stray_byte_counts_as_one_character(void **state)
{
	(void)state;
	assert_true(matches("?", "\xff"));
	assert_true(matches("??", "\xc3\xff"));
	assert_true(matches("???", "\xf0\x9f\x98"));
	assert_false(matches("?", "\xf0\x9f\x98"));
}

static void a_set_holds_its_members_and_ranges(void **state)
{
	(void)state;
	assert_true(matches("[abc]", "b"));
	assert_false(matches("[abc]", "d"));
	assert_true(matches("[a-cx-z]", "y"));
	assert_false(matches("[a-cx-z]", "d"));
	assert_false(matches("[abc]", ""));
	assert_false(matches("[abc]", "ab"));
	assert_true(matches("[a-a]", "a"));
}

static void a_set_and_an_end_do_not_overlap(void **state)
{
	(void)state;
	assert_true(matches("[a-z]*.py", "a.py"));
	assert_true(matches("[a-z]*.py", "ab.py"));
	assert_false(matches("[.a]*.py", ".py"));
	assert_false(matches("[a-z]*.py", "A.py"));
	assert_false(matches("[a-z]*.py", "a.pyc"));
	assert_true(matches("[!a]*b", "\xc3\xa9" "b"));
	assert_false(matches("[!a]*b", "ab"));
}

static void a_set_can_be_negated_in_two_ways(void **state)
{
	(void)state;
	assert_true(matches("[!abc]", "d"));
	assert_false(matches("[!abc]", "a"));
	assert_true(matches("[^abc]", "d"));
	assert_false(matches("[^abc]", "a"));
	assert_true(matches("[!a]", "\xc3\xa4"));
	assert_true(matches("[!a]", "\xff"));
	assert_false(matches("[!a]", ""));
	assert_true(matches("[a!^]", "!"));
	assert_true(matches("[a!^]", "^"));
}

static void brackets_and_dashes_can_be_members(void **state)
{
	(void)state;
	assert_true(matches("[]a]", "]"));
	assert_true(matches("[]a]", "a"));
	assert_true(matches("[!]a]", "b"));
	assert_false(matches("[!]a]", "]"));
	assert_true(matches("[a-]", "-"));
	assert_true(matches("[-a]", "-"));
	assert_false(matches("[a-]", "b"));
	assert_true(matches("[a\\]b]", "]"));
	assert_true(matches("[a\\-c]", "-"));
	assert_false(matches("[a\\-c]", "b"));
	assert_true(matches("[*?{},]", "{"));
	assert_true(matches("[[]", "["));
}

static void ranges_may_hold_characters_beyond_ascii(void **state)
{
	(void)state;
	assert_true(matches("[\xc3\xa0-\xc3\xbf]", "\xc3\xa4"));
	assert_false(matches("[\xc3\xa0-\xc3\xbf]", "\xc3\x84"));
	assert_true(matches("[y-\xc3\xbf]", "z"));
	assert_true(matches("[y-\xc3\xbf]", "\xc3\xa4"));
	assert_false(matches("[y-\xc3\xbf]", "x"));
	assert_false(matches("[y-\xc3\xbf]", "\xff"));
	assert_false(matches("[!\xc3\xa4]", "\xc3\xa4"));
	/* Where ASCII ends. */
	assert_true(matches("[a-\xc2\x80]", "\xc2\x80"));
	assert_true(matches("[\xc2\x80]", "\xc2\x80"));
	assert_false(matches("[a-\xc2\x80]", "\xc2\x81"));
	assert_true(matches("[a-\x7f]", "\x7f"));
	assert_false(matches("[a-\x7f]", "\xc2\x80"));
}

/* ---- Escapes ----------------------------------------------------------------- */

static void a_backslash_takes_the_meaning_away(void **state)
{
	(void)state;
	assert_true(matches("\\*", "*"));
	assert_false(matches("\\*", "a"));
	assert_true(matches("\\?\\[\\{\\}\\,\\!\\\\", "?[{},!\\"));
	assert_true(matches("a\\b", "ab"));
	assert_true(matches("\\\xc3\xa4", "\xc3\xa4"));
}

static void two_hexadecimal_digits_are_a_byte(void **state)
{
	(void)state;
	assert_true(matches("\\x41", "A"));
	assert_true(matches("caf\\xe9", "caf\xe9"));
	assert_true(matches("caf\\xE9*", "caf\xe9.txt"));
	assert_true(matches("*\\xe9", "caf\xe9"));
	assert_true(matches("\\x0a", "\n"));
	assert_true(matches("\\x2a", "*"));
	assert_false(matches("\\x2a", "a"));
	assert_true(matches("[\\x80-\\xff]", "\xe9"));
	assert_false(matches("[\\x80-\\xff]", "\xc3\xa9"));
	assert_true(matches("[!\\xe9]", "\xe8"));
}

static void bytes_that_make_a_character_are_that_character(void **state)
{
	(void)state;
	assert_true(matches("\\xc3\\xa4", "\xc3\xa4"));
	assert_true(matches("*\\xc3\\xa4", "x\xc3\xa4"));
	assert_true(matches("\\xc3\\xa4?", "\xc3\xa4"
					   "b"));
}

/* A byte of a pattern is a stray one, so it does not match a part of a character. */
static void a_byte_does_not_match_half_a_character(void **state)
{
	static const char a_umlaut[] = "\xc3\xa4";

	(void)state;
	assert_false(matches("\\xc3*", a_umlaut));
	assert_false(matches("*\\xa4", a_umlaut));
	assert_false(matches("\\xc3?", a_umlaut));
	assert_false(matches("?\\xa4", a_umlaut));
	assert_false(matches("\\xc3*\\xa4", a_umlaut));
	assert_false(matches("*\\xc3*", a_umlaut));
	assert_false(matches("*\\xa4*", a_umlaut));
	assert_false(matches("[\\xc3]*", a_umlaut));
	assert_false(matches("*[\\xa4]", a_umlaut));
	assert_false(matches("*[\\xa4]*", a_umlaut));
	assert_false(matches("\\xe2\\x82*", "\xe2\x82\xac"));
	assert_true(matches("\\xe2\\x82*", "\xe2\x82"));
	assert_true(matches("\\xe2\\x82*", "\xe2\x82"
					   "a"));
	assert_true(matches("\\xc3*", "\xc3"));
	assert_true(matches("\\xc3*", "\xc3z\xa4"));
	assert_true(matches("*\\xa4", "z\xa4"));
	assert_true(matches("*\\xc3*", "z\xc3z"));
}

/* ---- Mistakes ---------------------------------------------------------------- */

static void two_stars_must_stand_alone(void **state)
{
	(void)state;
	assert_bad("a**", 1, 2, "'**' must stand alone between slashes");
	assert_bad("**.so", 0, 2, "'**' must stand alone between slashes");
}

static void a_set_must_be_closed(void **state)
{
	(void)state;
	assert_bad("ab[cd", 2, 1, "'[' is never closed");
	assert_bad("[]", 0, 1, "'[' is never closed");
	assert_bad("[!]", 0, 1, "'[' is never closed");
	assert_bad("[^]", 0, 1, "'[' is never closed");
	assert_bad("[a\\]", 0, 1, "'[' is never closed");
	assert_bad("[", 0, 1, "'[' is never closed");
}

static void a_range_must_hold_something(void **state)
{
	(void)state;
	assert_bad("x[z-a]", 2, 3, "this range holds no character");
	assert_bad("[\xc3\xa4-b]", 1, 4, "this range holds no character");
}

static void a_set_cannot_hold_a_slash(void **state)
{
	(void)state;
	assert_bad("[a/b]", 0, 5, "a set cannot hold '/'");
	assert_bad("[\\x2f]", 1, 4, "no name holds this byte");
}

static void named_classes_are_refused_rather_than_misread(void **state)
{
	static const char message[] = "named classes such as [:digit:] are not understood";

	(void)state;
	assert_bad("[[:alpha:]]", 1, 2, message);
	assert_bad("[a[.x.]]", 2, 2, message);
	assert_bad("[[=a=]]", 1, 2, message);
}

static void an_escape_must_be_whole(void **state)
{
	(void)state;
	assert_bad("ab\\", 2, 1, "a backslash with nothing behind it");
	assert_bad("a\\x", 1, 2, "\\x needs two hexadecimal digits");
	assert_bad("a\\xf", 1, 2, "\\x needs two hexadecimal digits");
	assert_bad("a\\xfg", 1, 2, "\\x needs two hexadecimal digits");
	assert_bad("[\\x4]1", 1, 2, "\\x needs two hexadecimal digits");
	assert_bad("a\\x00", 1, 4, "no name holds this byte");
	assert_bad("a\\x2f", 1, 4, "no name holds this byte");
	assert_bad("a\\x2F", 1, 4, "no name holds this byte");
}

/* ---- Kinds and anchors ------------------------------------------------------- */

static void simple_shapes_are_told_from_others(void **state)
{
	(void)state;
	assert_int_equal(kind_of("abc"), GLOB_EXACT);
	assert_int_equal(kind_of("\\*"), GLOB_EXACT);
	assert_int_equal(kind_of("*"), GLOB_ANY);
	assert_int_equal(kind_of("lib*"), GLOB_PREFIX);
	assert_int_equal(kind_of("*.so"), GLOB_SUFFIX);
	assert_int_equal(kind_of("lib*.so"), GLOB_BOTH);
	assert_int_equal(kind_of("lib*.so*"), GLOB_GENERAL);
	assert_int_equal(kind_of("a?"), GLOB_GENERAL);
	assert_int_equal(kind_of("[a]"), GLOB_GENERAL);
}

/* The anchors of one end, joined with ','; "" for none. */
static void assert_anchors(const char *pattern, bool tail, const char *wanted)
{
	struct anchor anchors[GLOB_MAX_ANCHORS];
	struct arena arena = {0};
	struct glob glob;
	char joined[512] = "";
	int n;

	assert_int_equal(compile(&arena, pattern, &glob), 0);
	n = glob_anchors(&glob, tail, anchors);
	assert_in_range(n, 0, GLOB_MAX_ANCHORS);
	for (int i = 0; i < n; i++) {
		size_t used = strlen(joined);

		assert_in_range(anchors[i].len, 1, ANCHOR_LONGEST);
		snprintf(joined + used, sizeof(joined) - used, "%s%.*s", i ? "," : "",
			 anchors[i].len, anchors[i].bytes);
	}
	assert_string_equal(joined, wanted);
	arena_release(&arena);
}

static void the_literal_ends_are_anchors(void **state)
{
	(void)state;
	assert_anchors("lib*.so", false, "lib");
	assert_anchors("lib*.so", true, ".so");
	assert_anchors("*", false, "");
	assert_anchors("*", true, "");
	assert_anchors("?x", false, "");
	assert_anchors("?x", true, "x");
}

static void an_anchor_is_not_longer_than_there_is_room_for(void **state)
{
	char text[ANCHOR_LONGEST + 8], wanted[2 * ANCHOR_LONGEST + 8];

	(void)state;
	snprintf(text, sizeof(text), "%0*d12*", ANCHOR_LONGEST, 0);
	snprintf(wanted, sizeof(wanted), "%0*d", ANCHOR_LONGEST, 0);
	assert_anchors(text, false, wanted);
	snprintf(text, sizeof(text), "*12%0*d", ANCHOR_LONGEST, 0);
	assert_anchors(text, true, wanted);
	snprintf(text, sizeof(text), "%0*d[ab]*", ANCHOR_LONGEST, 0);
	assert_anchors(text, false, wanted);
	snprintf(text, sizeof(text), "%0*d[ab]*", ANCHOR_LONGEST - 1, 0);
	snprintf(wanted, sizeof(wanted), "%0*da,%0*db", ANCHOR_LONGEST - 1, 0, ANCHOR_LONGEST - 1,
		 0);
	assert_anchors(text, false, wanted);
}

static void small_sets_give_an_anchor_for_each_member(void **state)
{
	(void)state;
	assert_anchors("*.[ch]", true, ".c,.h");
	assert_anchors("[ab][cd]*", false, "ac,ad,bc,bd");
	assert_anchors("x[a-z0-9]*", false, "x");
	assert_anchors("[!a]x*", false, "");
	assert_anchors("[a\xc3\xa4]*", false, "");
	assert_anchors("[a-h][a-h]*", false, "a,b,c,d,e,f,g,h");
}

/* ---- What an anchor leaves open ---------------------------------------------- */

static bool holds_byte(const struct byte_set *set, char byte)
{
	return set->bits[(unsigned char)byte / 64] >> (unsigned char)byte % 64 & 1;
}

static bool has_anchor(const char *name, size_t len, bool tail, const struct anchor *anchors, int n)
{
	for (int i = 0; i < n; i++) {
		const char *end = tail ? name + len - anchors[i].len : name;

		if (len >= anchors[i].len && !memcmp(end, anchors[i].bytes, anchors[i].len))
			return true;
	}
	return false;
}

/* A glob, and what is said of names that have an anchor of it at one end. */
struct claim {
	struct glob glob;
	bool tail;
	struct anchor anchors[GLOB_MAX_ANCHORS];
	int n;
	enum glob_says says;
	struct byte_set first, last;
};

static void assert_claim(const struct claim *claim, const char *name, size_t len)
{
	bool matches = glob_match(&claim->glob, name, len);
	bool anchored = has_anchor(name, len, claim->tail, claim->anchors, claim->n);
	bool at_other_end = claim->tail ? holds_byte(&claim->first, name[0])
					: holds_byte(&claim->last, name[len - 1]);

	if (matches) {
		assert_true(holds_byte(&claim->first, name[0]));
		assert_true(holds_byte(&claim->last, name[len - 1]));
	}
	if (claim->says == GLOB_SAYS_ALL)
		assert_int_equal(matches, anchored);
	if (claim->says == GLOB_SAYS_BUT_END)
		assert_int_equal(matches, anchored && at_other_end && len > claim->anchors[0].len);
}

/* All names of up to five bytes out of these. */
static void assert_claim_of_all_names(const struct claim *claim)
{
	static const char bytes[] = {'a', 'b', '.', '\xc3', '\xa4'};
	enum { N = sizeof(bytes) };
	size_t n_names = 1;

	for (size_t len = 1; len <= 5; len++) {
		n_names *= N;
		for (size_t i = 0; i < n_names; i++) {
			char name[5];

			for (size_t k = 0, rest = i; k < len; k++, rest /= N)
				name[k] = bytes[rest % N];
			assert_claim(claim, name, len);
		}
	}
}

static void assert_says(const char *pattern, bool tail, enum glob_says wanted)
{
	struct arena arena = {0};
	struct claim claim = {.tail = tail};

	compile(&arena, pattern, &claim.glob);
	claim.n = glob_anchors(&claim.glob, tail, claim.anchors);
	claim.says = glob_anchor_says(&claim.glob, tail, claim.n ? claim.anchors[0].len : 0);
	assert_int_equal(claim.says, wanted);
	glob_end_bytes(&claim.glob, false, &claim.first);
	glob_end_bytes(&claim.glob, true, &claim.last);
	assert_claim_of_all_names(&claim);
	arena_release(&arena);
}

static void an_anchor_says_what_it_leaves_open(void **state)
{
	static const struct {
		const char *pattern;
		enum glob_says head, tail;
	} globs[] = {
		{"ab", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"*", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"ab*", GLOB_SAYS_ALL, GLOB_SAYS_LESS},
		{"*.a", GLOB_SAYS_LESS, GLOB_SAYS_ALL},
		{"a*.b", GLOB_SAYS_LESS, GLOB_SAYS_BUT_END},
		{"a*b", GLOB_SAYS_BUT_END, GLOB_SAYS_BUT_END},
		{"ab*.a", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"*.[ab]", GLOB_SAYS_LESS, GLOB_SAYS_ALL},
		{"[ab].*", GLOB_SAYS_ALL, GLOB_SAYS_LESS},
		{"[a-z]*.b", GLOB_SAYS_LESS, GLOB_SAYS_BUT_END},
		{"[!a-z]*.b", GLOB_SAYS_LESS, GLOB_SAYS_BUT_END},
		{"[!a-z]*.[!b]", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"a*[!b]", GLOB_SAYS_BUT_END, GLOB_SAYS_LESS},
		{"?*.b", GLOB_SAYS_LESS, GLOB_SAYS_BUT_END},
		{"a*?", GLOB_SAYS_BUT_END, GLOB_SAYS_LESS},
		{"a?*", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"a*.*b", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"[a\xc3\xa4]*b", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"a*[\xc3\xa4-\xc3\xb6]", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"\xc3\xa4*", GLOB_SAYS_ALL, GLOB_SAYS_LESS},
		{"*\xc3\xa4", GLOB_SAYS_LESS, GLOB_SAYS_ALL},
		{"\\xc3*b", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"\\xc3*", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"*\\xa4", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
		{"a*\\xa4", GLOB_SAYS_LESS, GLOB_SAYS_LESS},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(globs); i++) {
		assert_says(globs[i].pattern, false, globs[i].head);
		assert_says(globs[i].pattern, true, globs[i].tail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_literal_matches_itself_only),
		cmocka_unit_test(a_star_matches_any_run_of_characters),
		cmocka_unit_test(the_ends_around_a_star_do_not_overlap),
		cmocka_unit_test(several_stars_find_their_parts_in_order),
		cmocka_unit_test(many_stars_take_no_long_time),
		cmocka_unit_test(a_leading_dot_is_nothing_special),
		cmocka_unit_test(a_question_mark_is_one_character),
		cmocka_unit_test(a_stray_byte_counts_as_one_character),
		cmocka_unit_test(a_set_holds_its_members_and_ranges),
		cmocka_unit_test(a_set_and_an_end_do_not_overlap),
		cmocka_unit_test(a_set_can_be_negated_in_two_ways),
		cmocka_unit_test(brackets_and_dashes_can_be_members),
		cmocka_unit_test(ranges_may_hold_characters_beyond_ascii),
		cmocka_unit_test(a_backslash_takes_the_meaning_away),
		cmocka_unit_test(two_hexadecimal_digits_are_a_byte),
		cmocka_unit_test(bytes_that_make_a_character_are_that_character),
		cmocka_unit_test(a_byte_does_not_match_half_a_character),
		cmocka_unit_test(two_stars_must_stand_alone),
		cmocka_unit_test(a_set_must_be_closed),
		cmocka_unit_test(a_range_must_hold_something),
		cmocka_unit_test(a_set_cannot_hold_a_slash),
		cmocka_unit_test(named_classes_are_refused_rather_than_misread),
		cmocka_unit_test(an_escape_must_be_whole),
		cmocka_unit_test(simple_shapes_are_told_from_others),
		cmocka_unit_test(the_literal_ends_are_anchors),
		cmocka_unit_test(an_anchor_is_not_longer_than_there_is_room_for),
		cmocka_unit_test(small_sets_give_an_anchor_for_each_member),
		cmocka_unit_test(an_anchor_says_what_it_leaves_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
