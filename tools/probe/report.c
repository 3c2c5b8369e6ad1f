/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * report.c - one check is one line of TAP, or one object, written at once.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "report.h"

void report_begin(struct report *report, bool json, unsigned total)
{
	*report = (struct report){.json = json};
	if (!json)
		printf("TAP version 13\n1..%u\n", total);
}

/* What was seen, each line as a comment. */
static void print_comment(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		printf("#   %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_tap(const struct report *report, const char *name, const char *title,
		      enum verdict verdict, const char *text, bool known)
{
	printf("%sok %u - %s: %s", verdict == FAILED ? "not " : "", report->number, name, title);
	if (verdict == SKIPPED)
		printf(" # SKIP %s", text);
	else if (known)
		printf(" # TODO known to fail");
	putchar('\n');
	if (text && verdict == FAILED)
		print_comment(text);
	fflush(stdout);
}

static void print_json(const char *name, const char *title, enum verdict verdict, const char *text,
		       bool known, double seconds)
{
	static const char *const words[] = {"pass", "fail", "skip"};
	struct json_object *object = json_object_new_object();

	if (!object)
		return;
	json_object_object_add(object, "check", json_object_new_string(name));
	json_object_object_add(object, "title", json_object_new_string(title));
	json_object_object_add(object, "status", json_object_new_string(words[verdict]));
	json_object_object_add(object, "known", json_object_new_boolean(known));
	json_object_object_add(object, "text", text ? json_object_new_string(text) : NULL);
	json_object_object_add(object, "seconds", json_object_new_double(seconds));
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(object);
}

void report_add(struct report *report, const char *name, const char *title, enum verdict verdict,
		const char *text, bool known, double seconds)
{
	report->number++;
	report->skipped += verdict == SKIPPED;
	report->failed += verdict == FAILED && !known;
	report->known += verdict == FAILED && known;
	if (report->json)
		print_json(name, title, verdict, text, known, seconds);
	else
		print_tap(report, name, title, verdict, text, known);
}

void report_end(const struct report *report)
{
	if (report->json)
		return;
	printf("# %u checks: %u passed, %u failed, %u known to fail, %u skipped\n", report->number,
	       report->number - report->failed - report->skipped - report->known, report->failed,
	       report->known, report->skipped);
}
