/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch_draw.c - one daemon on the screen: what counts up is shown as what was added in a second,
 * between the last two looks.
 */
#include "watched.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ask.h"
#include "count.h"
#include "message.h"
#include "output.h"
#include "status.h"

enum {
	TOP_OPCODES = 5,
	TOP_RULES = 4,
	TOP_PENDING = 3,
	OPCODES_MAX = 64,
	BAR_LEAST = 10,
	BAR_MOST = 40,
	BESIDE_BAR = 66, /* columns for what stands in its line */
};

/* ---- Rates ----------------------------------------------------------------------------------- */

/* What was added in a second; -1: there is nothing yet to compare with. */
static double rate(const struct watched *watched, uint64_t now, uint64_t before)
{
	int64_t ms = watched->now_ms - watched->before_ms;
	double per_second;

	if (!watched->before || ms <= 0)
		return -1;
	if (now < before)
		return 0;
	per_second = (double)(now - before) * 1000 / (double)ms;
	/* Whatever is said: as an integer, it has to fit. */
	return per_second < 1e18 ? per_second : 1e18;
}

static double rate_of(const struct watched *watched, const char *part, const char *key)
{
	struct json_object *now = watched->now, *before = watched->before;

	if (part) {
		now = answer_member(now, part);
		before = answer_member(before, part);
	}
	return rate(watched, answer_number(now, key), answer_number(before, key));
}

static double sum_rate(const struct watched *watched, const char *key)
{
	return rate(watched, answer_sum(answer_member(watched->now, key)),
		    answer_sum(answer_member(watched->before, key)));
}

/* "1,234/s", "0.5/s"; "-/s" for nothing to compare with. Returns dst. */
static char *rate_text(char dst[COUNT_MAX + 4], double per_second)
{
	if (per_second < 0)
		strcpy(dst, "-");
	else if (per_second > 0 && per_second < 9.95)
		snprintf(dst, COUNT_MAX, "%.1f", per_second);
	else
		count_text(dst, (uint64_t)(per_second + 0.5));
	return strcat(dst, "/s");
}

static char *size_rate(char dst[20], double per_second)
{
	if (per_second < 0)
		strcpy(dst, "-");
	else
		output_size(dst, (uint64_t)per_second);
	return strcat(dst, "/s");
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void draw_name(FILE *out, struct json_object *answer)
{
	char *dir = answer_path(answer, "dir"), *tag = answer_path(answer, "tag");

	fprintf(out, "%s%s%s, pid %" PRIu64, dir ? dir : "?",
		answer_string(answer, "tag") ? ", tag " : "",
		answer_string(answer, "tag") && tag ? tag : "", answer_number(answer, "pid"));
	free(dir);
	free(tag);
}

static void draw_head(FILE *out, const struct watched *watched)
{
	uint64_t now = (uint64_t)time(NULL), started = answer_number(watched->now, "started");
	char up[STATUS_DURATION_MAX];

	draw_name(out, watched->now);
	fprintf(out, ", up %s\n", status_duration(up, started < now ? now - started : 0));
}

static void draw_guest(FILE *out, const struct watched *watched)
{
	if (answer_string(watched->now, "mount"))
		fputs("  guest    this machine, without DAX\n", out);
	else
		fprintf(out, "  guest    %s\n", status_guest(watched->now));
}

static void draw_bar(FILE *out, uint64_t part, uint64_t whole, int columns)
{
	int width = columns - BESIDE_BAR, full;

	width = width < BAR_LEAST ? BAR_LEAST : width > BAR_MOST ? BAR_MOST : width;
	if (part > whole)
		part = whole;
	full = whole ? (int)((double)part * width / (double)whole + 0.5) : 0;
	putc('[', out);
	for (int i = 0; i < width; i++)
		putc(i < full ? '#' : '.', out);
	putc(']', out);
}

static void draw_window(FILE *out, const struct watched *watched, int columns)
{
	struct json_object *window = answer_member(watched->now, "window");
	uint64_t chunk = answer_number(window, "chunk_size");
	uint64_t all = chunk ? answer_number(window, "size") / chunk : 0;
	uint64_t mapped = answer_number(window, "mapped_chunks");
	uint64_t failures = answer_number(window, "failures");
	char maps[COUNT_MAX + 4], unmaps[COUNT_MAX + 4], n[COUNT_MAX], of[COUNT_MAX];

	if (!window)
		return;
	fputs("  window   ", out);
	draw_bar(out, mapped, all, columns);
	fprintf(out, " %.0f %%, %s of %s chunks, %s in, %s out\n",
		all ? 100.0 * (double)mapped / (double)all : 0.0, count_text(n, mapped),
		count_text(of, all), rate_text(maps, rate_of(watched, "window", "maps")),
		rate_text(unmaps, rate_of(watched, "window", "unmaps")));
	if (failures)
		fprintf(out, "           %s failed, each an error in the guest\n",
			count_text(n, failures));
}

struct opcode {
	const char *name;
	double rate;
};

static int compare_opcodes(const void *a, const void *b)
{
	const struct opcode *x = a, *y = b;

	if (x->rate > y->rate || x->rate < y->rate)
		return x->rate > y->rate ? -1 : 1;
	return strcmp(x->name, y->name);
}

static size_t find_opcodes(const struct watched *watched, struct opcode opcodes[OPCODES_MAX])
{
	struct json_object *requests = answer_member(watched->now, "requests");
	struct json_object *before = answer_member(watched->before, "requests");
	size_t n = 0;

	if (!json_object_is_type(requests, json_type_object))
		return 0;
	json_object_object_foreach(requests, name, count)
	{
		double per_second = rate(watched, answer_sum(count), answer_number(before, name));

		if (per_second > 0 && n < OPCODES_MAX)
			opcodes[n++] = (struct opcode){name, per_second};
	}
	qsort(opcodes, n, sizeof(*opcodes), compare_opcodes);
	return n;
}

static void draw_requests(FILE *out, const struct watched *watched)
{
	struct opcode opcodes[OPCODES_MAX];
	size_t n = find_opcodes(watched, opcodes);
	char text[COUNT_MAX + 4], errors[COUNT_MAX + 4];

	fprintf(out, "  asked    %s, errors %s", rate_text(text, sum_rate(watched, "requests")),
		rate_text(errors, sum_rate(watched, "errors")));
	for (size_t i = 0; i < n && i < TOP_OPCODES; i++)
		fprintf(out, "%s%s %s", i ? ", " : ": ", opcodes[i].name,
			rate_text(text, opcodes[i].rate));
	putc('\n', out);
}

static void draw_data(FILE *out, const struct watched *watched)
{
	double cpu = rate_of(watched, NULL, "cpu_us");
	char in[20], written[20];

	fprintf(out, "  data     read %s, written %s",
		size_rate(in, rate_of(watched, NULL, "read_bytes")),
		size_rate(written, rate_of(watched, NULL, "written_bytes")));
	if (cpu >= 0)
		fprintf(out, "; %.0f %% of a processor", cpu / 1e4);
	putc('\n', out);
}

static void draw_knows(FILE *out, const struct watched *watched)
{
	struct json_object *answer = watched->now;
	char files[COUNT_OF_MAX], folders[COUNT_OF_MAX], handles[COUNT_OF_MAX];

	fprintf(out, "  knows    %s, %s; %s\n",
		count_of(files, answer_number(answer, "files"), "file"),
		count_of(folders, answer_number(answer, "folders"), "folder"),
		count_of(handles, answer_number(answer, "open_handles"), "open handle"));
}

/* ---- Decisions ------------------------------------------------------------------------------- */

static int compare_decisions(const void *a, const void *b)
{
	struct json_object *const *x = a, *const *y = b;
	uint64_t n = answer_number(*x, "yes") + answer_number(*x, "no");
	uint64_t m = answer_number(*y, "yes") + answer_number(*y, "no");

	return n != m ? (n > m ? -1 : 1) : 0;
}

static void draw_decision(FILE *out, struct json_object *decision)
{
	const uint64_t yes = answer_number(decision, "yes"), no = answer_number(decision, "no");
	char *name = answer_path(decision, answer_string(decision, "rule") ? "rule" : "reason");
	char count[COUNT_MAX];

	if (yes)
		fprintf(out, "yes %s%s", count_text(count, yes), no ? ", " : "");
	if (no)
		fprintf(out, "no %s", count_text(count, no));
	fprintf(out, " by %s", name ? name : "?");
	free(name);
}

static void draw_decisions(FILE *out, const struct watched *watched)
{
	struct json_object *decisions = answer_member(watched->now, "decisions");
	size_t n = answer_count(decisions);
	struct json_object **sorted = calloc(n + 1, sizeof(struct json_object *));

	if (!n || !sorted) {
		free(sorted);
		return;
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = json_object_array_get_idx(decisions, i);
	qsort(sorted, n, sizeof(struct json_object *), compare_decisions);
	fputs("  decided  ", out);
	for (size_t i = 0; i < n && i < TOP_RULES; i++) {
		fputs(i ? "; " : "", out);
		draw_decision(out, sorted[i]);
	}
	fputs(n > TOP_RULES ? "; ...\n" : "\n", out);
	free(sorted);
}

static void draw_pending(FILE *out, const struct watched *watched)
{
	struct json_object *pending = answer_member(watched->now, "pending");
	uint64_t now = (uint64_t)time(NULL), since = answer_number(watched->now, "pending_oldest");
	uint64_t all = answer_number(watched->now, "pending_total");
	char files[COUNT_OF_MAX], oldest[STATUS_DURATION_MAX];

	if (!all)
		return;
	fprintf(out, "  pending  %s, the oldest for %s:", count_of(files, all, "file"),
		status_duration(oldest, since < now ? now - since : 0));
	for (size_t i = 0; i < answer_count(pending) && i < TOP_PENDING; i++) {
		char *path = answer_path(json_object_array_get_idx(pending, i), "path");

		fprintf(out, "%s %s", i ? "," : "", path ? path : "?");
		free(path);
	}
	fputs(all > TOP_PENDING ? ", ...\n" : "\n", out);
}

static void draw_policy(FILE *out, const struct watched *watched)
{
	struct json_object *policy = answer_member(watched->now, "policy");
	uint64_t now = (uint64_t)time(NULL), refused = answer_number(policy, "refused");
	char rules[COUNT_OF_MAX], ago[STATUS_DURATION_MAX];

	if (!policy)
		return;
	fprintf(out, "  policy   %s", count_of(rules, answer_number(policy, "rules"), "rule"));
	if (refused)
		fprintf(out, "; a newer one was refused %s ago: fsdax-ctl reload tells why",
			status_duration(ago, refused < now ? now - refused : 0));
	putc('\n', out);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static const char *loss(const struct watched *watched)
{
	if (watched->err != -ENOENT)
		return strerror(-watched->err);
	return watched->now ? "it has ended" : "there is no such socket";
}

static void draw_lost(FILE *out, const struct watched *watched)
{
	char *socket = message_quote(NULL, watched->socket), since[STATUS_DURATION_MAX];

	if (watched->now)
		draw_name(out, watched->now);
	else
		fputs(socket ? socket : "?", out);
	fprintf(out, "\n  daemon   no answer for %s: %s\n",
		status_duration(since, (uint64_t)(watched->now_ms - watched->lost_ms) / 1000),
		loss(watched));
	free(socket);
}

void watch_draw(FILE *out, const struct watched *watched, int columns)
{
	if (watched->err || !watched->now) {
		draw_lost(out, watched);
		return;
	}
	draw_head(out, watched);
	draw_guest(out, watched);
	draw_window(out, watched, columns);
	draw_requests(out, watched);
	draw_data(out, watched);
	draw_knows(out, watched);
	draw_decisions(out, watched);
	draw_pending(out, watched);
	draw_policy(out, watched);
}
