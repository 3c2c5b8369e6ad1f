/* SPDX-License-Identifier: BSD-3-Clause */
/* test-keys.c - the table of keys, and what each condition compares. */
#include "helper.h"
#include "keys.h"

/* ---- The table --------------------------------------------------------------- */

static void the_table_has_all_keys_and_ends(void **state)
{
	static const char *const names[] = {
		"policy.default",   "tag.xattr",	 "tag.inode-flag",
		"window.page-size", "window.chunk-size", "window.descriptor-size",
		"rule.dax",	    "rule.size",	 "rule.owner",
		"rule.group",	    "rule.mode",	 "rule.age",
		"rule.xattr",	    "rule.path",
	};
	struct fsdax_key_info info;
	char name[64];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(fsdax_key(i, &info), 0);
		snprintf(name, sizeof(name), "%s.%s", info.section, info.key);
		assert_string_equal(name, names[i]);
	}
	assert_int_equal(fsdax_key(COUNT(names), &info), -ENOENT);
	assert_int_equal(fsdax_key(SIZE_MAX, &info), -ENOENT);
}

static void every_key_is_explained(void **state)
{
	struct fsdax_key_info info;

	(void)state;
	for (size_t i = 0; !fsdax_key(i, &info); i++) {
		assert_true(strlen(info.value) > 0);
		assert_true(strlen(info.help) > 20);
		assert_int_equal(info.help[strlen(info.help) - 1], '.');
		/* Settings have presets and stand once; conditions may repeat. */
		assert_int_equal(info.preset != NULL, strcmp(info.section, "rule") != 0);
		assert_int_equal(info.repeats,
				 !strcmp(info.section, "rule") && strcmp(info.key, "dax"));
	}
}

static void a_key_is_found_in_its_section_only(void **state)
{
	int id = -1;

	(void)state;
	assert_non_null(key_find("rule", "xattr", 5, &id));
	assert_int_equal(id, RULE_XATTR);
	assert_non_null(key_find("tag", "xattr", 5, &id));
	assert_int_equal(id, TAG_XATTR);
	assert_null(key_find("policy", "xattr", 5, &id));
	assert_null(key_find("rule", "xatt", 4, &id));
	assert_null(key_find("rule", "xattrs", 6, &id));
	assert_non_null(key_find("rule", "xattrs", 5, &id));
}

static void a_guess_is_not_wilder_than_two_letters(void **state)
{
	(void)state;
	assert_string_equal(key_suggest("rule", "pth", 3), "path");
	assert_string_equal(key_suggest("rule", "PATH", 4), "path");
	assert_null(key_suggest("rule", "users", 5));
	assert_null(key_suggest("policy", "path", 4));
}

/* ---- Conditions -------------------------------------------------------------- */

static bool holds(const char *text, const struct fsdax_facts *facts)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_decision decision = decide(policy, "f", facts);

	fsdax_policy_unref(policy);
	return decision.dax;
}

static void size_compares_bytes(void **state)
{
	const struct fsdax_facts smaller = regular(32767), equal = regular(32768),
				 larger = regular(32769), largest = regular(INT64_MAX);

	(void)state;
	assert_false(holds(ONE_RULE("size = >= 32K"), &smaller));
	assert_true(holds(ONE_RULE("size = >= 32K"), &equal));
	assert_false(holds(ONE_RULE("size = > 32K"), &equal));
	assert_true(holds(ONE_RULE("size = > 32K"), &larger));
	assert_true(holds(ONE_RULE("size = <= 32K"), &equal));
	assert_false(holds(ONE_RULE("size = < 32K"), &equal));
	assert_true(holds(ONE_RULE("size = < 32K"), &smaller));
	assert_true(holds(ONE_RULE("size = = 32K"), &equal));
	assert_false(holds(ONE_RULE("size = = 32K"), &larger));
	assert_true(holds(ONE_RULE("size = 32K..32K"), &equal));
	assert_true(holds(ONE_RULE("size = > 0"), &largest));
	assert_false(holds(ONE_RULE("size = > 9223372036854775807"), &largest));
}

static void several_sizes_are_alternatives(void **state)
{
	const struct fsdax_facts small = regular(5), middle = regular(50), large = regular(500);
	static const char text[] = ONE_RULE("size = < 10\nsize = > 100");

	(void)state;
	assert_true(holds(text, &small));
	assert_false(holds(text, &middle));
	assert_true(holds(text, &large));
}

static void descriptors_stand_for_those_of_a_chunk(void **state)
{
	const struct fsdax_facts empty = regular(0), smaller = regular(32767),
				 equal = regular(32768), huge = regular(UINT64_C(1) << 40);

	(void)state;
	assert_false(holds(ONE_RULE("size = >= descriptors"), &smaller));
	assert_true(holds(ONE_RULE("size = >= descriptors"), &equal));
	assert_true(holds(ONE_RULE("size = >= descriptors"), &huge));
	assert_false(holds(ONE_RULE("size = >= descriptors"), &empty));
	assert_true(holds(ONE_RULE("size = < descriptors"), &smaller));
	assert_false(holds(ONE_RULE("size = < descriptors"), &equal));
}

#define WINDOW "[window]\npage-size = 64K\nchunk-size = 4M\ndescriptor-size = 100\n"

static void descriptors_follow_the_window_wherever_it_is_set(void **state)
{
	static const char text[] = WINDOW ONE_RULE("size = >= descriptors");
	static const char text_behind[] = ONE_RULE("size = >= descriptors") WINDOW;
	const struct fsdax_facts smaller = regular(6399), equal = regular(6400);

	(void)state;
	assert_false(holds(text, &smaller));
	assert_true(holds(text, &equal));
	assert_false(holds(text_behind, &smaller));
	assert_true(holds(text_behind, &equal));
}

static void owner_and_group_compare_ids(void **state)
{
	struct fsdax_facts facts = regular(1);

	(void)state;
	facts.uid = 5;
	facts.gid = 7;
	assert_true(holds(ONE_RULE("owner = 5"), &facts));
	assert_false(holds(ONE_RULE("owner = 7"), &facts));
	assert_true(holds(ONE_RULE("group = 7"), &facts));
	assert_false(holds(ONE_RULE("group = 5"), &facts));
	assert_true(holds(ONE_RULE("owner = 1..5\ngroup = 7..9"), &facts));
	assert_false(holds(ONE_RULE("owner = root"), &facts));
	assert_false(holds(ONE_RULE("owner = 5\ngroup = 8"), &facts));
}

static void mode_tests_permission_bits(void **state)
{
	struct fsdax_facts facts = regular(1);

	(void)state;
	facts.mode = S_IFREG | 0644;
	assert_false(holds(ONE_RULE("mode = 0111"), &facts));
	assert_true(holds(ONE_RULE("mode = 0222"), &facts));
	assert_true(holds(ONE_RULE("mode = !0022"), &facts));
	assert_false(holds(ONE_RULE("mode = !0222"), &facts));
	facts.mode = S_IFREG | 04010;
	assert_true(holds(ONE_RULE("mode = 0111"), &facts));
	assert_true(holds(ONE_RULE("mode = 4000"), &facts));
	assert_true(holds(ONE_RULE("mode = !0666"), &facts));
}

static void age_is_the_time_since_the_last_change(void **state)
{
	struct fsdax_facts facts = regular(1);

	(void)state;
	facts.now = 1000000;
	facts.mtime = 1000000 - 3600;
	assert_true(holds(ONE_RULE("age = >= 1h"), &facts));
	assert_false(holds(ONE_RULE("age = > 1h"), &facts));
	assert_true(holds(ONE_RULE("age = = 60m"), &facts));
	facts.mtime = INT64_MIN;
	assert_true(holds(ONE_RULE("age = > 1w"), &facts));
}

static void a_file_from_the_future_has_no_age(void **state)
{
	struct fsdax_facts facts = regular(1);

	(void)state;
	facts.now = 1000;
	facts.mtime = 2000;
	assert_true(holds(ONE_RULE("age = < 1s"), &facts));
	assert_false(holds(ONE_RULE("age = > 0"), &facts));
}

static void without_a_clock_no_age_matches(void **state)
{
	const struct fsdax_facts facts = regular(1);

	(void)state;
	assert_false(holds(ONE_RULE("age = >= 0"), &facts));
	assert_false(holds(ONE_RULE("age = < 1w"), &facts));
}

/* ---- Xattrs ------------------------------------------------------------------ */

static bool holds_with(const char *condition, enum fsdax_xattr_state xattr, const char *value,
		       size_t size)
{
	const struct fsdax_xattr xattrs[] = {{xattr, value, size}};
	struct fsdax_facts facts = regular(1);
	char text[256];

	facts.xattrs = xattrs;
	facts.n_xattrs = 1;
	snprintf(text, sizeof(text), NO_TAG "[rule it]\nxattr = %s\ndax = yes\n", condition);
	return holds(text, &facts);
}

static void an_xattr_is_there_or_not(void **state)
{
	(void)state;
	assert_true(holds_with("user.a", FSDAX_XATTR_PRESENT, "x", 1));
	assert_true(holds_with("user.a", FSDAX_XATTR_PRESENT, NULL, 0));
	assert_true(holds_with("user.a", FSDAX_XATTR_LONGER, NULL, 0));
	assert_false(holds_with("user.a", FSDAX_XATTR_ABSENT, NULL, 0));
}

static void a_value_must_be_equal_to_the_byte(void **state)
{
	(void)state;
	assert_true(holds_with("user.a=x y", FSDAX_XATTR_PRESENT, "x y", 3));
	assert_true(holds_with("user.a = x y", FSDAX_XATTR_PRESENT, "x y", 3));
	assert_false(holds_with("user.a=x", FSDAX_XATTR_PRESENT, "xy", 2));
	assert_false(holds_with("user.a=xy", FSDAX_XATTR_PRESENT, "x", 1));
	assert_false(holds_with("user.a=x", FSDAX_XATTR_PRESENT, "x", 2));
	assert_false(holds_with("user.a=x", FSDAX_XATTR_LONGER, NULL, 0));
	assert_false(holds_with("user.a=x", FSDAX_XATTR_ABSENT, NULL, 0));
	assert_true(holds_with("user.a=b=c", FSDAX_XATTR_PRESENT, "b=c", 3));
}

static void the_empty_value_is_a_value(void **state)
{
	(void)state;
	assert_true(holds_with("user.a=", FSDAX_XATTR_PRESENT, "", 0));
	assert_true(holds_with("user.a=", FSDAX_XATTR_PRESENT, NULL, 0));
	assert_false(holds_with("user.a=", FSDAX_XATTR_PRESENT, "x", 1));
	assert_false(holds_with("user.a=", FSDAX_XATTR_ABSENT, NULL, 0));
}

static void the_name_of_an_xattr_has_an_end(void **state)
{
	char text[400];

	(void)state;
	snprintf(text, sizeof(text), "[rule a]\ndax = yes\nxattr = user.%0250d\n", 7);
	fsdax_policy_unref(policy_of(text));
	snprintf(text, sizeof(text), "[rule a]\ndax = yes\nxattr = user.%0251d\n", 7);
	assert_refused(text, 3, 9, "no xattr has a name of 256 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_all_keys_and_ends),
		cmocka_unit_test(every_key_is_explained),
		cmocka_unit_test(a_key_is_found_in_its_section_only),
		cmocka_unit_test(a_guess_is_not_wilder_than_two_letters),
		cmocka_unit_test(size_compares_bytes),
		cmocka_unit_test(several_sizes_are_alternatives),
		cmocka_unit_test(descriptors_stand_for_those_of_a_chunk),
		cmocka_unit_test(descriptors_follow_the_window_wherever_it_is_set),
		cmocka_unit_test(owner_and_group_compare_ids),
		cmocka_unit_test(mode_tests_permission_bits),
		cmocka_unit_test(age_is_the_time_since_the_last_change),
		cmocka_unit_test(a_file_from_the_future_has_no_age),
		cmocka_unit_test(without_a_clock_no_age_matches),
		cmocka_unit_test(an_xattr_is_there_or_not),
		cmocka_unit_test(a_value_must_be_equal_to_the_byte),
		cmocka_unit_test(the_empty_value_is_a_value),
		cmocka_unit_test(the_name_of_an_xattr_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
