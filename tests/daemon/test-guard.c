/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-guard.c - changes of files are told by a thread of the guard's, started by
 * pthread_create(), even when there were more than the kernel keeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "guard.h"

enum { N_FILES = 3, LAST = N_FILES - 1, MANY = 40000 };

struct seen {
	pthread_mutex_t lock; /* who holds it holds the guard up */
	atomic_bool all;
	atomic_int last;
};

static void changed(void *data, int watch)
{
	struct seen *seen = data;

	pthread_mutex_lock(&seen->lock);
	if (watch == GUARD_ALL)
		seen->all = true;
	else
		seen->last = watch;
	pthread_mutex_unlock(&seen->lock);
}

static void too_much_to_be_noted_is_any_file(void **state)
{
	struct seen seen = {.lock = PTHREAD_MUTEX_INITIALIZER};
	int proc_fd = open("/proc/self/fd", O_PATH | O_CLOEXEC);
	int fds[N_FILES], watches[N_FILES];
	const char *tmp = getenv("TMPDIR");
	struct guard *guard;

	(void)state;
	assert_int_equal(guard_start(changed, &seen, &guard), 0);
	for (int i = 0; i < N_FILES; i++) {
		fds[i] = open(tmp ? tmp : "/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
		assert_true(fds[i] >= 0);
		watches[i] = guard_watch(guard, proc_fd, fds[i]);
		assert_true(watches[i] > 0);
	}
	pthread_mutex_lock(&seen.lock);
	/* By turns, for several of one file in a row are one. */
	for (int i = 0; i < MANY; i++)
		assert_int_equal(pwrite(fds[i % LAST], "x", 1, 0), 1);
	pthread_mutex_unlock(&seen.lock);
	/* It comes after all of these, once there is room for it. */
	while (seen.last != watches[LAST]) {
		assert_int_equal(pwrite(fds[LAST], "x", 1, 0), 1);
		sched_yield();
	}
	assert_true(seen.all);
	guard_stop(guard);
	for (int i = 0; i < N_FILES; i++)
		close(fds[i]);
	close(proc_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_much_to_be_noted_is_any_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
