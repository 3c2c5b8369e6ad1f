/* SPDX-License-Identifier: BSD-3-Clause */
/* test-compile.c - sections, keys and rules: what makes a policy, and what is refused. */
#include "helper.h"

static struct fsdax_settings settings_of(const char *text)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_settings settings;

	fsdax_policy_settings(policy, &settings);
	assert_null(settings.tag_xattr); /* or its text would not live on */
	fsdax_policy_unref(policy);
	return settings;
}

/* ---- Rules ------------------------------------------------------------------- */

static void rules_are_numbered_as_they_come(void **state)
{
	struct fsdax_policy *policy = policy_of("[rule b]\ndax = no\n\n[rule a]\ndax = yes\n");
	struct fsdax_rule_info info;

	(void)state;
	assert_int_equal(fsdax_policy_rules(policy), 2);
	assert_int_equal(fsdax_policy_rule(policy, 0, &info), 0);
	assert_string_equal(info.name, "b");
	assert_string_equal(info.file, "test.ini");
	assert_int_equal(info.line, 1);
	assert_false(info.dax);
	assert_int_equal(fsdax_policy_rule(policy, 1, &info), 0);
	assert_string_equal(info.name, "a");
	assert_int_equal(info.line, 4);
	assert_true(info.dax);
	assert_int_equal(fsdax_policy_rule(policy, 2, &info), -ENOENT);
	assert_int_equal(fsdax_policy_rule(policy, UINT32_MAX, &info), -ENOENT);
	fsdax_policy_unref(policy);
}

static void a_rule_name_may_hold_blanks_and_any_character(void **state)
{
	struct fsdax_policy *policy = policy_of("[rule \t two words: \xc3\xa4=;[ ]\ndax = no\n");
	struct fsdax_rule_info info;

	(void)state;
	assert_int_equal(fsdax_policy_rule(policy, 0, &info), 0);
	assert_string_equal(info.name, "two words: \xc3\xa4=;[");
	fsdax_policy_unref(policy);
}

static void a_rule_needs_a_name(void **state)
{
	(void)state;
	assert_refused("[rule]\ndax = yes\n", 1, 2, "this rule has no name");
	assert_refused("[ rule ]\ndax = yes\n", 1, 3, "this rule has no name");
}

static void a_rule_name_has_an_end(void **state)
{
	char text[300];

	(void)state;
	snprintf(text, sizeof(text), "[rule %0200d]\ndax = yes\n", 7);
	fsdax_policy_unref(policy_of(text));
	snprintf(text, sizeof(text), "[rule %0201d]\ndax = yes\n", 7);
	assert_refused(text, 1, 7, "the name of a rule has at most 200 bytes");
}

static void two_rules_cannot_share_a_name(void **state)
{
	struct fsdax_report *report =
		refusal_of("[rule a]\ndax = yes\n[rule b]\ndax = yes\n[rule a]\ndax = no\n");
	const struct fsdax_remark *remark = fsdax_report_get(report, 0);

	(void)state;
	assert_int_equal(fsdax_report_count(report), 2);
	assert_string_equal(remark->message, "there is a rule of this name already");
	assert_int_equal(remark->line, 5);
	assert_int_equal(remark->column, 7);
	remark = fsdax_report_get(report, 1);
	assert_int_equal(remark->severity, FSDAX_NOTE);
	assert_string_equal(remark->message, "it is here");
	assert_int_equal(remark->line, 1);
	fsdax_report_free(report);
}

static void a_rule_must_say_yes_or_no(void **state)
{
	static const char message[] = "this rule says neither yes nor no";

	(void)state;
	assert_refused("[rule a]\npath = x\n", 1, 2, message);
	assert_refused("[rule a]\n[rule b]\ndax = no\n", 1, 2, message);
	assert_refused("[rule a]\n[policy]\n", 1, 2, message);
}

static void a_rule_says_yes_or_no_once(void **state)
{
	(void)state;
	assert_refused("[rule a]\ndax = yes\ndax = yes\n", 3, 1,
		       "this rule says yes or no already");
}

static void a_rule_whose_answer_is_wrong_has_one_mistake(void **state)
{
	(void)state;
	assert_refused("[rule a]\ndax = maybe\n", 2, 7, "'maybe' is neither yes nor no");
}

/* ---- Sections and keys ------------------------------------------------------- */

static void an_unknown_section_is_one_mistake(void **state)
{
	(void)state;
	assert_refused("[rules]\nfoo = bar\ndax = yes\n", 1, 2, "there is no such section");
	assert_refused("[]\nfoo = bar\n", 1, 2, "there is no such section");
	assert_refused("[Policy]\ndefault = yes\n", 1, 2, "there is no such section");
	assert_refused("[policy x]\ndefault = yes\n", 1, 2, "there is no such section");
	assert_refused("[ruler]\ndax = yes\n", 1, 2, "there is no such section");
}

static void an_unreadable_section_is_one_mistake(void **state)
{
	(void)state;
	assert_refused("[rule a\nfoo = bar\n", 1, 1, "'[' is never closed");
}

static void an_unknown_key_is_refused(void **state)
{
	(void)state;
	assert_refused("[rule a]\ndax = yes\nsizes = > 1\n", 3, 1, "[rule] has no key 'sizes'");
	assert_refused("[rule a]\ndax = yes\ndefault = yes\n", 3, 1, "[rule] has no key 'default'");
	assert_refused("[policy]\ndax = yes\n", 2, 1, "[policy] has no key 'dax'");
	assert_refused("[policy]\nDefault = yes\n", 2, 1, "[policy] has no key 'Default'");
}

static void a_long_unknown_key_is_not_shown_whole(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "[policy]\n%0300d = yes\n", 7);
	assert_refused(text, 2, 1,
		       "[policy] has no key "
		       "'000000000000000000000000000000000000000000000000000000000000'");
}

static void a_key_that_is_nearly_right_is_guessed(void **state)
{
	struct fsdax_report *report = refusal_of("[rule a]\ndax = yes\nsiez = > 1\n");

	(void)state;
	assert_string_equal(fsdax_report_get(report, 0)->hint, "did you mean size?");
	fsdax_report_free(report);
	report = refusal_of("[window]\nsomething = 1\n");
	assert_string_equal(fsdax_report_get(report, 0)->hint,
			    "keys here: page-size, chunk-size, descriptor-size");
	fsdax_report_free(report);
}

/* ---- Settings ---------------------------------------------------------------- */

static void settings_have_presets(void **state)
{
	struct fsdax_policy *policy = policy_of("");
	struct fsdax_settings settings;

	(void)state;
	fsdax_policy_settings(policy, &settings);
	assert_false(settings.default_dax);
	assert_false(settings.inode_flag);
	assert_string_equal(settings.tag_xattr, "trusted.fsdax");
	assert_string_equal(settings.tag_xattr, FSDAX_TAG_XATTR);
	assert_int_equal(settings.page_size, 4096);
	assert_int_equal(settings.chunk_size, 2 << 20);
	assert_int_equal(settings.descriptor_size, 64);
	fsdax_policy_unref(policy);
}

static void settings_can_be_made(void **state)
{
	struct fsdax_settings s =
		settings_of("[policy]\ndefault = yes\n[tag]\nxattr = none\ninode-flag = on\n"
			    "[window]\npage-size = 64K\nchunk-size = 1G\ndescriptor-size = 56\n");

	(void)state;
	assert_true(s.default_dax);
	assert_true(s.inode_flag);
	assert_int_equal(s.page_size, 65536);
	assert_int_equal(s.chunk_size, 1 << 30);
	assert_int_equal(s.descriptor_size, 56);
}

static void a_setting_is_made_once_in_a_file(void **state)
{
	(void)state;
	assert_refused("[policy]\ndefault = yes\n[tag]\n[policy]\ndefault = yes\n", 5, 1,
		       "this file has this setting already");
}

static void a_setting_that_is_wrong_is_pointed_at(void **state)
{
	(void)state;
	assert_refused("[policy]\ndefault = maybe\n", 2, 11, "'maybe' is neither yes nor no");
	assert_refused("[tag]\nxattr = fsdax\n", 2, 9, "'fsdax' is not the name of an xattr");
	assert_refused("[tag]\nxattr = user.\n", 2, 9, "'user.' is not the name of an xattr");
	assert_refused("[window]\npage-size = 2K\n", 2, 13, "no guest has pages of this size");
	assert_refused("[window]\npage-size = 128K\n", 2, 13, "no guest has pages of this size");
	assert_refused("[window]\npage-size = 5K\n", 2, 13, "no guest has pages of this size");
	assert_refused("[window]\npage-size = 0\n", 2, 13, "no guest has pages of this size");
	assert_refused("[window]\nchunk-size = 32K\n", 2, 14, "no guest maps chunks of this size");
	assert_refused("[window]\nchunk-size = 2G\n", 2, 14, "no guest maps chunks of this size");
	assert_refused("[window]\nchunk-size = 3M\n", 2, 14, "no guest maps chunks of this size");
	assert_refused("[window]\ndescriptor-size = 7\n", 2, 19,
		       "no guest has page descriptors of this size");
	assert_refused("[window]\ndescriptor-size = 2K\n", 2, 19,
		       "no guest has page descriptors of this size");
}

/* ---- Conditions -------------------------------------------------------------- */

static void a_condition_that_is_wrong_is_pointed_at(void **state)
{
	(void)state;
	assert_refused("[rule a]\ndax = yes\nsize = 1K..2Q\n", 3, 12, "'2Q' is not a number here");
	assert_refused("[rule a]\ndax = yes\nmode = rwx\n", 3, 8, "'rwx' is not a mode");
	assert_refused("[rule a]\ndax = yes\nxattr = comment\n", 3, 9,
		       "'comment' is not the name of an xattr");
	assert_refused("[rule a]\ndax = yes\nxattr = =x\n", 3, 9, "'' is not the name of an xattr");
	assert_refused("[rule a]\ndax = yes\npath = a[b\n", 3, 9, "'[' is never closed");
	assert_refused("[rule a]\ndax = yes\npath = !  a[b\n", 3, 12, "'[' is never closed");
	assert_refused("[rule a]\ndax = yes\npath = !\n", 3, 9, "the pattern is empty");
}

static void every_mistake_of_a_file_is_reported(void **state)
{
	static const char text[] = "[rule a]\nsize = x\nsiz = 1\n[foo]\nx = y\n[rule b]\n"
				   "dax = perhaps\npath = [\nage = 5\nz\n";
	static const uint32_t lines[] = {1, 2, 3, 4, 7, 8, 9, 10};
	struct fsdax_report *report = refusal_of(text);

	(void)state;
	assert_int_equal(fsdax_report_errors(report), COUNT(lines));
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_equal(fsdax_report_get(report, i)->line, lines[i]);
	fsdax_report_free(report);
}

static void a_value_in_quotes_gets_a_warning(void **state)
{
	(void)state;
	assert_warned("[rule a]\ndax = yes\npath = \"a b\"\n", 3,
		      "the quotes are part of the value");
	assert_warned("[rule a]\ndax = yes\npath = 'a b'\n", 3, "the quotes are part of the value");
}

static void a_comment_that_is_none_gets_a_warning(void **state)
{
	static const char message[] =
		"behind a value, '#' starts no comment: this is part of the value";

	(void)state;
	assert_warned("[rule a]\ndax = yes\npath = *.bin # weights\n", 3, message);
	assert_warned("[rule a]\ndax = yes\nxattr = user.a=b # c\n", 3, message);
	assert_true(says_yes(ONE_PATH("a \\# b"), "a # b"));
}

/* ---- The whole --------------------------------------------------------------- */

static void needs_tell_what_a_policy_can_ask_for(void **state)
{
	static const struct {
		const char *text;
		uint32_t needs;
	} cases[] = {
		{"", FSDAX_NEED_XATTR},
		{NO_TAG, 0},
		{"[tag]\nxattr = none\ninode-flag = yes\n", FSDAX_NEED_FLAG},
		{ONE_RULE("size = > 1"), FSDAX_NEED_SIZE},
		{ONE_RULE("owner = 1"), FSDAX_NEED_OWNER},
		{ONE_RULE("group = 1"), FSDAX_NEED_OWNER},
		{ONE_RULE("mode = 1"), FSDAX_NEED_MODE},
		{ONE_RULE("age = > 1"), FSDAX_NEED_MTIME},
		{ONE_RULE("xattr = user.a"), FSDAX_NEED_XATTR},
		{ONE_RULE("path = a"), 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fsdax_policy *policy = policy_of(cases[i].text);

		assert_int_equal(fsdax_policy_needs(policy), cases[i].needs);
		fsdax_policy_unref(policy);
	}
}

static void xattrs_are_numbered_the_tag_first_and_each_once(void **state)
{
	struct fsdax_policy *policy =
		policy_of("[rule a]\nxattr = user.b\nxattr = user.a=1\ndax = yes\n"
			  "[rule b]\nxattr = user.a\ndax = yes\n"
			  "[tag]\nxattr = user.t\n");

	(void)state;
	assert_int_equal(fsdax_policy_xattrs(policy), 3);
	assert_string_equal(fsdax_policy_xattr(policy, 0), "user.t");
	assert_string_equal(fsdax_policy_xattr(policy, 1), "user.b");
	assert_string_equal(fsdax_policy_xattr(policy, 2), "user.a");
	assert_null(fsdax_policy_xattr(policy, 3));
	assert_null(fsdax_policy_xattr(policy, SIZE_MAX));
	fsdax_policy_unref(policy);
}

static void a_file_costs_chunks_descriptors_and_pages(void **state)
{
	static const struct {
		uint64_t size, chunks, descriptors, page_cache;
	} cases[] = {
		{0, 0, 0, 0},
		{1, 1, 32768, 4096},
		{4097, 1, 32768, 8192},
		{2 << 20, 1, 32768, 2 << 20},
		{(2 << 20) + 1, 2, 65536, (2 << 20) + 4096},
		{INT64_MAX, UINT64_C(1) << 42, UINT64_C(1) << 57, UINT64_C(1) << 63},
	};
	struct fsdax_policy *policy = policy_of("");
	struct fsdax_cost cost;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fsdax_policy_cost(policy, cases[i].size, &cost);
		assert_int_equal(cost.chunks, cases[i].chunks);
		assert_int_equal(cost.descriptors, cases[i].descriptors);
		assert_true(cost.page_cache == cases[i].page_cache);
	}
	fsdax_policy_unref(policy);
}

static void the_report_may_be_left_out(void **state)
{
	struct fsdax_policy *policy = NULL;

	(void)state;
	assert_int_equal(fsdax_policy_parse("x", "[", 1, &policy, NULL), -EBADMSG);
	assert_null(policy);
	assert_int_equal(fsdax_policy_parse("x", "", 0, &policy, NULL), 0);
	fsdax_policy_unref(policy);
	fsdax_policy_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_numbered_as_they_come),
		cmocka_unit_test(a_rule_name_may_hold_blanks_and_any_character),
		cmocka_unit_test(a_rule_needs_a_name),
		cmocka_unit_test(a_rule_name_has_an_end),
		cmocka_unit_test(two_rules_cannot_share_a_name),
		cmocka_unit_test(a_rule_must_say_yes_or_no),
		cmocka_unit_test(a_rule_says_yes_or_no_once),
		cmocka_unit_test(a_rule_whose_answer_is_wrong_has_one_mistake),
		cmocka_unit_test(an_unknown_section_is_one_mistake),
		cmocka_unit_test(an_unreadable_section_is_one_mistake),
		cmocka_unit_test(an_unknown_key_is_refused),
		cmocka_unit_test(a_long_unknown_key_is_not_shown_whole),
		cmocka_unit_test(a_key_that_is_nearly_right_is_guessed),
		cmocka_unit_test(settings_have_presets),
		cmocka_unit_test(settings_can_be_made),
		cmocka_unit_test(a_setting_is_made_once_in_a_file),
		cmocka_unit_test(a_setting_that_is_wrong_is_pointed_at),
		cmocka_unit_test(a_condition_that_is_wrong_is_pointed_at),
		cmocka_unit_test(every_mistake_of_a_file_is_reported),
		cmocka_unit_test(a_value_in_quotes_gets_a_warning),
		cmocka_unit_test(a_comment_that_is_none_gets_a_warning),
		cmocka_unit_test(needs_tell_what_a_policy_can_ask_for),
		cmocka_unit_test(xattrs_are_numbered_the_tag_first_and_each_once),
		cmocka_unit_test(a_file_costs_chunks_descriptors_and_pages),
		cmocka_unit_test(the_report_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
