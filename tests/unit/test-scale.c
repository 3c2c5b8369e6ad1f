/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-scale.c - very large policies: that they load, and what they may take. What is not
 * linear in their size does not end before the test is stopped.
 */
#include <malloc.h>

#include "helper.h"

/* Rules of the shapes that real policies have. */
static char *policy_text(unsigned int rules, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	assert_non_null(out);
	fputs(NO_TAG, out);
	for (unsigned int i = 0; i < rules; i++) {
		fprintf(out, "[rule r%u]\ndax = %s\n", i, i % 3 ? "yes" : "no");
		switch (i % 8) {
		case 0: fprintf(out, "path = *.ext%u\n", i); break;
		case 1: fprintf(out, "path = /srv/app%u/**\n", i); break;
		case 2: fprintf(out, "path = /data/**/set%u/*.bin\n", i); break;
		case 3: fprintf(out, "path = lib%u*\n", i); break;
		case 4: fprintf(out, "path = /etc/name%u.conf\nsize = > %u\n", i, i); break;
		case 5: fprintf(out, "path = **/dir%u/[ab]*.{c,h}\n", i); break;
		case 6: fprintf(out, "path = exact-name-%u\npath = !/not/**\n", i); break;
		case 7: fprintf(out, "path = /a/*/b%u/?x\nmode = 0111\n", i); break;
		}
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct fsdax_policy *policy_with(unsigned int rules)
{
	size_t size;
	char *text = policy_text(rules, &size);
	struct fsdax_policy *policy = policy_of_bytes(text, size);

	free(text);
	assert_int_equal(fsdax_policy_rules(policy), rules);
	return policy;
}

static void assert_rule(const struct fsdax_policy *policy, const char *path, const char *rule)
{
	struct fsdax_facts facts = untagged(1000000);
	struct fsdax_decision decision;

	facts.mode |= 0111;
	decision = decide(policy, path, &facts);
	assert_string_equal(rule_of(policy, &decision), rule);
}

static void a_hundred_thousand_rules_are_told_apart(void **state)
{
	struct fsdax_policy *policy = policy_with(100000);

	(void)state;
	assert_rule(policy, "x/y.ext80000", "r80000");
	assert_rule(policy, "srv/app80001/a/b/c", "r80001");
	assert_rule(policy, "data/q/set80002/f.bin", "r80002");
	assert_rule(policy, "x/lib80003.so", "r80003");
	assert_rule(policy, "etc/name80004.conf", "r80004");
	assert_rule(policy, "z/dir80005/bx.h", "r80005");
	assert_rule(policy, "y/exact-name-80006", "r80006");
	assert_rule(policy, "not/exact-name-80006", "");
	assert_rule(policy, "a/q/b80007/zx", "r80007");
	assert_rule(policy, "nothing/of/the/kind", "");
	fsdax_policy_unref(policy);
}

/* Bytes that malloc has handed out; the sanitizers' malloc does not say. */
static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void ten_thousand_rules_take_at_most_four_megabytes(void **state)
{
	size_t before = bytes_in_use();
	struct fsdax_policy *policy = policy_with(10000);
	size_t after = bytes_in_use();

	(void)state;
	if (after == before) {
		fsdax_policy_unref(policy);
		skip();
	}
	print_message("%zu bytes\n", after - before);
	assert_true(after - before <= 4000000);
	fsdax_policy_unref(policy);
}

/* All patterns from one node, and one anchor for all: the worst that hashing can meet. */
static void patterns_that_cannot_be_told_apart_still_work(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct fsdax_policy *policy;

	(void)state;
	fputs(NO_TAG, out);
	for (unsigned int i = 0; i < 5000; i++)
		fprintf(out, "[rule r%u]\npath = *%u*.same-for-all\ndax = yes\n", i, i + 10000);
	fclose(out);
	policy = policy_of_bytes(text, size);
	free(text);
	assert_rule(policy, "a/x13500y.same-for-all", "r3500");
	assert_rule(policy, "a/x.same-for-all", "");
	fsdax_policy_unref(policy);
}

static void many_values_of_one_rule_are_alternatives(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct fsdax_policy *policy;

	(void)state;
	fputs(NO_TAG "[rule all]\ndax = yes\n", out);
	for (unsigned int i = 0; i < 50000; i++)
		fprintf(out, "path = /d%u/f\npath = !/d%u/e\n", i, i);
	fclose(out);
	policy = policy_of_bytes(text, size);
	free(text);
	assert_rule(policy, "d49999/f", "all");
	assert_rule(policy, "d49999/e", "");
	fsdax_policy_unref(policy);
}

static void the_conditions_of_a_rule_may_come_in_any_order(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct fsdax_policy *policy;

	(void)state;
	fputs(NO_TAG "[rule all]\ndax = yes\n", out);
	for (unsigned int i = 0; i < 100000; i++)
		fprintf(out, "path = /d%u/f\nsize = = %u\n", i, i + 950000);
	fclose(out);
	policy = policy_of_bytes(text, size);
	free(text);
	assert_rule(policy, "d49999/f", "all");
	assert_rule(policy, "d49999/e", "");
	fsdax_policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_thousand_rules_are_told_apart),
		cmocka_unit_test(ten_thousand_rules_take_at_most_four_megabytes),
		cmocka_unit_test(patterns_that_cannot_be_told_apart_still_work),
		cmocka_unit_test(many_values_of_one_rule_are_alternatives),
		cmocka_unit_test(the_conditions_of_a_rule_may_come_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
