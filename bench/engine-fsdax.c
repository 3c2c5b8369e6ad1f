/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine-fsdax.c - libfsdax in its three ways: with a cursor kept for each folder, by
 * full path, and with a decision kept in a memo.
 */
#include "engine.h"
#include "stats.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

struct fsdax_state {
	struct fsdax_policy *policy;
	struct fsdax_cursor **cursors; /* by folder */
	size_t n_cursors;
	uint64_t enter_ns;
	struct inode *inodes;
	size_t n_inodes;
};

/* As a daemon keeps it: the memo is one part of a larger whole. */
struct inode {
	uint64_t ino, generation;
	struct fsdax_memo memo;
	struct fsdax_cursor *cursor; /* of the folder it was looked up in */
	int64_t ctime_sec;
	uint32_t ctime_nsec;
	uint32_t lookups;
};

static struct fsdax_policy *parse(const struct globs *globs)
{
	struct fsdax_report *report = NULL;
	struct fsdax_policy *policy;
	size_t size;
	char *text = globs_policy(globs, &size);
	int ret = fsdax_policy_parse("generated", text, size, &policy, &report);

	if (ret) {
		char *remark = NULL;

		if (fsdax_report_count(report))
			fsdax_remark_format(fsdax_report_get(report, 0), &remark);
		errx(1, "fsdax: error %d\n%s", ret, remark ? remark : "");
	}
	fsdax_report_free(report);
	free(text);
	return policy;
}

static void *path_build(const struct globs *globs, const struct corpus *corpus)
{
	struct fsdax_state *state = calloc(1, sizeof(*state));

	(void)corpus;
	if (!state)
		err(1, NULL);
	state->policy = parse(globs);
	return state;
}

static void enter_folders(struct fsdax_state *state, const struct corpus *corpus)
{
	const struct folder *folder = corpus->folders;
	struct fsdax_cursor **cursors = state->cursors;
	int ret = fsdax_cursor_root(state->policy, FSDAX_TAG_NONE, &cursors[0]);

	for (size_t i = 1; i < state->n_cursors && !ret; i++)
		ret = fsdax_cursor_enter(cursors[folder[i].parent], folder[i].name, folder[i].len,
					 FSDAX_TAG_NONE, &cursors[i]);
	if (ret)
		errx(1, "fsdax: cannot enter a folder: error %d", ret);
}

static void *cursor_build(const struct globs *globs, const struct corpus *corpus)
{
	struct fsdax_state *state = path_build(globs, corpus);
	uint64_t start;

	state->n_cursors = corpus->n_folders;
	state->cursors = calloc(state->n_cursors, sizeof(struct fsdax_cursor *));
	if (!state->cursors)
		err(1, NULL);
	start = cpu_ns();
	enter_folders(state, corpus);
	state->enter_ns = cpu_ns() - start;
	return state;
}

uint64_t cursor_enter_ns(const void *state)
{
	return ((const struct fsdax_state *)state)->enter_ns;
}

static struct fsdax_facts facts_of(const struct path *path)
{
	return (struct fsdax_facts){
		.mask = FSDAX_FACT_STAT,
		.mode = S_IFREG | 0644,
		.nlink = 1,
		.size = path->size,
	};
}

static void cursor_pass(void *data, const struct path *paths, size_t n, uint32_t *winners)
{
	const struct fsdax_state *state = data;
	struct fsdax_decision decision;

	for (size_t i = 0; i < n; i++) {
		struct fsdax_facts facts = facts_of(&paths[i]);
		int want, ret = fsdax_decide(state->cursors[paths[i].folder], paths[i].name,
					     paths[i].name_len, &facts, 0, &decision, &want);

		if (ret)
			errx(1, "fsdax: %s: error %d", paths[i].text, ret);
		winners[i] = decision.rule;
	}
}

static void path_pass(void *data, const struct path *paths, size_t n, uint32_t *winners)
{
	const struct fsdax_state *state = data;
	struct fsdax_decision decision;

	for (size_t i = 0; i < n; i++) {
		struct fsdax_facts facts = facts_of(&paths[i]);
		int want, ret = fsdax_decide_path(state->policy, paths[i].text, paths[i].len,
						  FSDAX_TAG_NONE, &facts, 0, &decision, &want);

		if (ret)
			errx(1, "fsdax: %s: error %d", paths[i].text, ret);
		winners[i] = decision.rule;
	}
}

static void fill_memos(struct fsdax_state *state, const struct path *paths, size_t n)
{
	struct fsdax_decision decision;

	state->n_inodes = n;
	state->inodes = calloc(n, sizeof(*state->inodes));
	if (!state->inodes)
		err(1, NULL);
	for (size_t i = 0; i < n; i++) {
		struct fsdax_facts facts = facts_of(&paths[i]);
		struct inode *inode = &state->inodes[i];

		inode->cursor = state->cursors[paths[i].folder];
		inode->ctime_sec = 1600000000 + (int64_t)i;
		if (fsdax_decide(inode->cursor, paths[i].name, paths[i].name_len, &facts, 0,
				 &decision, NULL))
			errx(1, "fsdax: %s: no decision", paths[i].text);
		fsdax_memo_keep(&inode->memo, inode->cursor, inode->ctime_sec, 0, 1700000000, 0,
				decision);
	}
}

size_t cursor_memo_pass(void *data, const struct path *paths, size_t n)
{
	struct fsdax_state *state = data;
	struct fsdax_decision decision;
	size_t found = 0, dax = 0;

	if (!state->inodes)
		fill_memos(state, paths, n);
	for (size_t i = 0; i < n; i++) {
		const struct inode *inode = &state->inodes[i];

		if (!fsdax_memo_find(&inode->memo, inode->cursor, inode->ctime_sec,
				     inode->ctime_nsec, &decision))
			continue;
		found++;
		dax += decision.dax;
	}
	/* The verdicts must be read, or the compiler leaves the work out. */
	__asm__ volatile("" : : "r"(dax));
	return found;
}

static void state_destroy(void *data)
{
	struct fsdax_state *state = data;

	for (size_t i = 0; i < state->n_inodes; i++)
		fsdax_memo_clear(&state->inodes[i].memo);
	free(state->inodes);
	for (size_t i = state->n_cursors; i--;)
		fsdax_cursor_unref(state->cursors[i]);
	free(state->cursors);
	fsdax_policy_unref(state->policy);
	free(state);
}

const struct engine engine_cursor = {
	"fsdax, cursor",
	cursor_build,
	cursor_pass,
	state_destroy,
};

const struct engine engine_path = {
	"fsdax, path",
	path_build,
	path_pass,
	state_destroy,
};
