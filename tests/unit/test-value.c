/* SPDX-License-Identifier: BSD-3-Clause */
/* test-value.c - sizes, ages, ids, modes and yes or no, as policies write them. */
#include <grp.h>
#include <pwd.h>

#include "helper.h"
#include "value.h"

static struct mistake mistake;

/* Groups with very many members need much room: so much, if not 0. */
static size_t group_needs;

int __real_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size,
		      struct group **result);
int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size,
		      struct group **result);

int __wrap_getgrnam_r(const char *name, struct group *group, char *buffer, size_t size,
		      struct group **result)
{
	*result = NULL;
	if (size < group_needs)
		return ERANGE;
	return __real_getgrnam_r(name, group, buffer, size, result);
}

/* ---- yes and no -------------------------------------------------------------- */

static void all_words_for_yes_and_no_are_known(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	bool value;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++) {
		value = false;
		assert_int_equal(value_bool(yes[i], strlen(yes[i]), &value, &mistake), 0);
		assert_true(value);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		value = true;
		assert_int_equal(value_bool(no[i], strlen(no[i]), &value, &mistake), 0);
		assert_false(value);
	}
}

static void other_words_are_refused(void **state)
{
	static const char *const bad[] = {"Yes", "YES", "y", "ye", "yess", "2", "", "yes "};
	bool value = true;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(value_bool(bad[i], strlen(bad[i]), &value, &mistake), -EINVAL);
		assert_true(value);
	}
}

/* ---- Sizes ------------------------------------------------------------------- */

static void assert_size(const char *text, uint64_t wanted)
{
	uint64_t value = 0;

	assert_int_equal(fsdax_parse_size(text, &value), 0);
	assert_int_equal(value, wanted);
}

static void a_size_is_a_number_with_at_most_one_unit(void **state)
{
	(void)state;
	assert_size("0", 0);
	assert_size("1", 1);
	assert_size("007", 7);
	assert_size("32K", 32768);
	assert_size("2M", 2097152);
	assert_size("1G", UINT64_C(1) << 30);
	assert_size("3T", UINT64_C(3) << 40);
}

static void the_largest_size_is_that_of_the_largest_file(void **state)
{
	uint64_t value = 5;

	(void)state;
	assert_size("9223372036854775807", INT64_MAX);
	assert_size("8388607T", UINT64_C(8388607) << 40);
	assert_int_equal(fsdax_parse_size("9223372036854775808", &value), -ERANGE);
	assert_int_equal(fsdax_parse_size("8388608T", &value), -ERANGE);
	assert_int_equal(fsdax_parse_size("18446744073709551616", &value), -ERANGE);
	assert_int_equal(fsdax_parse_size("18446744073709551617", &value), -ERANGE);
	assert_int_equal(fsdax_parse_size("99999999999999999999999999999999999", &value), -ERANGE);
	assert_int_equal(fsdax_parse_size("99999999999999999999999K", &value), -ERANGE);
	assert_int_equal(value, 5);
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const bad[] = {"",	"K",   "-1",	"+1",  "1.5M", "1 K",
					  "1k", "1KB", "1KK",	"0x1", "1e3",  " 1",
					  "1 ", "1P",  "1\xc3", "12a", "..",   "KK1"};
	uint64_t value = 5;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(fsdax_parse_size(bad[i], &value), -EINVAL);
	assert_int_equal(value, 5);
}

/* ---- Ranges of sizes --------------------------------------------------------- */

static void assert_range(const char *text, uint64_t lo, uint64_t hi)
{
	struct range range = {7, 7};
	bool descriptors = true;

	assert_int_equal(value_size_range(text, strlen(text), &range, &descriptors, &mistake), 0);
	assert_int_equal(range.lo, lo);
	assert_int_equal(range.hi, hi);
	assert_false(descriptors);
}

static void each_operator_has_its_range(void **state)
{
	(void)state;
	assert_range(">= 32K", 32768, UINT64_MAX);
	assert_range("> 32K", 32769, UINT64_MAX);
	assert_range("<= 32K", 0, 32768);
	assert_range("< 32K", 0, 32767);
	assert_range("= 32K", 32768, 32768);
}

static void blanks_around_an_operator_do_not_matter(void **state)
{
	(void)state;
	assert_range(">=32K", 32768, UINT64_MAX);
	assert_range(">= \t 32K", 32768, UINT64_MAX);
	assert_range("1K \t.. 2K", 1024, 2048);
}

static void a_range_includes_both_ends(void **state)
{
	(void)state;
	assert_range("1K..2K", 1024, 2048);
	assert_range("5..5", 5, 5);
	assert_range("0..9223372036854775807", 0, INT64_MAX);
}

static void more_than_the_largest_size_matches_nothing(void **state)
{
	(void)state;
	assert_range("> 9223372036854775807", (uint64_t)INT64_MAX + 1, UINT64_MAX);
	assert_range("< 1", 0, 0);
}

static void assert_no_range(const char *text, int err, const char *message, size_t at, size_t len)
{
	struct range range;
	bool descriptors;

	assert_int_equal(value_size_range(text, strlen(text), &range, &descriptors, &mistake), err);
	assert_string_equal(mistake.message, message);
	assert_int_equal(mistake.at, at);
	assert_int_equal(mistake.len, len);
}

static void a_bare_size_does_not_say_how_to_compare(void **state)
{
	(void)state;
	assert_no_range("32K", -EINVAL, "'32K' does not say how to compare", 0, 3);
	assert_no_range("=> 32K", -EINVAL, "'> 32K' is not a number here", 1, 5);
	assert_no_range("=< 32K", -EINVAL, "'< 32K' is not a number here", 1, 5);
	assert_no_range("~ 32K", -EINVAL, "'~ 32K' does not say how to compare", 0, 5);
}

static void an_impossible_range_is_refused(void **state)
{
	(void)state;
	assert_no_range("2K..1K", -EINVAL, "nothing is between '2K' and '1K'", 0, 6);
	assert_no_range("< 0", -EINVAL, "nothing is less than 0", 0, 3);
}

static void the_part_that_is_wrong_is_pointed_at(void **state)
{
	(void)state;
	assert_no_range("1K..2Q", -EINVAL, "'2Q' is not a number here", 4, 2);
	assert_no_range("1Q .. 2K", -EINVAL, "'1Q' is not a number here", 0, 2);
	assert_no_range(">=   2Q", -EINVAL, "'2Q' is not a number here", 5, 2);
	assert_no_range(">= 8388608T", -ERANGE, "'8388608T' is too large: no file is that large", 3,
			8);
}

static void descriptors_take_the_place_of_a_size(void **state)
{
	struct range range;
	bool descriptors = false;

	(void)state;
	assert_int_equal(value_size_range(">= descriptors", 14, &range, &descriptors, &mistake), 0);
	assert_true(descriptors);
	assert_int_equal(range.lo, 1);
	assert_int_equal(range.hi, UINT64_MAX);
	assert_int_equal(value_size_range("<descriptors", 12, &range, &descriptors, &mistake), 0);
	assert_true(descriptors);
	assert_int_equal(range.lo, 0);
	assert_int_equal(range.hi, 0);
}

static void descriptors_go_with_two_operators_only(void **state)
{
	static const char *const bad[] = {"> descriptors", "<= descriptors", "= descriptors",
					  "descriptors"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_no_range(bad[i], -EINVAL, "'descriptors' goes with >= or < only", 0,
				strlen(bad[i]));
}

/* ---- Ages -------------------------------------------------------------------- */

static void ages_have_units_of_time(void **state)
{
	static const struct {
		const char *text;
		uint64_t lo;
	} good[] = {{">= 5", 5},      {">= 5s", 5},	 {">= 5m", 300},
		    {">= 5h", 18000}, {">= 7d", 604800}, {">= 2w", 1209600}};
	struct range range;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(
			value_age_range(good[i].text, strlen(good[i].text), &range, &mistake), 0);
		assert_int_equal(range.lo, good[i].lo);
	}
	assert_int_equal(value_age_range("> 5K", 4, &range, &mistake), -EINVAL);
	assert_int_equal(value_age_range("> 5y", 4, &range, &mistake), -EINVAL);
	assert_int_equal(value_age_range("> 9223372036854775807w", 22, &range, &mistake), -ERANGE);
}

/* ---- Owners and groups ------------------------------------------------------- */

static int id_range(const char *text, bool group, struct range *range)
{
	return value_id_range(text, strlen(text), group, range, &mistake);
}

static void an_id_is_a_number_or_a_range(void **state)
{
	struct range range;

	(void)state;
	assert_int_equal(id_range("0", false, &range), 0);
	assert_int_equal(range.hi, 0);
	assert_int_equal(id_range("1000..1999", true, &range), 0);
	assert_int_equal(range.lo, 1000);
	assert_int_equal(range.hi, 1999);
	assert_int_equal(id_range("4294967294", false, &range), 0);
	assert_int_equal(range.lo, 4294967294);
}

static void ids_end_before_minus_one(void **state)
{
	struct range range;

	(void)state;
	assert_int_equal(id_range("4294967295", false, &range), -ERANGE);
	assert_string_equal(mistake.message, "'4294967295' is too large: ids end at 4294967294");
	assert_int_equal(id_range("1..99999999999999999999999", false, &range), -ERANGE);
	assert_int_equal(id_range("5..4", false, &range), -EINVAL);
	assert_int_equal(id_range("5K", false, &range), -EINVAL);
}

static void names_are_looked_up_in_the_right_database(void **state)
{
	const struct passwd *user = getpwnam("daemon");
	const struct group *group = getgrnam("tty");
	struct range range;

	(void)state;
	assert_non_null(user);
	assert_non_null(group);
	assert_int_equal(id_range("root", false, &range), 0);
	assert_int_equal(range.lo, 0);
	assert_int_equal(range.hi, 0);
	assert_int_equal(id_range("daemon", false, &range), 0);
	assert_int_equal(range.lo, user->pw_uid);
	assert_int_equal(id_range("tty", true, &range), 0);
	assert_int_equal(range.lo, group->gr_gid);
	assert_int_equal(id_range("tty", false, &range), -EINVAL);
	assert_string_equal(mistake.message, "there is no user 'tty'");
}

static void a_group_may_have_very_many_members(void **state)
{
	struct range range;

	(void)state;
	group_needs = 1 << 20;
	assert_int_equal(id_range("tty", true, &range), 0);
	group_needs = 0;
	assert_int_equal(range.lo, getgrnam("tty")->gr_gid);
}

static void a_name_that_nobody_has_is_refused(void **state)
{
	char longest[300];
	struct range range;

	(void)state;
	assert_int_equal(id_range("no-such-group-here", true, &range), -EINVAL);
	assert_string_equal(mistake.message, "there is no group 'no-such-group-here'");
	assert_int_equal(id_range("", true, &range), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[299] = '\0';
	assert_int_equal(id_range(longest, true, &range), -EINVAL);
}

/* ---- Modes ------------------------------------------------------------------- */

static void a_mode_is_octal_bits(void **state)
{
	struct mode_test test;

	(void)state;
	assert_int_equal(value_mode("0111", 4, &test, &mistake), 0);
	assert_int_equal(test.bits, 0111);
	assert_false(test.none);
	assert_int_equal(value_mode("!222", 4, &test, &mistake), 0);
	assert_int_equal(test.bits, 0222);
	assert_true(test.none);
	assert_int_equal(value_mode("07777", 5, &test, &mistake), 0);
	assert_int_equal(test.bits, 07777);
}

static void what_is_no_mode_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "!",
					  "0",
					  "000",
					  "8",
					  "0o7",
					  "u+x",
					  "10000",
					  "77777777",
					  "! 222",
					  "!!2",
					  "7 ",
					  "7777777777777777777777777777"};
	struct mode_test test;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(value_mode(bad[i], strlen(bad[i]), &test, &mistake), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_words_for_yes_and_no_are_known),
		cmocka_unit_test(other_words_are_refused),
		cmocka_unit_test(a_size_is_a_number_with_at_most_one_unit),
		cmocka_unit_test(the_largest_size_is_that_of_the_largest_file),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(each_operator_has_its_range),
		cmocka_unit_test(blanks_around_an_operator_do_not_matter),
		cmocka_unit_test(a_range_includes_both_ends),
		cmocka_unit_test(more_than_the_largest_size_matches_nothing),
		cmocka_unit_test(a_bare_size_does_not_say_how_to_compare),
		cmocka_unit_test(an_impossible_range_is_refused),
		cmocka_unit_test(the_part_that_is_wrong_is_pointed_at),
		cmocka_unit_test(descriptors_take_the_place_of_a_size),
		cmocka_unit_test(descriptors_go_with_two_operators_only),
		cmocka_unit_test(ages_have_units_of_time),
		cmocka_unit_test(an_id_is_a_number_or_a_range),
		cmocka_unit_test(ids_end_before_minus_one),
		cmocka_unit_test(names_are_looked_up_in_the_right_database),
		cmocka_unit_test(a_group_may_have_very_many_members),
		cmocka_unit_test(a_name_that_nobody_has_is_refused),
		cmocka_unit_test(a_mode_is_octal_bits),
		cmocka_unit_test(what_is_no_mode_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
