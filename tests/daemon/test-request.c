/* SPDX-License-Identifier: BSD-3-Clause */
/* test-request.c - reading what the guest sent, however it is cut into buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

#define N_PIECES 64

/* A request's input, in pieces of `piece` bytes, each on a heap block of its own. */
struct input {
	struct iovec iov[N_PIECES];
	void *blocks[N_PIECES];
	unsigned int n;
	struct request request;
};

static void input_make(struct input *input, const void *bytes, size_t size, size_t piece)
{
	*input = (struct input){0};
	for (size_t at = 0; at < size; at += piece) {
		size_t step = size - at < piece ? size - at : piece;

		input->blocks[input->n] = malloc(step);
		memcpy(input->blocks[input->n], (const char *)bytes + at, step);
		input->iov[input->n] = (struct iovec){input->blocks[input->n], step};
		input->n++;
	}
	input->request.in = (struct iov_cursor){input->iov, input->n, size};
}

static void input_free(struct input *input)
{
	for (unsigned int i = 0; i < input->n; i++)
		free(input->blocks[i]);
}

static void bytes_come_whole_out_of_any_pieces(void **state)
{
	const char bytes[] = "0123456789abcdef";
	char copy[16];

	(void)state;
	for (size_t piece = 1; piece <= 17; piece++) {
		struct input input;

		input_make(&input, bytes, 16, piece);
		assert_true(request_read(&input.request, copy, 10));
		assert_memory_equal(copy, "0123456789", 10);
		assert_true(request_read(&input.request, copy, 6));
		assert_memory_equal(copy, "abcdef", 6);
		assert_int_equal(input.request.in.size, 0);
		assert_int_equal(input.request.in.n, 0);
		input_free(&input);
	}
}

static void more_than_there_is_takes_nothing(void **state)
{
	struct input input;
	char copy[8] = "-------";

	(void)state;
	input_make(&input, "abcd", 4, 3);
	assert_false(request_read(&input.request, copy, 5));
	assert_string_equal(copy, "-------");
	assert_int_equal(input.request.in.size, 4);
	assert_true(request_read(&input.request, copy, 4));
	assert_memory_equal(copy, "abcd---", 7);
	input_free(&input);
}

static int read_name(const void *bytes, size_t size, size_t piece, size_t *left)
{
	char name[NAME_MAX + 1];
	struct input input;
	int err;

	input_make(&input, bytes, size, piece);
	err = request_read_name(&input.request, name);
	*left = input.request.in.size;
	if (!err)
		assert_memory_equal(name, bytes, strlen(bytes) + 1);
	input_free(&input);
	return err;
}

static void names_are_checked(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int err;
		size_t left;
	} cases[] = {
		{"a", 2, 0, 0},		{"name\0next", 10, 0, 5},  {"...", 4, 0, 0},
		{".hidden", 8, 0, 0},	{"\xff\xfe", 3, 0, 0},	   {"", 1, -EINVAL, 0},
		{".", 2, -EINVAL, 0},	{"..", 3, -EINVAL, 0},	   {"/", 2, -EINVAL, 0},
		{"a/b", 4, -EINVAL, 0}, {"../etc", 7, -EINVAL, 0}, {"no-end", 6, -EINVAL, 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece < 12; piece++) {
			size_t left;

			assert_int_equal(read_name(cases[i].bytes, cases[i].size, piece, &left),
					 cases[i].err);
			assert_int_equal(left, cases[i].left);
		}
	}
}

static void no_bytes_are_no_name(void **state)
{
	size_t left;

	(void)state;
	assert_int_equal(read_name("", 0, 1, &left), -EINVAL);
}

static void names_are_as_long_as_a_file_system_has_them(void **state)
{
	char bytes[NAME_MAX + 2];
	size_t left;

	(void)state;
	memset(bytes, 'n', sizeof(bytes));
	bytes[NAME_MAX] = '\0';
	assert_int_equal(read_name(bytes, NAME_MAX + 1, 100, &left), 0);
	bytes[NAME_MAX] = 'n';
	bytes[NAME_MAX + 1] = '\0';
	assert_int_equal(read_name(bytes, NAME_MAX + 2, 100, &left), -ENAMETOOLONG);
}

static void a_cursor_can_be_cut(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 12; size++) {
		struct input input;
		char copy[12];
		size_t left = size < 10 ? size : 10;

		input_make(&input, "0123456789", 10, 3);
		iov_cursor_limit(&input.request.in, size);
		assert_int_equal(input.request.in.size, left);
		assert_false(request_read(&input.request, copy, left + 1));
		assert_true(request_read(&input.request, copy, left));
		assert_memory_equal(copy, "0123456789", left);
		input_free(&input);
	}
}

static void a_head_is_split_off(void **state)
{
	struct iovec head[2];
	struct input input;
	char copy[4];

	(void)state;
	input_make(&input, "0123456789abcdef0123", 20, 9);
	assert_true(iov_cursor_split(&input.request.in, 16, head, 2));
	assert_int_equal(head[0].iov_len, 9);
	assert_int_equal(head[1].iov_len, 7);
	assert_memory_equal(head[1].iov_base, "9abcdef", 7);
	assert_true(request_read(&input.request, copy, 4));
	assert_memory_equal(copy, "0123", 4);
	input_free(&input);
}

static void a_head_in_too_many_pieces_is_refused(void **state)
{
	struct iovec head[2];
	struct input input;

	(void)state;
	input_make(&input, "0123456789abcdef", 16, 5);
	assert_false(iov_cursor_split(&input.request.in, 16, head, 2));
	input_free(&input);
	input_make(&input, "0123456789", 10, 10);
	assert_false(iov_cursor_split(&input.request.in, 16, head, 2));
	input_free(&input);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_come_whole_out_of_any_pieces),
		cmocka_unit_test(more_than_there_is_takes_nothing),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(no_bytes_are_no_name),
		cmocka_unit_test(names_are_as_long_as_a_file_system_has_them),
		cmocka_unit_test(a_cursor_can_be_cut),
		cmocka_unit_test(a_head_is_split_off),
		cmocka_unit_test(a_head_in_too_many_pieces_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
