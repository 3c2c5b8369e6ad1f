/* SPDX-License-Identifier: BSD-3-Clause */
/* test-utf8.c - one character at a time, and the bytes that are none. */
#include "helper.h"
#include "utf8.h"

static void assert_decodes(const char *bytes, size_t len, uint32_t value, size_t used)
{
	/* In memory of its own length, so that a sanitizer sees a byte too much. */
	char *copy = malloc(len);
	size_t got_used;
	uint32_t got;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	got = utf8_decode(copy, len, &got_used);
	free(copy);
	assert_int_equal(got, value);
	assert_int_equal(got_used, used);
}

static void ascii_is_one_byte(void **state)
{
	(void)state;
	assert_decodes("a\xc3", 2, 'a', 1);
	assert_decodes("\x7f", 1, 0x7f, 1);
	assert_decodes("\0", 1, 0, 1);
}

static void characters_of_two_to_four_bytes_are_whole(void **state)
{
	(void)state;
	assert_decodes("\xc2\x80", 2, 0x80, 2);
	assert_decodes("\xdf\xbf", 2, 0x7ff, 2);
	assert_decodes("\xe0\xa0\x80", 3, 0x800, 3);
	assert_decodes("\xef\xbf\xbf", 3, 0xffff, 3);
	assert_decodes("\xf0\x90\x80\x80", 4, 0x10000, 4);
	assert_decodes("\xf4\x8f\xbf\xbf", 4, 0x10ffff, 4);
}

static void a_lone_continuation_byte_is_a_stray(void **state)
{
	(void)state;
	assert_decodes("\x80", 1, UTF8_STRAY + 0x80, 1);
	assert_decodes("\xbf"
		       "a",
		       2, UTF8_STRAY + 0xbf, 1);
}

static void a_character_that_is_cut_off_is_a_stray(void **state)
{
	(void)state;
	assert_decodes("\xc3", 1, UTF8_STRAY + 0xc3, 1);
	assert_decodes("\xe2\x82", 2, UTF8_STRAY + 0xe2, 1);
	assert_decodes("\xf0\x9f\x98", 3, UTF8_STRAY + 0xf0, 1);
	assert_decodes("\xe2\x82"
		       "a",
		       3, UTF8_STRAY + 0xe2, 1);
}

static void overlong_forms_are_strays(void **state)
{
	(void)state;
	assert_decodes("\xc0\xaf", 2, UTF8_STRAY + 0xc0, 1);
	assert_decodes("\xc1\xbf", 2, UTF8_STRAY + 0xc1, 1);
	assert_decodes("\xe0\x9f\xbf", 3, UTF8_STRAY + 0xe0, 1);
	assert_decodes("\xf0\x8f\xbf\xbf", 4, UTF8_STRAY + 0xf0, 1);
}

static void surrogates_are_strays(void **state)
{
	(void)state;
	assert_decodes("\xed\xa0\x80", 3, UTF8_STRAY + 0xed, 1);
	assert_decodes("\xed\xbf\xbf", 3, UTF8_STRAY + 0xed, 1);
	assert_decodes("\xed\x9f\xbf", 3, 0xd7ff, 3);
	assert_decodes("\xee\x80\x80", 3, 0xe000, 3);
}

static void what_lies_beyond_unicode_is_a_stray(void **state)
{
	(void)state;
	assert_decodes("\xf4\x90\x80\x80", 4, UTF8_STRAY + 0xf4, 1);
	assert_decodes("\xf5\x80\x80\x80", 4, UTF8_STRAY + 0xf5, 1);
	assert_decodes("\xff", 1, UTF8_STRAY + 0xff, 1);
}

static void length_counts_characters_and_strays(void **state)
{
	(void)state;
	assert_int_equal(utf8_length("", 0), 0);
	assert_int_equal(utf8_length("abc", 3), 3);
	assert_int_equal(utf8_length("\xc3\xa4\xff\xe2\x82\xac", 6), 3);
	assert_int_equal(utf8_length("\xe2\x82\xac", 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_is_one_byte),
		cmocka_unit_test(characters_of_two_to_four_bytes_are_whole),
		cmocka_unit_test(a_lone_continuation_byte_is_a_stray),
		cmocka_unit_test(a_character_that_is_cut_off_is_a_stray),
		cmocka_unit_test(overlong_forms_are_strays),
		cmocka_unit_test(surrogates_are_strays),
		cmocka_unit_test(what_lies_beyond_unicode_is_a_stray),
		cmocka_unit_test(length_counts_characters_and_strays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
