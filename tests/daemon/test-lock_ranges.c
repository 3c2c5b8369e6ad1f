/* SPDX-License-Identifier: BSD-3-Clause */
/* test-lock_ranges.c - ranges of locks, against an array with what is locked of each byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "lock_ranges.h"

enum { BYTES = 64 };

static void check(const struct lock_ranges *ranges, const short *bytes)
{
	const struct lock_range *range = ranges->first;

	for (off_t at = 0; at < BYTES; at++) {
		while (range && range->end < at)
			range = range->next;
		assert_int_equal(range && range->start <= at ? range->type : F_UNLCK, bytes[at]);
	}
	/* In order, none empty, and no two that could be one. */
	for (range = ranges->first; range; range = range->next) {
		assert_true(range->start <= range->end);
		assert_true(
			!range->next || range->next->start > range->end + 1 ||
			(range->next->start == range->end + 1 && range->next->type != range->type));
	}
}

static void check_in_way(const struct lock_ranges *ranges, const short *bytes,
			 const struct flock *lock)
{
	off_t end = lock->l_len ? lock->l_start + lock->l_len : BYTES;
	off_t at = lock->l_start;
	const struct lock_range *found = lock_ranges_in_way(ranges, lock, NULL);

	while (at < end &&
	       (bytes[at] == F_UNLCK || (bytes[at] == F_RDLCK && lock->l_type == F_RDLCK)))
		at++;
	assert_int_equal(found != NULL, at < end);
	if (found)
		assert_true(found->start <= at && found->end >= at);
}

static void test_at_random(void **state)
{
	static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};

	(void)state;
	srandom(1);
	for (int run = 0; run < 200; run++) {
		struct lock_ranges ranges = {0};
		short bytes[BYTES];

		for (int i = 0; i < BYTES; i++)
			bytes[i] = F_UNLCK;
		for (int i = 0; i < 100; i++) {
			struct flock lock = {.l_type = types[random() % 3]};
			off_t end;

			lock.l_start = random() % BYTES;
			lock.l_len = 1 + random() % (BYTES - lock.l_start);
			/* The last byte stands for all that come behind it. */
			if (lock.l_start + lock.l_len == BYTES)
				lock.l_len = 0;
			end = lock.l_len ? lock.l_start + lock.l_len : BYTES;
			if (lock.l_type != F_UNLCK)
				check_in_way(&ranges, bytes, &lock);
			assert_int_equal(lock_ranges_prepare(&ranges), 0);
			lock_ranges_set(&ranges, &lock);
			for (off_t at = lock.l_start; at < end; at++)
				bytes[at] = lock.l_type;
			check(&ranges, bytes);
		}
		lock_ranges_free(&ranges);
	}
}

static void test_the_end(void **state)
{
	const struct flock all = {.l_type = F_WRLCK},
			   last = {.l_type = F_UNLCK, .l_start = INT64_MAX, .l_len = 1};
	struct lock_ranges ranges = {0};

	(void)state;
	assert_int_equal(lock_ranges_prepare(&ranges), 0);
	lock_ranges_set(&ranges, &all);
	assert_int_equal(ranges.first->end, INT64_MAX);
	assert_int_equal(lock_ranges_prepare(&ranges), 0);
	lock_ranges_set(&ranges, &last);
	assert_int_equal(ranges.first->end, INT64_MAX - 1);
	assert_null(ranges.first->next);
	lock_ranges_free(&ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_random),
		cmocka_unit_test(test_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
