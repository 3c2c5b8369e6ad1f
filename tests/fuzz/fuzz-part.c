/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-part.c - fuzz: cli. A file that is given to scan --merge as a part: it is refused, or its
 * sums agree and can be printed.
 *
 * Not reached in cli/scan_part.c: no memory, and a file that can't be read.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "confined.h"
#include "insist.h"
#include "json_mutate.h"
#include "output.h"
#include "scan.h"
#include "scan_part.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed);

/* What the parts in the corpus were scanned under. */
static const char rules[] =
	"[rule a]\nsize = >= 32K\ndax = yes\n[rule b]\npath = /b/**\ndax = no\n";

static struct fsdax_policy *policy;
static char path[32];
static int fd;

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	size_t size = seed % 4 ? json_mutate(data, used, room, seed / 4 % 512, seed / 2048) : 0;

	return size ? size : LLVMFuzzerMutate(data, used, room);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	insist(!fsdax_policy_parse("", rules, strlen(rules), &policy, NULL), "no policy");
	snprintf(path, sizeof(path), "%s/part", confined_enter());
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	insist(fd >= 0, "no file");
	confined_be_quiet();
	return 0;
}

static void write_part(const void *bytes, size_t size)
{
	insist(pwrite(fd, bytes, size, 0) == (ssize_t)size && !ftruncate(fd, (off_t)size),
	       "not written");
}

/* Each file is in each of the sums. */
static void check(const struct scan_part *part)
{
	const struct tally *tally = tallies_of(&part->tallies, 0);
	const uint64_t files = tally_verdict(tally, true).files + tally_verdict(tally, false).files;
	uint64_t by_group = 0;

	for (size_t i = 0; i < part->tallies.n_groups; i++)
		by_group += tally->groups[i].files;
	insist(files == by_group, "%llu files, and %llu by what decided", (unsigned long long)files,
	       (unsigned long long)by_group);
}

/* What is printed of one part is a part, too: that of the same sums. */
static void check_printed(const struct scan_part *part, const char *text, size_t size)
{
	const struct tally *was = tallies_of(&part->tallies, 0), *now;
	struct scan_part again;
	struct links *links;

	write_part(text, size);
	insist(!links_new(&links), "no memory");
	insist(!scan_part_read(&again, path, policy, links), "what was merged is refused");
	now = tallies_of(&again.tallies, 0);
	check(&again);
	insist(was->others == now->others && part->closed == again.closed &&
		       part->result.folders == again.result.folders,
	       "what was merged has other sums");
	/* Of bytes without files, which make no sense, nothing is printed. */
	for (size_t i = 0; i < part->tallies.n_groups; i++)
		insist(was->groups[i].files == now->groups[i].files, "other files in group %zu", i);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		insist(was->buckets[i][0].files == now->buckets[i][0].files &&
			       was->buckets[i][1].files == now->buckets[i][1].files,
		       "other files from %llu bytes on", (unsigned long long)histogram_from(i));
	scan_part_free(&again);
	links_free(links);
}

static void merge(struct options *opts)
{
	static char *files[] = {path, NULL};
	const struct share share = {.policy = policy, .settings = {.chunk_size = 2 << 20}};
	int status;

	opts->args = files;
	opts->n_args = 1;
	status = scan_merge(&share, opts);
	insist(status == 0 || status == 1 || status == 130, "an exit status of %d", status);
}

/* As merge(), with what it prints. */
static void merge_and_read(const struct scan_part *part, struct options *opts)
{
	FILE *out = stdout;
	char *text = NULL;
	size_t size;

	stdout = open_memstream(&text, &size);
	insist(stdout, "no memory");
	merge(opts);
	fclose(stdout);
	stdout = out;
	check_printed(part, text, size);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options opts = {.root = "/", .jobs = 1, .merge = true};
	struct scan_part part;
	struct links *links;
	bool accepted;

	write_part(data, size);
	confined_fds_before();
	output_init(&opts);
	insist(!links_new(&links), "no memory");
	accepted = !scan_part_read(&part, path, policy, links);
	if (accepted)
		check(&part);
	for (int i = 0; i < 2 && accepted; i++) {
		opts.html = i == 1;
		merge(&opts);
	}
	opts.html = false;
	opts.json = true;
	/* Where there are links, those of which all names are known count now. */
	if (accepted && !links_count(links))
		merge_and_read(&part, &opts);
	else if (accepted)
		merge(&opts);
	scan_part_free(&part);
	links_free(links);
	confined_fds_after();
	/* What is one change away from a part finds more than what is none already. */
	return accepted ? 0 : -1;
}
