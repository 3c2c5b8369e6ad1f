/* SPDX-License-Identifier: BSD-3-Clause */
/* run.c - a sequence in two fresh trees, until they differ. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "truth.h"

struct pair {
	struct tree *oracle, *subject;
};

static bool differ(const struct mismatch *mismatch)
{
	return strcmp(mismatch->oracle.data, mismatch->subject.data) != 0;
}

/* Cut a text where this begins. */
static void cut_from(struct text *text, const char *mark)
{
	char *at = strstr(text->data, mark);

	if (at) {
		*at = 0;
		text->size = (size_t)(at - text->data);
	}
}

/* What differs by nature, in a result that is compared otherwise: see exceptions.c. */
static void forgive(const struct settings *settings, const struct op *op, struct mismatch *mismatch)
{
	const struct call *call = call_at(op->call);

	static const char unknown[] = " by process -1", who[] = " by process ";

	if (exception_holds(settings, "ofd-pid") &&
	    (strstr(mismatch->oracle.data, unknown) || strstr(mismatch->subject.data, unknown))) {
		cut_from(&mismatch->oracle, who);
		cut_from(&mismatch->subject, who);
	}
	if (exception_holds(settings, "whiteout-fails") && strcmp(call->name, "rename") == 0 &&
	    op->arg[2] & RENAME_WHITEOUT && mismatch->oracle.data[0] == 'E') {
		cut_from(&mismatch->oracle, "\n");
		cut_from(&mismatch->subject, "\n");
	}
}

/* The subject tells of the same lock, but of another process that holds it too. */
static void forgive_holder(const struct settings *settings, const struct pair *pair,
			   const struct op *op, struct mismatch *mismatch)
{
	const char *who = strstr(mismatch->oracle.data, " by process ");
	const char *other = strstr(mismatch->subject.data, " by process ");
	const char *from = strstr(mismatch->subject.data, " type ");
	long long start, length;
	struct flock lock;
	int process;

	if (!who || !other || !from || !exception_holds(settings, "getlk-order") ||
	    sscanf(from, " type %hd from %lld for %lld by process %d", &lock.l_type, &start,
		   &length, &process) != 4)
		return;
	lock.l_start = start;
	lock.l_len = length;
	if (!tree_holds(pair->oracle, op->actor, process, &lock))
		return;
	cut_from(&mismatch->oracle, " by process ");
	cut_from(&mismatch->subject, " by process ");
}

/* Times of access do not tell of what was read. */
static void forgive_atime(const struct settings *settings, const struct op *op,
			  struct mismatch *mismatch)
{
	if (!settings->atime || !exception_holds(settings, "aio-at-end") ||
	    strcmp(call_at(op->call)->name, "aioread") || strstr(mismatch->oracle.data, " data "))
		return;
	cut_from(&mismatch->oracle, "\n");
	cut_from(&mismatch->subject, "\n");
}

/* The subject has found a circle of those who wait that the oracle has not met yet. */
static bool found_circle(struct pair *pair, const struct mismatch *mismatch)
{
	char waits[32], found[32];

	for (int i = 0; i < N_ACTORS; i++) {
		snprintf(waits, sizeof(waits), "actor %d: waits", i);
		snprintf(found, sizeof(found), "actor %d: EDEADLK", i);
		if (strstr(mismatch->oracle.data, waits) && strstr(mismatch->subject.data, found))
			return tree_waits_in_circle(pair->oracle, i);
	}
	return false;
}

static void reset(struct mismatch *mismatch)
{
	text_reset(&mismatch->oracle);
	text_reset(&mismatch->subject);
}

static enum verdict look(struct pair *pair, struct mismatch *mismatch)
{
	reset(mismatch);
	mismatch->in_tree = true;
	if (!tree_look(pair->oracle, &mismatch->oracle) ||
	    !tree_look(pair->subject, &mismatch->subject))
		return BROKEN;
	return differ(mismatch) ? DIFFERENT : SAME;
}

/* Until the clock that file systems read has moved on. */
static void await_tick(void)
{
	const struct timespec pause = {.tv_nsec = 500 * 1000};
	struct timespec begin, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &begin);
	do {
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (now.tv_sec == begin.tv_sec && now.tv_nsec == begin.tv_nsec);
}

/* A change of a time can be seen only if it has not the same value by chance. */
static bool prepare(struct pair *pair, const struct op *op)
{
	if (!tree_prepare(pair->oracle, op) || !tree_prepare(pair->subject, op))
		return false;
	/* A first tick may be behind what was told already, to whoever asked for better. */
	await_tick();
	await_tick();
	return true;
}

static enum verdict run_one(struct pair *pair, const struct settings *settings, const struct op *op,
			    struct mismatch *mismatch)
{
	reset(mismatch);
	mismatch->in_tree = false;
	mismatch->over = false;
	if (exception_for(settings, op))
		return SAME;
	if (op->probe > 1 && !settings->looks.no_times && !prepare(pair, op))
		return BROKEN;
	/* With relatime, reading counts if nothing was read since a change. */
	if (settings->atime && op->probe < 2)
		await_tick();
	if (!tree_run(pair->oracle, op, &mismatch->oracle))
		return BROKEN;
	tree_settle(pair->oracle, NULL, &mismatch->oracle);
	if (!tree_run(pair->subject, op, &mismatch->subject))
		return BROKEN;
	tree_settle(pair->subject, pair->oracle, &mismatch->subject);
	forgive(settings, op, mismatch);
	forgive_holder(settings, pair, op, mismatch);
	forgive_atime(settings, op, mismatch);
	if (settings->verbose) {
		struct text shown = {0};

		op_show(op, &shown);
		printf("# %s\n#\t%s\n", shown.data, mismatch->oracle.data);
		text_free(&shown);
	}
	if (!differ(mismatch))
		return SAME;
	mismatch->over = exception_holds(settings, "circle-later") && found_circle(pair, mismatch);
	return mismatch->over ? SAME : DIFFERENT;
}

static enum verdict run_all(struct pair *pair, const struct settings *settings,
			    const struct op *ops, unsigned int n, struct mismatch *mismatch)
{
	enum verdict verdict = SAME;

	for (unsigned int i = 0; i < n && verdict == SAME && !mismatch->over; i++) {
		mismatch->at = i;
		verdict = run_one(pair, settings, &ops[i], mismatch);
		if (verdict == SAME && ((i + 1) % settings->every == 0 || i + 1 == n))
			verdict = look(pair, mismatch);
	}
	return verdict;
}

enum verdict run_sequence(const struct settings *settings, const struct op *ops, unsigned int n,
			  struct mismatch *mismatch)
{
	static unsigned int number;
	struct pair pair;
	enum verdict verdict = BROKEN;
	char name[64];

	if (number < settings->given)
		snprintf(name, sizeof(name), "%u/%u", number / 50, number % 50);
	else
		snprintf(name, sizeof(name), "run-%d-%u", getpid(), number);
	number++;
	*mismatch = (struct mismatch){0};
	reset(mismatch);
	pair.oracle = tree_open(settings->oracle, name, &settings->looks);
	pair.subject = tree_open(settings->subject, name, &settings->looks);
	if (pair.oracle && pair.subject)
		verdict = run_all(&pair, settings, ops, n, mismatch);
	if (pair.oracle)
		tree_close(pair.oracle);
	if (pair.subject)
		tree_close(pair.subject);
	return verdict;
}

void mismatch_free(struct mismatch *mismatch)
{
	text_free(&mismatch->oracle);
	text_free(&mismatch->subject);
}
