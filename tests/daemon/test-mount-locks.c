/* SPDX-License-Identifier: BSD-3-Clause */
/* test-mount-locks.c - locks between processes on a mount, and between the mount and the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "local_mount.h"

struct place {
	struct local_mount mount;
	char path[256], host_path[256];
};

static int setup(void **state)
{
	static struct place place;
	const char *const options[] = {"--posix-lock", "--flock", "--thread-pool-size=3", NULL};

	local_mount_begin(&place.mount, options);
	snprintf(place.path, sizeof(place.path), "%s/file", place.mount.mnt);
	snprintf(place.host_path, sizeof(place.host_path), "%s/file", place.mount.share);
	*state = &place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	local_mount_end(&place->mount);
	return 0;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	return fd;
}

/* 0 or the errno. */
static int lock(int fd, int command, int type, off_t start, off_t len)
{
	struct flock flock = {.l_type = (short)type, .l_start = start, .l_len = len};

	return fcntl(fd, command, &flock) ? errno : 0;
}

static short get_lock(int fd, int type, off_t start, off_t len, struct flock *found)
{
	*found = (struct flock){.l_type = (short)type, .l_start = start, .l_len = len};
	assert_int_equal(fcntl(fd, F_GETLK, found), 0);
	return found->l_type;
}

/* ---- Other processes -------------------------------------------------------------------- */

/* One that runs fn, which says when it is ready, and waits to be told to go on. */
struct child {
	pid_t pid;
	int ready[2];
	int go[2];
};

static void say(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(99);
}

static void hear(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(98);
}

static void start(struct child *child, const char *path,
		  int (*fn)(struct child *child, const char *path))
{
	assert_int_equal(pipe2(child->ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(child->go, O_CLOEXEC), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (!child->pid)
		_exit(fn(child, path));
	hear(child->ready[0]);
}

static void go_on(struct child *child)
{
	say(child->go[1]);
}

static int end(struct child *child)
{
	int status;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	close(child->ready[0]);
	close(child->ready[1]);
	close(child->go[0]);
	close(child->go[1]);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- What they do: the exit status is 0, or the errno ------------------------------------- */

/* Hold a lock for writing on bytes 10 to 19 until told to end, then leave a mark. */
static int hold(struct child *child, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int err = lock(fd, F_SETLK, F_WRLCK, 10, 10);

	say(child->ready[1]);
	hear(child->go[0]);
	if (pwrite(fd, "m", 1, 0) != 1)
		return 97;
	close(fd);
	return err;
}

static int hold_flock(struct child *child, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int err = flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;

	say(child->ready[1]);
	hear(child->go[0]);
	if (pwrite(fd, "m", 1, 0) != 1)
		return 97;
	close(fd);
	return err;
}

/* Wait for the lock; whoever held it must have left its mark by then. */
static int check_mark(int fd)
{
	char mark = 0;

	return pread(fd, &mark, 1, 0) == 1 && mark == 'm' ? 0 : 96;
}

static int wait_for_lock(struct child *child, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err;

	say(child->ready[1]);
	err = lock(fd, F_SETLKW, F_WRLCK, 0, 0);
	return err ? err : check_mark(fd);
}

static int wait_for_flock(struct child *child, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	say(child->ready[1]);
	return flock(fd, LOCK_EX) ? errno : check_mark(fd);
}

static void on_signal(int number)
{
	(void)number;
}

/* The same, but a signal that is caught interrupts it. */
static void catch_signal(void)
{
	const struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGUSR1, &action, NULL);
}

static int wait_interruptibly(struct child *child, const char *path)
{
	catch_signal();
	return wait_for_lock(child, path);
}

static int wait_interruptibly_flock(struct child *child, const char *path)
{
	catch_signal();
	return wait_for_flock(child, path);
}

/* ---- POSIX locks ---------------------------------------------------------------------------- */

static void test_conflict(void **state)
{
	struct place *place = *state;
	int fd = open_file(place->path);
	struct flock found;
	struct child child;

	start(&child, place->path, hold);
	assert_int_equal(lock(fd, F_SETLK, F_RDLCK, 15, 1), EAGAIN);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 20, 0), 0);
	assert_int_equal(get_lock(fd, F_RDLCK, 5, 100, &found), F_WRLCK);
	assert_int_equal(found.l_start, 10);
	assert_int_equal(found.l_len, 10);
	assert_int_equal(found.l_pid, child.pid);
	assert_int_equal(get_lock(fd, F_WRLCK, 20, 0, &found), F_UNLCK);
	go_on(&child);
	assert_int_equal(end(&child), 0);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 0), 0);
	close(fd);
}

static void test_readers_share(void **state)
{
	struct place *place = *state;
	int fd = open_file(place->path), host = open_file(place->host_path);

	assert_int_equal(lock(fd, F_SETLK, F_RDLCK, 0, 5), 0);
	assert_int_equal(lock(host, F_OFD_SETLK, F_RDLCK, 0, 0), 0);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 5), EAGAIN);
	assert_int_equal(lock(host, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN);
	close(host);
	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 5), 0);
	close(fd);
}

/* A process is not in its own way, and loses all locks of a file with any descriptor of it. */
static void test_a_process_is_one_owner(void **state)
{
	struct place *place = *state;
	int first = open_file(place->path), second = open_file(place->path);
	int host = open_file(place->host_path);

	assert_int_equal(lock(first, F_SETLK, F_WRLCK, 0, 0), 0);
	assert_int_equal(lock(second, F_SETLK, F_WRLCK, 5, 5), 0);
	assert_int_equal(lock(host, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	close(second);
	assert_int_equal(lock(host, F_OFD_SETLK, F_WRLCK, 0, 1), 0);
	close(host);
	close(first);
}

static void test_waits(void **state)
{
	struct place *place = *state;
	struct child holder, waiter;
	int fd = open_file(place->path);

	assert_int_equal(ftruncate(fd, 0), 0);
	start(&holder, place->path, hold);
	start(&waiter, place->path, wait_for_lock);
	go_on(&holder);
	assert_int_equal(end(&waiter), 0);
	assert_int_equal(end(&holder), 0);
	close(fd);
}

static void test_waits_for_the_host(void **state)
{
	struct place *place = *state;
	struct child holder, waiter;
	int fd = open_file(place->host_path);

	assert_int_equal(ftruncate(fd, 0), 0);
	start(&holder, place->host_path, hold);
	start(&waiter, place->path, wait_for_lock);
	go_on(&holder);
	assert_int_equal(end(&waiter), 0);
	assert_int_equal(end(&holder), 0);
	close(fd);
}

/* Hold bytes 10 to 19, and wait for 0 to 9. */
static int hold_and_wait(struct child *child, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int err = lock(fd, F_SETLK, F_WRLCK, 10, 10);

	say(child->ready[1]);
	return err ? err : lock(fd, F_SETLKW, F_WRLCK, 0, 10);
}

/* Whoever comes last to wait in a circle is told; then he lets go, and the other gets it. */
static void test_deadlock(void **state)
{
	struct place *place = *state;
	int fd = open_file(place->path);
	struct child child;
	int mine, its;

	assert_int_equal(lock(fd, F_SETLK, F_WRLCK, 0, 10), 0);
	start(&child, place->path, hold_and_wait);
	mine = lock(fd, F_SETLKW, F_WRLCK, 10, 10);
	close(fd);
	its = end(&child);
	assert_int_equal(mine + its, EDEADLK);
}

/* Send a signal until the process has ended, for it may not have begun to wait yet. */
static int signal_until_end(struct child *child, int number)
{
	const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	siginfo_t info = {0};

	while (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       !info.si_pid) {
		kill(child->pid, number);
		nanosleep(&pause, NULL);
	}
	return end(child);
}

static void try_signals(struct place *place, int (*holds)(struct child *, const char *),
			int (*waits)(struct child *, const char *))
{
	struct child holder, interrupted, killed, waiter;

	start(&holder, place->path, holds);
	start(&interrupted, place->path, waits);
	start(&killed, place->path, waits);
	start(&waiter, place->path, waits);
	assert_int_equal(signal_until_end(&interrupted, SIGUSR1), EINTR);
	assert_int_equal(signal_until_end(&killed, SIGKILL), 128 + SIGKILL);
	go_on(&holder);
	assert_int_equal(end(&holder), 0);
	assert_int_equal(end(&waiter), 0);
}

static void test_signals(void **state)
{
	try_signals(*state, hold, wait_interruptibly);
}

/* ---- flock() ----------------------------------------------------------------------------------- */

static void test_flock_conflict(void **state)
{
	struct place *place = *state;
	int first = open_file(place->path), second = open_file(place->path);
	int copy = dup(first);

	assert_int_equal(flock(first, LOCK_EX), 0);
	assert_int_equal(flock(second, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(first);
	assert_int_equal(flock(second, LOCK_SH | LOCK_NB), -1);
	assert_int_equal(flock(copy, LOCK_SH), 0);
	assert_int_equal(flock(second, LOCK_SH | LOCK_NB), 0);
	assert_int_equal(flock(copy, LOCK_UN), 0);
	assert_int_equal(flock(second, LOCK_EX | LOCK_NB), 0);
	close(copy);
	close(second);
}

static void test_flock_waits(void **state)
{
	struct place *place = *state;
	const char *const paths[] = {place->path, place->host_path};

	for (int i = 0; i < 2; i++) {
		struct child holder, waiter;
		int fd = open_file(paths[i]);

		assert_int_equal(ftruncate(fd, 0), 0);
		start(&holder, paths[i], hold_flock);
		start(&waiter, place->path, wait_for_flock);
		go_on(&holder);
		assert_int_equal(end(&waiter), 0);
		assert_int_equal(end(&holder), 0);
		close(fd);
	}
}

static void test_flock_signals(void **state)
{
	try_signals(*state, hold_flock, wait_interruptibly_flock);
}

/* ---- Many at once ------------------------------------------------------------------------------ */

enum { COUNTERS = 12, COUNTS = 50 };

/* Add one to a number in the file, under the lock, again and again. */
static int count(struct child *child, const char *path, bool by_flock)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint64_t number = 0;

	say(child->ready[1]);
	for (int i = 0; i < COUNTS; i++) {
		if (by_flock ? flock(fd, LOCK_EX) : lock(fd, F_SETLKW, F_WRLCK, 0, 8))
			return errno;
		if (pread(fd, &number, sizeof(number), 0) < 0)
			return errno;
		number++;
		if (pwrite(fd, &number, sizeof(number), 0) != sizeof(number))
			return errno;
		if (by_flock ? flock(fd, LOCK_UN) : lock(fd, F_SETLK, F_UNLCK, 0, 8))
			return errno;
	}
	return 0;
}

static int count_posix(struct child *child, const char *path)
{
	return count(child, path, false);
}

static int count_flock(struct child *child, const char *path)
{
	return count(child, path, true);
}

static void try_counting(struct place *place, int (*fn)(struct child *, const char *))
{
	struct child children[COUNTERS];
	uint64_t number = 0;
	int fd = open_file(place->host_path);

	assert_int_equal(ftruncate(fd, 0), 0);
	for (int i = 0; i < COUNTERS; i++)
		start(&children[i], place->path, fn);
	for (int i = 0; i < COUNTERS; i++)
		assert_int_equal(end(&children[i]), 0);
	assert_int_equal(pread(fd, &number, sizeof(number), 0), sizeof(number));
	assert_int_equal(number, COUNTERS * COUNTS);
	close(fd);
}

static void test_many_processes(void **state)
{
	try_counting(*state, count_posix);
}

static void test_flock_many_processes(void **state)
{
	try_counting(*state, count_flock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_readers_share),
		cmocka_unit_test(test_a_process_is_one_owner),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_waits_for_the_host),
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_many_processes),
		cmocka_unit_test(test_flock_conflict),
		cmocka_unit_test(test_flock_waits),
		cmocka_unit_test(test_flock_signals),
		cmocka_unit_test(test_flock_many_processes),
	};

	if (!local_mount_possible())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
