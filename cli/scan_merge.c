/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_merge.c - `fsdax-ctl scan --merge`: the sums of a whole from those of its parts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "count.h"
#include "message.h"
#include "scan.h"
#include "scan_part.h"

/* A name that was sampled, and the part it is in. */
struct sampled {
	uint64_t hash;
	int part;
};

struct merge {
	const struct options *opts;
	struct tallies tallies; /* one tally: the sums so far */
	struct links *links;	/* inodes with names elsewhere than in one part */
	struct walk_result result;
	uint64_t closed;
	char *root; /* of the first part */
	struct sampled *sampled;
	size_t n_sampled;
	int failed; /* parts that can't be used */
};

/* ---- Parts that have files in common --------------------------------------------------- */

static int keep_sample(struct merge *m, const struct sample *sample, int part)
{
	struct sampled *more =
		reallocarray(m->sampled, m->n_sampled + sample->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->sampled = more;
	for (size_t i = 0; i < sample->n; i++)
		more[m->n_sampled++] = (struct sampled){sample->hashes[i], part};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct sampled *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->part > y->part) - (x->part < y->part);
}

static void say_overlap(const struct merge *m, int part, int other)
{
	const char *const *files = (const char *const *)m->opts->args;
	char *a = message_quote(NULL, files[part]), *b = message_quote(NULL, files[other]);

	if (strcmp(files[part], files[other]) == 0)
		message_error("%s: this is named twice\n  = name each part once",
			      a ? a : files[part]);
	else
		message_error("%s: this has files that %s has, too\n"
			      "  = scan lists that have no file in common, each once",
			      a ? a : files[part], b ? b : files[other]);
	free(a);
	free(b);
}

/* Each part that has a sampled name of an earlier one is named, once. -ENOMEM. */
static int find_overlaps(struct merge *m)
{
	bool *said = calloc((size_t)m->opts->n_args, sizeof(*said));

	if (!said)
		return -ENOMEM;
	if (m->n_sampled)
		qsort(m->sampled, m->n_sampled, sizeof(*m->sampled), compare);
	for (size_t i = 1; i < m->n_sampled; i++) {
		const int part = m->sampled[i].part;

		if (m->sampled[i].hash != m->sampled[i - 1].hash || said[part])
			continue;
		said[part] = true;
		say_overlap(m, part, m->sampled[i - 1].part);
		m->failed++;
	}
	free(said);
	return 0;
}

/* ---- The sums ----------------------------------------------------------------------------- */

static int check_root(struct merge *m, struct scan_part *part)
{
	char *file;

	if (!m->root) {
		m->root = part->root;
		part->root = NULL;
		return 0;
	}
	if (strcmp(m->root, part->root) == 0)
		return 0;
	file = message_quote(NULL, part->file);
	message_error("%s: this was scanned with another --root than the parts before it\n"
		      "  = scan all parts with the same --root",
		      file ? file : part->file);
	free(file);
	return -EINVAL;
}

/* What is missing in a part is missing in the whole. */
static void warn_unfinished(const struct scan_part *part)
{
	char *file = message_quote(NULL, part->file);
	char number[COUNT_MAX];

	if (part->result.interrupted)
		message_warn("%s was interrupted: it has a part of its files only",
			     file ? file : part->file);
	if (part->result.failed)
		message_warn("%s lacks what could not be scanned: %s failed",
			     file ? file : part->file, count_text(number, part->result.failed));
	free(file);
}

static int add_part(struct merge *m, struct scan_part *part, int i)
{
	const struct tally *tally = tallies_of(&part->tallies, 0);
	int err = check_root(m, part);

	if (err)
		return err;
	warn_unfinished(part);
	m->closed += part->closed;
	m->result.folders += part->result.folders;
	m->result.failed += part->result.failed;
	m->result.vanished += part->result.vanished;
	m->result.interrupted |= part->result.interrupted;
	err = tally_merge(&m->tallies, tallies_of(&m->tallies, 0), tally);
	return err ? err : keep_sample(m, &tally->names, i);
}

/* Returns 0, also for a part that cannot be used and was named, or -ENOMEM. */
static int read_parts(struct merge *m, const struct fsdax_policy *policy)
{
	int err = 0;

	for (int i = 0; i < m->opts->n_args && err != -ENOMEM; i++) {
		struct scan_part part;

		err = scan_part_read(&part, m->opts->args[i], policy, m->links);
		if (!err)
			err = add_part(m, &part, i);
		m->failed += err != 0;
		scan_part_free(&part);
	}
	return err == -ENOMEM ? err : find_overlaps(m);
}

static int add_link(void *data, const struct link *link)
{
	const struct merge *m = data;

	return tally_add(&m->tallies, tallies_of(&m->tallies, 0), link->folder, &link->decision,
			 link->size);
}

/* Print the whole. Returns 0 or -ENOMEM. */
static int show(struct merge *m, const struct share *share)
{
	struct scan_sum sum = {
		.root = m->root,
		.chunk_size = share->settings.chunk_size,
		.tallies = &m->tallies,
		.result = &m->result,
		.linked = m->closed + links_count(m->links),
	};
	struct tally *tally;
	int err = links_each(m->links, add_link, m);

	err = err ? err : tallies_sum(&m->tallies, &tally);
	err = err ? err : links_open(m->links, 0, &sum.open, &sum.n_open);
	if (err)
		return err;
	sum.tally = tally;
	err = scan_show(&sum, m->opts);
	free(sum.open);
	return err;
}

static int merge(struct merge *m, const struct share *share)
{
	char number[COUNT_OF_MAX];
	int err = read_parts(m, share->policy);

	if (!err && m->failed) {
		message_error("%s cannot be used: nothing is merged",
			      count_of(number, (uint64_t)m->failed, "part"));
		return EXIT_FAILED;
	}
	err = err ? err : show(m, share);
	if (err) {
		message_error("%s", strerror(-err));
		return EXIT_FAILED;
	}
	if (m->result.interrupted)
		return EXIT_INTERRUPTED;
	return m->result.failed ? EXIT_FAILED : EXIT_DONE;
}

int scan_merge(const struct share *share, const struct options *opts)
{
	struct merge m = {.opts = opts};
	int status = EXIT_FAILED;

	if (tallies_init(&m.tallies, share->policy, 1) || links_new(&m.links))
		message_error("%s", strerror(ENOMEM));
	else
		status = merge(&m, share);
	tallies_free(&m.tallies);
	links_free(m.links);
	free(m.root);
	free(m.sampled);
	return status;
}
