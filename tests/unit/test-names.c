/* SPDX-License-Identifier: BSD-3-Clause */
/* test-names.c - a set of strings, and the guess at what somebody meant. */
#include "helper.h"
#include "names.h"
#include "suggest.h"

static void a_new_name_is_added(void **state)
{
	struct names names = {0};
	uint32_t number = 7;

	(void)state;
	assert_int_equal(names_add(&names, "one", &number), 1);
	assert_int_equal(number, 7);
	assert_int_equal(names.n, 1);
	names_release(&names);
}

static void a_known_name_gives_its_first_number(void **state)
{
	struct names names = {0};
	uint32_t first = 7, again = 8;

	(void)state;
	assert_int_equal(names_add(&names, "one", &first), 1);
	assert_int_equal(names_add(&names, "one", &again), 0);
	assert_int_equal(again, 7);
	assert_int_equal(names.n, 1);
	names_release(&names);
}

static void the_empty_name_is_a_name(void **state)
{
	struct names names = {0};
	uint32_t first = 1, again = 2;

	(void)state;
	assert_int_equal(names_add(&names, "", &first), 1);
	assert_int_equal(names_add(&names, "", &again), 0);
	assert_int_equal(again, 1);
	names_release(&names);
}

static void thousands_of_names_are_told_apart(void **state)
{
	static char texts[20000][8];
	struct names names = {0};

	(void)state;
	for (uint32_t i = 0; i < COUNT(texts); i++) {
		uint32_t number = i;

		snprintf(texts[i], sizeof(texts[i]), "n%u", i);
		assert_int_equal(names_add(&names, texts[i], &number), 1);
	}
	for (uint32_t i = 0; i < COUNT(texts); i++) {
		uint32_t number = UINT32_MAX;

		assert_int_equal(names_add(&names, texts[i], &number), 0);
		assert_int_equal(number, i);
	}
	names_release(&names);
}

static unsigned int distance(const char *text, const char *word)
{
	return suggest_distance(text, strlen(text), word);
}

static void the_distance_counts_letters_to_change(void **state)
{
	(void)state;
	assert_int_equal(distance("size", "size"), 0);
	assert_int_equal(distance("siez", "size"), 1);
	assert_int_equal(distance("sizes", "size"), 1);
	assert_int_equal(distance("sze", "size"), 1);
	assert_int_equal(distance("sizo", "size"), 1);
	assert_int_equal(distance("", "size"), 4);
	assert_int_equal(distance("pahts", "path"), 2);
	assert_int_equal(distance("kitten", "sitting"), 3);
}

static void long_words_are_far_from_all(void **state)
{
	(void)state;
	assert_true(distance("0123456789012345678901234567890", "size") < 100);
	assert_true(distance("01234567890123456789012345678901", "size") > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_name_is_added),
		cmocka_unit_test(a_known_name_gives_its_first_number),
		cmocka_unit_test(the_empty_name_is_a_name),
		cmocka_unit_test(thousands_of_names_are_told_apart),
		cmocka_unit_test(the_distance_counts_letters_to_change),
		cmocka_unit_test(long_words_are_far_from_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
