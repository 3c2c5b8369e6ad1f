/* SPDX-License-Identifier: BSD-3-Clause */
/* test-ini_read.c - lines of a policy file: sections, pairs, comments, and what is none. */
#include "helper.h"
#include "ini_read.h"

/* Collects what is delivered: "line[section]" and "line:key=value", one a line. */
struct collected {
	char text[4096];
	size_t len;
	int stop_at; /* calls until an error is returned; 0: never */
	struct fsdax_report *report;
};

static void note(void *data, const struct span *span, const char *hint, const char *message)
{
	struct collected *c = data;

	report_add(c->report, FSDAX_ERROR, span, hint, "%s", message);
}

static bool is_enough(void *data)
{
	const struct collected *c = data;

	return fsdax_report_errors(c->report) >= 10000;
}

static int collect(void *data, const struct ini_item *item)
{
	struct collected *c = data;
	char *out = c->text + c->len;
	size_t room = sizeof(c->text) - c->len;

	if (c->stop_at && --c->stop_at == 0)
		return -EINTR;
	assert_string_equal(item->file, "f.ini");
	if (!item->key.text)
		c->len += (size_t)snprintf(out, room, "%u[?]\n", item->line);
	else if (!item->value.text)
		c->len += (size_t)snprintf(out, room, "%u[%.*s]\n", item->line, (int)item->key.len,
					   item->key.text);
	else
		c->len += (size_t)snprintf(out, room, "%u:%.*s=%.*s\n", item->line,
					   (int)item->key.len, item->key.text, (int)item->value.len,
					   item->value.text);
	return 0;
}

static int read_bytes(const char *text, size_t size, struct collected *c,
		      struct fsdax_report **report)
{
	const struct ini_sink sink = {collect, note, is_enough, c, "[rule NAME]"};
	/* In memory of its own length, so that a sanitizer sees a byte too much. */
	char *copy = malloc(size + !size);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, size);
	*report = report_new();
	assert_non_null(*report);
	c->report = *report;
	err = ini_read("f.ini", copy, size, &sink);
	free(copy);
	return err;
}

static void assert_reads_bytes(const char *text, size_t size, const char *wanted)
{
	struct collected c = {.len = 0};
	struct fsdax_report *report;

	assert_int_equal(read_bytes(text, size, &c, &report), 0);
	assert_int_equal(fsdax_report_count(report), 0);
	assert_string_equal(c.text, wanted);
	fsdax_report_free(report);
}

static void assert_reads(const char *text, const char *wanted)
{
	assert_reads_bytes(text, strlen(text), wanted);
}

/* That there is one error at this place, and what else is read. */
static void assert_bad_bytes(const char *text, size_t size, uint32_t line, uint32_t column,
			     uint32_t width, const char *message, const char *wanted)
{
	struct collected c = {.len = 0};
	struct fsdax_report *report;
	const struct fsdax_remark *remark;

	assert_int_equal(read_bytes(text, size, &c, &report), 0);
	assert_int_equal(fsdax_report_count(report), 1);
	remark = fsdax_report_get(report, 0);
	assert_string_equal(remark->message, message);
	assert_int_equal(remark->line, line);
	assert_int_equal(remark->column, column);
	assert_int_equal(remark->width, width);
	assert_string_equal(c.text, wanted);
	fsdax_report_free(report);
}

static void assert_bad(const char *text, uint32_t line, uint32_t column, uint32_t width,
		       const char *message, const char *wanted)
{
	assert_bad_bytes(text, strlen(text), line, column, width, message, wanted);
}

/* ---- What is read ------------------------------------------------------------ */

static void sections_and_pairs_come_with_their_lines(void **state)
{
	(void)state;
	assert_reads("[a]\nb = c\n\n[d e]\nf=g\n", "1[a]\n2:b=c\n4[d e]\n5:f=g\n");
}

static void an_empty_file_has_nothing(void **state)
{
	(void)state;
	assert_reads("", "");
	assert_reads("\n\n\n", "");
	assert_reads("\xef\xbb\xbf", "");
}

static void the_last_line_needs_no_end(void **state)
{
	(void)state;
	assert_reads("[a]\nb=c", "1[a]\n2:b=c\n");
	assert_reads("[a]", "1[a]\n");
}

static void lines_may_end_as_on_dos(void **state)
{
	(void)state;
	assert_reads("[a]\r\nb=c\r\n\r\n; x\r\nd=e\r", "1[a]\n2:b=c\n5:d=e\n");
}

static void a_byte_order_mark_is_left_out(void **state)
{
	(void)state;
	assert_reads("\xef\xbb\xbf[a]\nb=c\n", "1[a]\n2:b=c\n");
}

static void blanks_around_all_parts_are_left_out(void **state)
{
	(void)state;
	assert_reads(" \t[ a ] \t\n\t b \t = \t c d \t\n", "1[a]\n2:b=c d\n");
}

static void an_indented_line_is_a_line_of_its_own(void **state)
{
	(void)state;
	assert_reads("[a]\nb = c\n  d = e\n\tf = g\n", "1[a]\n2:b=c\n3:d=e\n4:f=g\n");
}

static void a_key_may_come_twice(void **state)
{
	(void)state;
	assert_reads("[a]\nb=1\nb=2\n[a]\nb=1\n", "1[a]\n2:b=1\n3:b=2\n4[a]\n5:b=1\n");
}

static void a_pair_is_split_at_its_first_sign(void **state)
{
	(void)state;
	assert_reads("[a]\nb = c = d\ne : f\ng = h:i\nj:k=l\n",
		     "1[a]\n2:b=c = d\n3:e=f\n4:g=h:i\n5:j=k=l\n");
}

static void a_comment_fills_a_line_or_follows_a_blank(void **state)
{
	(void)state;
	assert_reads("; x\n# y\n  ; z\n[a] ; b\nc = d ; e\nf = g;h\ni = j\t;k\nl = #m\n",
		     "4[a]\n5:c=d\n6:f=g;h\n7:i=j\n8:l=#m\n");
}

/* inih, as it is built, cuts lines at 200 bytes and names at 50. */
static void long_lines_sections_keys_and_values_are_whole(void **state)
{
	char word[1001], text[4096], wanted[4096];

	(void)state;
	for (size_t len = 40; len < sizeof(word); len += 60) {
		memset(word, 'x', len);
		word[len] = '\0';
		snprintf(text, sizeof(text), "[%.*s]\n%.*s = %.*s y\n;%.*s\n[b]\n", (int)len, word,
			 (int)len, word, (int)len, word, (int)len, word);
		snprintf(wanted, sizeof(wanted), "1[%.*s]\n2:%.*s=%.*s y\n4[b]\n", (int)len, word,
			 (int)len, word, (int)len, word);
		assert_reads(text, wanted);
	}
}

/* ---- What is refused --------------------------------------------------------- */

static void a_section_must_be_closed(void **state)
{
	(void)state;
	assert_bad("[a]\nb=c\n [d\ne=f\n", 3, 2, 1, "'[' is never closed",
		   "1[a]\n2:b=c\n3[?]\n4:e=f\n");
}

static void nothing_may_follow_a_section(void **state)
{
	(void)state;
	assert_bad("[a] b\n", 1, 4, 2, "there is something behind the section's name", "1[?]\n");
	assert_bad("[a]]\n", 1, 4, 1, "there is something behind the section's name", "1[?]\n");
	assert_bad("[a];b\n", 1, 4, 2, "there is something behind the section's name", "1[?]\n");
}

static void a_line_must_be_something(void **state)
{
	(void)state;
	assert_bad("[a]\n  yes, please\n", 2, 3, 11, "this is neither [section] nor key = value",
		   "1[a]\n");
}

static void a_pair_needs_a_key_and_a_value(void **state)
{
	(void)state;
	assert_bad("[a]\n = b\n", 2, 2, 1, "there is no key here", "1[a]\n");
	assert_bad("[a]\nb =\n", 2, 1, 1, "this key has no value", "1[a]\n");
	assert_bad("[a]\nbc = ; d\n", 2, 1, 2, "this key has no value", "1[a]\n");
}

/* It could not be written down again: behind "= " it would be a comment. */
static void a_value_cannot_start_with_a_semicolon(void **state)
{
	(void)state;
	assert_bad("[a]\nb =;c\n", 2, 4, 2, "a value cannot start with ';'", "1[a]\n");
}

static void a_key_needs_a_section(void **state)
{
	(void)state;
	assert_bad("b = c\n[a]\nd = e\n", 1, 1, 1, "a key before any section", "2[a]\n3:d=e\n");
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
	(void)state;
	assert_bad("[a]\nb = \xc3\xa4\xff\n", 2, 6, 1, "byte 0xff is not UTF-8", "1[a]\n");
	assert_bad("[a]\n; \xe4\nb=c\n", 2, 3, 1, "byte 0xe4 is not UTF-8", "1[a]\n3:b=c\n");
	assert_bad("[\xe4]\nb=c\n", 1, 2, 1, "byte 0xe4 is not UTF-8", "1[?]\n2:b=c\n");
}

static void control_characters_are_refused(void **state)
{
	(void)state;
	assert_bad("[a]\nb = c\x1b[1m\n", 2, 6, 1, "control character 0x1b", "1[a]\n");
	assert_bad("[a]\nb = c\rd = e\n", 2, 6, 1, "control character 0x0d", "1[a]\n");
	assert_bad("[a]\nb = \x7f\n", 2, 5, 1, "control character 0x7f", "1[a]\n");
	assert_bad_bytes("[a]\nb = \0c\nd=e\n", 15, 2, 5, 1, "control character 0x00",
			 "1[a]\n3:d=e\n");
}

static void utf16_has_a_message_of_its_own(void **state)
{
	(void)state;
	assert_bad_bytes("\xff\xfe[\0a\0]\0", 8, 0, 0, 1, "this file is UTF-16", "");
	assert_bad_bytes("\xfe\xff\0[\0a\0]", 8, 0, 0, 1, "this file is UTF-16", "");
}

static void every_mistake_is_reported(void **state)
{
	static const char text[] = "a\n[b\n=c\nd=\n[e]]\n";
	struct collected c = {.len = 0};
	struct fsdax_report *report;

	(void)state;
	assert_int_equal(read_bytes(text, strlen(text), &c, &report), 0);
	assert_int_equal(fsdax_report_errors(report), 5);
	fsdax_report_free(report);
}

static void reading_ends_at_too_many_mistakes(void **state)
{
	enum { LINES = 30000 };
	struct collected c = {.len = 0};
	struct fsdax_report *report;
	char *text = malloc(LINES * 2);
	const struct fsdax_remark *last;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < LINES; i++)
		memcpy(text + i * 2, "x\n", 2);
	assert_int_equal(read_bytes(text, LINES * 2, &c, &report), 0);
	free(text);
	assert_int_equal(fsdax_report_errors(report), 10001);
	last = fsdax_report_get(report, 10000);
	assert_string_equal(last->message, "too many mistakes: what follows was not read");
	fsdax_report_free(report);
}

static void an_error_of_the_callee_stops_it(void **state)
{
	static const char text[] = "[a]\nb=c\nd=e\n";

	(void)state;
	for (int calls = 1; calls <= 3; calls++) {
		struct collected c = {.stop_at = calls};
		struct fsdax_report *report;

		assert_int_equal(read_bytes(text, strlen(text), &c, &report), -EINTR);
		assert_int_equal(c.stop_at, 0);
		fsdax_report_free(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_pairs_come_with_their_lines),
		cmocka_unit_test(an_empty_file_has_nothing),
		cmocka_unit_test(the_last_line_needs_no_end),
		cmocka_unit_test(lines_may_end_as_on_dos),
		cmocka_unit_test(a_byte_order_mark_is_left_out),
		cmocka_unit_test(blanks_around_all_parts_are_left_out),
		cmocka_unit_test(an_indented_line_is_a_line_of_its_own),
		cmocka_unit_test(a_key_may_come_twice),
		cmocka_unit_test(a_pair_is_split_at_its_first_sign),
		cmocka_unit_test(a_comment_fills_a_line_or_follows_a_blank),
		cmocka_unit_test(long_lines_sections_keys_and_values_are_whole),
		cmocka_unit_test(a_section_must_be_closed),
		cmocka_unit_test(nothing_may_follow_a_section),
		cmocka_unit_test(a_line_must_be_something),
		cmocka_unit_test(a_pair_needs_a_key_and_a_value),
		cmocka_unit_test(a_value_cannot_start_with_a_semicolon),
		cmocka_unit_test(a_key_needs_a_section),
		cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(utf16_has_a_message_of_its_own),
		cmocka_unit_test(every_mistake_is_reported),
		cmocka_unit_test(reading_ends_at_too_many_mistakes),
		cmocka_unit_test(an_error_of_the_callee_stops_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
