/* SPDX-License-Identifier: BSD-3-Clause */
/* test-dropin.c - which policy files are read, and in which order. */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "helper.h"

/* Folders of policy files below one scratch folder. */
struct place {
	char *root;
	char dirs[3][PATH_MAX];
	struct fsdax_policy *policy;
	struct fsdax_report *report;
	int err;
};

static int setup(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	place->root = scratch_new();
	for (size_t i = 0; i < COUNT(names); i++) {
		strcpy(place->dirs[i], path_in(place->root, names[i]));
		assert_int_equal(mkdir(place->dirs[i], 0755), 0);
	}
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	fsdax_policy_unref(place->policy);
	fsdax_report_free(place->report);
	scratch_remove(place->root);
	free(place);
	return 0;
}

/* A file with one rule of this name. */
static void put_rule(const struct place *place, size_t dir, const char *file, const char *rule)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "[rule %s]\npath = %s\ndax = yes\n", rule, rule);

	write_file(place->dirs[dir], file, text, (size_t)len);
}

static void load(struct place *place)
{
	const char *const dirs[] = {place->dirs[0], place->dirs[1], place->dirs[2]};

	place->err = fsdax_policy_load_dirs(dirs, COUNT(dirs), &place->policy, &place->report);
}

/* By way of a bundle it must come to the same, remarks included. */
static void compare_with_bundle(const struct place *place, const char *path, const char *root)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report;
	void *bundle;
	size_t size;

	assert_int_equal(fsdax_policy_pack(path, root, &bundle, &size), 0);
	assert_int_equal(fsdax_policy_unpack(bundle, size, &policy, &report), place->err);
	free(bundle);
	assert_int_equal(fsdax_report_count(report), fsdax_report_count(place->report));
	for (size_t i = 0; i < fsdax_report_count(report); i++) {
		char *text, *wanted;

		assert_int_equal(fsdax_remark_format(fsdax_report_get(report, i), &text), 0);
		assert_int_equal(fsdax_remark_format(fsdax_report_get(place->report, i), &wanted),
				 0);
		assert_string_equal(text, wanted);
		free(text);
		free(wanted);
	}
	if (!place->err)
		assert_int_equal(fsdax_policy_rules(policy), fsdax_policy_rules(place->policy));
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
}

static void load_path(struct place *place, const char *path)
{
	place->err = fsdax_policy_load(path, NULL, &place->policy, &place->report);
	compare_with_bundle(place, path, NULL);
}

/* The rules, as "one two". */
static const char *rules(const struct place *place)
{
	static char text[1024];
	struct fsdax_rule_info info;

	assert_int_equal(place->err, 0);
	text[0] = '\0';
	for (uint32_t i = 0; !fsdax_policy_rule(place->policy, i, &info); i++) {
		if (i)
			strcat(text, " ");
		strcat(text, info.name);
	}
	return text;
}

/* Remark i, which must be about this file (below the root). */
static const char *message(const struct place *place, size_t i, const char *file)
{
	const struct fsdax_remark *remark = fsdax_report_get(place->report, i);

	assert_non_null(remark);
	assert_string_equal(remark->file, path_in(place->root, file));
	return remark->message;
}

/* ---- Order and masks --------------------------------------------------------- */

static void files_come_in_the_order_of_their_names_over_all_folders(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "50-x.ini", "two");
	put_rule(place, 1, "40-x.ini", "one");
	put_rule(place, 2, "60-x.ini", "three");
	load(place);
	assert_string_equal(rules(place), "one two three");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void a_later_folder_replaces_a_file_of_the_same_name(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "50-x.ini", "first");
	put_rule(place, 1, "50-x.ini", "second");
	put_rule(place, 2, "50-x.ini", "third");
	put_rule(place, 0, "60-x.ini", "other");
	load(place);
	assert_string_equal(rules(place), "third other");
}

static void the_last_rule_wins_over_all_files(void **state)
{
	struct place *place = *state;
	struct fsdax_facts facts = untagged(1);
	struct fsdax_decision decision;

	write_file(place->dirs[2], "1.ini", "[rule a]\ndax = no\n", 18);
	write_file(place->dirs[0], "2.ini", "[rule b]\ndax = yes\n", 19);
	load(place);
	assert_int_equal(place->err, 0);
	decision = decide(place->policy, "x", &facts);
	assert_true(decision.dax);
	assert_string_equal(rule_of(place->policy, &decision), "b");
}

static void an_empty_file_masks(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "50-x.ini", "gone");
	put_rule(place, 0, "60-x.ini", "stays");
	write_file(place->dirs[1], "50-x.ini", "", 0);
	load(place);
	assert_string_equal(rules(place), "stays");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void a_link_to_dev_null_masks(void **state)
{
	struct place *place = *state;
	const char *link;

	put_rule(place, 0, "50-x.ini", "gone");
	put_rule(place, 0, "60-x.ini", "stays");
	link = path_in(place->dirs[2], "50-x.ini");
	assert_int_equal(symlink("/dev/null", link), 0);
	load(place);
	assert_string_equal(rules(place), "stays");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void a_link_to_a_file_is_read(void **state)
{
	struct place *place = *state;
	const char *link;

	put_rule(place, 1, "linked", "one");
	link = path_in(place->dirs[0], "50-x.ini");
	assert_int_equal(symlink("../b/linked", link), 0);
	load(place);
	assert_string_equal(rules(place), "one");
}

static void settings_of_a_later_file_override(void **state)
{
	struct place *place = *state;
	struct fsdax_settings settings;

	write_file(place->dirs[2], "1.ini", "[policy]\ndefault = no\n", 22);
	write_file(place->dirs[0], "2.ini", "[policy]\ndefault = yes\n", 23);
	load(place);
	assert_int_equal(place->err, 0);
	fsdax_policy_settings(place->policy, &settings);
	assert_true(settings.default_dax);
}

static void two_files_cannot_have_a_rule_of_one_name(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "1.ini", "same");
	put_rule(place, 1, "2.ini", "same");
	load(place);
	assert_int_equal(place->err, -EBADMSG);
	assert_string_equal(message(place, 0, "b/2.ini"), "there is a rule of this name already");
	assert_string_equal(message(place, 1, "a/1.ini"), "it is here");
}

/* ---- What is not read -------------------------------------------------------- */

static void other_names_get_a_warning(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "50-x.ini", "one");
	put_rule(place, 0, "60-x.conf", "two");
	load(place);
	assert_string_equal(rules(place), "one");
	assert_int_equal(fsdax_report_count(place->report), 1);
	assert_string_equal(message(place, 0, "a/60-x.conf"), "this is not read");
}

static void leftovers_of_editors_and_packages_are_passed_over(void **state)
{
	static const char *const names[] = {
		".hidden",	     ".50-x.ini.swp",	"50-x.ini~",	     "README", "README.md",
		"50-x.ini.dpkg-old", "50-x.ini.rpmnew", "50-x.ini.ucf-dist", "x.swp"};
	struct place *place = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		put_rule(place, 0, names[i], "leftover");
	put_rule(place, 0, "50-x.ini", "one");
	load(place);
	assert_string_equal(rules(place), "one");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void whatever_ends_in_ini_is_read(void **state)
{
	static const char *const names[] = {"60-x.rpms.ini", "README.ini", "a.dpkg-b.ini",
					    "b.ucf-c.ini", "-.ini"};
	struct place *place = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		put_rule(place, 0, names[i], names[i]);
	load(place);
	assert_string_equal(rules(place),
			    "-.ini 60-x.rpms.ini README.ini a.dpkg-b.ini b.ucf-c.ini");
}

static void a_file_beside_the_folder_gets_a_warning(void **state)
{
	struct place *place = *state;
	const char *dir;

	dir = path_in(place->dirs[0], "policy.d");
	assert_int_equal(mkdir(dir, 0755), 0);
	put_rule(place, 0, "50-x.ini", "misplaced");
	put_rule(place, 0, "notes", "no policy");
	load_path(place, dir);
	assert_string_equal(rules(place), "");
	assert_string_equal(message(place, 0, "a/50-x.ini"), "this is not read");
	assert_string_equal(fsdax_report_get(place->report, 1)->message,
			    "there is no policy file: the answer is no for every file");
	assert_int_equal(fsdax_report_count(place->report), 2);
}

/* ---- What cannot be read ----------------------------------------------------- */

static void folders_that_are_not_there_are_empty(void **state)
{
	struct place *place = *state;

	put_rule(place, 1, "50-x.ini", "one");
	assert_int_equal(rmdir(place->dirs[0]), 0);
	assert_int_equal(rmdir(place->dirs[2]), 0);
	load(place);
	assert_string_equal(rules(place), "one");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void no_file_at_all_is_a_policy_that_says_no(void **state)
{
	struct place *place = *state;
	struct fsdax_facts facts = untagged(1 << 30);

	load(place);
	assert_int_equal(place->err, 0);
	assert_int_equal(fsdax_report_count(place->report), 1);
	assert_int_equal(fsdax_report_get(place->report, 0)->severity, FSDAX_WARNING);
	assert_false(decide(place->policy, "x", &facts).dax);
}

static void a_link_that_leads_nowhere_is_an_error(void **state)
{
	struct place *place = *state;
	const char *link;

	put_rule(place, 0, "40-x.ini", "one");
	link = path_in(place->dirs[0], "50-x.ini");
	assert_int_equal(symlink("nowhere", link), 0);
	load(place);
	assert_int_equal(place->err, -EBADMSG);
	assert_string_equal(message(place, 0, "a/50-x.ini"),
			    "cannot read it: No such file or directory");
}

static void a_fifo_is_refused_and_not_waited_for(void **state)
{
	struct place *place = *state;
	const char *path;

	path = path_in(place->dirs[0], "50-x.ini");
	assert_int_equal(mkfifo(path, 0644), 0);
	load(place);
	assert_int_equal(place->err, -EBADMSG);
	assert_string_equal(message(place, 0, "a/50-x.ini"), "cannot read it: Invalid argument");
}

static void a_folder_with_such_a_name_is_refused(void **state)
{
	struct place *place = *state;
	const char *path;

	path = path_in(place->dirs[0], "50-x.ini");
	assert_int_equal(mkdir(path, 0755), 0);
	load(place);
	assert_int_equal(place->err, -EBADMSG);
	assert_string_equal(message(place, 0, "a/50-x.ini"), "cannot read it: Is a directory");
}

static void mistakes_of_all_files_are_reported(void **state)
{
	struct place *place = *state;
	const char *link;

	write_file(place->dirs[0], "1.ini", "[x]\n", 4);
	link = path_in(place->dirs[0], "2.ini");
	assert_int_equal(symlink("nowhere", link), 0);
	write_file(place->dirs[1], "3.ini", "[y]\n", 4);
	load(place);
	assert_int_equal(place->err, -EBADMSG);
	assert_int_equal(fsdax_report_errors(place->report), 3);
	assert_string_equal(message(place, 2, "b/3.ini"), "there is no such section");
}

/* ---- One path ---------------------------------------------------------------- */

static void one_file_is_read_whatever_its_name(void **state)
{
	struct place *place = *state;
	const char *path;

	put_rule(place, 0, "anything", "one");
	path = path_in(place->dirs[0], "anything");
	load_path(place, path);
	assert_string_equal(rules(place), "one");
	assert_int_equal(fsdax_report_count(place->report), 0);
}

static void one_folder_is_read(void **state)
{
	struct place *place = *state;

	put_rule(place, 0, "2.ini", "two");
	put_rule(place, 0, "1.ini", "one");
	load_path(place, place->dirs[0]);
	assert_string_equal(rules(place), "one two");
}

static void a_path_that_is_not_there_is_an_error_with_a_remark(void **state)
{
	struct place *place = *state;
	const char *path;

	path = path_in(place->root, "missing");
	load_path(place, path);
	assert_int_equal(place->err, -ENOENT);
	assert_null(place->policy);
	assert_string_equal(message(place, 0, "missing"),
			    "cannot read it: No such file or directory");
}

static void a_large_file_is_read_whole(void **state)
{
	struct place *place = *state;
	const size_t size = 5 << 20;
	char *text = malloc(size + 64);
	const char *path;

	assert_non_null(text);
	memset(text, '\n', size);
	strcpy(text + size, "[rule last]\ndax = yes\n");
	write_file(place->dirs[0], "x", text, strlen(text));
	free(text);
	path = path_in(place->dirs[0], "x");
	load_path(place, path);
	assert_string_equal(rules(place), "last");
}

static void an_endless_file_is_refused(void **state)
{
	struct place *place = *state;
	const char *path;
	int fd;

	path = path_in(place->dirs[0], "x");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
	load_path(place, path);
	assert_int_equal(place->err, -EFBIG);
	assert_string_equal(message(place, 0, "a/x"), "cannot read it: File too large");
}

static void another_root_can_be_searched(void **state)
{
	static const char *const steps[] = {
		"usr", "usr/lib", "usr/lib/fsdax", "run", "run/fsdax", "etc", "etc/fsdax",
	};
	static const char *const dirs[] = {
		"usr/lib/fsdax/policy.d",
		"run/fsdax/policy.d",
		"etc/fsdax/policy.d",
	};
	struct place *place = *state;

	for (size_t i = 0; i < COUNT(steps); i++)
		assert_int_equal(mkdir(path_in(place->root, steps[i]), 0755), 0);
	for (size_t i = 0; i < COUNT(dirs); i++) {
		strcpy(place->dirs[i], path_in(place->root, dirs[i]));
		assert_int_equal(mkdir(place->dirs[i], 0755), 0);
	}
	put_rule(place, 0, "1.ini", "vendor");
	put_rule(place, 0, "2.ini", "replaced");
	put_rule(place, 1, "2.ini", "runtime");
	put_rule(place, 2, "3.ini", "admin");
	place->err = fsdax_policy_load(NULL, place->root, &place->policy, &place->report);
	assert_string_equal(rules(place), "vendor runtime admin");
	assert_int_equal(fsdax_report_count(place->report), 0);
	compare_with_bundle(place, NULL, place->root);
}

static void what_is_wrong_is_told_in_the_order_of_the_files(void **state)
{
	static const char *const names[] = {"misnamed", "0.ini", "1.ini", "2.ini", "3.ini"};
	static const char bad[] = "[rule\n";
	struct place *place = *state;
	const char *dir = place->dirs[0];

	write_file(dir, "misnamed", "", 0);
	assert_int_equal(symlink("nowhere", path_in(dir, "0.ini")), 0);
	write_file(dir, "1.ini", bad, strlen(bad));
	assert_int_equal(symlink("nowhere", path_in(dir, "2.ini")), 0);
	write_file(dir, "3.ini", bad, strlen(bad));
	load_path(place, dir);
	assert_int_equal(place->err, -EBADMSG);
	assert_int_equal(fsdax_report_errors(place->report), 4);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(fsdax_report_get(place->report, i)->file,
				    path_in(dir, names[i]));
}

/* Each copy is on the heap, of its very size, so that the address sanitizer sees a byte too many. */
static int unpack_copy(const char *bytes, size_t size, size_t changed, char by)
{
	struct fsdax_policy *policy = NULL;
	struct fsdax_report *report = NULL;
	char *copy = malloc(size + !size);
	int err;

	memcpy(copy, bytes, size);
	if (changed < size)
		copy[changed] = (char)(copy[changed] ^ by);
	err = fsdax_policy_unpack(copy, size, &policy, &report);
	free(copy);
	fsdax_policy_unref(policy);
	fsdax_report_free(report);
	return err;
}

static void a_bundle_that_is_damaged_is_refused_or_harmless(void **state)
{
	struct place *place = *state;
	void *bundle;
	size_t size;

	put_rule(place, 0, "1.ini", "one");
	write_file(place->dirs[0], "misnamed", "", 0);
	assert_int_equal(fsdax_policy_pack(place->dirs[0], NULL, &bundle, &size), 0);
	assert_int_equal(unpack_copy(bundle, size, size, 0), 0);
	/* What was cut off at the end of a record is a smaller bundle. */
	assert_int_equal(unpack_copy(bundle, size - 1, size, 0), -EINVAL);
	for (size_t less = 0; less < size; less++)
		assert_true(unpack_copy(bundle, less, size, 0) <= 0);
	for (size_t at = 0; at < size; at++) {
		assert_true(unpack_copy(bundle, size, at, 1) <= 0);
		assert_true(unpack_copy(bundle, size, at, (char)0x80) <= 0);
	}
	free(bundle);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_wrong_is_told_in_the_order_of_the_files),
		TEST(a_bundle_that_is_damaged_is_refused_or_harmless),
		TEST(files_come_in_the_order_of_their_names_over_all_folders),
		TEST(a_later_folder_replaces_a_file_of_the_same_name),
		TEST(the_last_rule_wins_over_all_files),
		TEST(an_empty_file_masks),
		TEST(a_link_to_dev_null_masks),
		TEST(a_link_to_a_file_is_read),
		TEST(settings_of_a_later_file_override),
		TEST(two_files_cannot_have_a_rule_of_one_name),
		TEST(other_names_get_a_warning),
		TEST(leftovers_of_editors_and_packages_are_passed_over),
		TEST(whatever_ends_in_ini_is_read),
		TEST(a_file_beside_the_folder_gets_a_warning),
		TEST(folders_that_are_not_there_are_empty),
		TEST(no_file_at_all_is_a_policy_that_says_no),
		TEST(a_link_that_leads_nowhere_is_an_error),
		TEST(a_fifo_is_refused_and_not_waited_for),
		TEST(a_folder_with_such_a_name_is_refused),
		TEST(mistakes_of_all_files_are_reported),
		TEST(one_file_is_read_whatever_its_name),
		TEST(one_folder_is_read),
		TEST(a_path_that_is_not_there_is_an_error_with_a_remark),
		TEST(a_large_file_is_read_whole),
		TEST(an_endless_file_is_refused),
		TEST(another_root_can_be_searched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
