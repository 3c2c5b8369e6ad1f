/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - truth: options, and what is printed. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "truth.h"

enum { MOST_FOUND = 10 };

static const char USAGE[] =
	"usage: truth --oracle DIR --subject DIR [OPTION]...\n"
	"Do the same in both folders, which two file systems serve, and say where they differ.\n"
	"\n"
	"  --seed N         begin with the N-th sequence; 1 if not given\n"
	"  --runs N         how many sequences; 10 if not given\n"
	"  --ops N          operations in each; 200 if not given\n"
	"  --seconds N      as many sequences as that time allows\n"
	"  --matrix         every call on every kind of object, instead of random ones\n"
	"  --given N        the first N runs have folders that are there already: 0/0 to 0/49, 1/0...\n"
	"  --locks          locks most of all\n"
	"  --stride N       of the matrix, only each N-th, beginning with --seed\n"
	"  --replay FILE    the operations in a file, one a line\n"
	"  --every N        operations between two looks at all of the tree; 50 if not given\n"
	"  --keep-going     after a difference, until there are ten\n"
	"  --no-shrink      print sequences as they are\n"
	"  --also NAME, --without NAME    an exception that is made, or isn't\n"
	"  --exceptions     list them, with reasons\n"
	"  --blocks         st_blocks must be the same, too\n"
	"  --no-times       clocks are too coarse to tell whether a time has changed\n"
	"  --atime          times of access change when something is read\n"
	"  --fresh          attributes by AT_STATX_FORCE_SYNC, not from a client's cache\n"
	"  --no-dir-size    folders have other sizes and numbers of links\n"
	"  --verbose        print each operation and its result\n"
	"\n"
	"Exit status: 0 if nothing differed, 1 if something did, 2 if it could not be run.\n";

struct options {
	struct settings settings;
	uint64_t seed;
	unsigned int runs, ops, seconds, stride;
	const char *replay;
	bool matrix, locks, keep_going, no_shrink;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "truth: %s: %s\n", what, which);
	exit(2);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || !*text)
		die("not a number", text);
	return value;
}

static uint64_t exception_bit(const char *name)
{
	int found = exception_find(name);

	if (found < 0)
		die("no such exception", name);
	return 1ULL << found;
}

static void set_flag(struct options *options, const char *name, const char *value)
{
	struct settings *settings = &options->settings;

	if (!strcmp(name, "oracle"))
		settings->oracle = value;
	if (!strcmp(name, "subject"))
		settings->subject = value;
	if (!strcmp(name, "seed"))
		options->seed = number(value);
	if (!strcmp(name, "runs"))
		options->runs = (unsigned int)number(value);
	if (!strcmp(name, "ops"))
		options->ops = (unsigned int)number(value);
	if (!strcmp(name, "seconds"))
		options->seconds = (unsigned int)number(value);
	if (!strcmp(name, "stride"))
		options->stride = (unsigned int)number(value);
	if (!strcmp(name, "given"))
		settings->given = (unsigned int)number(value);
	if (!strcmp(name, "every"))
		settings->every = (unsigned int)number(value);
	if (!strcmp(name, "replay"))
		options->replay = value;
	if (!strcmp(name, "matrix"))
		options->matrix = true;
	if (!strcmp(name, "locks"))
		options->locks = true;
	if (!strcmp(name, "keep-going"))
		options->keep_going = true;
	if (!strcmp(name, "no-shrink"))
		options->no_shrink = true;
	if (!strcmp(name, "verbose"))
		settings->verbose = true;
	if (!strcmp(name, "blocks"))
		settings->looks.no_blocks = false;
	if (!strcmp(name, "no-times"))
		settings->looks.no_times = true;
	if (!strcmp(name, "atime"))
		settings->atime = true;
	if (!strcmp(name, "fresh"))
		settings->looks.fresh = true;
	if (!strcmp(name, "no-dir-size"))
		settings->looks.no_dir_size = true;
	if (!strcmp(name, "also"))
		settings->also |= exception_bit(value);
	if (!strcmp(name, "also") && !strcmp(value, "no-xattr"))
		settings->looks.no_xattrs = true;
	if (!strcmp(name, "also") && !strcmp(value, "cached-atime"))
		settings->looks.no_file_atime = true;
	if (!strcmp(name, "without"))
		settings->without |= exception_bit(value);
}

static void read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"oracle", 1, NULL, 1},	    {"subject", 1, NULL, 1},	{"seed", 1, NULL, 1},
		{"runs", 1, NULL, 1},	    {"ops", 1, NULL, 1},	{"seconds", 1, NULL, 1},
		{"stride", 1, NULL, 1},	    {"every", 1, NULL, 1},	{"replay", 1, NULL, 1},
		{"also", 1, NULL, 1},	    {"without", 1, NULL, 1},	{"matrix", 0, NULL, 1},
		{"keep-going", 0, NULL, 1}, {"no-shrink", 0, NULL, 1},	{"verbose", 0, NULL, 1},
		{"blocks", 0, NULL, 1},	    {"no-times", 0, NULL, 1},	{"no-dir-size", 0, NULL, 1},
		{"given", 1, NULL, 1},	    {"locks", 0, NULL, 1},	{"atime", 0, NULL, 1},
		{"fresh", 0, NULL, 1},	    {"exceptions", 0, NULL, 2}, {"help", 0, NULL, 3},
		{NULL, 0, NULL, 0},
	};
	int found, index;

	while ((found = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (found == 1) {
			set_flag(options, known[index].name, optarg);
			continue;
		}
		if (found == 2)
			exceptions_list();
		else
			fputs(USAGE, found == 3 ? stdout : stderr);
		exit(found == '?' ? 2 : 0);
	}
	if (optind < argc || !options->settings.oracle || !options->settings.subject) {
		fputs(USAGE, stderr);
		exit(2);
	}
	if (!options->stride || !options->settings.every || !options->ops ||
	    options->ops > MOST_OPS)
		die("out of range", "--stride, --every or --ops");
}

/* ---- What is found ------------------------------------------------------------------------- */

static void print_commented(const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		printf("#   %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

/* Of two trees only the lines that differ. */
static void print_differing_lines(const char *a, const char *b)
{
	unsigned int printed = 0;

	while ((*a || *b) && printed < 6) {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		if (la != lb || memcmp(a, b, la)) {
			printf("#   oracle:  %.*s\n#   subject: %.*s\n", (int)la, a, (int)lb, b);
			printed++;
		}
		a += la + (a[la] == '\n');
		b += lb + (b[lb] == '\n');
	}
}

static void print_mismatch(const struct op *ops, unsigned int n, const struct mismatch *mismatch)
{
	struct text line = {0};

	for (unsigned int i = 0; i < n && i <= mismatch->at; i++) {
		text_reset(&line);
		op_show(&ops[i], &line);
		printf("%s\n", line.data);
	}
	text_free(&line);
	if (mismatch->in_tree) {
		printf("# then the trees differ:\n");
		print_differing_lines(mismatch->oracle.data, mismatch->subject.data);
		return;
	}
	printf("# the last one differs. oracle:\n");
	print_commented(mismatch->oracle.data);
	printf("# subject:\n");
	print_commented(mismatch->subject.data);
}

static void report(const struct options *options, struct op *ops, unsigned int n,
		   struct mismatch *first)
{
	struct settings settings = options->settings;
	struct mismatch again;

	if (!first->in_tree)
		n = first->at + 1;
	if (!options->no_shrink) {
		n = shrink(&settings, ops, n);
		settings.every = 1;
		if (run_sequence(&settings, ops, n, &again) == DIFFERENT)
			print_mismatch(ops, n, &again);
		else {
			printf("# it differed once, and does not any more:\n");
			print_mismatch(ops, n, first);
		}
		mismatch_free(&again);
	} else {
		print_mismatch(ops, n, first);
	}
	fflush(stdout);
}

/* Returns 0, 1 or 2. */
static int run_reported(const struct options *options, struct op *ops, unsigned int n,
			const char *name, uint64_t which)
{
	struct mismatch mismatch;
	enum verdict verdict = run_sequence(&options->settings, ops, n, &mismatch);
	int status = verdict == SAME ? 0 : verdict == DIFFERENT ? 1 : 2;

	if (status)
		printf("# %s %llu: %s\n", name, (unsigned long long)which,
		       status == 1 ? "different" : "could not be run");
	if (status == 1)
		report(options, ops, n, &mismatch);
	else if (status == 2)
		print_mismatch(ops, n, &mismatch);
	mismatch_free(&mismatch);
	return status;
}

/* ---- Sequences -------------------------------------------------------------------------------- */

static struct op *new_ops(unsigned int n)
{
	struct op *ops = calloc(n, sizeof(*ops));

	if (!ops)
		die("out of memory", "operations");
	return ops;
}

static unsigned int draw(const struct options *options, uint64_t seed, struct op *ops)
{
	/* Each seed its own sequence, whatever came before. */
	uint64_t random = hash_bytes(0, &seed, sizeof(seed));

	sequence_draw(ops, options->ops, options->locks,
		      options->settings.given, &random);
	return options->ops;
}

static int run_many(const struct options *options)
{
	struct op *ops = new_ops(options->ops > 100 ? options->ops : 100);
	unsigned int end = options->matrix ? matrix_size() : options->runs;
	unsigned int n_done = 0, n_found = 0;
	time_t stop = time(NULL) + options->seconds;
	int status = 0;

	for (uint64_t i = options->matrix ? options->seed - 1 : 0;
	     options->seconds ? time(NULL) < stop && (!options->matrix || i < end) : i < end;
	     i += options->matrix ? options->stride : 1) {
		uint64_t which = options->matrix ? i : options->seed + i;
		unsigned int n = options->matrix ? matrix_sequence((unsigned int)which, ops)
						 : draw(options, which, ops);
		int found = run_reported(options, ops, n, options->matrix ? "matrix" : "seed",
					 which + (options->matrix ? 1 : 0));

		n_done++;
		n_found += found != 0;
		status = found > status ? found : status;
		if (found == 2 || (found && !options->keep_going) || n_found >= MOST_FOUND)
			break;
	}
	printf("# %u sequences, %u differ\n", n_done, n_found);
	free(ops);
	return status;
}

static int replay(const struct options *options)
{
	FILE *file = fopen(options->replay, "r");
	struct op *ops = new_ops(MOST_OPS);
	unsigned int n = 0;
	char line[1024];
	int status;

	if (!file)
		die("can't be opened", options->replay);
	while (n < MOST_OPS && fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!op_parse(line, &ops[n++]))
			die("not an operation", line);
	}
	fclose(file);
	status = run_reported(options, ops, n, "replay", n);
	free(ops);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {
		.settings = {.every = 50, .looks = {.no_blocks = true}},
		.seed = 1,
		.runs = 10,
		.ops = 200,
		.stride = 1,
	};

	read_options(argc, argv, &options);
	if (geteuid())
		die("needs root", "it acts as several users");
	return options.replay ? replay(&options) : run_many(&options);
}
