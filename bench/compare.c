/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compare.c - runs commands in turns, and reports how long each took, and what memory.
 *
 * Each command has a shell command before it that is not timed, such as one that undoes
 * what the last command did. What they print is thrown away.
 */
#include "stats.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_CLAIMS 16

struct command {
	const char *name, *before, *text;
	struct series seconds, cpu, peak_mb;
	int status; /* the worst exit status seen */
};

/* That one command is at least so many times faster than another. */
struct claim {
	char *what, *ours, *theirs;
	double target;
	bool memory; /* or rather: takes at most so many times the memory */
};

struct comparison {
	struct command commands[MAX_COMMANDS];
	size_t n_commands;
	struct claim claims[MAX_CLAIMS];
	size_t n_claims;
	size_t rounds;
	double files;
	const char *results, *title;
};

static int run_shell(const char *text, struct rusage *usage)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, NULL);
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", text, (char *)NULL);
		_exit(127);
	}
	while (wait4(pid, &status, 0, usage) < 0) {
		if (errno != EINTR)
			err(1, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static double seconds_of(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void run_command(struct command *command)
{
	struct rusage usage;
	uint64_t start;
	int status;

	if (*command->before)
		run_shell(command->before, &usage);
	start = wall_ns();
	status = run_shell(command->text, &usage);
	series_add(&command->seconds, (double)(wall_ns() - start) / 1e9);
	series_add(&command->cpu, seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
	series_add(&command->peak_mb, (double)usage.ru_maxrss / 1024);
	if (status > command->status)
		command->status = status;
}

static void print_commands(const struct comparison *comparison)
{
	printf("\n%s\n  %-34s %8s %4s %8s %12s %8s %6s\n", comparison->title, "command", "seconds",
	       "+-%", "CPU s", "files/s", "peak MB", "exit");
	for (size_t i = 0; i < comparison->n_commands; i++) {
		const struct command *command = &comparison->commands[i];
		double seconds = series_median(&command->seconds);

		printf("  %-34s %8.3f %4.0f %8.3f %12.0f %8.1f %6d\n", command->name, seconds,
		       series_spread(&command->seconds), series_median(&command->cpu),
		       comparison->files / seconds, series_median(&command->peak_mb),
		       command->status);
	}
	fflush(stdout);
}

static const struct command *find_command(const struct comparison *comparison, const char *name)
{
	for (size_t i = 0; i < comparison->n_commands; i++) {
		if (!strcmp(comparison->commands[i].name, name))
			return &comparison->commands[i];
	}
	errx(2, "no command is called %s", name);
}

static void report_claims(const struct comparison *comparison)
{
	for (size_t i = 0; i < comparison->n_claims; i++) {
		const struct claim *claim = &comparison->claims[i];
		const struct command *ours = find_command(comparison, claim->ours);
		const struct command *theirs = find_command(comparison, claim->theirs);
		struct series ratio;

		if (ours->status) {
			printf("  %s: exit status %d, so nothing can be said\n", ours->name,
			       ours->status);
			continue;
		}
		if (claim->memory) {
			ratio = series_ratio(&ours->peak_mb, &theirs->peak_mb);
			result(claim->what, &ratio, "times", AT_MOST, claim->target);
		} else {
			ratio = series_ratio(&theirs->seconds, &ours->seconds);
			result(claim->what, &ratio, "times", AT_LEAST, claim->target);
		}
	}
}

/* WHAT|OURS|THEIRS|TARGET */
static void add_claim(struct comparison *comparison, char *text, bool memory)
{
	struct claim *claim = &comparison->claims[comparison->n_claims];
	char *target;

	if (comparison->n_claims++ == MAX_CLAIMS)
		errx(2, "too many claims");
	claim->what = strsep(&text, "|");
	claim->ours = strsep(&text, "|");
	claim->theirs = strsep(&text, "|");
	target = strsep(&text, "|");
	if (!target)
		errx(2, "not WHAT|OURS|THEIRS|TARGET: %s", claim->what);
	claim->target = strtod(target, NULL);
	claim->memory = memory;
}

static void parse_arguments(struct comparison *comparison, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "f:m:n:o:r:t:")) != -1) {
		switch (option) {
		case 'f':
		case 'm': add_claim(comparison, optarg, option == 'm'); break;
		case 'n': comparison->files = strtod(optarg, NULL); break;
		case 'o': comparison->results = optarg; break;
		case 'r': comparison->rounds = strtoul(optarg, NULL, 10); break;
		case 't': comparison->title = optarg; break;
		default: exit(2);
		}
	}
	if (optind == argc || (argc - optind) % 3 || (argc - optind) / 3 > MAX_COMMANDS)
		errx(2, "usage: bench-compare [-f|-m WHAT|OURS|THEIRS|TARGET]... [-n FILES] "
			"[-o RESULTS] [-r ROUNDS] [-t TITLE] NAME BEFORE COMMAND...");
	for (; optind < argc; optind += 3)
		comparison->commands[comparison->n_commands++] = (struct command){
			.name = argv[optind],
			.before = argv[optind + 1],
			.text = argv[optind + 2],
		};
}

int main(int argc, char **argv)
{
	static struct comparison comparison = {.rounds = 5, .title = "commands"};

	parse_arguments(&comparison, argc, argv);
	for (size_t round = 0; round < comparison.rounds; round++) {
		for (size_t i = 0; i < comparison.n_commands; i++)
			run_command(&comparison.commands[i]);
	}
	results_open(comparison.results);
	print_commands(&comparison);
	report_claims(&comparison);
	results_close();
	return 0;
}
