/* SPDX-License-Identifier: BSD-3-Clause */
/* test-print.c - a policy line by line, as a single file would have it. */
#include "helper.h"

struct collected {
	char text[8192];    /* as a policy file */
	char origins[2048]; /* "FILE:LINE" or "-", one a line */
	size_t len, origins_len;
	int stop_at; /* calls until 7 is returned; 0: never */
};

static int collect(void *data, const struct fsdax_policy_line *line)
{
	struct collected *c = data;
	char *out = c->text + c->len;
	char *origin = c->origins + c->origins_len;
	size_t room = sizeof(c->text) - c->len;

	if (c->stop_at && --c->stop_at == 0)
		return 7;
	if (line->key)
		c->len += (size_t)snprintf(out, room, "%s = %s\n", line->key, line->value);
	else
		c->len += (size_t)snprintf(out, room, "[%s]\n", line->section);
	assert_int_equal(line->key == NULL, line->value == NULL);
	assert_int_equal(line->file == NULL, line->line == 0);
	room = sizeof(c->origins) - c->origins_len;
	if (line->file)
		c->origins_len += (size_t)snprintf(origin, room, "%s:%u\n", line->file, line->line);
	else
		c->origins_len += (size_t)snprintf(origin, room, "-\n");
	return 0;
}

static void print(const char *text, struct collected *c)
{
	struct fsdax_policy *policy = policy_of(text);

	memset(c, 0, sizeof(*c));
	assert_int_equal(fsdax_policy_print(policy, collect, c), 0);
	fsdax_policy_unref(policy);
}

static const char presets[] = "[policy]\ndefault = no\n[tag]\nxattr = trusted.fsdax\n"
			      "inode-flag = no\n[window]\npage-size = 4K\nchunk-size = 2M\n"
			      "descriptor-size = 64\n";

static void an_empty_policy_prints_its_presets(void **state)
{
	struct collected c;

	(void)state;
	print("", &c);
	assert_string_equal(c.text, presets);
	assert_string_equal(c.origins, "-\n-\n-\n-\n-\n-\n-\n-\n-\n");
}

static void every_line_has_its_origin(void **state)
{
	struct collected c;

	(void)state;
	print("[tag]\n\nxattr = none\n[rule a]\ndax = yes\npath = x\n", &c);
	assert_string_equal(c.text, "[policy]\ndefault = no\n[tag]\nxattr = none\n"
				    "inode-flag = no\n[window]\npage-size = 4K\nchunk-size = 2M\n"
				    "descriptor-size = 64\n[rule a]\npath = x\ndax = yes\n");
	assert_string_equal(c.origins, "-\n-\n-\ntest.ini:3\n-\n-\n-\n-\n-\n"
				       "test.ini:4\ntest.ini:6\ntest.ini:5\n");
}

static void what_is_printed_reads_back_the_same(void **state)
{
	static const char text[] =
		"[policy]\ndefault = on\n[tag]\nxattr = user.x\ninode-flag = 1\n"
		"[window]\npage-size = 65536\nchunk-size = 4M\ndescriptor-size = 56\n"
		"[rule \t two words; and: more ]\n"
		"path : !  *-debug\npath = = x\npath=a#b\npath = a;b\npath = \\;c\n"
		"path = \xc3\xa4\\xff\nsize = >=1K\nsize = < descriptors\nowner = root\n"
		"group = 1..5\nmode = !222\nage = 1h .. 2d\nxattr = user.a = b c\n"
		"xattr = user.b=\ndax = off\n";
	struct collected first, second;

	(void)state;
	print(text, &first);
	print(first.text, &second);
	assert_string_equal(second.text, first.text);
	assert_non_null(strstr(first.text, "[rule two words; and: more]\n"));
	assert_non_null(strstr(first.text, "path = = x\n"));
	assert_non_null(strstr(first.text, "dax = no\n"));
	assert_non_null(strstr(first.text, "default = on\n"));
}

static void a_long_name_and_a_long_value_are_whole(void **state)
{
	char text[5000];
	struct collected c;

	(void)state;
	snprintf(text, sizeof(text), "[rule %0200d]\npath = /%04094d\ndax = yes\n", 1, 2);
	print(text, &c);
	assert_string_equal(c.text + strlen(presets), text);
}

static void the_callee_can_stop_it(void **state)
{
	struct fsdax_policy *policy = policy_of("[rule a]\npath = x\ndax = yes\n");

	(void)state;
	for (int calls = 1; calls <= 12; calls++) {
		struct collected c = {.stop_at = calls};

		assert_int_equal(fsdax_policy_print(policy, collect, &c), 7);
		assert_int_equal(c.stop_at, 0);
	}
	fsdax_policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_policy_prints_its_presets),
		cmocka_unit_test(every_line_has_its_origin),
		cmocka_unit_test(what_is_printed_reads_back_the_same),
		cmocka_unit_test(a_long_name_and_a_long_value_are_whole),
		cmocka_unit_test(the_callee_can_stop_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
