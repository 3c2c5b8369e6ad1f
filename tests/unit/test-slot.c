/* SPDX-License-Identifier: BSD-3-Clause */
/* test-slot.c - a policy that can be replaced: what is in force, and how often it changed. */
#include "helper.h"

static void a_slot_keeps_its_policy(void **state)
{
	struct fsdax_policy *policy = policy_of("");
	struct fsdax_policy *got;
	struct fsdax_slot *slot;

	(void)state;
	assert_int_equal(fsdax_slot_new(policy, &slot), 0);
	fsdax_policy_unref(policy);
	got = fsdax_slot_get(slot);
	assert_true(got == policy);
	fsdax_slot_free(slot);
	assert_int_equal(fsdax_policy_rules(got), 0);
	fsdax_policy_unref(got);
	fsdax_slot_free(NULL);
}

static void a_swap_puts_another_in_force(void **state)
{
	struct fsdax_policy *one = policy_of("");
	struct fsdax_policy *two = policy_of("[rule a]\ndax = yes\n");
	struct fsdax_policy *old, *new;
	struct fsdax_slot *slot;

	(void)state;
	assert_int_equal(fsdax_slot_new(one, &slot), 0);
	old = fsdax_slot_get(slot);
	fsdax_slot_swap(slot, two);
	fsdax_policy_unref(one);
	fsdax_policy_unref(two);
	new = fsdax_slot_get(slot);
	assert_true(new == two);
	assert_int_equal(fsdax_policy_rules(old), 0);
	assert_int_equal(fsdax_policy_rules(new), 1);
	fsdax_policy_unref(old);
	fsdax_policy_unref(new);
	fsdax_slot_free(slot);
}

static void each_swap_counts(void **state)
{
	struct fsdax_policy *policy = policy_of("");
	struct fsdax_slot *slot;

	(void)state;
	assert_int_equal(fsdax_slot_new(policy, &slot), 0);
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(fsdax_slot_generation(slot), i);
		fsdax_slot_swap(slot, policy);
	}
	fsdax_policy_unref(policy);
	fsdax_slot_free(slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_keeps_its_policy),
		cmocka_unit_test(a_swap_puts_another_in_force),
		cmocka_unit_test(each_swap_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
