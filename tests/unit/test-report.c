/* SPDX-License-Identifier: BSD-3-Clause */
/* test-report.c - what is wrong, and where: the order of remarks, and their text. */
#include "helper.h"
#include "report.h"

/* A remark about `len` bytes at byte `at` of a line. */
static char *formatted(const char *line, size_t size, size_t at, size_t len, const char *hint)
{
	struct fsdax_report *report = report_new();
	struct span span = {"f.ini", 12, line, size, at, len};
	char *text = NULL;

	assert_non_null(report);
	report_add(report, FSDAX_ERROR, &span, hint, "wrong");
	assert_false(report_failed(report));
	assert_int_equal(fsdax_remark_format(fsdax_report_get(report, 0), &text), 0);
	fsdax_report_free(report);
	return text;
}

static void assert_format_bytes(const char *line, size_t size, size_t at, size_t len,
				const char *wanted)
{
	char *text = formatted(line, size, at, len, NULL);

	assert_string_equal(text, wanted);
	free(text);
}

static void assert_format(const char *line, size_t at, size_t len, const char *wanted)
{
	assert_format_bytes(line, strlen(line), at, len, wanted);
}

/* ---- Text -------------------------------------------------------------------- */

static void the_place_is_marked_below_the_line(void **state)
{
	(void)state;
	assert_format("path = /models/[ab", 15, 1,
		      "f.ini:12:16: error: wrong\n"
		      "   12 | path = /models/[ab\n"
		      "      |                ^\n");
	assert_format("path = /models/[ab", 7, 11,
		      "f.ini:12:8: error: wrong\n"
		      "   12 | path = /models/[ab\n"
		      "      |        ^~~~~~~~~~~\n");
}

static void a_hint_follows(void **state)
{
	char *text = formatted("a = b", 5, 4, 1, "write c");

	(void)state;
	assert_string_equal(text, "f.ini:12:5: error: wrong\n"
				  "   12 | a = b\n"
				  "      |     ^\n"
				  "      = write c\n");
	free(text);
}

static void columns_count_characters(void **state)
{
	(void)state;
	assert_format("p = \xc3\xa4\xe2\x82\xac[", 9, 1,
		      "f.ini:12:7: error: wrong\n"
		      "   12 | p = \xc3\xa4\xe2\x82\xac[\n"
		      "      |       ^\n");
}

static void a_tab_stays_a_tab_above_and_below(void **state)
{
	(void)state;
	assert_format("\ta\t= b", 5, 1,
		      "f.ini:12:6: error: wrong\n"
		      "   12 | \ta\t= b\n"
		      "      | \t \t  ^\n");
}

static void what_a_terminal_would_act_on_is_replaced(void **state)
{
	(void)state;
	assert_format_bytes("a\x1b[1m\0\xff\xe2\x80\xae|", 11, 10, 1,
			    "f.ini:12:9: error: wrong\n"
			    "   12 | a\xef\xbf\xbd[1m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\n"
			    "      |         ^\n");
}

static void a_place_at_the_end_of_the_line_is_marked(void **state)
{
	(void)state;
	assert_format("a =", 3, 0,
		      "f.ini:12:4: error: wrong\n"
		      "   12 | a =\n"
		      "      |    ^\n");
	assert_format("", 0, 0,
		      "f.ini:12:1: error: wrong\n"
		      "   12 | \n"
		      "      | ^\n");
}

static void a_long_line_is_cut_around_the_place(void **state)
{
	char line[401], wanted[1024], caret[128];
	char *text;

	(void)state;
	memset(line, 'x', 400);
	line[200] = '[';
	line[400] = '\0';
	memset(caret, ' ', sizeof(caret));
	snprintf(wanted, sizeof(wanted),
		 "f.ini:12:201: error: wrong\n"
		 "   12 | ...%.60s[%.39s...\n"
		 "      |    %.60s^\n",
		 line, line, caret);
	text = formatted(line, 400, 200, 1, NULL);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_long_place_is_marked_as_far_as_it_is_shown(void **state)
{
	char line[401];
	char *text, *caret;

	(void)state;
	memset(line, 'x', 400);
	line[400] = '\0';
	text = formatted(line, 400, 0, 400, NULL);
	caret = strchr(text, '^');
	assert_non_null(caret);
	assert_int_equal(strlen(caret), 41);
	free(text);
}

static void a_remark_about_a_file_has_no_line(void **state)
{
	struct fsdax_report *report = report_new();
	struct span file = {.file = "f.ini"};
	struct span nowhere = {0};
	char *text;

	(void)state;
	report_add(report, FSDAX_WARNING, &file, NULL, "it is %s", "old");
	report_add(report, FSDAX_NOTE, &nowhere, "hint", "there is nothing");
	assert_int_equal(fsdax_remark_format(fsdax_report_get(report, 0), &text), 0);
	assert_string_equal(text, "f.ini: warning: it is old\n");
	free(text);
	assert_int_equal(fsdax_remark_format(fsdax_report_get(report, 1), &text), 0);
	assert_string_equal(text, "note: there is nothing\n      = hint\n");
	free(text);
	fsdax_report_free(report);
}

static void the_name_of_a_file_is_made_printable_too(void **state)
{
	struct fsdax_report *report = report_new();
	struct span file = {.file = "a\nb\x1b[1m\xff\xc3\xa4.ini", .line = 3};
	char *text;

	(void)state;
	report_add(report, FSDAX_ERROR, &file, NULL, "wrong");
	assert_string_equal(fsdax_report_get(report, 0)->file, file.file);
	assert_int_equal(fsdax_remark_format(fsdax_report_get(report, 0), &text), 0);
	assert_string_equal(text, "a\xef\xbf\xbd"
				  "b\xef\xbf\xbd[1m\xef\xbf\xbd\xc3\xa4.ini:3: "
				  "error: wrong\n");
	free(text);
	fsdax_report_free(report);
}

/* ---- Counting and order ------------------------------------------------------ */

static void remarks_are_counted_and_errors_too(void **state)
{
	struct fsdax_report *report = report_new();
	struct span span = {.file = "f", .line = 1};

	(void)state;
	assert_int_equal(fsdax_report_count(report), 0);
	assert_null(fsdax_report_get(report, 0));
	report_add(report, FSDAX_WARNING, &span, NULL, "a");
	report_add(report, FSDAX_ERROR, &span, NULL, "b");
	report_add(report, FSDAX_NOTE, &span, NULL, "c");
	assert_int_equal(fsdax_report_count(report), 3);
	assert_int_equal(fsdax_report_errors(report), 1);
	assert_null(fsdax_report_get(report, 3));
	assert_null(fsdax_report_get(report, SIZE_MAX));
	fsdax_report_free(report);
	fsdax_report_free(NULL);
}

/* Add remarks "FILE LINE SEVERITY NAME", and compare the order of their names. */
static void assert_order(const char *const (*remarks)[4], size_t n, const char *wanted)
{
	struct fsdax_report *report = report_new();
	char got[64] = "";

	for (size_t i = 0; i < n; i++) {
		struct span span = {.file = remarks[i][0]};

		span.line = (uint32_t)strtoul(remarks[i][1], NULL, 10);
		report_add(report, *remarks[i][2] == 'n' ? FSDAX_NOTE : FSDAX_ERROR, &span, NULL,
			   "%s", remarks[i][3]);
	}
	report_sort(report);
	for (size_t i = 0; i < n; i++) {
		const struct fsdax_remark *remark = fsdax_report_get(report, i);

		strcat(got, remark->message);
		/* A place must not change by sorting. */
		for (size_t k = 0; k < n; k++) {
			if (!strcmp(remarks[k][3], remark->message))
				assert_int_equal(remark->line, strtoul(remarks[k][1], NULL, 10));
		}
	}
	assert_string_equal(got, wanted);
	fsdax_report_free(report);
}

static void lines_come_in_order_within_a_file(void **state)
{
	static const char *const remarks[][4] = {
		{"f", "9", "e", "a"}, {"f", "3", "e", "b"}, {"f", "9", "e", "c"},
		{"f", "0", "e", "d"}, {"f", "3", "e", "e"},
	};

	(void)state;
	assert_order(remarks, COUNT(remarks), "dbeac");
}

static void files_come_in_the_order_in_which_they_were_named(void **state)
{
	static const char *const remarks[][4] = {
		{"z", "5", "e", "a"},
		{"b", "1", "e", "b"},
		{"z", "1", "e", "c"},
		{"b", "0", "e", "d"},
	};

	(void)state;
	assert_order(remarks, COUNT(remarks), "cadb");
}

static void a_note_stays_behind_its_remark(void **state)
{
	static const char *const remarks[][4] = {
		{"f", "9", "e", "a"}, {"f", "1", "n", "b"}, {"f", "2", "n", "c"},
		{"f", "3", "e", "d"}, {"g", "1", "n", "e"}, {"f", "9", "e", "f"},
	};

	(void)state;
	assert_order(remarks, COUNT(remarks), "deabcf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_place_is_marked_below_the_line),
		cmocka_unit_test(a_hint_follows),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(a_tab_stays_a_tab_above_and_below),
		cmocka_unit_test(what_a_terminal_would_act_on_is_replaced),
		cmocka_unit_test(a_place_at_the_end_of_the_line_is_marked),
		cmocka_unit_test(a_long_line_is_cut_around_the_place),
		cmocka_unit_test(a_long_place_is_marked_as_far_as_it_is_shown),
		cmocka_unit_test(a_remark_about_a_file_has_no_line),
		cmocka_unit_test(the_name_of_a_file_is_made_printable_too),
		cmocka_unit_test(remarks_are_counted_and_errors_too),
		cmocka_unit_test(lines_come_in_order_within_a_file),
		cmocka_unit_test(files_come_in_the_order_in_which_they_were_named),
		cmocka_unit_test(a_note_stays_behind_its_remark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
