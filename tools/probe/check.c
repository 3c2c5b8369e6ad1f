/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * check.c - runs the checks one after the other, each with a new session and folder, and says
 * what came of them.
 */
#include <errno.h>
#include <fnmatch.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "confine.h"
#include "report.h"

static const struct check *const check_groups[] = {
	checks_init,  checks_dax,     checks_map,  checks_map_edge, checks_attr,
	checks_names, checks_file,    checks_data, checks_dir,	    checks_xattr,
	checks_lock,  checks_hostile, checks_ring, checks_session, NULL,
};

static const struct check *const race_groups[] = {
	races_inode, races_move, races_policy, races_window, races_session, NULL,
};

struct run {
	const struct options *options;
	struct backend backend;
	struct report report;
	bool read_only;
};

static const struct check *const *groups_of(const struct options *options)
{
	return strcmp(options->command, "race") == 0 ? race_groups : check_groups;
}

static bool is_named(const struct names *names, const char *name)
{
	for (unsigned i = 0; i < names->n; i++) {
		if (fnmatch(names->list[i], name, 0) == 0)
			return true;
	}
	return false;
}

static bool is_wanted(const struct options *options, const char *name)
{
	return (!options->only.n || is_named(&options->only, name)) &&
	       !is_named(&options->skip, name);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The session is left closed, and the back-end's end is seen. */
static void finish(struct test *t)
{
	struct window_stats stats;

	if (t->open && t->fe.window_started) {
		window_get_stats(&t->fe.window, &stats);
		EXPECT(t, !stats.grown, "a mapping made %u files longer", stats.grown);
		EXPECT(t, !stats.malformed, "%u messages on the back-end's channel were malformed",
		       stats.malformed);
	}
	if (t->open && t->c.broken)
		test_fail(t, "the session broke: %s", t->c.problem);
	test_close(t);
	if (t->backend->leaves)
		backend_settle(t->backend);
	test_look(t, "at the end");
}

static void run_body(struct run *run, struct test *t, const struct check *check)
{
	if ((check->needs & NEEDS_WRITE) && run->read_only) {
		test_skip(t, "the share is read-only");
		return;
	}
	if (!test_session(t, NULL))
		return;
	if ((check->needs & NEEDS_DAX) && !test_needs_dax(t))
		return;
	check->run(t);
}

static void run_one(struct run *run, const struct check *check)
{
	struct test t = {.options = run->options, .backend = &run->backend};
	double start = now();
	enum verdict verdict;
	char *text = NULL;
	size_t size;
	int err;

	t.text = open_memstream(&text, &size);
	t.buffer = malloc(CLIENT_MAX_DATA);
	err = t.text && t.buffer ? scratch_make(run->options->dir, &t.scratch) : -ENOMEM;
	t.path = t.scratch.path;
	if (!t.text)
		abort(); /* nothing can be said without memory */
	if (err)
		test_fail(&t, "no scratch folder in %s: %s", run->options->dir, strerror(-err));
	else
		run_body(run, &t, check);
	finish(&t);
	fclose(t.text);
	verdict = t.failures ? FAILED : t.skip ? SKIPPED : PASSED;
	report_add(&run->report, check->name, check->title, verdict,
		   verdict == SKIPPED ? t.skip : text, is_named(&run->options->todo, check->name),
		   now() - start);
	if (run->options->keep)
		scratch_keep(&t.scratch);
	else
		scratch_remove(&t.scratch);
	free(t.skip);
	free(t.buffer);
	free(text);
}

/* See whether anything can be made in the share. */
static void find_read_only(struct run *run)
{
	struct test t = {.options = run->options, .backend = &run->backend};
	struct fuse_entry_out entry;
	char *text = NULL;
	size_t size;

	t.text = open_memstream(&text, &size);
	if (t.text && scratch_make(run->options->dir, &t.scratch) == 0) {
		t.path = t.scratch.path;
		if (test_session(&t, NULL))
			run->read_only = client_mknod(&t.c, t.node, "probe", S_IFREG | 0644, 0,
						      &entry) == -EROFS;
		test_close(&t);
		scratch_remove(&t.scratch);
	}
	if (t.text)
		fclose(t.text);
	free(text);
}

static unsigned count_wanted(const struct options *options)
{
	unsigned n = 0;

	for (const struct check *const *group = groups_of(options); *group; group++) {
		for (const struct check *check = *group; check->name; check++)
			n += is_wanted(options, check->name);
	}
	return n;
}

static int list(const struct options *options)
{
	for (const struct check *const *group = groups_of(options); *group; group++) {
		for (const struct check *check = *group; check->name; check++)
			printf("%-28s %s\n", check->name, check->title);
	}
	return EXIT_PASSED;
}

/* The share's folder, the socket's, the policy's, and those that were named. */
static int confine_all(const struct options *options)
{
	char socket[PATH_MAX];
	struct names names = options->writable;

	if (names.n + 3 > MAX_NAMES)
		return -E2BIG;
	snprintf(socket, sizeof(socket), "%s", options->socket);
	names.list[names.n++] = options->dir;
	names.list[names.n++] = dirname(socket);
	if (options->policy)
		names.list[names.n++] = options->policy;
	return confine(&names);
}

int check_run(const struct options *options)
{
	struct run run = {.options = options};
	unsigned total = count_wanted(options);

	if (options->list)
		return list(options);
	if (!total) {
		fprintf(stderr, "fsdax-probe: no check has such a name; see --list\n");
		return EXIT_USAGE;
	}
	if (confine_all(options))
		return EXIT_FAILED;
	if (!options->backend && confine_check_peer(options->socket, options->dir))
		return EXIT_FAILED;
	backend_init(&run.backend, options->backend, options->socket);
	find_read_only(&run);
	report_begin(&run.report, options->json, total);
	for (const struct check *const *group = groups_of(options); *group; group++) {
		for (const struct check *check = *group; check->name; check++) {
			if (is_wanted(options, check->name))
				run_one(&run, check);
		}
	}
	backend_stop(&run.backend);
	report_end(&run.report);
	return run.report.failed ? EXIT_FAILED : EXIT_PASSED;
}
