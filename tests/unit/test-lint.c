/* SPDX-License-Identifier: BSD-3-Clause */
/* test-lint.c - rules that can never win, and patterns that cost much. */
#include "helper.h"

/* A later rule named "late", behind an earlier named "early". */
#define TWO(early, late) "[rule early]\n" early "\ndax = no\n[rule late]\n" late "\ndax = yes\n"

static void assert_covered(const char *text)
{
	assert_warned(text, 1, "this rule can never win: [rule late] holds whenever it does");
}

static void assert_quiet(const char *text)
{
	char *remarks = remarks_of(text);

	assert_string_equal(remarks, "");
	free(remarks);
}

static void a_rule_behind_which_all_is_decided_gets_a_warning(void **state)
{
	(void)state;
	assert_covered(TWO("path = a", ""));
	assert_covered(TWO("", ""));
	assert_covered(TWO("path = *.so\nsize = > 5", "path = *.so"));
	assert_covered(TWO("path = *.so", "path = *.so\npath = *.a"));
	assert_covered(TWO("path = **\npath = x/y", "path = **"));
	assert_covered(TWO("size = 5..6", "size = 4..7"));
	assert_covered(TWO("size = > 5", "size = >= 5"));
	assert_covered(TWO("owner = 5\nowner = 7", "owner = 1..9"));
	assert_covered(TWO("age = > 2d", "age = > 1d"));
	assert_covered(TWO("mode = 0111\nxattr = user.a", "mode = 0111"));
	assert_covered(TWO("size = >= descriptors", "size = >= 32K"));
	assert_covered(TWO("path = !a\npath = !b", "path = !a"));
}

static void the_warning_shows_the_rule_and_names_the_later_one(void **state)
{
	char *remarks = remarks_of(TWO("path = a", ""));

	(void)state;
	assert_string_equal(
		remarks,
		"test.ini:1:7: warning: this rule can never win: [rule late] holds whenever it "
		"does\n"
		"    1 | [rule early]\n"
		"      |       ^~~~~\n"
		"      = the last matching rule wins: move this one behind it, or remove it\n"
		"test.ini:4: note: [rule late] is here\n");
	free(remarks);
}

static void a_rule_that_can_win_gets_none(void **state)
{
	(void)state;
	assert_quiet(TWO("", "path = a"));
	assert_quiet(TWO("path = a", "path = b"));
	assert_quiet(TWO("path = a\npath = b", "path = a"));
	assert_quiet(TWO("path = *.so", "path = *.so\nsize = > 5"));
	assert_quiet(TWO("path = *.so", "path = *.so\npath = !x.so"));
	assert_quiet(TWO("size = 4..7", "size = 5..6"));
	assert_quiet(TWO("size = > 5", "age = > 1"));
	assert_quiet(TWO("mode = 0111", "mode = !0111"));
	assert_quiet(TWO("xattr = user.a", "xattr = user.a=1"));
	assert_quiet(TWO("path = !a", "path = !a\npath = !b"));
	assert_quiet(TWO("path = !x", "path = x"));
	assert_quiet(TWO("path = x", "path = !x"));
	assert_quiet(TWO("path = !a", "path = **\npath = !b"));
}

static void patterns_that_cannot_be_hashed_get_a_warning_when_they_are_many(void **state)
{
	char text[4096] = "[rule a]\ndax = yes\n";

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		snprintf(text + strlen(text), 32, "path = *%u*\n", i);
	assert_quiet(text);
	strcat(text, "path = *x*\n");
	assert_warned(text, 0,
		      "17 patterns neither start nor end in anything certain: each is tried on "
		      "every file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_behind_which_all_is_decided_gets_a_warning),
		cmocka_unit_test(the_warning_shows_the_rule_and_names_the_later_one),
		cmocka_unit_test(a_rule_that_can_win_gets_none),
		cmocka_unit_test(patterns_that_cannot_be_hashed_get_a_warning_when_they_are_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
