/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics_print.c - see metrics.h. One table has every metric: its name, what it is, and where
 * in the answer its value stands. The format wants all samples of a metric in one place, so the
 * table is gone through on the outside, and the shares within.
 */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

struct family {
	const char *name, *type, *help;
	/* Print the samples of one share; its answer is there. 0 or -ENOMEM. */
	int (*put)(FILE *out, const struct family *family, const struct metrics_share *share);
	const char *where; /* of the value: members of the answer, with dots between */
};

/* ---- Samples --------------------------------------------------------------------------------- */

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", out);
			continue;
		}
		if (*text == '\\' || *text == '"')
			putc('\\', out);
		putc(*text, out);
	}
}

/* Behind the first label, which is the share's. */
static void put_label(FILE *out, const char *label, const char *value)
{
	fprintf(out, ",%s=\"", label);
	put_escaped(out, value ? value : "");
	putc('"', out);
}

static void begin(FILE *out, const struct family *family, const struct metrics_share *share)
{
	fprintf(out, "%s{share=\"", family->name);
	put_escaped(out, share->name);
	putc('"', out);
}

static void end(FILE *out, uint64_t number)
{
	fprintf(out, "} %" PRIu64 "\n", number);
}

static void put_sample(FILE *out, const struct family *family, const struct metrics_share *share,
		       uint64_t number)
{
	begin(out, family, share);
	end(out, number);
}

/* ---- From the answer ------------------------------------------------------------------------- */

/* What stands at a place, such as "window.maps"; NULL: nothing. */
static struct json_object *find(struct json_object *object, const char *where)
{
	char key[64];

	while (object && *where) {
		size_t len = strcspn(where, ".");

		snprintf(key, sizeof(key), "%.*s", (int)len, where);
		object = json_object_is_type(object, json_type_object) ? answer_member(object, key)
								       : NULL;
		where += len + (where[len] == '.');
	}
	return object;
}

static uint64_t number_of(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ? json_object_get_uint64(value) : 0;
}

/* What is null is not the case, and has no sample: a window's size where there is no window. */
static int put_number(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *value = find(share->answer, family->where);

	if (json_object_is_type(value, json_type_int))
		put_sample(out, family, share, json_object_get_uint64(value));
	return 0;
}

static int put_flag(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *value = find(share->answer, family->where);

	if (json_object_is_type(value, json_type_boolean))
		put_sample(out, family, share, json_object_get_boolean(value));
	return 0;
}

static int put_microseconds(FILE *out, const struct family *family,
			    const struct metrics_share *share)
{
	uint64_t us = number_of(find(share->answer, family->where));

	begin(out, family, share);
	fprintf(out, "} %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
	return 0;
}

static int put_took(FILE *out, const struct family *family, const struct metrics_share *share)
{
	begin(out, family, share);
	fprintf(out, "} %.6f\n", share->seconds);
	return 0;
}

static int put_info(FILE *out, const struct family *family, const struct metrics_share *share)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%" PRIu64, answer_number(share->answer, "pid"));
	begin(out, family, share);
	put_label(out, "tag", answer_string(share->answer, "tag"));
	put_label(out, "dir", answer_string(share->answer, "dir"));
	put_label(out, "version", answer_string(share->answer, "version"));
	put_label(out, "pid", pid);
	put_label(out, "socket", answer_string(share->place, "socket"));
	end(out, 1);
	return 0;
}

static int put_requests(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *requests = find(share->answer, family->where);

	if (!json_object_is_type(requests, json_type_object))
		return 0;
	json_object_object_foreach(requests, opcode, count)
	{
		begin(out, family, share);
		put_label(out, "opcode", opcode);
		end(out, number_of(count));
	}
	return 0;
}

static void put_error(FILE *out, const struct family *family, const struct metrics_share *share,
		      const char *opcode, const char *error, uint64_t count)
{
	begin(out, family, share);
	put_label(out, "opcode", opcode);
	put_label(out, "error", error);
	end(out, count);
}

/*
 * Those that somebody is called for are there from the start, as 0: a rate() does not see a
 * series that begins with 1.
 */
static void put_expected(FILE *out, const struct family *family, const struct metrics_share *share,
			 const char *opcode, struct json_object *errors)
{
	static const char *const watched[] = {"EIO", "ESTALE"};

	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++) {
		if (!errors || !json_object_object_get_ex(errors, watched[i], NULL))
			put_error(out, family, share, opcode, watched[i], 0);
	}
}

static int put_errors(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *requests = find(share->answer, "requests");

	if (!json_object_is_type(requests, json_type_object))
		return 0;
	json_object_object_foreach(requests, opcode, count)
	{
		struct json_object *errors =
			answer_member(find(share->answer, family->where), opcode);

		(void)count;
		if (!json_object_is_type(errors, json_type_object))
			errors = NULL;
		put_expected(out, family, share, opcode, errors);
		if (!errors)
			continue;
		json_object_object_foreach(errors, error, n)
			put_error(out, family, share, opcode, error, number_of(n));
	}
	return 0;
}

static int put_inodes(FILE *out, const struct family *family, const struct metrics_share *share)
{
	static const char *const kinds[][2] = {
		{"file", "files"}, {"folder", "folders"}, {"other", "others"}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		begin(out, family, share);
		put_label(out, "type", kinds[i][0]);
		end(out, answer_number(share->answer, kinds[i][1]));
	}
	return 0;
}

static int put_unmappable(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *reasons = find(share->answer, family->where);

	for (size_t i = 0; i < answer_count(reasons); i++) {
		struct json_object *one = json_object_array_get_idx(reasons, i);

		begin(out, family, share);
		put_label(out, "why", answer_string(one, "why"));
		end(out, answer_number(one, "files"));
	}
	return 0;
}

static int put_reloads(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *policy = find(share->answer, family->where);

	if (!policy)
		return 0;
	begin(out, family, share);
	put_label(out, "result", "ok");
	end(out, answer_number(policy, "reloads"));
	begin(out, family, share);
	put_label(out, "result", "failed");
	end(out, answer_number(policy, "reloads_failed"));
	return 0;
}

/* A policy that was refused, and not replaced since. */
static int put_in_order(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *policy = find(share->answer, family->where);

	if (policy)
		put_sample(out, family, share, !answer_number(policy, "refused"));
	return 0;
}

/* ---- Decisions ------------------------------------------------------------------------------- */

/* The labels of one decision. Allocated; NULL: no memory. */
static char *labels_of(struct json_object *decision)
{
	char *text = NULL, line[24] = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_label(out, "reason", answer_string(decision, "reason"));
	put_label(out, "rule", answer_string(decision, "rule"));
	put_label(out, "file", answer_string(decision, "file"));
	if (answer_string(decision, "rule"))
		snprintf(line, sizeof(line), "%" PRIu64, answer_number(decision, "line"));
	put_label(out, "line", line);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

struct votes {
	char *labels;
	uint64_t yes, no;
};

static int compare_votes(const void *a, const void *b)
{
	return strcmp(((const struct votes *)a)->labels, ((const struct votes *)b)->labels);
}

/* The same rule may be there twice: as of the policy in force, and as of one from before. */
static size_t merge(struct votes *votes, size_t n)
{
	size_t kept = 0;

	qsort(votes, n, sizeof(*votes), compare_votes);
	for (size_t i = 0; i < n; i++) {
		if (!kept || compare_votes(&votes[kept - 1], &votes[i])) {
			votes[kept++] = votes[i];
			continue;
		}
		votes[kept - 1].yes += votes[i].yes;
		votes[kept - 1].no += votes[i].no;
		free(votes[i].labels);
	}
	return kept;
}

static int read_votes(struct json_object *decisions, struct votes *votes, size_t *n)
{
	for (*n = 0; *n < answer_count(decisions); ++*n) {
		struct json_object *one = json_object_array_get_idx(decisions, *n);

		votes[*n] = (struct votes){labels_of(one), answer_number(one, "yes"),
					   answer_number(one, "no")};
		if (!votes[*n].labels)
			return -ENOMEM;
	}
	return 0;
}

static void put_vote(FILE *out, const struct family *family, const struct metrics_share *share,
		     const char *labels, const char *dax, uint64_t files)
{
	begin(out, family, share);
	fputs(labels, out);
	put_label(out, "dax", dax);
	end(out, files);
}

static int put_decisions(FILE *out, const struct family *family, const struct metrics_share *share)
{
	struct json_object *decisions = find(share->answer, family->where);
	struct votes *votes = calloc(answer_count(decisions) + 1, sizeof(*votes));
	size_t n = 0;
	int err = votes ? read_votes(decisions, votes, &n) : -ENOMEM;

	if (!err)
		n = merge(votes, n);
	for (size_t i = 0; i < n; i++) {
		if (!err) {
			put_vote(out, family, share, votes[i].labels, "yes", votes[i].yes);
			put_vote(out, family, share, votes[i].labels, "no", votes[i].no);
		}
		free(votes[i].labels);
	}
	free(votes);
	return err;
}

/* ---- The table ------------------------------------------------------------------------------- */

#define COUNTER "counter"
#define GAUGE "gauge"

static const struct family families[] = {
	{"fsdaxd_info", GAUGE, "What is shared, and by which process.", put_info, ""},
	{"fsdaxd_status_seconds", GAUGE, "How long it took to ask the daemon for all of this.",
	 put_took, ""},
	{"fsdaxd_start_time_seconds", GAUGE, "When the daemon was started, since the epoch.",
	 put_number, "started"},
	{"fsdaxd_cpu_seconds_total", COUNTER, "Processor time of the process that serves.",
	 put_microseconds, "cpu_us"},

	{"fsdaxd_guest_connected", GAUGE, "Whether a front-end, such as QEMU, is there.", put_flag,
	 "guest.connected"},
	{"fsdaxd_guest_mounted", GAUGE, "Whether the guest has the share mounted.", put_flag,
	 "guest.initialized"},
	{"fsdaxd_guest_inode_dax", GAUGE, "Whether the guest asks for each file if it is DAX.",
	 put_flag, "guest.inode_dax"},
	{"fsdaxd_frontend_connections_total", COUNTER, "Front-ends that have connected.",
	 put_number, "front_ends.connections"},
	{"fsdaxd_frontend_malformed_total", COUNTER,
	 "Connections ended for a message that made no sense.", put_number, "front_ends.malformed"},
	{"fsdaxd_frontend_failures_total", COUNTER, "Connections ended by another failure.",
	 put_number, "front_ends.failed"},
	{"fsdaxd_broken_queues_total", COUNTER,
	 "Queues given up because the guest's descriptors made no sense.", put_number,
	 "front_ends.broken_queues"},

	{"fsdaxd_requests_total", COUNTER, "Requests of the guest.", put_requests, "requests"},
	{"fsdaxd_request_errors_total", COUNTER,
	 "Requests that were answered with an error; ENOENT and ENODATA are everyday answers.",
	 put_errors, "errors"},
	{"fsdaxd_read_bytes_total", COUNTER, "File data sent in answer to READ.", put_number,
	 "read_bytes"},
	{"fsdaxd_written_bytes_total", COUNTER, "File data taken by WRITE.", put_number,
	 "written_bytes"},
	{"fsdaxd_queue_polls_total", COUNTER, "How often an empty queue was watched.", put_number,
	 "polling.looks"},
	{"fsdaxd_queue_polls_found_total", COUNTER, "How often that found a request.", put_number,
	 "polling.finds"},

	{"fsdaxd_window_ready", GAUGE, "Whether files can be mapped now.", put_flag,
	 "window.ready"},
	{"fsdaxd_window_size_bytes", GAUGE, "The size of the DAX window.", put_number,
	 "window.size"},
	{"fsdaxd_window_chunk_bytes", GAUGE, "The size of what is mapped at once.", put_number,
	 "window.chunk_size"},
	{"fsdaxd_window_mapped_chunks", GAUGE, "Chunks that are mapped now.", put_number,
	 "window.mapped_chunks"},
	{"fsdaxd_window_mapped_bytes", GAUGE, "What of the window is mapped now.", put_number,
	 "window.mapped_bytes"},
	{"fsdaxd_window_mapped_files", GAUGE, "Files that have chunks mapped now.", put_number,
	 "window.mapped_files"},
	{"fsdaxd_window_maps_total", COUNTER, "Chunks that were mapped (FUSE_SETUPMAPPING).",
	 put_number, "window.maps"},
	{"fsdaxd_window_unmaps_total", COUNTER,
	 "Chunks that the guest has given back (FUSE_REMOVEMAPPING), mostly to map others.",
	 put_number, "window.unmaps"},
	{"fsdaxd_window_upgrades_total", COUNTER, "Chunks that were made writable.", put_number,
	 "window.upgrades"},
	{"fsdaxd_window_failures_total", COUNTER,
	 "Mappings that failed: each is an error in the guest.", put_number, "window.failures"},

	{"fsdaxd_inodes", GAUGE, "What the guest knows.", put_inodes, ""},
	{"fsdaxd_open_handles", GAUGE, "What the guest has open.", put_number, "open_handles"},
	{"fsdaxd_decided_files", GAUGE, "Files that the guest knows, by what was decided and why.",
	 put_decisions, "decisions"},
	{"fsdaxd_undecided_files", GAUGE, "Files that nothing was decided about yet.", put_number,
	 "undecided"},
	{"fsdaxd_unmappable_files", GAUGE, "Files that can't be mapped, whatever the rules say.",
	 put_unmappable, "unmappable"},
	{"fsdaxd_pending_pickups", GAUGE,
	 "Files with a changed decision that are open in the guest, and so used as before.",
	 put_number, "pending_total"},
	{"fsdaxd_pending_oldest_timestamp_seconds", GAUGE,
	 "Since when the oldest of them is pending, since the epoch.", put_number,
	 "pending_oldest"},

	{"fsdaxd_policy_rules", GAUGE, "Rules of the policy in force.", put_number, "policy.rules"},
	{"fsdaxd_policy_generation", GAUGE, "Grows when the policy is replaced.", put_number,
	 "policy.generation"},
	{"fsdaxd_policy_loaded_timestamp_seconds", GAUGE,
	 "When the policy in force was loaded, since the epoch.", put_number, "policy.loaded"},
	{"fsdaxd_policy_reloads_total", COUNTER, "Reloads of the policy.", put_reloads, "policy"},
	{"fsdaxd_policy_last_reload_successful", GAUGE,
	 "0: the last reload failed, and the policy from before is in force.", put_in_order,
	 "policy"},
};

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* These are there whoever answers. */
static void put_up(FILE *out, const struct metrics_share *shares, size_t n)
{
	static const struct family up = {.name = "fsdaxd_up"};
	uint64_t answered = 0;

	for (size_t i = 0; i < n; i++)
		answered += shares[i].answer != NULL;
	put_head(out, "fsdaxd_daemons", GAUGE, "Daemons that answered.");
	fprintf(out, "fsdaxd_daemons %" PRIu64 "\n", answered);
	put_head(out, up.name, GAUGE, "Whether the daemon of a share answers.");
	for (size_t i = 0; i < n; i++)
		put_sample(out, &up, &shares[i], shares[i].answer != NULL);
}

int metrics_print(FILE *out, const struct metrics_share *shares, size_t n)
{
	int err = 0;

	put_up(out, shares, n);
	for (size_t f = 0; f < sizeof(families) / sizeof(*families) && !err; f++) {
		const struct family *family = &families[f];

		put_head(out, family->name, family->type, family->help);
		for (size_t i = 0; i < n && !err; i++)
			err = shares[i].answer ? family->put(out, family, &shares[i]) : 0;
	}
	return err;
}
