/* SPDX-License-Identifier: BSD-3-Clause */
/* test-path.c - a path taken apart: where its slashes are, and what can be a name. */
#include "helper.h"
#include "path.h"

static uint64_t slashes_one_by_one(const char *text, size_t n)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < n; i++)
		bits |= (uint64_t)(text[i] == '/') << i;
	return bits;
}

/* Exactly as much memory as there is text, so that reading more is seen. */
static void assert_slashes(const char *text, size_t n)
{
	char *copy = malloc(n + !n);

	assert_non_null(copy);
	memcpy(copy, text, n);
	assert_true(path_slashes(copy, n) == slashes_one_by_one(text, n));
	free(copy);
}

static void slashes_are_found_wherever_they_are(void **state)
{
	char text[64];

	(void)state;
	for (size_t n = 0; n <= sizeof(text); n++) {
		memset(text, 'x', sizeof(text));
		assert_slashes(text, n);
		memset(text, '/', sizeof(text));
		assert_slashes(text, n);
		for (size_t i = 0; i < n; i++) {
			memset(text, 'x', sizeof(text));
			text[i] = '/';
			assert_slashes(text, n);
		}
	}
}

/* Among them those that differ from a slash in one bit, and those next to it. */
static void no_other_byte_is_taken_for_a_slash(void **state)
{
	char text[8];

	(void)state;
	for (unsigned int byte = 0; byte < 256; byte++) {
		for (size_t i = 0; i < sizeof(text); i++) {
			memset(text, '/', sizeof(text));
			text[i] = (char)byte;
			assert_slashes(text, sizeof(text));
			memset(text, (char)byte, sizeof(text));
			text[i] = '/';
			assert_slashes(text, sizeof(text));
		}
	}
}

static void dots_and_slashes_are_no_names(void **state)
{
	(void)state;
	assert_false(path_is_name("", 0));
	assert_false(path_is_name(".", 1));
	assert_false(path_is_name("..", 2));
	assert_false(path_is_name("a/b", 3));
	assert_true(path_is_name("...", 3));
	assert_true(path_is_name(".a", 2));
	assert_true(path_is_name("a.", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slashes_are_found_wherever_they_are),
		cmocka_unit_test(no_other_byte_is_taken_for_a_slash),
		cmocka_unit_test(dots_and_slashes_are_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
