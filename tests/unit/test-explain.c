/* SPDX-License-Identifier: BSD-3-Clause */
/* test-explain.c - each condition of each rule, as it was compared. */
#include "helper.h"

/* Steps, one a line: "RULE KEY LINE wanted|found|outcome", or "RULE rule LINE outcome". */
struct collected {
	const struct fsdax_policy *policy;
	char text[4096];
	size_t len;
	int stop_at; /* steps until 7 is returned; 0: never */
};

static int collect(void *data, const struct fsdax_step *step)
{
	static const char *const outcomes[] = {"failed", "matched", "unknown"};
	struct collected *c = data;
	struct fsdax_rule_info info;
	char *out = c->text + c->len;
	size_t room = sizeof(c->text) - c->len;

	if (c->stop_at && --c->stop_at == 0)
		return 7;
	assert_int_equal(fsdax_policy_rule(c->policy, step->rule, &info), 0);
	if (step->key)
		c->len +=
			(size_t)snprintf(out, room, "%s %s %u %s%s|%s|%s\n", info.name, step->key,
					 step->line, step->exclude ? "not " : "", step->wanted,
					 step->found ? step->found : "-", outcomes[step->outcome]);
	else
		c->len += (size_t)snprintf(out, room, "%s rule %u %s\n", info.name, step->line,
					   outcomes[step->outcome]);
	if (!step->key) {
		assert_null(step->wanted);
		assert_null(step->found);
		assert_int_equal(step->line, info.line);
	}
	return 0;
}

static struct fsdax_decision explain(const char *text, const char *folder, const char *name,
				     const struct fsdax_facts *facts, struct collected *c)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_cursor *cursor = cursor_of(policy, folder);
	struct fsdax_decision decision;
	char path[256];

	snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
	c->policy = policy;
	assert_int_equal(
		fsdax_explain(cursor, path, name, strlen(name), facts, collect, c, &decision), 0);
	fsdax_cursor_unref(cursor);
	fsdax_policy_unref(policy);
	return decision;
}

static void assert_steps(const char *text, const struct fsdax_facts *facts, const char *wanted)
{
	struct collected c = {0};

	explain(text, "a", "f", facts, &c);
	assert_string_equal(c.text, wanted);
}

static void the_last_rule_comes_first_with_all_its_conditions(void **state)
{
	const struct fsdax_facts facts = regular(50);

	(void)state;
	assert_steps(NO_TAG "[rule one]\ndax = yes\n\n[rule two]\npath = /b/**\nsize = > 10\n"
			    "dax = no\n",
		     &facts,
		     "two size 8 > 10|50|matched\n"
		     "two path 7 /b/**|a/f|failed\n"
		     "two rule 6 failed\n"
		     "one rule 3 matched\n");
}

static void each_condition_says_what_it_found(void **state)
{
	static const struct fsdax_xattr xattrs[] = {{FSDAX_XATTR_PRESENT, "v\n\xff", 3},
						    {FSDAX_XATTR_ABSENT, NULL, 0},
						    {FSDAX_XATTR_LONGER, NULL, 0}};
	struct fsdax_facts facts = regular(50);

	(void)state;
	facts.uid = 7;
	facts.gid = 4294967294;
	facts.mode = S_IFREG | 04644;
	facts.mtime = 1000;
	facts.now = 1090;
	facts.xattrs = xattrs;
	facts.n_xattrs = COUNT(xattrs);
	assert_steps(ONE_RULE("owner = 8\ngroup = 4294967294\nmode = !0222\nage = 1m..2m\n"
			      "xattr = user.a=v\nxattr = user.b\nxattr = user.c=x"),
		     &facts,
		     "it owner 4 8|7|failed\n"
		     "it group 5 4294967294|4294967294|matched\n"
		     "it mode 6 !0222|4644|failed\n"
		     "it age 7 1m..2m|90s|matched\n"
		     "it xattr 8 user.a=v|v??|failed\n"
		     "it xattr 9 user.b|absent|failed\n"
		     "it xattr 10 user.c=x|a longer value|failed\n"
		     "it rule 3 failed\n");
}

static void a_long_xattr_is_shown_in_part(void **state)
{
	static char value[300];
	const struct fsdax_xattr xattr = {FSDAX_XATTR_PRESENT, value, sizeof(value)};
	struct fsdax_facts facts = regular(1);
	struct collected c = {0};

	(void)state;
	memset(value, 'x', sizeof(value));
	facts.xattrs = &xattr;
	facts.n_xattrs = 1;
	explain(ONE_RULE("xattr = user.a"), "", "f", &facts, &c);
	assert_non_null(strstr(c.text, "xxx...|matched\n"));
	assert_true(strlen(c.text) < 140);
}

static void an_exclusion_says_so(void **state)
{
	const struct fsdax_facts facts = regular(1);

	(void)state;
	assert_steps(ONE_RULE("path = **\npath = !f"), &facts,
		     "it path 4 **|a/f|matched\n"
		     "it path 5 not !f|a/f|matched\n"
		     "it rule 3 failed\n");
	assert_steps(ONE_RULE("path = **\npath = !g"), &facts,
		     "it path 4 **|a/f|matched\n"
		     "it path 5 not !g|a/f|failed\n"
		     "it rule 3 matched\n");
}

static void what_was_not_given_is_unknown(void **state)
{
	const struct fsdax_facts nothing = {0};

	(void)state;
	assert_steps(ONE_RULE("size = > 0\nowner = 0\ngroup = 0\nmode = !0111\nage = > 1\n"
			      "xattr = user.a\npath = f"),
		     &nothing,
		     "it size 4 > 0|unknown|unknown\n"
		     "it owner 5 0|unknown|unknown\n"
		     "it group 6 0|unknown|unknown\n"
		     "it mode 7 !0111|unknown|unknown\n"
		     "it age 8 > 1|unknown|failed\n"
		     "it xattr 9 user.a|unknown|unknown\n"
		     "it path 10 f|a/f|matched\n"
		     "it rule 3 failed\n");
	assert_steps(ONE_RULE("size = > 0\npath = f"), &nothing,
		     "it size 4 > 0|unknown|unknown\n"
		     "it path 5 f|a/f|matched\n"
		     "it rule 3 unknown\n");
}

static void an_unknown_condition_does_not_match(void **state)
{
	const struct fsdax_facts facts = regular(1);
	struct collected c = {0};
	struct fsdax_decision decision =
		explain(NO_TAG "[rule a]\ndax = yes\n[rule b]\nxattr = user.x\ndax = no\n", "", "f",
			&facts, &c);

	(void)state;
	assert_true(decision.dax);
	assert_int_equal(decision.rule, 0);
	assert_int_equal(decision.reason, FSDAX_REASON_RULE);
}

static void the_decision_is_that_of_decide(void **state)
{
	static const char text[] = "[rule a]\ndax = yes\n[rule b]\npath = /x/**\ndax = no\n";
	struct fsdax_facts facts = untagged(1);
	struct collected c = {0};
	struct fsdax_decision decision;

	(void)state;
	decision = explain(text, "x", "f", &facts, &c);
	assert_false(decision.dax);
	assert_int_equal(decision.rule, 1);
	facts.mode = S_IFDIR | 0755;
	decision = explain(text, "y", "f", &facts, &c);
	assert_int_equal(decision.reason, FSDAX_REASON_NOT_REGULAR);
}

static void a_folder_tag_is_explained_too(void **state)
{
	struct fsdax_policy *policy = policy_of("[rule a]\ndax = no\n");
	struct fsdax_facts facts = untagged(1);
	struct collected c = {.policy = policy};
	struct fsdax_decision decision;
	struct fsdax_cursor *root;

	(void)state;
	assert_int_equal(fsdax_cursor_root(policy, FSDAX_TAG_YES, &root), 0);
	assert_int_equal(fsdax_explain(root, NULL, "f", 1, &facts, collect, &c, &decision), 0);
	assert_true(decision.dax);
	assert_int_equal(decision.reason, FSDAX_REASON_FOLDER_TAG);
	assert_string_equal(c.text, "a rule 1 matched\n");
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
}

static void the_callee_can_stop_it(void **state)
{
	struct fsdax_policy *policy = policy_of(ONE_RULE("size = > 0\nsize = < 9"));
	struct fsdax_cursor *root = cursor_of(policy, "");
	const struct fsdax_facts facts = regular(1);

	(void)state;
	for (int steps = 1; steps <= 3; steps++) {
		struct fsdax_decision decision = {.rule = 77};
		struct collected c = {.policy = policy, .stop_at = steps};

		assert_int_equal(fsdax_explain(root, "f", "f", 1, &facts, collect, &c, &decision),
				 7);
		assert_int_equal(decision.rule, 77);
	}
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_rule_comes_first_with_all_its_conditions),
		cmocka_unit_test(each_condition_says_what_it_found),
		cmocka_unit_test(a_long_xattr_is_shown_in_part),
		cmocka_unit_test(an_exclusion_says_so),
		cmocka_unit_test(what_was_not_given_is_unknown),
		cmocka_unit_test(an_unknown_condition_does_not_match),
		cmocka_unit_test(the_decision_is_that_of_decide),
		cmocka_unit_test(a_folder_tag_is_explained_too),
		cmocka_unit_test(the_callee_can_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
