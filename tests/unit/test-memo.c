/* SPDX-License-Identifier: BSD-3-Clause */
/* test-memo.c - decisions kept with an inode, and when they are not. */
#include "helper.h"

enum { MS = 1000000 };

static const struct fsdax_decision yes = {true, FSDAX_REASON_RULE, 0, 3};

struct place {
	struct fsdax_policy *policy;
	struct fsdax_cursor *cursor;
	struct fsdax_memo memo;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->policy = policy_of("");
	place->cursor = cursor_of(place->policy, "");
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	fsdax_memo_clear(&place->memo);
	fsdax_cursor_unref(place->cursor);
	fsdax_policy_unref(place->policy);
	free(place);
	return 0;
}

static bool finds(const struct place *place, int64_t sec, uint32_t nsec)
{
	struct fsdax_decision decision = {0};
	bool found = fsdax_memo_find(&place->memo, place->cursor, sec, nsec, &decision);

	if (found)
		assert_int_equal(decision.rule, 3);
	return found;
}

static void an_empty_memo_answers_nothing(void **state)
{
	struct place *place = *state;

	assert_false(finds(place, 0, 0));
	fsdax_memo_clear(&place->memo);
	fsdax_memo_clear(&place->memo);
}

static void a_decision_is_kept(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, 100, 5, 200, 0, yes);
	assert_true(finds(place, 100, 5));
}

static void another_ctime_is_another_question(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, 100, 5, 200, 0, yes);
	assert_false(finds(place, 100, 6));
	assert_false(finds(place, 101, 5));
}

static void another_folder_is_another_question(void **state)
{
	struct place *place = *state;
	struct fsdax_decision decision;
	struct fsdax_cursor *tagged;

	assert_int_equal(fsdax_cursor_enter(place->cursor, "x", 1, FSDAX_TAG_YES, &tagged), 0);
	fsdax_memo_keep(&place->memo, place->cursor, 100, 5, 200, 0, yes);
	assert_false(fsdax_memo_find(&place->memo, tagged, 100, 5, &decision));
	fsdax_memo_keep(&place->memo, tagged, 100, 5, 200, 0, yes);
	assert_true(fsdax_memo_find(&place->memo, tagged, 100, 5, &decision));
	fsdax_cursor_unref(tagged); /* the memo has a reference of its own */
	assert_false(finds(place, 100, 5));
}

static void a_fresh_ctime_is_not_trusted(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, 100, 0, 100, 20 * MS - 1, yes);
	assert_false(finds(place, 100, 0));
	fsdax_memo_keep(&place->memo, place->cursor, 100, 0, 100, 20 * MS, yes);
	assert_true(finds(place, 100, 0));
	/* Over the end of a second. */
	fsdax_memo_keep(&place->memo, place->cursor, 100, 990 * MS, 101, 9 * MS, yes);
	assert_false(finds(place, 100, 990 * MS));
	fsdax_memo_keep(&place->memo, place->cursor, 100, 990 * MS, 101, 10 * MS, yes);
	assert_true(finds(place, 100, 990 * MS));
}

static void a_ctime_from_the_future_is_not_trusted(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, 101, 0, 100, 0, yes);
	assert_false(finds(place, 101, 0));
	fsdax_memo_keep(&place->memo, place->cursor, 100, 500 * MS, 100, 0, yes);
	assert_false(finds(place, 100, 500 * MS));
	fsdax_memo_keep(&place->memo, place->cursor, INT64_MAX, 0, -5, 0, yes);
	assert_false(finds(place, INT64_MAX, 0));
}

static void times_at_the_ends_do_no_harm(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, INT64_MIN, 0, INT64_MAX, 0, yes);
	assert_true(finds(place, INT64_MIN, 0));
	fsdax_memo_keep(&place->memo, place->cursor, INT64_MIN, 0, INT64_MIN, 0, yes);
	assert_false(finds(place, INT64_MIN, 0));
}

static void a_fresh_ctime_forgets_what_was_kept(void **state)
{
	struct place *place = *state;

	fsdax_memo_keep(&place->memo, place->cursor, 100, 0, 200, 0, yes);
	fsdax_memo_keep(&place->memo, place->cursor, 300, 0, 300, 0, yes);
	assert_false(finds(place, 100, 0));
	assert_false(finds(place, 300, 0));
}

static void what_depends_on_the_clock_is_not_kept(void **state)
{
	struct fsdax_policy *policy = policy_of(ONE_RULE("age = > 1d"));
	struct fsdax_cursor *cursor = cursor_of(policy, "");
	struct fsdax_decision decision;
	struct fsdax_memo memo = {0};

	(void)state;
	fsdax_memo_keep(&memo, cursor, 100, 0, 200, 0, yes);
	assert_false(fsdax_memo_find(&memo, cursor, 100, 0, &decision));
	fsdax_memo_clear(&memo);
	fsdax_cursor_unref(cursor);
	fsdax_policy_unref(policy);
}

static void a_memo_keeps_its_cursor(void **state)
{
	struct place *place = *state;
	struct fsdax_cursor *cursor = cursor_of(place->policy, "x");
	struct fsdax_memo memo = {0};
	struct fsdax_decision decision;

	fsdax_memo_keep(&memo, cursor, 100, 0, 200, 0, yes);
	fsdax_memo_keep(&memo, cursor, 101, 0, 200, 0, yes);
	fsdax_cursor_unref(cursor);
	assert_true(fsdax_memo_find(&memo, cursor, 101, 0, &decision));
	fsdax_memo_clear(&memo);
	assert_false(fsdax_memo_find(&memo, cursor, 101, 0, &decision));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_memo_answers_nothing),
		TEST(a_decision_is_kept),
		TEST(another_ctime_is_another_question),
		TEST(another_folder_is_another_question),
		TEST(a_fresh_ctime_is_not_trusted),
		TEST(a_ctime_from_the_future_is_not_trusted),
		TEST(times_at_the_ends_do_no_harm),
		TEST(a_fresh_ctime_forgets_what_was_kept),
		TEST(what_depends_on_the_clock_is_not_kept),
		TEST(a_memo_keeps_its_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
