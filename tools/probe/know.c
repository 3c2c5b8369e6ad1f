/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * know.c - makes many files, looks them all up, and forgets them all: twice, so that what is
 * left the first time can be told from what is lost. After each step the back-end's memory and
 * descriptors are counted, as the host sees them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "client.h"
#include "know.h"
#include "load.h"
#include "process.h"
#include "scratch.h"

enum { IN_FOLDER = 1000, FORGET_MOST = 1000, ROUNDS = 2, NAME_SIZE = 16 };

/* The back-end's process at one moment. */
struct footprint {
	const char *step;
	uint64_t rss; /* bytes */
	unsigned int fds;
	double rate; /* files a second in the step before; 0: none */
};

struct know {
	const struct options *options;
	struct backend backend;
	struct frontend fe;
	struct client client;
	struct request **requests; /* as many as are on their way at a time */
	unsigned int n, n_folders;
	uint64_t *nodes; /* of the files, and then of the folders, and the one they are in */
	struct footprint footprints[1 + 2 * ROUNDS];
	unsigned int n_footprints;
};

/* ---- Files ---- */

static int make_folder(int dir, unsigned int folder, unsigned int n)
{
	char name[NAME_SIZE];
	int fd, err = 0;

	sprintf(name, "d%u", folder);
	if (mkdirat(dir, name, 0755))
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (unsigned int i = 0; i < n && !err; i++) {
		sprintf(name, "f%u", i);
		if (mknodat(fd, name, S_IFREG | 0644, 0))
			err = -errno;
	}
	close(fd);
	return err;
}

/* How many files a folder has: the last one may have fewer. */
static unsigned int files_in(const struct know *know, unsigned int folder)
{
	unsigned int left = know->n - folder * IN_FOLDER;

	return left < IN_FOLDER ? left : IN_FOLDER;
}

static int make_files(const struct know *know, const struct scratch *scratch)
{
	int err = 0;

	for (unsigned int i = 0; i < know->n_folders && !err; i++)
		err = make_folder(scratch->fd, i, files_in(know, i));
	return err;
}

/* ---- The back-end's process ---- */

static pid_t backend_of(const struct know *know)
{
	return know->options->pid ? know->options->pid : know->backend.pid;
}

static int note(struct know *know, const char *step, double seconds)
{
	struct footprint *footprint = &know->footprints[know->n_footprints++];
	int err = process_rss(backend_of(know), &footprint->rss);

	footprint->step = step;
	footprint->rate = seconds > 0 ? know->n / seconds : 0;
	return err ? err : process_fds(backend_of(know), &footprint->fds);
}

/* ---- LOOKUP and FORGET ---- */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int start_lookup(struct know *know, struct request *request, uint64_t folder, unsigned int i)
{
	char name[NAME_SIZE];
	struct iovec in = {name, (size_t)sprintf(name, "f%u", i) + 1};

	return client_start(&know->client, request, FUSE_LOOKUP, folder, &in, 1,
			    sizeof(struct fuse_entry_out));
}

/* A folder's files, so many at a time. */
static int look_up_files(struct know *know, unsigned int folder, uint64_t *nodes)
{
	unsigned int n = files_in(know, folder), depth = (unsigned int)know->options->depth;
	uint64_t parent = know->nodes[know->n + folder];
	unsigned int started = 0;
	int err = 0;

	for (unsigned int i = 0; i < n && !err; i++) {
		struct fuse_entry_out entry;

		for (; started < n && started - i < depth && !err; started++)
			err = start_lookup(know, know->requests[started % depth], parent, started);
		if (!err)
			err = client_finish(&know->client, know->requests[i % depth], &entry,
					    sizeof(entry), NULL);
		nodes[i] = entry.nodeid;
	}
	return err;
}

static int look_up_all(struct know *know, const char *top)
{
	uint64_t *folders = know->nodes + know->n;
	struct fuse_entry_out entry;
	int err = client_lookup(&know->client, FUSE_ROOT_ID, top, &entry);
	uint64_t parent = entry.nodeid;

	folders[know->n_folders] = parent;
	for (unsigned int i = 0; i < know->n_folders && !err; i++) {
		char name[NAME_SIZE];

		sprintf(name, "d%u", i);
		err = client_lookup(&know->client, parent, name, &entry);
		folders[i] = entry.nodeid;
		if (!err)
			err = look_up_files(know, i, know->nodes + i * IN_FOLDER);
	}
	return err;
}

static int forget_all(struct know *know)
{
	unsigned int n = know->n + know->n_folders + 1;
	struct fuse_forget_one list[FORGET_MOST];
	int err = 0;

	for (unsigned int at = 0; at < n && !err;) {
		unsigned int k = 0;

		for (; k < FORGET_MOST && at < n; k++)
			list[k] = (struct fuse_forget_one){know->nodes[at++], 1};
		err = client_batch_forget(&know->client, list, k);
	}
	return err;
}

static int measure(struct know *know, const char *top)
{
	int err = note(know, "start", 0);

	for (int round = 0; round < ROUNDS && !err; round++) {
		double start = now();

		err = look_up_all(know, top);
		if (!err)
			err = note(know, "known", now() - start);
		start = now();
		if (!err)
			err = forget_all(know);
		if (!err)
			err = note(know, "forgotten", now() - start);
	}
	return err;
}

/* ---- The whole ---- */

static void print_json(const struct know *know)
{
	printf("{\"files\":%u,\"folders\":%u,\"steps\":[", know->n, know->n_folders);
	for (unsigned int i = 0; i < know->n_footprints; i++) {
		const struct footprint *f = &know->footprints[i];

		printf("%s{\"step\":\"%s\",\"rss\":%llu,\"fds\":%u,\"files_per_second\":%.0f}",
		       i ? "," : "", f->step, (unsigned long long)f->rss, f->fds, f->rate);
	}
	puts("]}");
}

static void print(const struct know *know)
{
	uint64_t least = know->footprints[0].rss;

	if (know->options->json) {
		print_json(know);
		return;
	}
	printf("%u files in %u folders\n", know->n, know->n_folders);
	for (unsigned int i = 0; i < know->n_footprints; i++) {
		const struct footprint *f = &know->footprints[i];

		printf("  %-10s %8.1f MiB, %7.1f bytes a file, %6u descriptors", f->step,
		       (double)f->rss / (1 << 20), ((double)f->rss - (double)least) / know->n,
		       f->fds);
		printf(f->rate > 0 ? ", %.0f files/s\n" : "\n", f->rate);
	}
}

static int prepare(struct know *know)
{
	const struct options *o = know->options;
	struct frontend_options fo = {
		.socket = o->socket, .window = !o->no_window, .timeout_ms = o->timeout * 1000};
	struct client_init init = {0};
	int err = backend_connect(&know->backend, &know->fe, &fo);

	if (!err && !backend_of(know))
		err = -ESRCH;
	if (!err)
		err = load_pin(o->cpu);
	if (!err)
		err = client_open(&know->client, &know->fe);
	if (know->fe.has_window)
		init.flags = CLIENT_DAX_FLAGS;
	if (!err)
		err = client_init(&know->client, &init);
	know->requests = calloc((size_t)o->depth, sizeof(*know->requests));
	know->nodes = calloc((size_t)know->n + know->n_folders + 1, sizeof(*know->nodes));
	if (!know->requests || !know->nodes)
		return -ENOMEM;
	for (int i = 0; i < o->depth && !err; i++) {
		know->requests[i] = request_new(&know->fe, 4096, 4096);
		err = know->requests[i] ? 0 : -ENOMEM;
	}
	return err;
}

static void release(struct know *know)
{
	for (int i = 0; know->requests && i < know->options->depth; i++)
		request_free(know->requests[i]);
	if (know->client.slot)
		client_close(&know->client);
	frontend_stop(&know->fe);
	backend_stop(&know->backend);
	free(know->requests);
	free(know->nodes);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "fsdax-probe: %s: %s\n", what, strerror(-err));
	return EXIT_FAILED;
}

int know_run(const struct options *options)
{
	struct know know = {.options = options, .fe.sock = -1, .n = (unsigned int)options->files};
	struct scratch scratch;
	int err = scratch_make(options->dir, &scratch);

	if (err)
		return fail(options->dir, err);
	know.n_folders = (know.n + IN_FOLDER - 1) / IN_FOLDER;
	backend_init(&know.backend, options->backend, options->socket);
	err = make_files(&know, &scratch);
	if (!err)
		err = prepare(&know);
	if (!err)
		err = measure(&know, strrchr(scratch.path, '/') + 1);
	release(&know);
	if (options->keep)
		scratch_keep(&scratch);
	else
		scratch_remove(&scratch);
	if (err)
		return fail(know.client.broken ? know.client.problem : options->socket, err);
	print(&know);
	return EXIT_PASSED;
}
