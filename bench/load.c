/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.c - measures loading a policy file: time, memory, and whether both grow in line
 * with the number of rules.
 *
 * Each load has a process of its own, so that no load finds memory that an earlier one
 * has left behind. The sizes take turns.
 */
#include "corpus.h"
#include "globs.h"
#include "stats.h"

#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fsdax/fsdax.h>

#define ROUNDS 9

static const size_t sizes[] = {2500, 5000, 10000, 20000};

#define N_SIZES (sizeof(sizes) / sizeof(*sizes))

struct load {
	char file[4096];
	struct series ms, heap_mb, peak_mb;
};

/* What the process that loaded has to say. */
struct report {
	double ms, heap_mb, peak_mb;
};

static double heap_mb(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd) / 1048576;
}

/* The most memory this program ever had; getrusage() would count its parent's too. */
static double peak_mb(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	double kb = 0;

	if (!status)
		err(1, "/proc/self/status");
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "VmHWM: %lf", &kb) == 1)
			break;
	}
	fclose(status);
	return kb / 1024;
}

static void load_and_report(const char *file, int out)
{
	double heap = heap_mb(), peak = peak_mb();
	uint64_t start = cpu_ns();
	struct fsdax_policy *policy;
	struct report report;
	int ret = fsdax_policy_load(file, NULL, &policy, NULL);

	if (ret)
		errx(1, "%s: error %d", file, ret);
	report.ms = (double)(cpu_ns() - start) / 1e6;
	report.peak_mb = peak_mb() - peak;
	report.heap_mb = heap_mb() - heap;
	if (write(out, &report, sizeof(report)) != sizeof(report))
		err(1, NULL);
	exit(0);
}

static void load_once(struct load *load, const char *self, size_t i)
{
	struct report report;
	char number[16];
	int fds[2];
	pid_t pid;

	if (pipe(fds))
		err(1, NULL);
	snprintf(number, sizeof(number), "%d", fds[1]);
	pid = fork();
	if (pid < 0)
		err(1, NULL);
	if (!pid) {
		execl(self, self, "--load", load[i].file, number, (char *)NULL);
		err(1, "%s", self);
	}
	close(fds[1]);
	if (read(fds[0], &report, sizeof(report)) != sizeof(report))
		errx(1, "loading %zu rules failed", sizes[i]);
	close(fds[0]);
	waitpid(pid, NULL, 0);
	series_add(&load[i].ms, report.ms);
	series_add(&load[i].heap_mb, report.heap_mb);
	series_add(&load[i].peak_mb, report.peak_mb);
}

static void write_policy(struct load *load, const struct corpus *corpus, const char *folder,
			 size_t n)
{
	struct globs globs;
	size_t size;
	char *text;
	FILE *out;

	globs_make(&globs, corpus, n, GLOBS_WIDEST);
	text = globs_policy(&globs, &size);
	snprintf(load->file, sizeof(load->file), "%s/load-%zu.ini", folder, n);
	out = fopen(load->file, "we");
	if (!out || fwrite(text, 1, size, out) != size || fclose(out))
		err(1, "%s", load->file);
	free(text);
	globs_free(&globs);
}

static void print_loads(const struct load *load)
{
	printf("\nloading a policy file\n  %8s %9s %4s %12s %9s %9s\n", "rules", "ms", "+-%",
	       "us a rule", "heap MB", "peak MB");
	for (size_t i = 0; i < N_SIZES; i++)
		printf("  %8zu %9.2f %4.0f %12.2f %9.2f %9.2f\n", sizes[i],
		       series_median(&load[i].ms), series_spread(&load[i].ms),
		       1000 * series_median(&load[i].ms) / (double)sizes[i],
		       series_median(&load[i].heap_mb), series_median(&load[i].peak_mb));
}

/* What a rule costs among the most rules, over what it costs among the fewest. */
static struct series growth(const struct series *of[N_SIZES])
{
	struct series ratio = {.n = 0};

	for (size_t i = 0; i < of[0]->n; i++)
		series_add(&ratio, (of[N_SIZES - 1]->value[i] / (double)sizes[N_SIZES - 1]) /
					   (of[0]->value[i] / (double)sizes[0]));
	return ratio;
}

static void report_results(const struct load *load)
{
	const struct series *ms[N_SIZES], *heap[N_SIZES];
	struct series grown;

	for (size_t i = 0; i < N_SIZES; i++) {
		ms[i] = &load[i].ms;
		heap[i] = &load[i].heap_mb;
	}
	result("loading 10000 rules", ms[2], "ms", AT_MOST, 50);
	result("loading 10000 rules: memory kept", heap[2], "MB", AT_MOST, 4);
	grown = growth(ms);
	result("loading: time a rule at 20000 over at 2500", &grown, "times", AT_MOST, 1.5);
	grown = growth(heap);
	result("loading: memory a rule at 20000 over at 2500", &grown, "times", AT_MOST, 1.5);
}

int main(int argc, char **argv)
{
	static struct load load[N_SIZES];
	struct corpus corpus;

	pin_to_cpu(-1);
	if (argc == 4 && argv[1][0] == '-')
		load_and_report(argv[2], atoi(argv[3]));
	if (argc != 4)
		errx(2, "usage: bench-load LIST FOLDER-FOR-POLICIES RESULTS");
	corpus_load(&corpus, argv[1], 0);
	for (size_t i = 0; i < N_SIZES; i++)
		write_policy(&load[i], &corpus, argv[2], sizes[i]);
	corpus_free(&corpus);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < N_SIZES; i++)
			load_once(load, "/proc/self/exe", i);
	}
	results_open(argv[3]);
	print_loads(load);
	report_results(load);
	results_close();
	return 0;
}
