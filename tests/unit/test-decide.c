/* SPDX-License-Identifier: BSD-3-Clause */
/* test-decide.c - what comes before what, and what is asked for. */
#include "helper.h"

/* A tag by xattr, as number 0 of the xattrs, or none. Two of them live at a time. */
static struct fsdax_facts tagged(const char *value)
{
	static struct fsdax_xattr xattrs[2];
	static unsigned int next;
	struct fsdax_xattr *xattr = &xattrs[next++ % COUNT(xattrs)];
	struct fsdax_facts facts = regular(1);

	*xattr = (struct fsdax_xattr){.state = FSDAX_XATTR_ABSENT};
	if (value)
		*xattr = (struct fsdax_xattr){FSDAX_XATTR_PRESENT, value, strlen(value)};
	facts.xattrs = xattr;
	facts.n_xattrs = 1;
	return facts;
}

static struct fsdax_decision decide_in(const char *text, enum fsdax_tag folder,
				       const struct fsdax_facts *facts)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_decision decision;

	assert_int_equal(fsdax_decide_path(policy, "a/f", 3, folder, facts, FSDAX_DECIDE_EXACT,
					   &decision, NULL),
			 0);
	fsdax_policy_unref(policy);
	return decision;
}

static void assert_decision(struct fsdax_decision decision, bool dax, enum fsdax_reason reason)
{
	assert_int_equal(decision.dax, dax);
	assert_string_equal(fsdax_reason_name((enum fsdax_reason)decision.reason),
			    fsdax_reason_name(reason));
	assert_int_equal(decision.rule == FSDAX_NO_RULE, reason != FSDAX_REASON_RULE);
}

/* ---- What comes before what -------------------------------------------------- */

#define YES_FOR_ALL "[policy]\ndefault = yes\n[tag]\ninode-flag = yes\n"
#define RULE_NO "[rule no]\npath = f\ndax = no\n"

static void only_regular_files_can_be_yes(void **state)
{
	static const uint32_t types[] = {S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK, 0};
	struct fsdax_facts facts = tagged("yes");

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		facts.mode = types[i] | 0644;
		assert_decision(decide_in(YES_FOR_ALL, FSDAX_TAG_YES, &facts), false,
				FSDAX_REASON_NOT_REGULAR);
	}
}

static void what_cannot_be_mapped_is_no_whatever_else_is_said(void **state)
{
	struct fsdax_facts facts = tagged("yes");

	(void)state;
	facts.mask |= FSDAX_FACT_UNMAPPABLE;
	assert_decision(decide_in(YES_FOR_ALL, FSDAX_TAG_YES, &facts), false,
			FSDAX_REASON_UNMAPPABLE);
}

static void a_tag_on_the_file_beats_all_below(void **state)
{
	struct fsdax_facts yes = tagged("yes");
	struct fsdax_facts no = tagged("no");

	(void)state;
	no.mask |= FSDAX_FACT_FLAG;
	no.inode_flag = true;
	assert_decision(decide_in(RULE_NO, FSDAX_TAG_NO, &yes), true, FSDAX_REASON_TAG);
	assert_decision(decide_in(YES_FOR_ALL, FSDAX_TAG_YES, &no), false, FSDAX_REASON_TAG);
}

static void the_inode_flag_beats_folder_and_rules(void **state)
{
	struct fsdax_facts facts = tagged(NULL);

	(void)state;
	facts.mask |= FSDAX_FACT_FLAG;
	facts.inode_flag = true;
	assert_decision(decide_in("[tag]\ninode-flag = yes\n" RULE_NO, FSDAX_TAG_NO, &facts), true,
			FSDAX_REASON_FLAG);
}

static void an_inode_flag_that_is_not_set_says_nothing(void **state)
{
	struct fsdax_facts facts = tagged(NULL);

	(void)state;
	facts.mask |= FSDAX_FACT_FLAG;
	assert_decision(decide_in(YES_FOR_ALL, FSDAX_TAG_NONE, &facts), true, FSDAX_REASON_DEFAULT);
	assert_decision(decide_in(YES_FOR_ALL, FSDAX_TAG_YES, &facts), true,
			FSDAX_REASON_FOLDER_TAG);
}

static void the_inode_flag_counts_only_if_the_policy_says_so(void **state)
{
	struct fsdax_facts facts = tagged(NULL);

	(void)state;
	facts.mask |= FSDAX_FACT_FLAG;
	facts.inode_flag = true;
	assert_decision(decide_in("", FSDAX_TAG_NONE, &facts), false, FSDAX_REASON_DEFAULT);
}

static void a_folder_tag_beats_rules(void **state)
{
	struct fsdax_facts facts = tagged(NULL);

	(void)state;
	assert_decision(decide_in(RULE_NO, FSDAX_TAG_YES, &facts), true, FSDAX_REASON_FOLDER_TAG);
	assert_decision(decide_in("[rule yes]\npath = f\ndax = yes\n", FSDAX_TAG_NO, &facts), false,
			FSDAX_REASON_FOLDER_TAG);
}

static void the_last_matching_rule_beats_the_others(void **state)
{
	static const char text[] = NO_TAG "[rule a]\ndax = yes\n[rule b]\npath = *.x\ndax = no\n"
					  "[rule c]\npath = f*\ndax = yes\n"
					  "[rule d]\npath = /d/**\ndax = no\n";
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_facts facts = regular(1);
	struct fsdax_decision decision = decide(policy, "e/g", &facts);

	(void)state;
	assert_string_equal(rule_of(policy, &decision), "a");
	decision = decide(policy, "e/g.x", &facts);
	assert_string_equal(rule_of(policy, &decision), "b");
	assert_false(decision.dax);
	decision = decide(policy, "f.x", &facts);
	assert_string_equal(rule_of(policy, &decision), "c");
	decision = decide(policy, "d/f.x", &facts);
	assert_string_equal(rule_of(policy, &decision), "d");
	fsdax_policy_unref(policy);
}

static void without_a_rule_the_default_holds(void **state)
{
	struct fsdax_facts facts = tagged(NULL);

	(void)state;
	assert_decision(decide_in("", FSDAX_TAG_NONE, &facts), false, FSDAX_REASON_DEFAULT);
	assert_decision(decide_in("[policy]\ndefault = yes\n[rule a]\npath = x\ndax = no\n",
				  FSDAX_TAG_NONE, &facts),
			true, FSDAX_REASON_DEFAULT);
}

/* ---- Tags -------------------------------------------------------------------- */

static void a_decision_written_down_is_no_tag(void **state)
{
	struct fsdax_facts yes = tagged("yes policy");
	struct fsdax_facts no = tagged("no policy");

	(void)state;
	assert_decision(decide_in(RULE_NO, FSDAX_TAG_NONE, &yes), false, FSDAX_REASON_RULE);
	assert_decision(decide_in("", FSDAX_TAG_YES, &no), true, FSDAX_REASON_FOLDER_TAG);
	assert_int_equal(decide_in("", FSDAX_TAG_NONE, &yes).flags, 0);
}

static void a_tag_that_cannot_be_read_is_ignored_and_said(void **state)
{
	static const char *const bad[] = {"",
					  "maybe",
					  "YES",
					  "yes no",
					  "yes\n\n",
					  " yes",
					  "yes policy policy",
					  "a very long value, which is no tag"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct fsdax_facts facts = tagged(bad[i]);
		struct fsdax_decision decision = decide_in(RULE_NO, FSDAX_TAG_NONE, &facts);

		assert_decision(decision, false, FSDAX_REASON_RULE);
		assert_int_equal(decision.flags, FSDAX_DECISION_BAD_TAG);
	}
}

static void a_tag_too_long_to_be_fetched_is_bad_too(void **state)
{
	const struct fsdax_xattr longer = {.state = FSDAX_XATTR_LONGER};
	struct fsdax_facts facts = regular(1);

	(void)state;
	facts.xattrs = &longer;
	facts.n_xattrs = 1;
	assert_int_equal(decide_in("", FSDAX_TAG_NONE, &facts).flags, FSDAX_DECISION_BAD_TAG);
}

/* ---- Paths: plain and excluding ---------------------------------------------- */

static void one_exclusion_is_enough(void **state)
{
	static const char text[] =
		ONE_RULE("path = *.so\npath = /lib/**\npath = !*-debug.so\npath = !/lib/old/**");

	(void)state;
	assert_true(says_yes(text, "x/a.so"));
	assert_true(says_yes(text, "lib/a"));
	assert_false(says_yes(text, "x/a"));
	assert_false(says_yes(text, "x/a-debug.so"));
	assert_false(says_yes(text, "lib/a-debug.so"));
	assert_false(says_yes(text, "lib/old/a.so"));
	assert_false(says_yes(text, "lib/old/x/y/a.so"));
}

static void the_order_of_exclusions_does_not_matter(void **state)
{
	static const char text[] = ONE_RULE("path = !*-debug.so\npath = *.so");

	(void)state;
	assert_true(says_yes(text, "a.so"));
	assert_false(says_yes(text, "a-debug.so"));
}

static void exclusions_alone_leave_all_else(void **state)
{
	static const char text[] = ONE_RULE("path = !*.so\npath = ! /tmp/**");

	(void)state;
	assert_true(says_yes(text, "a"));
	assert_false(says_yes(text, "a.so"));
	assert_false(says_yes(text, "tmp/a"));
	assert_true(says_yes(text, "x/tmp/a"));
}

static void an_excluded_file_may_match_an_earlier_rule(void **state)
{
	static const char text[] = NO_TAG "[rule a]\npath = *.so\ndax = yes\n"
					  "[rule b]\npath = /**\npath = !*.so\ndax = no\n";

	(void)state;
	assert_true(says_yes(text, "x.so"));
	assert_false(says_yes(text, "x"));
}

/* ---- What is asked for ------------------------------------------------------- */

/* What is wanted first, with these facts; 99 if it can be decided. */
static int wanted(const char *text, enum fsdax_tag folder, const struct fsdax_facts *facts,
		  unsigned int flags)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_decision decision;
	int want = 99;
	int err = fsdax_decide_path(policy, "a/f", 3, folder, facts, flags, &decision, &want);

	assert_int_equal(err, want == 99 ? 0 : -EAGAIN);
	fsdax_policy_unref(policy);
	return want;
}

static void stat_is_asked_for_first(void **state)
{
	const struct fsdax_facts nothing = {0};

	(void)state;
	assert_int_equal(wanted("", FSDAX_TAG_NONE, &nothing, 0), FSDAX_WANT_STAT);
}

static void the_tag_is_asked_for_if_there_is_one(void **state)
{
	const struct fsdax_facts facts = regular(1);
	struct fsdax_facts folder = regular(1);

	(void)state;
	assert_int_equal(wanted("", FSDAX_TAG_NONE, &facts, 0), 0);
	assert_int_equal(wanted("", FSDAX_TAG_YES, &facts, 0), 0);
	assert_int_equal(wanted(NO_TAG, FSDAX_TAG_NONE, &facts, 0), 99);
	folder.mode = S_IFDIR | 0755;
	assert_int_equal(wanted("", FSDAX_TAG_NONE, &folder, 0), 99);
}

static void the_flag_is_asked_for_only_where_the_answer_would_be_no(void **state)
{
	static const char no[] = "[tag]\nxattr = none\ninode-flag = yes\n";
	static const char yes[] =
		"[tag]\nxattr = none\ninode-flag = yes\n[policy]\ndefault = yes\n";
	const struct fsdax_facts facts = regular(1);

	(void)state;
	assert_int_equal(wanted(no, FSDAX_TAG_NONE, &facts, 0), FSDAX_WANT_FLAG);
	assert_int_equal(wanted(no, FSDAX_TAG_YES, &facts, 0), 99);
	assert_int_equal(wanted(yes, FSDAX_TAG_NONE, &facts, 0), 99);
	assert_int_equal(wanted(yes, FSDAX_TAG_NO, &facts, 0), FSDAX_WANT_FLAG);
	assert_int_equal(wanted(yes, FSDAX_TAG_NONE, &facts, FSDAX_DECIDE_EXACT), FSDAX_WANT_FLAG);
}

#define XATTR_RULE(name, dax) "[rule " name "]\nxattr = user." name "\ndax = " dax "\n"

static void an_xattr_is_asked_for_only_if_it_can_change_the_verdict(void **state)
{
	const struct fsdax_facts facts = regular(1);

	(void)state;
	assert_int_equal(wanted(NO_TAG XATTR_RULE("a", "yes"), FSDAX_TAG_NONE, &facts, 0), 0);
	assert_int_equal(wanted(NO_TAG XATTR_RULE("a", "no"), FSDAX_TAG_NONE, &facts, 0), 99);
	assert_int_equal(wanted(NO_TAG XATTR_RULE("a", "yes"), FSDAX_TAG_NO, &facts, 0), 99);
	/* A later rule decides anyway. */
	assert_int_equal(wanted(NO_TAG XATTR_RULE("a", "yes") RULE_NO, FSDAX_TAG_NONE, &facts, 0),
			 99);
	/* It says what an earlier rule says. */
	assert_int_equal(wanted(NO_TAG RULE_NO XATTR_RULE("a", "no"), FSDAX_TAG_NONE, &facts, 0),
			 99);
	assert_int_equal(wanted(NO_TAG RULE_NO XATTR_RULE("a", "no"), FSDAX_TAG_NONE, &facts,
				FSDAX_DECIDE_EXACT),
			 0);
	/* Another condition has failed. */
	assert_int_equal(wanted(NO_TAG "[rule a]\nxattr = user.a\nsize = > 5\ndax = yes\n",
				FSDAX_TAG_NONE, &facts, 0),
			 99);
	assert_int_equal(wanted(NO_TAG "[rule a]\nxattr = user.a\npath = g\ndax = yes\n",
				FSDAX_TAG_NONE, &facts, 0),
			 99);
	assert_int_equal(wanted(NO_TAG "[rule a]\nxattr = user.a\npath = !f\ndax = yes\n",
				FSDAX_TAG_NONE, &facts, 0),
			 99);
}

static void an_alternative_that_holds_makes_the_others_needless(void **state)
{
	const struct fsdax_xattr xattrs[] = {{FSDAX_XATTR_PRESENT, "x", 1},
					     {FSDAX_XATTR_UNKNOWN, NULL, 0}};
	static const char text[] = ONE_RULE("xattr = user.a\nxattr = user.b");
	struct fsdax_facts facts = regular(1);

	(void)state;
	assert_int_equal(wanted(text, FSDAX_TAG_NONE, &facts, 0), 1);
	facts.xattrs = xattrs;
	facts.n_xattrs = 2;
	assert_int_equal(wanted(text, FSDAX_TAG_NONE, &facts, 0), 99);
}

static void what_is_wanted_need_not_be_taken(void **state)
{
	struct fsdax_policy *policy = policy_of("");
	const struct fsdax_facts nothing = {0};
	struct fsdax_decision decision = {.rule = 77};

	(void)state;
	assert_int_equal(
		fsdax_decide_path(policy, "f", 1, FSDAX_TAG_NONE, &nothing, 0, &decision, NULL),
		-EAGAIN);
	assert_int_equal(decision.rule, 77);
	fsdax_policy_unref(policy);
}

/* ---- Whole paths ------------------------------------------------------------- */

static void only_paths_are_decided(void **state)
{
	static const char *const bad[] = {"",	  "/",	    "a/",   "a//b", "./a", "a/.",
					  "../a", "a/../b", "a/..", "//a",  ".",   ".."};
	struct fsdax_policy *policy = policy_of(NO_TAG);
	const struct fsdax_facts facts = regular(1);
	struct fsdax_decision decision;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(fsdax_decide_path(policy, bad[i], strlen(bad[i]), FSDAX_TAG_NONE,
						   &facts, 0, &decision, NULL),
				 -EINVAL);
	fsdax_policy_unref(policy);
}

static void a_leading_slash_changes_nothing(void **state)
{
	(void)state;
	assert_true(says_yes(ONE_PATH("/a/f"), "/a/f"));
	assert_true(says_yes(ONE_PATH("/a/f"), "a/f"));
	assert_true(says_yes(ONE_PATH("f"), "/f"));
}

static void a_path_may_be_longer_than_path_max(void **state)
{
	static char path[20002];

	(void)state;
	for (size_t i = 0; i < 20000; i += 2)
		memcpy(path + i, "d/", 2);
	path[20000] = 'f';
	assert_true(says_yes(ONE_PATH("/d/**/d/f"), path));
	assert_false(says_yes(ONE_PATH("/d/**/e/f"), path));
}

static void a_path_need_not_end_in_a_nul(void **state)
{
	struct fsdax_policy *policy = policy_of(ONE_PATH("a/f"));
	const struct fsdax_facts facts = regular(1);
	struct fsdax_decision decision;
	char *copy = malloc(3);

	(void)state;
	memcpy(copy, "a/f", 3);
	assert_int_equal(
		fsdax_decide_path(policy, copy, 3, FSDAX_TAG_NONE, &facts, 0, &decision, NULL), 0);
	assert_true(decision.dax);
	free(copy);
	fsdax_policy_unref(policy);
}

/* ---- Several names ----------------------------------------------------------- */

static void no_beats_yes_among_names(void **state)
{
	const struct fsdax_decision yes = {true, FSDAX_REASON_RULE, 0, 4};
	const struct fsdax_decision no = {false, FSDAX_REASON_DEFAULT, 0, FSDAX_NO_RULE};

	(void)state;
	assert_decision(fsdax_decision_merge(yes, no), false, FSDAX_REASON_DEFAULT);
	assert_decision(fsdax_decision_merge(no, yes), false, FSDAX_REASON_DEFAULT);
	assert_decision(fsdax_decision_merge(yes, yes), true, FSDAX_REASON_RULE);
	assert_decision(fsdax_decision_merge(no, no), false, FSDAX_REASON_DEFAULT);
}

static void names_may_be_merged_in_any_order(void **state)
{
	static const struct fsdax_decision all[] = {
		{true, FSDAX_REASON_RULE, 0, 4},
		{true, FSDAX_REASON_RULE, 0, 2},
		{true, FSDAX_REASON_DEFAULT, 0, FSDAX_NO_RULE},
		{false, FSDAX_REASON_RULE, 0, 3},
		{false, FSDAX_REASON_RULE, 0, 1},
		{false, FSDAX_REASON_FOLDER_TAG, 0, FSDAX_NO_RULE},
	};
	const size_t n = COUNT(all);

	(void)state;
	for (size_t i = 0; i < n * n * n; i++) {
		const struct fsdax_decision a = all[i % n], b = all[i / n % n], c = all[i / n / n];
		struct fsdax_decision left = fsdax_decision_merge(fsdax_decision_merge(a, b), c);
		struct fsdax_decision right = fsdax_decision_merge(c, fsdax_decision_merge(b, a));

		assert_memory_equal(&left, &right, sizeof(left));
	}
}

static void every_reason_has_a_name(void **state)
{
	static const char *const names[] = {"default",	  "rule",	 "tag",	      "flag",
					    "folder-tag", "not-regular", "unmappable"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(fsdax_reason_name((enum fsdax_reason)i), names[i]);
	assert_string_equal(fsdax_reason_name((enum fsdax_reason)COUNT(names)), "unknown");
	assert_string_equal(fsdax_reason_name((enum fsdax_reason) - 1), "unknown");
}

static void the_library_says_its_version(void **state)
{
	char version[32];

	(void)state;
	snprintf(version, sizeof(version), "%d.%d.%d", FSDAX_VERSION_MAJOR, FSDAX_VERSION_MINOR,
		 FSDAX_VERSION_PATCH);
	assert_string_equal(fsdax_version(), version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_regular_files_can_be_yes),
		cmocka_unit_test(what_cannot_be_mapped_is_no_whatever_else_is_said),
		cmocka_unit_test(a_tag_on_the_file_beats_all_below),
		cmocka_unit_test(the_inode_flag_beats_folder_and_rules),
		cmocka_unit_test(an_inode_flag_that_is_not_set_says_nothing),
		cmocka_unit_test(the_inode_flag_counts_only_if_the_policy_says_so),
		cmocka_unit_test(a_folder_tag_beats_rules),
		cmocka_unit_test(the_last_matching_rule_beats_the_others),
		cmocka_unit_test(without_a_rule_the_default_holds),
		cmocka_unit_test(a_decision_written_down_is_no_tag),
		cmocka_unit_test(a_tag_that_cannot_be_read_is_ignored_and_said),
		cmocka_unit_test(a_tag_too_long_to_be_fetched_is_bad_too),
		cmocka_unit_test(one_exclusion_is_enough),
		cmocka_unit_test(the_order_of_exclusions_does_not_matter),
		cmocka_unit_test(exclusions_alone_leave_all_else),
		cmocka_unit_test(an_excluded_file_may_match_an_earlier_rule),
		cmocka_unit_test(stat_is_asked_for_first),
		cmocka_unit_test(the_tag_is_asked_for_if_there_is_one),
		cmocka_unit_test(the_flag_is_asked_for_only_where_the_answer_would_be_no),
		cmocka_unit_test(an_xattr_is_asked_for_only_if_it_can_change_the_verdict),
		cmocka_unit_test(an_alternative_that_holds_makes_the_others_needless),
		cmocka_unit_test(what_is_wanted_need_not_be_taken),
		cmocka_unit_test(only_paths_are_decided),
		cmocka_unit_test(a_leading_slash_changes_nothing),
		cmocka_unit_test(a_path_may_be_longer_than_path_max),
		cmocka_unit_test(a_path_need_not_end_in_a_nul),
		cmocka_unit_test(no_beats_yes_among_names),
		cmocka_unit_test(names_may_be_merged_in_any_order),
		cmocka_unit_test(every_reason_has_a_name),
		cmocka_unit_test(the_library_says_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
