// SPDX-License-Identifier: BSD-3-Clause
/*
 * main.c - the guest agent. As a guest's init it mounts what a system needs, loads the
 * virtiofs modules, and serves /dev/ttyS1. With arguments, it runs one command and prints
 * what it says.
 *
 *	request	 ID WORD...
 *	reply	 ID - LINE		any number: what the command prints
 *		 ID ok | ID error NAME | ID exit STATUS
 *
 * ID is any word; it tells a late reply from the one that is waited for. A byte that would
 * end a word is written as %XX, and an empty word as "%". When the agent is ready it says
 * "0 ok". A command that takes longer than $STUCK seconds (what init's environment says, as
 * the kernel's command line can) has the kernel print the stacks of what is blocked to the
 * console, which is the test's log: so a hang leaves a trace.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

#define STUCK 30 /* if the environment doesn't say */
#define WORDS_MAX 256

static const struct command *const tables[] = {
	path_commands,
	data_commands,
	tree_commands,
	system_commands,
};

static void print_help(FILE *out)
{
	const struct command *command;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (command = tables[i]; command->name; command++)
			fprintf(out, "%s %s\n", command->name, command->usage);
}

int agent_dispatch(struct call *call)
{
	const char *name = call->argv[-1];
	const struct command *command;
	size_t i;

	if (!strcmp(name, "help")) {
		print_help(call->out);
		return 0;
	}
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (command = tables[i]; command->name; command++)
			if (!strcmp(command->name, name))
				goto found;
	fprintf(call->out, "no command: %s\n", name);
	return -EINVAL;
found:
	if (call->argc < command->min || (command->max >= 0 && call->argc > command->max)) {
		fprintf(call->out, "usage: %s %s\n", command->name, command->usage);
		return -EINVAL;
	}
	return command->run(call);
}

/* ---- The serial line ----------------------------------------------------------------- */

static void put_all(int line, const char *data, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(line, data, size);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
	}
}

/* Send what a command printed, each line with the request's ID. */
static void send_output(FILE *to, const char *id, char *text)
{
	char *save, *line = strtok_r(text, "\n", &save);

	for (; line; line = strtok_r(NULL, "\n", &save))
		fprintf(to, "%s - %s\n", id, line);
}

static void send_result(FILE *to, const char *id, int result)
{
	if (!result)
		fprintf(to, "%s ok\n", id);
	else if (result < 0)
		fprintf(to, "%s error %s\n", id, words_error(result));
	else
		fprintf(to, "%s exit %d\n", id, result - AGENT_EXIT);
}

static void serve_one(struct agent *agent, int line, char *request)
{
	char *words[WORDS_MAX + 1], *text = NULL, *reply = NULL;
	size_t text_size, reply_size;
	struct call call = {.agent = agent};
	int n = words_split(request, words, WORDS_MAX), result;
	FILE *to;

	if (n < 2)
		return;
	words[n] = NULL;
	call.argc = n - 2;
	call.argv = words + 2;
	call.out = open_memstream(&text, &text_size);
	result = agent_dispatch(&call);
	fclose(call.out);
	to = open_memstream(&reply, &reply_size);
	send_output(to, words[0], text);
	send_result(to, words[0], result);
	fclose(to);
	put_all(line, reply, reply_size);
	free(text);
	free(reply);
}

static void serve(struct agent *agent, int line, int watch)
{
	FILE *in = fdopen(line, "r");
	char *request = NULL;
	size_t size = 0;

	put_all(line, "0 ok\n", 5);
	while (getline(&request, &size, in) > 0) {
		request[strcspn(request, "\r\n")] = '\0';
		put_all(watch, "b", 1);
		serve_one(agent, line, request);
		put_all(watch, "e", 1);
	}
	free(request);
	fclose(in);
}

/* ---- Init ---------------------------------------------------------------------------- */

/* Where in the kernel each process of ours is. Kernel threads have no program. */
static void print_stacks(void)
{
	char path[64], line[256];
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	FILE *in;

	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%.20s/exe", entry->d_name);
		if (!isdigit(*entry->d_name) || access(path, F_OK))
			continue;
		fprintf(stderr, "agent: process %s is in\n", entry->d_name);
		snprintf(path, sizeof(path), "/proc/%.20s/stack", entry->d_name);
		in = fopen(path, "re");
		while (in && fgets(line, sizeof(line), in))
			fputs(line, stderr);
		if (in)
			fclose(in);
	}
	if (proc)
		closedir(proc);
}

/* A process that hears when a command begins and ends, and tells on one that is stuck. */
static int watch_start(void)
{
	const char *stuck = getenv("STUCK");
	int ends[2], trigger, wait = stuck ? atoi(stuck) : STUCK;
	char byte;

	if (pipe2(ends, O_CLOEXEC) || fork())
		return ends[1];
	close(ends[1]);
	trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
	while (read(ends[0], &byte, 1) == 1) {
		struct pollfd end = {.fd = ends[0], .events = POLLIN};

		if (byte != 'b' || poll(&end, 1, wait * 1000) != 0)
			continue;
		print_stacks();
		klogctl(8, NULL, 8);
		put_all(trigger, "w", 1);
		klogctl(8, NULL, 4);
	}
	_exit(0);
}

static int line_open(void)
{
	int line = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;

	if (line < 0 || tcgetattr(line, &mode))
		return -1;
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	tcsetattr(line, TCSANOW, &mode);
	return line;
}

static void write_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	put_all(fd, value, strlen(value));
	close(fd);
}

static void init_system(struct agent *agent)
{
	char *words[] = {"modules", "virtiofs", NULL};
	struct call call = {agent, 1, words + 1, stderr};
	int result;

	mkdir("/dev", 0755);
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/run", 0755);
	mkdir("/tmp", 01777);
	mkdir("/mnt", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/", 1);
	setenv("LD_LIBRARY_PATH", "/lib", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	/* Sanitizers of some compilers fail where addresses are more random than this. */
	write_setting("/proc/sys/vm/mmap_rnd_bits", "28");
	result = agent_dispatch(&call);
	if (result)
		fprintf(stderr, "agent: modules: %s\n", words_error(result));
}

static int run_once(struct agent *agent, int argc, char **argv)
{
	struct call call = {agent, argc - 2, argv + 2, stdout};
	int result = agent_dispatch(&call);

	if (result < 0)
		printf("%s\n", words_error(result));
	return result < 0 ? 1 : result ? result - AGENT_EXIT : 0;
}

int main(int argc, char **argv)
{
	struct agent agent = {0};
	int i, line;

	for (i = 0; i < AGENT_HANDLES; i++)
		agent.handles[i] = -1;
	umask(022);
	if (getpid() != 1) {
		if (argc < 2) {
			print_help(stdout);
			return 2;
		}
		return run_once(&agent, argc, argv);
	}
	init_system(&agent);
	line = line_open();
	if (line < 0) {
		fprintf(stderr, "agent: no /dev/ttyS1\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	serve(&agent, line, watch_start());
	return 0;
}
