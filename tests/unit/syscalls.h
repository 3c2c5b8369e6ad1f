/* SPDX-License-Identifier: BSD-3-Clause */
/* syscalls.h - lets system calls fail, for good, in this process: call it in a child. */
#ifndef UNIT_SYSCALLS_H
#define UNIT_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>

/* Those that older kernels do not have: the numbers are the same nearly everywhere. */
enum {
	CALL_SETXATTRAT = 463,
	CALL_GETXATTRAT = 464,
	CALL_LISTXATTRAT = 465,
	CALL_REMOVEXATTRAT = 466,
	CALL_FILE_GETATTR = 468,
	CALL_FILE_SETATTR = 469
};

/* Let these system calls fail with err from now on. Fails the test if it cannot. */
void syscalls_fail(const int *calls, size_t n, int err);

/* As on a kernel without the calls above. */
void syscalls_of_an_old_kernel(void);

/* Whether this kernel has getxattrat(2). */
bool syscalls_have_getxattrat(void);

/* Run fn in a child, where it may use the functions above; its assertions count. */
void syscalls_in_child(void (*fn)(void *data), void *data);

#endif
