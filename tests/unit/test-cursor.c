/* SPDX-License-Identifier: BSD-3-Clause */
/* test-cursor.c - a folder, as the rules see it. */
#include "helper.h"

static const char policy_text[] = NO_TAG "[rule models]\npath = /models/**/*.bin\ndax = yes\n"
					 "[rule deep]\npath = **/a/b/c\ndax = yes\n";

static struct fsdax_cursor *enter(struct fsdax_cursor *parent, const char *name, enum fsdax_tag tag)
{
	struct fsdax_cursor *child = NULL;

	assert_int_equal(fsdax_cursor_enter(parent, name, strlen(name), tag, &child), 0);
	return child;
}

static bool yes_in(const struct fsdax_cursor *cursor, const char *name)
{
	const struct fsdax_facts facts = regular(1);
	struct fsdax_decision decision;

	assert_int_equal(fsdax_decide(cursor, name, strlen(name), &facts, 0, &decision, NULL), 0);
	return decision.dax;
}

static void a_cursor_decides_as_its_path_does(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *models = cursor_of(policy, "models/x/y");
	struct fsdax_cursor *other = cursor_of(policy, "x/models");
	struct fsdax_cursor *deep = cursor_of(policy, "x/a/b");

	(void)state;
	assert_true(yes_in(models, "f.bin"));
	assert_false(yes_in(models, "f.txt"));
	assert_false(yes_in(other, "f.bin"));
	assert_true(yes_in(deep, "c"));
	assert_false(yes_in(deep, "d"));
	fsdax_cursor_unref(models);
	fsdax_cursor_unref(other);
	fsdax_cursor_unref(deep);
	fsdax_policy_unref(policy);
}

static void a_cursor_keeps_its_policy(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *models = cursor_of(policy, "models");

	(void)state;
	fsdax_policy_unref(policy);
	assert_true(fsdax_cursor_policy(models) == policy);
	assert_true(yes_in(models, "f.bin"));
	fsdax_cursor_unref(models);
}

static void a_child_outlives_its_parent(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *root, *models;

	(void)state;
	assert_int_equal(fsdax_cursor_root(policy, FSDAX_TAG_NONE, &root), 0);
	models = enter(root, "models", FSDAX_TAG_NONE);
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
	assert_true(yes_in(models, "f.bin"));
	fsdax_cursor_unref(models);
}

static void a_folder_that_no_pattern_knows_shares_its_parents_cursor(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *below = cursor_of(policy, "other");
	struct fsdax_cursor *child = enter(below, "folder", FSDAX_TAG_NONE);
	struct fsdax_cursor *known = enter(below, "a", FSDAX_TAG_NONE);

	(void)state;
	assert_true(child == below);
	assert_true(known != below);
	fsdax_cursor_unref(child);
	fsdax_cursor_unref(known);
	assert_false(yes_in(below, "c"));
	fsdax_cursor_unref(below);
	fsdax_policy_unref(policy);
}

static void a_tag_is_inherited_until_another_is_met(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *root, *a, *b, *c;

	(void)state;
	assert_int_equal(fsdax_cursor_root(policy, FSDAX_TAG_YES, &root), 0);
	a = enter(root, "x", FSDAX_TAG_NONE);
	b = enter(a, "y", FSDAX_TAG_NO);
	c = enter(b, "z", FSDAX_TAG_NONE);
	assert_int_equal(fsdax_cursor_tag(root), FSDAX_TAG_YES);
	assert_int_equal(fsdax_cursor_tag(a), FSDAX_TAG_YES);
	assert_int_equal(fsdax_cursor_tag(b), FSDAX_TAG_NO);
	assert_int_equal(fsdax_cursor_tag(c), FSDAX_TAG_NO);
	assert_true(yes_in(a, "f"));
	assert_false(yes_in(c, "f"));
	fsdax_cursor_unref(root);
	fsdax_cursor_unref(a);
	fsdax_cursor_unref(b);
	fsdax_cursor_unref(c);
	fsdax_policy_unref(policy);
}

static void a_tag_makes_a_cursor_of_its_own(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *parent = cursor_of(policy, "x");
	struct fsdax_cursor *tagged = enter(parent, "y", FSDAX_TAG_YES);
	struct fsdax_cursor *same = enter(tagged, "z", FSDAX_TAG_YES);

	(void)state;
	assert_true(tagged != parent);
	assert_true(same == tagged);
	fsdax_cursor_unref(parent);
	fsdax_cursor_unref(tagged);
	fsdax_cursor_unref(same);
	fsdax_policy_unref(policy);
}

static void only_names_can_be_entered(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} bad[] = {{"", 0}, {".", 1}, {"..", 2}, {"a/b", 3}, {"/", 1}, {"a/", 2}};
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *root = cursor_of(policy, "");
	struct fsdax_cursor *child = root;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(
			fsdax_cursor_enter(root, bad[i].name, bad[i].len, FSDAX_TAG_NONE, &child),
			-EINVAL);
		assert_true(child == root);
	}
	assert_int_equal(fsdax_cursor_enter(root, "...", 3, FSDAX_TAG_NONE, &child), 0);
	fsdax_cursor_unref(child);
	assert_int_equal(fsdax_cursor_enter(root, "..", 1, FSDAX_TAG_NONE, &child), -EINVAL);
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
}

static void a_name_may_be_any_bytes_and_need_no_end(void **state)
{
	struct fsdax_policy *policy =
		policy_of(ONE_RULE("path = /\\xff\\x0a?/f\npath = abcdefgh/f"));
	struct fsdax_cursor *root = cursor_of(policy, "");
	struct fsdax_cursor *child;

	(void)state;
	assert_int_equal(fsdax_cursor_enter(root, "\xff\n\xc3\xa4rest", 4, FSDAX_TAG_NONE, &child),
			 0);
	assert_true(yes_in(child, "f"));
	fsdax_cursor_unref(child);
	assert_int_equal(fsdax_cursor_enter(root, "abcdefghij", 8, FSDAX_TAG_NONE, &child), 0);
	assert_true(yes_in(child, "f"));
	fsdax_cursor_unref(child);
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
}

static void references_are_counted(void **state)
{
	struct fsdax_policy *policy = policy_of(policy_text);
	struct fsdax_cursor *cursor = cursor_of(policy, "models");

	(void)state;
	assert_true(fsdax_cursor_ref(cursor) == cursor);
	fsdax_cursor_unref(cursor);
	assert_true(yes_in(cursor, "x.bin"));
	fsdax_cursor_unref(cursor);
	fsdax_cursor_unref(NULL);
	assert_true(fsdax_policy_ref(policy) == policy);
	fsdax_policy_unref(policy);
	fsdax_policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_decides_as_its_path_does),
		cmocka_unit_test(a_cursor_keeps_its_policy),
		cmocka_unit_test(a_child_outlives_its_parent),
		cmocka_unit_test(a_folder_that_no_pattern_knows_shares_its_parents_cursor),
		cmocka_unit_test(a_tag_is_inherited_until_another_is_met),
		cmocka_unit_test(a_tag_makes_a_cursor_of_its_own),
		cmocka_unit_test(only_names_can_be_entered),
		cmocka_unit_test(a_name_may_be_any_bytes_and_need_no_end),
		cmocka_unit_test(references_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
