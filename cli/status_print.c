/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status_print.c - the state of a daemon, for people.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "count.h"
#include "output.h"
#include "status.h"
#include "table.h"

#define TIME_MAX 32

/* ---- Words ------------------------------------------------------------------------------------- */

char *status_duration(char dst[STATUS_DURATION_MAX], uint64_t seconds)
{
	if (seconds < 60)
		snprintf(dst, STATUS_DURATION_MAX, "%d s", (int)seconds);
	else if (seconds < 3600)
		snprintf(dst, STATUS_DURATION_MAX, "%d min", (int)(seconds / 60));
	else if (seconds < 86400)
		snprintf(dst, STATUS_DURATION_MAX, "%d h %d min", (int)(seconds / 3600),
			 (int)(seconds / 60 % 60));
	else
		snprintf(dst, STATUS_DURATION_MAX, "%llu d %d h",
			 (unsigned long long)(seconds / 86400), (int)(seconds / 3600 % 24));
	return dst;
}

/* Of clocks that were set, no sense is made. */
static uint64_t seconds_since(uint64_t moment)
{
	uint64_t now = (uint64_t)time(NULL);

	return moment < now ? now - moment : 0;
}

/* "2026-11-24 18:20:01", in local time. Returns dst. */
static char *moment(char dst[TIME_MAX], uint64_t seconds)
{
	const time_t at = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(dst, TIME_MAX, "%F %T", &tm))
		strcpy(dst, "?");
	return dst;
}

const char *status_guest(struct json_object *answer)
{
	struct json_object *guest = answer_member(answer, "guest");
	const bool has_window = answer_member(answer, "window");

	if (!answer_bool(guest, "connected"))
		return "none is there";
	if (!answer_bool(guest, "initialized"))
		return "there, but it has not mounted the share";
	if (answer_bool(guest, "inode_dax"))
		return "there, and asks for each file whether it is DAX";
	if (answer_bool(guest, "window"))
		return "there, with a window, but does not ask for each file (dax=always)";
	return has_window ? "there, without DAX: its front-end has no window, or dax=never"
			  : "there, without DAX";
}

/* ---- Lines ------------------------------------------------------------------------------------- */

static int print_head(const char *socket, struct json_object *answer)
{
	char up[STATUS_DURATION_MAX];
	char *dir = answer_path(answer, "dir");
	char *tag = answer_path(answer, "tag");
	const char *version = answer_string(answer, "version");
	uint64_t age = seconds_since(answer_number(answer, "started"));

	if (!dir || !tag) {
		free(dir);
		free(tag);
		return -ENOMEM;
	}
	output_print("%s%s%s%s\n", dir, answer_string(answer, "tag") ? ", tag " : "",
		     answer_string(answer, "tag") ? tag : "",
		     answer_bool(answer, "readonly") ? ", read-only" : "");
	output_print("  daemon   %s, pid %llu, up %s, %s\n", version ? version : "?",
		     (unsigned long long)answer_number(answer, "pid"), status_duration(up, age),
		     socket);
	free(dir);
	free(tag);
	return 0;
}

static int print_guest(struct json_object *answer)
{
	struct json_object *guest = answer_member(answer, "guest");
	char *mount;

	if (answer_string(answer, "mount")) {
		mount = answer_path(answer, "mount");
		if (!mount)
			return -ENOMEM;
		output_print("  guest    this machine, at %s, without DAX\n", mount);
		free(mount);
		return 0;
	}
	output_print("  guest    %s", status_guest(answer));
	if (answer_bool(guest, "initialized"))
		output_print("; FUSE 7.%llu",
			     (unsigned long long)answer_number(guest, "fuse_minor"));
	output_text("\n");
	return 0;
}

static void print_window(struct json_object *window)
{
	uint64_t size = answer_number(window, "size");
	uint64_t chunk = answer_number(window, "chunk_size");
	uint64_t failures = answer_number(window, "failures");
	char all[16], mapped[16], chunks[COUNT_MAX], total[COUNT_MAX], maps[COUNT_MAX];
	char unmaps[COUNT_MAX], upgrades[COUNT_MAX], failed[COUNT_MAX];

	if (!window) {
		output_text("  window   none (no --dax-window)\n");
		return;
	}
	output_print("  window   %s, %s of %s chunks mapped, %s\n", output_size(all, size),
		     count_text(chunks, answer_number(window, "mapped_chunks")),
		     count_text(total, chunk ? size / chunk : 0),
		     output_size(mapped, answer_number(window, "mapped_bytes")));
	output_print("           since the start: %s mapped, %s unmapped, %s made writable, "
		     "%s failed\n",
		     count_text(maps, answer_number(window, "maps")),
		     count_text(unmaps, answer_number(window, "unmaps")),
		     count_text(upgrades, answer_number(window, "upgrades")),
		     count_text(failed, failures));
	if (!answer_bool(window, "view"))
		output_text("           no view of whole chunks: see THE WINDOW in fsdaxd(8)\n");
}

static int print_policy(struct json_object *policy)
{
	char rules[COUNT_OF_MAX], when[TIME_MAX];
	uint64_t refused = answer_number(policy, "refused");
	char *path;

	if (!policy) {
		output_text("  policy   none (--policy=none)\n");
		return 0;
	}
	path = answer_string(policy, "path") ? answer_path(policy, "path") : strdup("installed");
	if (!path)
		return -ENOMEM;
	output_print("  policy   %s, %s, loaded %s\n", path,
		     count_of(rules, answer_number(policy, "rules"), "rule"),
		     moment(when, answer_number(policy, "loaded")));
	if (refused)
		output_print("           a newer one was refused %s: fsdax-ctl reload tells why\n",
			     moment(when, refused));
	free(path);
	return 0;
}

static void print_knows(struct json_object *answer)
{
	char files[COUNT_OF_MAX], folders[COUNT_OF_MAX], handles[COUNT_OF_MAX];

	output_print("  knows    %s, %s; %s\n",
		     count_of(files, answer_number(answer, "files"), "file"),
		     count_of(folders, answer_number(answer, "folders"), "folder"),
		     count_of(handles, answer_number(answer, "open_handles"), "open handle"));
}

static void print_asked(struct json_object *answer)
{
	uint64_t errors = answer_sum(answer_member(answer, "errors"));
	char requests[COUNT_OF_MAX], failed[COUNT_MAX], in[16], out[16];

	output_print("  asked    %s, %s answered with an error; %s read, %s written\n",
		     count_of(requests, answer_sum(answer_member(answer, "requests")), "request"),
		     count_text(failed, errors),
		     output_size(out, answer_number(answer, "read_bytes")),
		     output_size(in, answer_number(answer, "written_bytes")));
}

/* ---- Tables ------------------------------------------------------------------------------------- */

/* Nothing, where no queue was watched. */
static void print_polling(struct json_object *polling)
{
	uint64_t looks = answer_number(polling, "looks");
	uint64_t finds = answer_number(polling, "finds");
	char times[COUNT_OF_MAX];

	if (!looks)
		return;
	output_print("  polling  at most %u us, %s, of which %.0f %% paid off\n",
		     (unsigned int)answer_number(polling, "limit_us"),
		     count_of(times, looks, "time"), 100.0 * (double)finds / (double)looks);
}

char *status_source(struct json_object *decision)
{
	const char *rule = answer_string(decision, "rule");
	const char *reason = answer_string(decision, "reason");
	char *file, *source;

	if (!rule)
		return strdup(reason ? reason : "?");
	file = answer_path(decision, "file");
	if (!file || asprintf(&source, "%s:%llu:%s", file,
			      (unsigned long long)answer_number(decision, "line"), rule) < 0)
		source = NULL;
	free(file);
	return source;
}

/* A path of the share, without the slash in front. */
static void path_cell(struct table *table, struct json_object *file)
{
	char *path = answer_path(file, "path");

	table_text(table, path && path[0] == '/' && path[1] ? path + 1 : path);
	free(path);
}

static void source_cell(struct table *table, struct json_object *decision)
{
	char *source = status_source(decision);

	table_text(table, source);
	free(source);
}

static int print_decisions(struct json_object *answer)
{
	struct json_object *decisions = answer_member(answer, "decisions");
	uint64_t undecided = answer_number(answer, "undecided");
	struct table *table;

	if (!answer_count(decisions))
		return 0;
	output_text("\nWhat was decided, for the files that the guest knows:\n");
	table = table_new();
	table_column(table, "YES", TABLE_RIGHT);
	table_column(table, "NO", TABLE_RIGHT);
	table_column(table, "BY", TABLE_LEFT);
	for (size_t i = 0; i < answer_count(decisions); i++) {
		struct json_object *one = json_object_array_get_idx(decisions, i);

		table_row(table);
		table_number(table, answer_number(one, "yes"));
		table_number(table, answer_number(one, "no"));
		source_cell(table, one);
	}
	if (undecided) {
		table_row(table);
		table_text(table, "");
		table_number(table, undecided);
		table_text(table, "(not decided yet)");
	}
	return table_print(table);
}

static int print_unmappable(struct json_object *answer)
{
	struct json_object *reasons = answer_member(answer, "unmappable");
	struct table *table;

	if (!answer_count(reasons))
		return 0;
	output_text("\nFiles that can't be mapped, whatever the rules say:\n");
	table = table_new();
	table_column(table, "FILES", TABLE_RIGHT);
	table_column(table, "BECAUSE", TABLE_LEFT);
	for (size_t i = 0; i < answer_count(reasons); i++) {
		struct json_object *one = json_object_array_get_idx(reasons, i);

		table_row(table);
		table_number(table, answer_number(one, "files"));
		table_text(table, answer_string(one, "why"));
	}
	return table_print(table);
}

static int print_mapped(struct json_object *window)
{
	struct json_object *top = answer_member(window, "top");
	uint64_t all = answer_number(window, "mapped_files");
	char files[COUNT_OF_MAX];
	struct table *table;

	if (!answer_count(top))
		return 0;
	output_print("\nWhat is in the window, the most first (%s in all):\n",
		     count_of(files, all, "file"));
	table = table_new();
	table_column(table, "CHUNKS", TABLE_RIGHT);
	table_column(table, "HANDLES", TABLE_RIGHT);
	table_column(table, "FILE", TABLE_LEFT);
	for (size_t i = 0; i < answer_count(top); i++) {
		struct json_object *one = json_object_array_get_idx(top, i);

		table_row(table);
		table_number(table, answer_number(one, "chunks"));
		table_number(table, answer_number(one, "opens"));
		path_cell(table, one);
	}
	return table_print(table);
}

static int print_pending(struct json_object *answer)
{
	struct json_object *pending = answer_member(answer, "pending");
	uint64_t all = answer_number(answer, "pending_total");
	char files[COUNT_OF_MAX], since[STATUS_DURATION_MAX];
	struct table *table;

	if (!answer_count(pending))
		return 0;
	output_print(
		"\nChanged, but open in the guest, and so used as before (%s in all, the "
		"oldest for %s):\n",
		count_of(files, all, "file"),
		status_duration(since, seconds_since(answer_number(answer, "pending_oldest"))));
	table = table_new();
	table_column(table, "IS", TABLE_LEFT);
	table_column(table, "WILL-BE", TABLE_LEFT);
	table_column(table, "HANDLES", TABLE_RIGHT);
	table_column(table, "FILE", TABLE_LEFT);
	table_column(table, "BY", TABLE_LEFT);
	for (size_t i = 0; i < answer_count(pending); i++) {
		struct json_object *one = json_object_array_get_idx(pending, i);

		table_row(table);
		table_text(table, answer_bool(one, "told") ? "yes" : "no");
		table_text(table, answer_bool(one, "dax") ? "yes" : "no");
		table_number(table, answer_number(one, "opens"));
		path_cell(table, one);
		source_cell(table, one);
	}
	return table_print(table);
}

int status_print(const char *socket, struct json_object *answer)
{
	struct json_object *window = answer_member(answer, "window");
	int err = print_head(socket, answer);

	err = err ? err : print_guest(answer);
	if (err)
		return err;
	print_window(window);
	err = print_policy(answer_member(answer, "policy"));
	print_knows(answer);
	print_asked(answer);
	print_polling(answer_member(answer, "polling"));
	err = err ? err : print_decisions(answer);
	err = err ? err : print_unmappable(answer);
	err = err ? err : print_mapped(window);
	return err ? err : print_pending(answer);
}
