/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * forget.c - a guest that looks up very many files, and forgets them: by FORGET, by BATCH_FORGET,
 * by DESTROY, and by hanging up. What the daemon has for them is bounded, and is given back each
 * time.
 *
 *	faults-forget SOCKET PID FILES DESCRIPTORS
 *
 * The share has the files 0, 1, ... in folders of PER_FOLDER: 0/0, 0/1, ... DESCRIPTORS is the most
 * that the daemon, whose process is PID, may have open. When this has ended, it may know nothing.
 * TAP on standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "tap.h"

enum { PER_FOLDER = 10000, DEPTH = 64, PATIENCE_MS = 60000, BATCH = 2000, SINGLES = 100000 };

struct run {
	const char *socket;
	int pid;
	unsigned int n;
	int most_descriptors, seen_descriptors;
	struct frontend fe;
	struct client client;
	struct request *requests[DEPTH];
	uint64_t *nodes;
	uint64_t *folders;
	unsigned int n_folders;
};

/* ---- Looking up --------------------------------------------------------------------------------- */

static void see_descriptors(struct run *run)
{
	int n = descriptors_of(run->pid);

	if (n > run->seen_descriptors)
		run->seen_descriptors = n;
}

static void look_up_folders(struct run *run)
{
	struct fuse_entry_out entry;
	char name[16];

	for (unsigned int i = 0; i < run->n_folders; i++) {
		sprintf(name, "%u", i);
		must(client_lookup(&run->client, FUSE_ROOT_ID, name, &entry), "a folder's LOOKUP");
		run->folders[i] = entry.nodeid;
	}
}

static void finish(struct run *run, unsigned int i)
{
	struct fuse_entry_out entry;

	must(client_finish(&run->client, run->requests[i % DEPTH], &entry, sizeof(entry), NULL),
	     "LOOKUP");
	run->nodes[i] = entry.nodeid;
}

static void look_up_all(struct run *run)
{
	look_up_folders(run);
	for (unsigned int i = 0; i < run->n + DEPTH; i++) {
		char name[16];
		size_t size;

		if (i >= DEPTH && i - DEPTH < run->n)
			finish(run, i - DEPTH);
		if (i >= run->n)
			continue;
		size = (size_t)sprintf(name, "%u", i % PER_FOLDER) + 1;
		must(client_start(&run->client, run->requests[i % DEPTH], FUSE_LOOKUP,
				  run->folders[i / PER_FOLDER], (struct iovec[]){{name, size}}, 1,
				  sizeof(struct fuse_entry_out)),
		     "LOOKUP");
		if (i % 100000 == 0)
			see_descriptors(run);
	}
	see_descriptors(run);
}

/* ---- Forgetting --------------------------------------------------------------------------------- */

static void forget_list(struct run *run, const uint64_t *nodes, unsigned int n)
{
	static struct fuse_forget_one list[BATCH];

	for (unsigned int i = 0; i < n; i += BATCH) {
		unsigned int size = n - i < BATCH ? n - i : BATCH;

		for (unsigned int j = 0; j < size; j++)
			list[j] = (struct fuse_forget_one){nodes[i + j], 1};
		must(client_batch_forget(&run->client, list, size), "BATCH_FORGET");
	}
}

/* One at a time, but for the rest of very many: each is a trip to the daemon and back. */
static void forget_each(struct run *run)
{
	unsigned int n = run->n < SINGLES ? run->n : SINGLES;

	for (unsigned int i = 0; i < n; i++)
		must(client_forget(&run->client, run->nodes[i], 1), "FORGET");
	forget_list(run, run->nodes + n, run->n - n);
	for (unsigned int i = 0; i < run->n_folders; i++)
		must(client_forget(&run->client, run->folders[i], 1), "FORGET");
}

static void forget_batches(struct run *run)
{
	forget_list(run, run->nodes, run->n);
	forget_list(run, run->folders, run->n_folders);
}

static void destroy(struct run *run)
{
	must(client_destroy(&run->client), "DESTROY");
	must(client_init(&run->client, &(struct client_init){0}), "INIT");
}

static void start(struct run *run)
{
	const struct frontend_options options = {
		.socket = run->socket, .window = true, .timeout_ms = PATIENCE_MS};

	must(frontend_start(&run->fe, &options), "connecting");
	must(client_open(&run->client, &run->fe), "memory");
	must(client_init(&run->client, &(struct client_init){0}), "INIT");
	for (int i = 0; i < DEPTH; i++) {
		run->requests[i] = request_new(&run->fe, 4096, 4096);
		must(run->requests[i] ? 0 : -ENOMEM, "memory");
	}
}

static void stop(struct run *run)
{
	for (int i = 0; i < DEPTH; i++)
		request_free(run->requests[i]);
	client_close(&run->client);
	frontend_stop(&run->fe);
}

/* As a front-end that dies. The next one is there at once. */
static void hang_up(struct run *run)
{
	frontend_hang_up(&run->fe);
	stop(run);
	start(run);
}

/* All that was known is unknown: the nodeid of one in a thousand is tried. */
static bool are_forgotten(struct run *run)
{
	struct fuse_attr attr;

	for (unsigned int i = 0; i < run->n; i += 1000) {
		if (client_getattr(&run->client, run->nodes[i], CLIENT_NO_FH, &attr) >= 0)
			return false;
	}
	return true;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void go_through(struct run *run, const char *name, void (*forget)(struct run *run))
{
	long before = kib_of(run->pid), peak;
	double since;

	look_up_all(run);
	peak = kib_of(run->pid);
	since = now();
	forget(run);
	printf("# %s: %.2f s; %ld KiB before, %ld with %u files (%ld bytes each), %ld after; %d "
	       "descriptors at most, %d after\n",
	       name, now() - since, before, peak, run->n, (peak - before) * 1024 / (long)run->n,
	       kib_of(run->pid), run->seen_descriptors, descriptors_of(run->pid));
	ok(are_forgotten(run), name);
}

int main(int argc, char **argv)
{
	struct run run = {0};
	int first_descriptors;
	long first;

	if (argc != 5) {
		fprintf(stderr, "usage: %s SOCKET PID FILES DESCRIPTORS\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.socket = argv[1];
	run.pid = atoi(argv[2]);
	run.n = (unsigned int)atoi(argv[3]);
	run.most_descriptors = atoi(argv[4]);
	run.n_folders = (run.n + PER_FOLDER - 1) / PER_FOLDER;
	run.nodes = calloc(run.n, sizeof(*run.nodes));
	run.folders = calloc(run.n_folders, sizeof(*run.folders));
	must(run.nodes && run.folders ? 0 : -ENOMEM, "memory");
	start(&run);
	first_descriptors = descriptors_of(run.pid);
	go_through(&run, "FORGET", forget_each);
	first = kib_of(run.pid);
	go_through(&run, "BATCH_FORGET", forget_batches);
	go_through(&run, "DESTROY", destroy);
	go_through(&run, "hanging up", hang_up);
	go_through(&run, "BATCH_FORGET again", forget_batches);
	ok(run.seen_descriptors <= run.most_descriptors, "descriptors are bounded");
	ok(descriptors_of(run.pid) <= first_descriptors, "and all are given back");
	/* What the allocator keeps for the next time is as much each time. */
	ok(kib_of(run.pid) <= first + first / 5 + 4096, "memory is flat");
	/* The last one dies, and nobody comes after it. */
	look_up_all(&run);
	frontend_hang_up(&run.fe);
	stop(&run);
	return done();
}
