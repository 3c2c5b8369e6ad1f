/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-options.c - what the options of virtiofsd mean here, those of long ago among them. That all
 * of them are known: test-virtiofsd.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

enum { WORDS = 16 };

/* words: with a space between. Lives until the next call. */
static enum options_result parse_alone(const char *words, struct options *options)
{
	static char text[512];
	char *argv[WORDS] = {(char[]){"fsdaxd"}}, *next = text;
	int argc = 1;

	assert_true(strlen(words) < sizeof(text));
	strcpy(text, words);
	while (argc < WORDS - 1 && (argv[argc] = strsep(&next, " ")))
		argc += *argv[argc] != '\0';
	argv[argc] = NULL;
	optind = 0;
	return options_parse(argc, argv, options);
}

/* With what has to be there. */
static enum options_result parse(const char *words, struct options *options)
{
	char all[512];

	snprintf(all, sizeof(all), "--shared-dir=/ --socket-path=/s %s", words);
	return parse_alone(all, options);
}

static struct options taken(const char *words)
{
	struct options options;

	assert_int_equal(parse(words, &options), OPTIONS_RUN);
	return options;
}

static void refused(const char *words)
{
	struct options options;

	assert_int_equal(parse(words, &options), OPTIONS_WRONG);
}

static void old_words_mean_what_they_meant(void **state)
{
	struct options o = taken("-o cache=none,xattr,writeback,posix_lock -o flock,log_level=err");

	(void)state;
	assert_int_equal(o.settings.cache, CACHE_NEVER);
	assert_true(o.settings.xattr && o.settings.writeback && o.settings.posix_lock);
	assert_true(o.settings.flock);
	assert_int_equal(o.log_level, LOG_LEVEL_ERROR);
	o = taken("-o no_readdirplus,killpriv_v2,announce_submounts,sandbox=chroot,posix_acl");
	assert_true(o.settings.no_readdirplus && o.settings.killpriv_v2);
	assert_true(o.settings.announce_submounts && o.settings.posix_acl && o.settings.xattr);
	assert_int_equal(o.settings.sandbox, SANDBOX_CHROOT);
	assert_int_equal(taken("-o debug").log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(taken("-d -f").log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(taken("").log_level, LOG_LEVEL_INFO);
}

static void old_words_turn_off_what_was_on(void **state)
{
	struct options o = taken("--xattr --writeback --no-readdirplus -o "
				 "no_xattr,no_writeback,readdirplus,no_security_label");

	(void)state;
	assert_false(o.settings.xattr || o.settings.writeback || o.settings.no_readdirplus);
}

static void the_folder_was_once_a_source(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse_alone("-o source=/dev -o cache=auto --socket=/s", &o), OPTIONS_RUN);
	assert_string_equal(o.settings.shared_dir, "/dev");
	assert_string_equal(o.settings.socket_path, "/s");
}

static void old_words_that_are_none_are_refused(void **state)
{
	(void)state;
	refused("-o nothing");
	refused("-o xattr=1");
	refused("-o cache");
	refused("-o no_cache");
	refused("-o no_");
	refused("-o =");
	refused("-o timeout=5");
	refused("-o xattrmap=:map::user.virtiofs.:");
	refused("-o security_label");
	taken("-o ,,xattr,");
}

static void a_value_may_be_left_out(void **state)
{
	(void)state;
	assert_true(taken("--posix-acl").settings.posix_acl);
	assert_true(taken("--posix-acl=auto").settings.xattr);
	assert_true(taken("--posix-acl=always").settings.posix_acl);
	assert_false(taken("--posix-acl=never").settings.posix_acl);
	assert_false(taken("--posix-acl --posix-acl=never").settings.xattr);
	refused("--posix-acl=perhaps");
	taken("--security-label=never");
	refused("--security-label=auto");
	refused("--security-label");
}

static void names_of_long_ago(void **state)
{
	(void)state;
	assert_int_equal(taken("--inode-file-handles=fallback").settings.file_handles,
			 HANDLES_PREFER);
	assert_int_equal(taken("--cache=none").settings.cache, CACHE_NEVER);
	assert_int_equal(taken("--log-level=trace").log_level, LOG_LEVEL_DEBUG);
}

static void a_limit_of_zero_stays_as_it_is(void **state)
{
	(void)state;
	assert_true(taken("").settings.rlimit_nofile == RLIMIT_NOFILE_MOST);
	assert_int_equal(taken("--rlimit-nofile=0").settings.rlimit_nofile, 0);
	assert_int_equal(taken("--rlimit-nofile=77").settings.rlimit_nofile, 77);
}

/* virtiofsd takes several; here the last would win, and nobody would be told. */
static void one_range_of_ids(void **state)
{
	(void)state;
	taken("--uid-map=:0:100000:65536: --gid-map=:0:100000:65536:");
	refused("--uid-map=:0:100000:10: --uid-map=:10:200000:10: --gid-map=:0:100000:65536:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_words_mean_what_they_meant),
		cmocka_unit_test(old_words_turn_off_what_was_on),
		cmocka_unit_test(the_folder_was_once_a_source),
		cmocka_unit_test(old_words_that_are_none_are_refused),
		cmocka_unit_test(a_value_may_be_left_out),
		cmocka_unit_test(names_of_long_ago),
		cmocka_unit_test(a_limit_of_zero_stays_as_it_is),
		cmocka_unit_test(one_range_of_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
