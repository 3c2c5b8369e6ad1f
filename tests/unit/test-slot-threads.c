/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-slot-threads.c - policies are swapped while other threads decide by them. For the
 * thread sanitizer, which sees what the outcome alone would not show.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "helper.h"

enum { THREADS = 4, SWAPS = 400, FOLDERS = 8 };

/* One policy says yes to all in the folder even, the other in odd; the latter has one rule. */
struct stage {
	struct fsdax_slot *slot;
	struct fsdax_policy *policies[2];
	atomic_bool stop;
	atomic_uint decided;
	atomic_uint wrong;
};

/* What one thread of a daemon keeps. */
struct worker {
	struct stage *stage;
	struct fsdax_policy *policy;
	uint64_t generation;
	struct fsdax_cursor *folders[FOLDERS];
	struct fsdax_memo memo;
};

static const char *const names[FOLDERS] = {"even", "odd", "x", "y", "even", "odd", "z", "lib"};

static void forget(struct worker *w)
{
	for (int i = 0; i < FOLDERS; i++) {
		fsdax_cursor_unref(w->folders[i]);
		w->folders[i] = NULL;
	}
	fsdax_policy_unref(w->policy);
	w->policy = NULL;
}

/* Take the policy in force, and make the cursors of its folders. */
static bool renew(struct worker *w)
{
	struct fsdax_cursor *root;

	forget(w);
	w->generation = fsdax_slot_generation(w->stage->slot);
	w->policy = fsdax_slot_get(w->stage->slot);
	if (fsdax_cursor_root(w->policy, FSDAX_TAG_NONE, &root))
		return false;
	for (int i = 0; i < FOLDERS; i++) {
		if (fsdax_cursor_enter(root, names[i], strlen(names[i]), FSDAX_TAG_NONE,
				       &w->folders[i]))
			return false;
	}
	fsdax_cursor_unref(root);
	return true;
}

static bool decide_all(struct worker *w)
{
	const char *yes = fsdax_policy_rules(w->policy) % 2 ? "odd" : "even";
	const struct fsdax_facts facts = untagged(1);

	for (int i = 0; i < FOLDERS; i++) {
		struct fsdax_decision decision;

		if (!fsdax_memo_find(&w->memo, w->folders[i], 100, 0, &decision)) {
			if (fsdax_decide(w->folders[i], "f", 1, &facts, 0, &decision, NULL))
				return false;
			fsdax_memo_keep(&w->memo, w->folders[i], 100, 0, 200, 0, decision);
		}
		if (decision.dax != !strcmp(names[i], yes))
			return false;
		atomic_fetch_add(&w->stage->decided, 1);
	}
	return true;
}

static void *work(void *data)
{
	struct worker w = {.stage = data};
	bool good = renew(&w);

	while (good && !atomic_load(&w.stage->stop)) {
		if (fsdax_slot_generation(w.stage->slot) != w.generation)
			good = renew(&w);
		good = good && decide_all(&w);
	}
	if (!good)
		atomic_fetch_add(&w.stage->wrong, 1);
	fsdax_memo_clear(&w.memo);
	forget(&w);
	return NULL;
}

/* Cursors and policies are shared by all threads: each takes and drops references. */
static void *share(void *data)
{
	struct fsdax_cursor *folder = data;
	const struct fsdax_facts facts = untagged(1);
	struct fsdax_decision decision;

	for (int i = 0; i < 2000; i++) {
		struct fsdax_cursor *mine = fsdax_cursor_ref(folder);
		struct fsdax_cursor *child;

		if (fsdax_cursor_enter(mine, i % 2 ? "even" : "x", i % 2 ? 4 : 1, FSDAX_TAG_NONE,
				       &child) ||
		    fsdax_decide(child, "f", 1, &facts, 0, &decision, NULL))
			return data;
		fsdax_cursor_unref(child);
		fsdax_cursor_unref(mine);
	}
	return NULL;
}

static void policies_are_swapped_under_deciding_threads(void **state)
{
	struct stage stage = {.slot = NULL};
	pthread_t threads[THREADS];

	(void)state;
	stage.policies[0] = policy_of("[rule a]\npath = /even/**\ndax = yes\n"
				      "[rule b]\npath = /even/g\ndax = no\n");
	stage.policies[1] = policy_of("[rule a]\npath = /odd/**\ndax = yes\n");
	assert_int_equal(fsdax_slot_new(stage.policies[0], &stage.slot), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, &stage), 0);
	for (unsigned int i = 0; i < SWAPS; i++) {
		unsigned int before = atomic_load(&stage.decided);

		fsdax_slot_swap(stage.slot, stage.policies[i % 2]);
		/* Let somebody decide by it. */
		while (atomic_load(&stage.decided) == before && !atomic_load(&stage.wrong))
			sched_yield();
	}
	atomic_store(&stage.stop, true);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&stage.wrong), 0);
	assert_int_equal(fsdax_slot_generation(stage.slot), SWAPS);
	fsdax_slot_free(stage.slot);
	fsdax_policy_unref(stage.policies[0]);
	fsdax_policy_unref(stage.policies[1]);
}

static void a_cursor_is_shared_by_threads(void **state)
{
	struct fsdax_policy *policy = policy_of("[rule a]\npath = /even/**\ndax = yes\n");
	struct fsdax_cursor *folder = cursor_of(policy, "");
	pthread_t threads[THREADS];

	(void)state;
	fsdax_policy_unref(policy);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, share, folder), 0);
	for (int i = 0; i < THREADS; i++) {
		void *bad;

		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	fsdax_cursor_unref(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_are_swapped_under_deciding_threads),
		cmocka_unit_test(a_cursor_is_shared_by_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
