// SPDX-License-Identifier: BSD-3-Clause
/*
 * system.c - commands about the guest itself: mounts, caches, modules, programs, and other
 * commands as another user or at the same time.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static const struct {
	const char *name;
	unsigned long flag;
} mount_flags[] = {
	{"rw", 0},
	{"ro", MS_RDONLY},
	{"nosuid", MS_NOSUID},
	{"nodev", MS_NODEV},
	{"noexec", MS_NOEXEC},
	{"noatime", MS_NOATIME},
	{"remount", MS_REMOUNT},
	{"bind", MS_BIND},
	{"sync", MS_SYNCHRONOUS},
};

/* Sort "ro,dax=inode" into flags, and what the file system gets to see. */
static void mount_options(char *words, unsigned long *flags, char *data, size_t size)
{
	char *save, *word = strtok_r(words, ",", &save);
	size_t i;

	*flags = 0;
	*data = '\0';
	for (; word; word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < sizeof(mount_flags) / sizeof(*mount_flags); i++)
			if (!strcmp(word, mount_flags[i].name))
				break;
		if (i < sizeof(mount_flags) / sizeof(*mount_flags)) {
			*flags |= mount_flags[i].flag;
			continue;
		}
		if (*data)
			strncat(data, ",", size - strlen(data) - 1);
		strncat(data, word, size - strlen(data) - 1);
	}
}

static int do_mount(struct call *call)
{
	unsigned long flags = 0;
	char data[1024] = "";

	if (call->argc > 3)
		mount_options(call->argv[3], &flags, data, sizeof(data));
	if (mkdir(call->argv[1], 0755) && errno != EEXIST)
		return -errno;
	if (mount(call->argv[0], call->argv[1], call->argv[2], flags, data))
		return -errno;
	return 0;
}

static int do_umount(struct call *call)
{
	return umount2(call->argv[0], call->argc > 1 ? MNT_DETACH : 0) ? -errno : 0;
}

static int do_drop_caches(struct call *call)
{
	const char *what = call->argc ? call->argv[0] : "3";

	sync();
	return write_file("/proc/sys/vm/drop_caches", what);
}

/* Whether a field was asked for; all are, if none was named. */
static bool asked(const struct call *call, const char *name)
{
	int i;

	for (i = 0; i < call->argc; i++)
		if (!strcmp(call->argv[i], name))
			return true;
	return !call->argc;
}

static int do_meminfo(struct call *call)
{
	FILE *in = fopen("/proc/meminfo", "re");
	char line[256], name[64];
	unsigned long kb;

	if (!in)
		return -errno;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "%63[^:]: %lu", name, &kb) == 2 && asked(call, name))
			fprintf(call->out, "%s=%lu\n", name, kb);
	fclose(in);
	return 0;
}

static int load_module(const char *file)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/modules/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		err = -errno;
	close(fd);
	return err;
}

/* modules GROUP: those that a list names, in its order. */
static int do_modules(struct call *call)
{
	char path[256], line[128];
	FILE *list;
	int err = 0;

	snprintf(path, sizeof(path), "/modules/%s.list", call->argv[0]);
	list = fopen(path, "re");
	if (!list)
		return -errno;
	while (!err && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		err = load_module(line);
		if (err)
			fprintf(call->out, "%s\n", line);
	}
	fclose(list);
	return err;
}

static int do_sleep(struct call *call)
{
	double seconds = strtod(call->argv[0], NULL);
	struct timespec span = {.tv_sec = (time_t)seconds};

	span.tv_nsec = (long)((seconds - (double)span.tv_sec) * 1e9);
	return nanosleep(&span, NULL) ? -errno : 0;
}

static int do_echo(struct call *call)
{
	int i;

	for (i = 0; i < call->argc; i++)
		fprintf(call->out, "%s%s", i ? " " : "", call->argv[i]);
	fputc('\n', call->out);
	return 0;
}

/* In the child: one word is for a shell, more are a program and its arguments. */
static void run_child(struct call *call, int out)
{
	char *shell[] = {"/bin/sh", "-c", call->argv[0], NULL};
	char **argv = call->argc == 1 ? shell : call->argv;
	int null = open("/dev/null", O_RDONLY);
	uid_t user = geteuid();
	gid_t group = getegid();

	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	/* All of another user's, so that a shell doesn't drop what it takes for set-uid. */
	if (setresgid(group, group, group) || setresuid(user, user, user))
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* run CMD...: its output is the reply, its exit status the result. */
static int do_run(struct call *call)
{
	int ends[2], status;
	char piece[4096];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	fflush(call->out);
	pid = fork();
	if (pid == 0)
		run_child(call, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], piece, sizeof(piece))) > 0)
		fwrite(piece, 1, (size_t)n, call->out);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return AGENT_EXIT + (WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* ---- Other commands, otherwise ------------------------------------------------------ */

/* "1000" or "1000,4,20": the group, and further ones. */
static int groups_parse(char *words, gid_t *groups, int max)
{
	char *save, *word = strtok_r(words, ",", &save);
	uint64_t number;
	int n = 0;

	for (; word && n < max; word = strtok_r(NULL, ",", &save)) {
		if (words_number(word, &number))
			return -EINVAL;
		groups[n++] = (gid_t)number;
	}
	return n;
}

/* as UID GID[,GID...] COMMAND... */
static int do_as(struct call *call)
{
	struct call inner = {call->agent, call->argc - 3, call->argv + 3, call->out};
	gid_t groups[64];
	uint64_t user;
	int n = groups_parse(call->argv[1], groups, 64), err;

	if (n < 1 || words_number(call->argv[0], &user))
		return -EINVAL;
	if (setgroups((size_t)n - 1, groups + 1) || setegid(groups[0]) || seteuid((uid_t)user))
		err = -errno;
	else
		err = agent_dispatch(&inner);
	if (seteuid(0) || setegid(0) || setgroups(0, NULL))
		return -errno;
	return err;
}

static void job_path(char *path, size_t size, int job)
{
	snprintf(path, size, "/run/job.%d", job);
}

/* In the child: the command's output and result into a file, for `wait`. */
static void job_child(struct call *call, int job)
{
	struct call inner = {call->agent, call->argc - 2, call->argv + 2, NULL};
	char path[64];
	int err;

	job_path(path, sizeof(path), job);
	inner.out = fopen(path, "we");
	if (!inner.out)
		_exit(1);
	/* The result goes first; its place is kept. */
	fprintf(inner.out, "%12d\n", -ECANCELED);
	err = agent_dispatch(&inner);
	fflush(inner.out);
	rewind(inner.out);
	fprintf(inner.out, "%12d\n", err);
	fclose(inner.out);
	_exit(0);
}

/* spawn JOB COMMAND... */
static int do_spawn(struct call *call)
{
	int job = words_index(call->argv[0], AGENT_JOBS);
	pid_t pid;

	if (job < 0)
		return job;
	if (call->agent->jobs[job])
		return -EBUSY;
	fflush(call->out);
	pid = fork();
	if (pid == 0)
		job_child(call, job);
	if (pid < 0)
		return -errno;
	call->agent->jobs[job] = pid;
	return 0;
}

/* wait JOB: answers what its command would have. */
static int do_wait(struct call *call)
{
	int job = words_index(call->argv[0], AGENT_JOBS), err = -ECANCELED, c;
	char path[64];
	FILE *in;

	if (job < 0 || !call->agent->jobs[job])
		return -EINVAL;
	if (waitpid(call->agent->jobs[job], NULL, 0) < 0)
		return -errno;
	call->agent->jobs[job] = 0;
	job_path(path, sizeof(path), job);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	if (fscanf(in, "%d%*c", &err) != 1)
		err = -ECANCELED;
	while ((c = fgetc(in)) != EOF)
		fputc(c, call->out);
	fclose(in);
	unlink(path);
	return err;
}

/* running JOB: yes or no. */
static int do_running(struct call *call)
{
	int job = words_index(call->argv[0], AGENT_JOBS);
	siginfo_t info = {0};

	if (job < 0 || !call->agent->jobs[job])
		return -EINVAL;
	if (waitid(P_PID, (id_t)call->agent->jobs[job], &info, WEXITED | WNOHANG | WNOWAIT))
		return -errno;
	fprintf(call->out, "%s\n", info.si_pid ? "no" : "yes");
	return 0;
}

static int do_signal(struct call *call)
{
	int job = words_index(call->argv[0], AGENT_JOBS);

	if (job < 0 || !call->agent->jobs[job])
		return -EINVAL;
	return kill(call->agent->jobs[job], SIGKILL) ? -errno : 0;
}

static int do_poweroff(struct call *call)
{
	/* No sync: what hangs would hang here too. A test that wants it has syncfs. */
	(void)call;
	return reboot(RB_POWER_OFF) ? -errno : 0;
}

const struct command system_commands[] = {
	{"mount", 3, 4, do_mount, "SOURCE DIR TYPE [OPTIONS]: makes DIR if it isn't there"},
	{"umount", 1, 2, do_umount, "DIR [lazy]"},
	{"drop_caches", 0, 1, do_drop_caches, "[1|2|3]"},
	{"meminfo", 0, -1, do_meminfo, "[NAME...]: NAME=KIB"},
	{"modules", 1, 1, do_modules, "GROUP: load virtiofs, nvdimm, ext4 or xfs"},
	{"sleep", 1, 1, do_sleep, "SECONDS"},
	{"echo", 0, -1, do_echo, "WORD..."},
	{"run", 1, -1, do_run, "CMD...: one word for a shell, or a program and its arguments"},
	{"as", 3, -1, do_as, "UID GID[,GID...] COMMAND...: as that user"},
	{"spawn", 2, -1, do_spawn, "JOB COMMAND...: in a process beside this one"},
	{"wait", 1, 1, do_wait, "JOB: for its end; answers as the command would have"},
	{"running", 1, 1, do_running, "JOB: yes or no"},
	{"signal", 1, 1, do_signal, "JOB: kill it"},
	{"poweroff", 0, 0, do_poweroff, ""},
	{NULL, 0, 0, NULL, NULL},
};
