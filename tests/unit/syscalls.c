/* SPDX-License-Identifier: BSD-3-Clause */
/* syscalls.c - lets system calls fail. See syscalls.h. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.h"
#include "syscalls.h"

enum { MOST_CALLS = 16 };

void syscalls_fail(const int *calls, size_t n, int err)
{
	struct sock_filter code[MOST_CALLS + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {.len = (unsigned short)(n + 3), .filter = code};

	assert_true(n <= MOST_CALLS);
	for (size_t i = 0; i < n; i++)
		code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							   (uint32_t)calls[i], (uint8_t)(n - i), 0);
	code[n + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n + 2] = (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((uint32_t)err & SECCOMP_RET_DATA));
	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

void syscalls_of_an_old_kernel(void)
{
	static const int calls[] = {CALL_SETXATTRAT,	CALL_GETXATTRAT,   CALL_LISTXATTRAT,
				    CALL_REMOVEXATTRAT, CALL_FILE_GETATTR, CALL_FILE_SETATTR};

	syscalls_fail(calls, COUNT(calls), ENOSYS);
	for (size_t i = 0; i < COUNT(calls); i++) {
		assert_int_equal(syscall(calls[i], -1, "", 0, NULL, NULL, 0), -1);
		assert_int_equal(errno, ENOSYS);
	}
}

bool syscalls_have_getxattrat(void)
{
	syscall(CALL_GETXATTRAT, -1, "x", 0, "user.x", NULL, 0);
	return errno != ENOSYS;
}

/* ---- In a child -------------------------------------------------------------- */

struct call {
	void (*fn)(void *data);
	void *data;
};

static void call_it(void **state)
{
	const struct call *call = *state;

	call->fn(call->data);
}

void syscalls_in_child(void (*fn)(void *data), void *data)
{
	struct call call = {fn, data};
	const struct CMUnitTest tests[] = {
		{"in a child", call_it, NULL, NULL, &call},
	};
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int failed = cmocka_run_group_tests(tests, NULL, NULL);

		fflush(NULL);
		_exit(failed ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
