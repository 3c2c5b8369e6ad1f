/* SPDX-License-Identifier: BSD-3-Clause */
/* test-arena.c - memory that is released all at once, and arrays that grow. */
#include <stdalign.h>

#include "arena.h"
#include "array.h"
#include "helper.h"

static void memory_is_zeroed(void **state)
{
	struct arena arena = {0};

	(void)state;
	/* The second time, malloc() gives back what was used the first time. */
	for (int round = 0; round < 2; round++) {
		for (size_t size = 1; size < 3000; size += 97) {
			char *memory = arena_alloc(&arena, size);

			assert_non_null(memory);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(memory[i], 0);
			memset(memory, 0xff, size);
		}
		arena_release(&arena);
	}
}

static void memory_is_aligned_for_any_type(void **state)
{
	struct arena arena = {0};

	(void)state;
	for (size_t size = 1; size < 100; size++) {
		assert_non_null(arena_strndup(&arena, "x", 1));
		assert_int_equal((uintptr_t)arena_alloc(&arena, size) % alignof(max_align_t), 0);
	}
	arena_release(&arena);
}

static void pieces_do_not_overlap(void **state)
{
	struct arena arena = {0};
	unsigned char *pieces[500];

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		pieces[i] = arena_alloc(&arena, i + 1);
		memset(pieces[i], (int)(i % 251), i + 1);
	}
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t k = 0; k <= i; k++)
			assert_int_equal(pieces[i][k], i % 251);
	}
	arena_release(&arena);
}

static void a_piece_may_be_larger_than_any_block(void **state)
{
	struct arena arena = {0};
	char *large = arena_alloc(&arena, 1 << 20);

	(void)state;
	assert_non_null(large);
	large[(1 << 20) - 1] = 1;
	assert_string_equal(arena_strdup(&arena, "after it"), "after it");
	arena_release(&arena);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_null(arena_alloc(&arena, SIZE_MAX - 100));
	assert_string_equal(arena_strdup(&arena, "still works"), "still works");
	assert_null(arena_alloc(&arena, SIZE_MAX - 100));
	arena_release(&arena);
}

static void a_copy_needs_no_nul_in_the_original(void **state)
{
	struct arena arena = {0};
	const char text[] = {'a', 'b', 'c'};

	(void)state;
	assert_string_equal(arena_strndup(&arena, text, 3), "abc");
	assert_string_equal(arena_strndup(&arena, NULL, 0), "");
	arena_release(&arena);
}

static void a_released_arena_can_be_used_again(void **state)
{
	struct arena arena = {0};

	(void)state;
	assert_non_null(arena_alloc(&arena, 10));
	assert_true(arena.total > 0);
	arena_release(&arena);
	assert_int_equal(arena.total, 0);
	assert_non_null(arena_alloc(&arena, 10));
	arena_release(&arena);
}

static void an_array_grows_and_keeps_its_elements(void **state)
{
	uint32_t *array = NULL;
	uint32_t capacity = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(array_reserve(&array, &capacity, i, sizeof(*array)), 0);
		assert_true(capacity > i);
		array[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	free(array);
}

static void an_array_cannot_grow_beyond_its_counter(void **state)
{
	uint32_t *array = NULL;
	uint32_t capacity = UINT32_C(1) << 31;

	(void)state;
	assert_int_equal(array_reserve(&array, &capacity, capacity, sizeof(*array)), -ENOMEM);
	assert_null(array);
	assert_int_equal(capacity, UINT32_C(1) << 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(memory_is_aligned_for_any_type),
		cmocka_unit_test(pieces_do_not_overlap),
		cmocka_unit_test(a_piece_may_be_larger_than_any_block),
		cmocka_unit_test(a_size_that_cannot_be_is_refused),
		cmocka_unit_test(a_copy_needs_no_nul_in_the_original),
		cmocka_unit_test(a_released_arena_can_be_used_again),
		cmocka_unit_test(an_array_grows_and_keeps_its_elements),
		cmocka_unit_test(an_array_cannot_grow_beyond_its_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
