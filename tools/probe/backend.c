/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * backend.c - fork, exec, wait; and patience while a socket comes and goes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"

#define STEP_MS 10
#define PATIENCE_MS 10000
#define TERM_MS 3000
#define SETTLE_MS 200

static void sleep_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&ts, NULL);
}

void backend_init(struct backend *backend, char **argv, const char *socket)
{
	*backend = (struct backend){.argv = argv, .socket = socket};
}

void backend_clear(struct backend *backend)
{
	backend->signal = 0;
	backend->status = 0;
}

static void note_end(struct backend *backend, int status)
{
	backend->pid = 0;
	if (WIFSIGNALED(status))
		backend->signal = WTERMSIG(status);
	else if (WEXITSTATUS(status))
		backend->status = WEXITSTATUS(status);
}

void backend_check(struct backend *backend)
{
	int status;

	if (backend->pid && waitpid(backend->pid, &status, WNOHANG) == backend->pid)
		note_end(backend, status);
}

void backend_settle(struct backend *backend)
{
	long patience = backend->leaves ? PATIENCE_MS : backend->stays ? STEP_MS : SETTLE_MS;

	for (long waited = 0; backend->pid && waited < patience; waited += STEP_MS) {
		backend_check(backend);
		if (!backend->pid)
			backend->leaves = true;
		else
			sleep_ms(STEP_MS);
	}
	if (backend->pid) {
		backend->leaves = false;
		backend->stays = true;
	}
}

/* It must not outlive us, whatever happens to us. */
static int start(struct backend *backend)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(backend->argv[0], backend->argv);
		perror(backend->argv[0]);
		_exit(127);
	}
	backend->pid = pid;
	return 0;
}

/* Errors of a back-end that is not there yet, or just leaves. */
static bool is_passing(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -ECONNRESET || err == -ENOTCONN;
}

int backend_connect(struct backend *backend, struct frontend *fe,
		    const struct frontend_options *options)
{
	int err, starts = 0;

	for (int waited = 0;; waited += STEP_MS) {
		backend_check(backend);
		if (backend->argv && !backend->pid) {
			/* One that can't start must not be started for ever. */
			if (backend->status == 127 || starts++ == 5) {
				fe->sock = -1;
				return -ECHILD;
			}
			unlink(backend->socket);
			err = start(backend);
			if (err)
				return err;
		}
		err = frontend_start(fe, options);
		if (!is_passing(err) || waited >= (backend->argv ? PATIENCE_MS : 1000))
			return err;
		frontend_stop(fe);
		sleep_ms(STEP_MS);
	}
}

void backend_stop(struct backend *backend)
{
	int status;

	for (int waited = 0; backend->pid; waited += STEP_MS) {
		if (waited == 0)
			kill(backend->pid, SIGTERM);
		if (waited == TERM_MS)
			kill(backend->pid, SIGKILL);
		sleep_ms(STEP_MS);
		if (waitpid(backend->pid, &status, WNOHANG) == backend->pid)
			backend->pid = 0;
	}
}
