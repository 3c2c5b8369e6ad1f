/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decide.c - measures decisions: libfsdax beside other engines, with the same globs over
 * the same paths, in turns.
 *
 * For each number of globs there are fresh rounds, in which each engine is built and sees
 * each path for the first time, and then warm rounds with what the last fresh round left.
 */
#include "engine.h"
#include "stats.h"

#include <err.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MAX_SIZES 8
#define FRESH_BUDGET_NS 12000000000u /* an engine this slow gets no further fresh round */
#define WARM_PASS_NS 200000000.0     /* a slow engine is given every nth path only */

/* The first is the reference for who wins; the others must agree. */
static const struct engine *const engines[] = {
	&engine_fnmatch, &engine_cursor, &engine_path, &engine_hyperscan, &engine_re2,
};

enum { FNMATCH, CURSOR, PATH, HYPERSCAN, RE2, N_ENGINES };

struct options {
	const char *list, *results, *policies;
	size_t wanted, sizes[MAX_SIZES], n_sizes;
	size_t rounds, fresh_rounds;
	double widest;
	int cpu;
};

/* One engine at one number of globs. All times are nanoseconds a path. */
struct run {
	void *state;
	struct series build_ms, first, warm, shuffled;
	uint64_t fresh_ns; /* spent on fresh rounds */
	double memory_mb;
	uint32_t *winners;
	size_t mismatches;
	struct path *sample, *shuffled_sample;
	size_t n_sample;
};

struct bench {
	const struct options *options;
	struct corpus corpus;
	struct path *shuffled;
	struct globs globs;
	struct run run[N_ENGINES];
	struct series enter, memo; /* ns a folder, ns a file */
	double matched_percent;	   /* paths for which some glob wins */
};

static double heap_mb(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd) / 1048576;
}

static void fresh_round(struct bench *bench, size_t e)
{
	struct run *run = &bench->run[e];
	size_t n = bench->corpus.n_paths;
	double heap = heap_mb();
	uint64_t start, built, done;

	if (run->state && run->fresh_ns > FRESH_BUDGET_NS)
		return;
	if (run->state) {
		engines[e]->destroy(run->state);
		malloc_trim(0);
		heap = heap_mb();
	}
	start = cpu_ns();
	run->state = engines[e]->build(&bench->globs, &bench->corpus);
	built = cpu_ns();
	engines[e]->pass(run->state, bench->corpus.paths, n, run->winners);
	done = cpu_ns();
	run->memory_mb = heap_mb() - heap;
	run->fresh_ns += done - start;
	series_add(&run->build_ms, (double)(built - start) / 1e6);
	series_add(&run->first, (double)(done - built) / (double)n);
	if (e == CURSOR)
		series_add(&bench->enter,
			   (double)cursor_enter_ns(run->state) / (double)bench->corpus.n_folders);
}

static void check_winners(struct bench *bench, size_t e)
{
	struct run *run = &bench->run[e];
	const uint32_t *reference = bench->run[FNMATCH].winners;
	size_t n = bench->corpus.n_paths;

	for (size_t i = 0; i < n; i++) {
		uint32_t winner = run->winners[i], expected = reference[i];

		if (winner == expected)
			continue;
		if (run->mismatches++ >= 5)
			continue;
		printf("    %s: %s: says %s, not %s\n", engines[e]->name,
		       bench->corpus.paths[i].text,
		       winner == NO_WINNER ? "nothing" : bench->globs.pattern[winner],
		       expected == NO_WINNER ? "nothing" : bench->globs.pattern[expected]);
	}
}

static void count_matched(struct bench *bench)
{
	size_t n = bench->corpus.n_paths, matched = 0;

	for (size_t i = 0; i < n; i++)
		matched += bench->run[FNMATCH].winners[i] != NO_WINNER;
	bench->matched_percent = 100.0 * (double)matched / (double)n;
}

static struct path *every_nth(const struct path *paths, size_t n, size_t step)
{
	struct path *sample = calloc(n, sizeof(*sample));

	if (!sample)
		err(1, NULL);
	for (size_t i = 0; i < n; i++)
		sample[i] = paths[i * step];
	return sample;
}

static void take_sample(struct bench *bench, size_t e)
{
	struct run *run = &bench->run[e];
	size_t n = bench->corpus.n_paths, probe = n / 100 + 1;
	size_t step;
	uint64_t start = cpu_ns();

	engines[e]->pass(run->state, bench->corpus.paths + n / 2, probe, run->winners);
	step = (size_t)((double)(cpu_ns() - start) / (double)probe * (double)n / WARM_PASS_NS) + 1;
	if (step > n / 200)
		step = n / 200 + 1;
	run->n_sample = n / step;
	run->sample = every_nth(bench->corpus.paths, run->n_sample, step);
	run->shuffled_sample = every_nth(bench->shuffled, run->n_sample, step);
}

static double timed_pass(struct bench *bench, size_t e, const struct path *paths)
{
	struct run *run = &bench->run[e];
	uint64_t start = cpu_ns();

	engines[e]->pass(run->state, paths, run->n_sample, run->winners);
	return (double)(cpu_ns() - start) / (double)run->n_sample;
}

static void warm_round(struct bench *bench)
{
	size_t n = bench->corpus.n_paths;
	uint64_t start;

	for (size_t e = 0; e < N_ENGINES; e++) {
		struct run *run = &bench->run[e];

		/* The pass before the one that counts brings the engine back into the caches. */
		timed_pass(bench, e, run->sample);
		series_add(&run->warm, timed_pass(bench, e, run->sample));
		series_add(&run->shuffled, timed_pass(bench, e, run->shuffled_sample));
	}
	cursor_memo_pass(bench->run[CURSOR].state, bench->corpus.paths, n);
	start = cpu_ns();
	if (cursor_memo_pass(bench->run[CURSOR].state, bench->corpus.paths, n) != n)
		errx(1, "a memo was not found");
	series_add(&bench->memo, (double)(cpu_ns() - start) / (double)n);
}

static void print_size(const struct bench *bench)
{
	printf("\n%zu globs, which match %.0f%% of the paths\n", bench->globs.n,
	       bench->matched_percent);
	printf("  %-14s %9s %4s %9s %4s %9s %10s %8s %10s\n", "engine", "warm", "+-%", "first",
	       "+-%", "shuffled", "build ms", "heap MB", "mismatches");
	for (size_t e = 0; e < N_ENGINES; e++) {
		const struct run *run = &bench->run[e];

		printf("  %-14s %9.1f %4.0f %9.1f %4.0f %9.1f %10.2f %8.2f %10zu\n",
		       engines[e]->name, series_median(&run->warm), series_spread(&run->warm),
		       series_median(&run->first), series_spread(&run->first),
		       series_median(&run->shuffled), series_median(&run->build_ms), run->memory_mb,
		       run->mismatches);
	}
	printf("  %-14s %9.1f %4.0f\n", "fsdax, memo", series_median(&bench->memo),
	       series_spread(&bench->memo));
	printf("  entering a folder, the first time: %.1f ns +-%.0f%%\n",
	       series_median(&bench->enter), series_spread(&bench->enter));
	fflush(stdout);
}

/* How many times faster libfsdax is, warm, and when each path is seen for the first time. */
static void result_faster(const struct bench *bench, size_t ours, size_t theirs, double target)
{
	struct series warm = series_ratio(&bench->run[theirs].warm, &bench->run[ours].warm);
	struct series first = series_ratio(&bench->run[theirs].first, &bench->run[ours].first);
	char what[128];

	snprintf(what, sizeof(what), "%s: faster than %s at %zu globs", engines[ours]->name,
		 engines[theirs]->name, bench->globs.n);
	result(what, &warm, "times", AT_LEAST, target);
	if (!first.n)
		return;
	snprintf(what, sizeof(what), "%s: ... %s at %zu globs, first pass", engines[ours]->name,
		 engines[theirs]->name, bench->globs.n);
	result(what, &first, "times", AT_LEAST, target);
}

static void result_first(const struct bench *bench)
{
	const struct run *run = &bench->run[CURSOR];
	struct series ratio = series_ratio(&run->first, &run->warm);
	char what[128];

	snprintf(what, sizeof(what), "%s: first pass over warm at %zu globs", engines[CURSOR]->name,
		 bench->globs.n);
	result(what, &ratio, "times", AT_MOST, 1.5);
}

static void results_at_1000(const struct bench *bench)
{
	result("fsdax, cursor: a decision at 1000 globs", &bench->run[CURSOR].warm, "ns", AT_MOST,
	       100);
	result_faster(bench, CURSOR, RE2, 8);
	result_faster(bench, CURSOR, HYPERSCAN, 8);
	result_faster(bench, CURSOR, FNMATCH, 400);
	result_faster(bench, PATH, HYPERSCAN, 5);
	result("fsdax, memo: a decision kept", &bench->memo, "ns", AT_MOST, 10);
}

static void results_at_10000(const struct bench *bench, const struct series *at_100)
{
	struct series growth = series_ratio(&bench->run[CURSOR].warm, at_100);

	if (growth.n)
		result("fsdax, cursor: at 10000 globs over at 100", &growth, "times", AT_MOST, 2);
	result_faster(bench, CURSOR, RE2, 20);
	result_faster(bench, CURSOR, HYPERSCAN, 20);
	result_faster(bench, PATH, HYPERSCAN, 12);
}

static void write_file(const char *folder, const char *kind, size_t n, const char *text)
{
	char name[4096];
	FILE *out;

	snprintf(name, sizeof(name), "%s/%zu.%s", folder, n, kind);
	out = fopen(name, "we");
	if (!out || fputs(text, out) < 0 || fclose(out))
		err(1, "%s", name);
}

/* For the reader, and for runs by hand: what was measured. */
static void write_globs(const struct bench *bench)
{
	size_t size;
	char *text = globs_policy(&bench->globs, &size);
	FILE *out;

	write_file(bench->options->policies, "ini", bench->globs.n, text);
	free(text);
	out = open_memstream(&text, &size);
	if (!out)
		err(1, NULL);
	for (size_t i = 0; i < bench->globs.n; i++)
		fprintf(out, "%s\n", bench->globs.pattern[i]);
	if (fclose(out))
		err(1, NULL);
	write_file(bench->options->policies, "globs", bench->globs.n, text);
	free(text);
}

static void bench_begin(struct bench *bench, size_t n_globs)
{
	globs_make(&bench->globs, &bench->corpus, n_globs, bench->options->widest);
	if (bench->options->policies)
		write_globs(bench);
	memset(bench->run, 0, sizeof(bench->run));
	bench->enter = bench->memo = (struct series){.n = 0};
	for (size_t e = 0; e < N_ENGINES; e++) {
		bench->run[e].winners = calloc(bench->corpus.n_paths, sizeof(uint32_t));
		if (!bench->run[e].winners)
			err(1, NULL);
	}
}

static void bench_end(struct bench *bench)
{
	for (size_t e = 0; e < N_ENGINES; e++) {
		engines[e]->destroy(bench->run[e].state);
		free(bench->run[e].winners);
		free(bench->run[e].sample);
		free(bench->run[e].shuffled_sample);
	}
	globs_free(&bench->globs);
	malloc_trim(0);
}

static void bench_size(struct bench *bench, size_t n_globs, struct series *at_100)
{
	const struct options *options = bench->options;

	bench_begin(bench, n_globs);
	for (size_t i = 0; i < options->fresh_rounds; i++) {
		for (size_t e = 0; e < N_ENGINES; e++)
			fresh_round(bench, e);
	}
	for (size_t e = 0; e < N_ENGINES; e++)
		check_winners(bench, e);
	count_matched(bench);
	for (size_t e = 0; e < N_ENGINES; e++)
		take_sample(bench, e);
	for (size_t i = 0; i < options->rounds; i++)
		warm_round(bench);
	print_size(bench);
	result_first(bench);
	if (n_globs == 100)
		*at_100 = bench->run[CURSOR].warm;
	if (n_globs == 1000)
		results_at_1000(bench);
	if (n_globs == 10000)
		results_at_10000(bench, at_100);
	bench_end(bench);
}

static void parse_sizes(struct options *options, char *text)
{
	options->n_sizes = 0;
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		if (options->n_sizes == MAX_SIZES)
			errx(2, "-s: at most %d numbers", MAX_SIZES);
		options->sizes[options->n_sizes++] = strtoul(word, NULL, 10);
	}
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:f:n:o:p:r:s:w:")) != -1) {
		switch (option) {
		case 'c': options->cpu = atoi(optarg); break;
		case 'f': options->fresh_rounds = strtoul(optarg, NULL, 10); break;
		case 'n': options->wanted = strtoul(optarg, NULL, 10); break;
		case 'o': options->results = optarg; break;
		case 'p': options->policies = optarg; break;
		case 'r': options->rounds = strtoul(optarg, NULL, 10); break;
		case 's': parse_sizes(options, optarg); break;
		case 'w': options->widest = strtod(optarg, NULL) / 100; break;
		default: optind = argc;
		}
	}
	if (optind + 1 != argc || !options->rounds || !options->fresh_rounds)
		errx(2,
		     "usage: bench-decide [-c CPU] [-f FRESH-ROUNDS] [-n PATHS] [-o RESULTS] "
		     "[-p FOLDER-FOR-POLICIES] [-r ROUNDS] [-s GLOBS,GLOBS...] [-w PERCENT] LIST");
	options->list = argv[optind];
}

static void print_corpus(const struct corpus *corpus)
{
	uint64_t bytes = 0, slashes = 0;

	for (size_t i = 0; i < corpus->n_paths; i++) {
		bytes += corpus->paths[i].len;
		for (const char *at = corpus->paths[i].text; *at; at++)
			slashes += *at == '/';
	}
	printf("%zu paths in %zu folders, %.0f bytes and %.1f components on average\n",
	       corpus->n_paths, corpus->n_folders, (double)bytes / (double)corpus->n_paths,
	       (double)slashes / (double)corpus->n_paths);
	printf("globs: ");
	globs_print_mix();
	printf("times in ns a path; +-%%: half the distance of the quartiles\n");
}

static void print_noise(uint64_t wall, uint64_t cpu)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	printf("\nnoise: this program had the CPU for %.0f%% of the time, and lost it %ld times\n",
	       100.0 * (double)cpu / (double)wall, usage.ru_nivcsw);
}

int main(int argc, char **argv)
{
	struct options options = {
		.wanted = 50000,
		.sizes = {10, 100, 1000, 10000},
		.n_sizes = 4,
		.rounds = 9,
		.fresh_rounds = 5,
		.widest = GLOBS_WIDEST,
		.cpu = -1,
	};
	struct bench bench = {.options = &options};
	struct series at_100 = {.n = 0};
	uint64_t wall, cpu;

	parse_options(&options, argc, argv);
	pin_to_cpu(options.cpu);
	corpus_load(&bench.corpus, options.list, options.wanted);
	bench.shuffled = corpus_shuffled(&bench.corpus);
	results_open(options.results);
	print_corpus(&bench.corpus);
	wall = wall_ns();
	cpu = cpu_ns();
	for (size_t i = 0; i < options.n_sizes; i++)
		bench_size(&bench, options.sizes[i], &at_100);
	print_noise(wall_ns() - wall, cpu_ns() - cpu);
	results_close();
	free(bench.shuffled);
	corpus_free(&bench.corpus);
	return 0;
}
