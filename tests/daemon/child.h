/* SPDX-License-Identifier: BSD-3-Clause */
/* child.h - the process that a test has for a child, by way of what it tests. After cmocka.h. */
#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* The main thread's: there must be one, and no other. */
static inline pid_t only_child(void)
{
	char path[64];
	int pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

#endif
