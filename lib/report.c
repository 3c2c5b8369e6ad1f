/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - collects what is wrong with a policy, and where. See report.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "names.h"
#include "report.h"
#include "utf8.h"

/* Lines are shown up to so many characters around the place that is meant. */
enum { SHOWN_BEFORE = 60, SHOWN_AFTER = 40 };

struct entry {
	struct fsdax_remark remark;
	uint32_t file_order; /* when its file was first named */
	uint32_t order;      /* when it was added */
};

struct fsdax_report {
	struct arena arena;
	struct entry *entries;
	uint32_t n, capacity;
	uint32_t errors;
	struct names files; /* that were named so far, with their order */
	bool failed;
};

struct fsdax_report *report_new(void)
{
	return calloc(1, sizeof(struct fsdax_report));
}

void fsdax_report_free(struct fsdax_report *report)
{
	if (!report)
		return;
	arena_release(&report->arena);
	names_release(&report->files);
	free(report->entries);
	free(report);
}

size_t fsdax_report_count(const struct fsdax_report *report)
{
	return report ? report->n : 0;
}

size_t fsdax_report_errors(const struct fsdax_report *report)
{
	return report ? report->errors : 0;
}

const struct fsdax_remark *fsdax_report_get(const struct fsdax_report *report, size_t i)
{
	return report && i < report->n ? &report->entries[i].remark : NULL;
}

bool report_failed(const struct fsdax_report *report)
{
	return report->failed;
}

/* Whether a character may go to a terminal as it is. */
static bool printable(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c < UTF8_STRAY &&
	       !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) &&
	       c != 0x200e && c != 0x200f && c != 0x2028 && c != 0x2029;
}

/*
 * Copy text with each unprintable character as one '?' of Unicode's, so that columns
 * stay what they are. A tab stays a tab.
 */
static char *clean(struct arena *arena, const char *text, size_t len)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *copy = arena_alloc(arena, len * 3 + 1);
	size_t used, out = 0;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < len; i += used) {
		uint32_t c = utf8_decode(text + i, len - i, &used);

		if (c == '\t' || printable(c)) {
			memcpy(copy + out, text + i, used);
			out += used;
		} else {
			memcpy(copy + out, replacement, 3);
			out += 3;
		}
	}
	copy[out] = '\0';
	return copy;
}

/* When a file was first named, or no file. file: the report's own copy, or NULL. */
static int file_order(struct fsdax_report *report, const char *file, uint32_t *order)
{
	int added;

	*order = report->files.n;
	added = names_add(&report->files, file ? file : "", order);
	return added < 0 ? added : 0;
}

static int fill(struct fsdax_report *report, struct fsdax_remark *remark, const struct span *span)
{
	remark->width = 1;
	if (span->file) {
		remark->file = arena_strdup(&report->arena, span->file);
		if (!remark->file)
			return -ENOMEM;
	}
	remark->line = span->line;
	if (!span->text)
		return 0;
	remark->text = clean(&report->arena, span->text, span->text_len);
	if (!remark->text)
		return -ENOMEM;
	remark->column = (uint32_t)utf8_length(span->text, span->at) + 1;
	if (span->len)
		remark->width = (uint32_t)utf8_length(span->text + span->at, span->len);
	return 0;
}

static int add(struct fsdax_report *report, enum fsdax_severity severity, const struct span *span,
	       const char *hint, const char *message)
{
	struct fsdax_remark remark = {.severity = severity};
	uint32_t order;

	if (array_reserve(&report->entries, &report->capacity, report->n, sizeof(struct entry)))
		return -ENOMEM;
	if (fill(report, &remark, span))
		return -ENOMEM;
	remark.message = clean(&report->arena, message, strlen(message));
	if (hint)
		remark.hint = clean(&report->arena, hint, strlen(hint));
	if (!remark.message || (hint && !remark.hint) || file_order(report, remark.file, &order))
		return -ENOMEM;
	report->entries[report->n] = (struct entry){
		.remark = remark,
		.file_order = order,
		.order = report->n,
	};
	report->n++;
	if (severity == FSDAX_ERROR)
		report->errors++;
	return 0;
}

void report_add(struct fsdax_report *report, enum fsdax_severity severity, const struct span *span,
		const char *hint, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&message, format, args);
	va_end(args);
	if (length < 0 || add(report, severity, span, hint, message))
		report->failed = true;
	if (length >= 0)
		free(message);
}

static int by_place(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;

	if (a->file_order != b->file_order)
		return a->file_order < b->file_order ? -1 : 1;
	if (a->remark.line != b->remark.line)
		return a->remark.line < b->remark.line ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void report_sort(struct fsdax_report *report)
{
	uint32_t *line = malloc((report->n + 1) * sizeof(*line));

	if (!line) {
		report->failed = true;
		return;
	}
	/* A note sorts by the place of the remark that it belongs to. */
	for (uint32_t i = 0; i < report->n; i++) {
		struct entry *entry = &report->entries[i];

		line[i] = entry->remark.line;
		if (entry->remark.severity == FSDAX_NOTE && i) {
			entry->file_order = report->entries[i - 1].file_order;
			entry->remark.line = report->entries[i - 1].remark.line;
		}
	}
	if (report->n)
		qsort(report->entries, report->n, sizeof(struct entry), by_place);
	for (uint32_t i = 0; i < report->n; i++)
		report->entries[i].remark.line = line[report->entries[i].order];
	free(line);
}

/* The byte offset of character n of a clean text. */
static size_t offset_of(const char *text, size_t n)
{
	size_t len = strlen(text);
	size_t used, at = 0;

	for (; n > 0 && at < len; n--, at += used)
		utf8_decode(text + at, len - at, &used);
	return at;
}

/* Print the line, cut around the place that is meant, and the caret below it. */
static void print_excerpt(FILE *out, const struct fsdax_remark *remark)
{
	size_t length = utf8_length(remark->text, strlen(remark->text));
	size_t column = remark->column ? remark->column - 1 : 0;
	size_t from = column > SHOWN_BEFORE ? column - SHOWN_BEFORE : 0;
	size_t to = length - column > SHOWN_AFTER ? column + SHOWN_AFTER : length;
	size_t start = offset_of(remark->text, from);
	size_t end = offset_of(remark->text, to);
	size_t stop = offset_of(remark->text, column);

	fprintf(out, "%5u | %s%.*s%s\n", remark->line, from ? "..." : "", (int)(end - start),
		remark->text + start, to < length ? "..." : "");
	if (!remark->column)
		return;
	fprintf(out, "      | %s", from ? "   " : "");
	for (size_t i = start; i < stop; i += offset_of(remark->text + i, 1))
		fputc(remark->text[i] == '\t' ? '\t' : ' ', out);
	fputc('^', out);
	for (size_t i = 1; i < remark->width && column + i < to; i++)
		fputc('~', out);
	fputc('\n', out);
}

/* The name of a file may hold anything, as a line's end and what looks like a message. */
static void print_file(FILE *out, const char *file)
{
	size_t len = strlen(file);
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		if (printable(utf8_decode(file + i, len - i, &used)))
			fprintf(out, "%.*s", (int)used, file + i);
		else
			fputs("\xef\xbf\xbd", out);
	}
	fputc(':', out);
}

static void print_remark(FILE *out, const struct fsdax_remark *remark)
{
	static const char *const severities[] = {"note", "warning", "error"};

	if (remark->file)
		print_file(out, remark->file);
	if (remark->file && remark->line)
		fprintf(out, "%u:", remark->line);
	if (remark->file && remark->line && remark->column)
		fprintf(out, "%u:", remark->column);
	fprintf(out, "%s%s: %s\n", remark->file ? " " : "", severities[remark->severity],
		remark->message);
	if (remark->text && remark->line)
		print_excerpt(out, remark);
	if (remark->hint)
		fprintf(out, "      = %s\n", remark->hint);
}

int fsdax_remark_format(const struct fsdax_remark *remark, char **text)
{
	size_t size = 0;
	char *made = NULL;
	FILE *out = open_memstream(&made, &size);
	bool bad;

	if (!out)
		return -ENOMEM;
	print_remark(out, remark);
	bad = ferror(out);
	if (fclose(out) || bad) {
		free(made);
		return -ENOMEM;
	}
	*text = made;
	return 0;
}
