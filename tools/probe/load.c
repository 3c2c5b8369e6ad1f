/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load.c - one thread keeps so many requests in each queue, and counts what comes back. It
 * sleeps when nothing is there, since back-end and load may share one processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "cputime.h"
#include "histogram.h"
#include "load.h"
#include "load_ops.h"
#include "scratch.h"

#define WARM_UP_NS 300000000ull
#define MAX_READY 256

/* Slots of a queue that wait to be sent with others. */
struct batch {
	struct load_slot *ready[MAX_READY];
	unsigned n;
};

struct load {
	const struct options *options;
	const struct load_op *op;
	struct backend backend;
	struct frontend fe;
	struct client client;
	struct load_files files;
	struct load_slot *slots;
	unsigned n_slots, n_queues, in_flight;
	struct batch *batches;
	struct histogram *latency;
	uint64_t done, errors, requests; /* operations, failures, and replies */
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "fsdax-probe: %s: %s\n", what, strerror(-err));
	return EXIT_FAILED;
}

/* ---- Files ---- */

static int make_files(const struct load *load, const char *path)
{
	int err = scratch_file(path, "big", load->op->size ? LOAD_BIG : 0, 1);

	for (int i = 0; i < load->options->files && !err; i++) {
		char name[16];

		sprintf(name, "f%d", i);
		err = scratch_file(path, name, 100, 2);
	}
	return err;
}

static int look_up_files(struct load *load, const char *folder)
{
	struct load_files *files = &load->files;
	struct fuse_entry_out entry;
	int err = client_lookup(&load->client, FUSE_ROOT_ID, folder, &entry);

	files->folder = entry.nodeid;
	files->n = (unsigned)load->options->files;
	files->nodes = calloc(files->n, sizeof(*files->nodes));
	if (!files->nodes)
		return -ENOMEM;
	for (unsigned i = 0; i < files->n && !err; i++) {
		char name[16];

		sprintf(name, "f%u", i);
		err = client_lookup(&load->client, files->folder, name, &entry);
		files->nodes[i] = entry.nodeid;
	}
	if (!err)
		err = client_lookup(&load->client, files->folder, "big", &entry);
	if (err)
		return err;
	files->big = entry.nodeid;
	return client_open_file(&load->client, files->big,
				load->op->opcode == FUSE_WRITE ? O_RDWR : O_RDONLY, &files->fh);
}

/* ---- Sending ---- */

static int send_batch(struct load *load, struct batch *batch)
{
	uint64_t now = now_ns();
	struct vq *touched = NULL;

	for (unsigned i = 0; i < batch->n; i++) {
		struct load_slot *slot = batch->ready[i];
		int err;

		load->op->prepare(load->op, &load->client, &load->files, slot);
		slot->started = now;
		err = request_add(slot->request, slot->vq);
		if (err)
			return err;
		load->in_flight++;
		if (touched && touched != slot->vq)
			vq_kick(touched);
		touched = slot->vq;
	}
	if (touched)
		vq_kick(touched);
	batch->n = 0;
	return 0;
}

static void count(struct load *load, struct load_slot *slot, uint64_t now)
{
	int n = load->op->complete(load->op, &load->files, slot);

	histogram_add(load->latency, now - slot->started);
	load->requests++;
	load->done += n < 0 ? 0 : (unsigned)n;
	load->errors += n < 0;
}

/* Take what has come back to a queue. Returns how many, or -errno. */
static int take(struct load *load, struct vq *vq)
{
	struct request *request;
	uint32_t written;
	int n = 0, err;

	while ((request = vq_take(vq, &written, &err))) {
		struct load_slot *slot = request->owner;
		struct batch *batch = &load->batches[slot->queue - load->fe.vqs];

		count(load, slot, now_ns());
		load->in_flight--;
		batch->ready[batch->n++] = slot;
		n++;
	}
	return err ? err : n;
}

static int sleep_until_call(struct load *load)
{
	struct pollfd fds[FRONTEND_MAX_QUEUES + 1];
	unsigned n = load->fe.n_vqs;

	for (unsigned i = 0; i < n; i++) {
		if (!vq_enable_call(&load->fe.vqs[i]))
			return 0;
		fds[i] = (struct pollfd){.fd = load->fe.vqs[i].call, .events = POLLIN};
	}
	fds[n] = (struct pollfd){.fd = load->fe.sock, .events = POLLRDHUP};
	if (poll(fds, n + 1, load->fe.timeout_ms) <= 0)
		return -ETIMEDOUT;
	for (unsigned i = 0; i < n; i++) {
		if (fds[i].revents)
			vq_clear_call(&load->fe.vqs[i]);
	}
	return fds[n].revents ? -ECONNRESET : 0;
}

/* One round over all queues: take what is there, send more if wanted, or else sleep. */
static int turn(struct load *load, bool more)
{
	int taken = 0, n, err = 0;

	for (unsigned i = 0; i < load->fe.n_vqs; i++) {
		n = take(load, &load->fe.vqs[i]);
		if (n < 0)
			return n;
		taken += n;
	}
	for (unsigned i = 0; more && i < load->fe.n_vqs && !err; i++) {
		if (load->batches[i].n >= (unsigned)load->options->batch)
			err = send_batch(load, &load->batches[i]);
	}
	if (err || taken || load->options->busy || !load->in_flight)
		return err;
	return sleep_until_call(load);
}

static int run_until(struct load *load, uint64_t end)
{
	int err = 0;

	while (!err && now_ns() < end)
		err = turn(load, true);
	return err;
}

static int drain(struct load *load)
{
	int err = 0;

	while (!err && load->in_flight)
		err = turn(load, false);
	return err;
}

/* ---- The whole ---- */

static int make_slots(struct load *load)
{
	unsigned depth = (unsigned)load->options->depth;
	int err = 0;

	load->n_queues = load->fe.n_vqs - FRONTEND_REQUESTS;
	load->n_slots = load->n_queues * depth;
	load->slots = calloc(load->n_slots, sizeof(*load->slots));
	load->batches = calloc(load->fe.n_vqs, sizeof(*load->batches));
	load->latency = calloc(1, sizeof(*load->latency));
	if (!load->slots || !load->batches || !load->latency)
		return -ENOMEM;
	for (unsigned i = 0; i < load->n_slots && !err; i++) {
		unsigned queue = FRONTEND_REQUESTS + i / depth;
		struct batch *batch = &load->batches[queue];

		err = load_slot_init(load->op, &load->client, &load->files, &load->slots[i], i,
				     (unsigned)load->options->segment);
		load->slots[i].queue = &load->fe.vqs[queue];
		batch->ready[batch->n++] = &load->slots[i];
	}
	return err;
}

static void print(const struct load *load, double seconds, uint64_t cpu_ns, bool have_cpu)
{
	double rate = (double)load->done / seconds;
	double p50 = (double)histogram_percentile(load->latency, 50) / 1000;
	double p99 = (double)histogram_percentile(load->latency, 99) / 1000;
	double cpu = load->done ? (double)cpu_ns / 1000 / (double)load->done : 0;
	const struct options *o = load->options;

	if (o->json) {
		printf("{\"op\":\"%s\",\"depth\":%d,\"queues\":%u,\"batch\":%d,\"seconds\":%.3f,"
		       "\"requests\":%llu,\"ops\":%llu,\"ops_per_second\":%.0f,\"p50_us\":%.2f,\"p99_us\":%.2f,"
		       "\"errors\":%llu,",
		       load->op->name, o->depth, load->n_queues, o->batch, seconds,
		       (unsigned long long)load->client.unique / 2, (unsigned long long)load->done, rate, p50, p99,
		       (unsigned long long)load->errors);
		if (have_cpu)
			printf("\"daemon_cpu_us_per_op\":%.3f}\n", cpu);
		else
			printf("\"daemon_cpu_us_per_op\":null}\n");
		return;
	}
	printf("%s, depth %d, queues %u: %.0f ops/s, p50 %.1f us, p99 %.1f us", load->op->name,
	       o->depth, load->n_queues, rate, p50, p99);
	if (have_cpu)
		printf(", daemon CPU %.2f us/op", cpu);
	printf(load->errors ? ", %llu errors\n" : "\n", (unsigned long long)load->errors);
}

static int measure(struct load *load)
{
	pid_t pid = load->options->pid ? load->options->pid : load->backend.pid;
	uint64_t cpu_before = 0, cpu_after = 0, start;
	bool have_cpu;
	int err = 0;

	for (unsigned i = 0; i < load->fe.n_vqs && !err; i++)
		err = send_batch(load, &load->batches[i]);
	if (!err)
		err = run_until(load, now_ns() + WARM_UP_NS);
	load->done = load->errors = load->requests = 0;
	memset(load->latency, 0, sizeof(*load->latency));
	have_cpu = pid && cputime_read(pid, &cpu_before) == 0;
	start = now_ns();
	if (!err)
		err = run_until(load, start + (uint64_t)load->options->seconds * 1000000000u);
	if (err)
		return err;
	have_cpu = have_cpu && cputime_read(pid, &cpu_after) == 0;
	print(load, (double)(now_ns() - start) / 1e9, cpu_after - cpu_before, have_cpu);
	return drain(load);
}

int load_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}

static int prepare(struct load *load, const char *path)
{
	const struct options *o = load->options;
	struct frontend_options fo = {
		.socket = o->socket,
		.window = !o->no_window,
		.no_config = o->no_config,
		.no_mem_slots = o->no_mem_slots,
		.no_event_idx = o->no_event_idx,
		.indirect = o->indirect,
		.queues = (unsigned)o->queues,
		.memory = (64ul << 20) + (size_t)o->depth * (size_t)o->queues * (4ul << 20),
		.timeout_ms = o->timeout * 1000,
	};
	struct client_init init = {0};
	int err = make_files(load, path);

	if (!err)
		err = backend_connect(&load->backend, &load->fe, &fo);
	/* Not before the back-end was started: it has its own idea of where to run. */
	if (!err)
		err = load_pin(o->cpu);
	if (!err)
		err = client_open(&load->client, &load->fe);
	if (load->fe.has_window)
		init.flags = CLIENT_DAX_FLAGS;
	if (!err)
		err = client_init(&load->client, &init);
	if (!err)
		err = look_up_files(load, strrchr(path, '/') + 1);
	return err ? err : make_slots(load);
}

static void release(struct load *load)
{
	for (unsigned i = 0; load->slots && i < load->n_slots; i++)
		request_free(load->slots[i].request);
	if (load->client.slot)
		client_close(&load->client);
	frontend_stop(&load->fe);
	backend_stop(&load->backend);
	free(load->slots);
	free(load->batches);
	free(load->latency);
	free(load->files.nodes);
}

int load_run(const struct options *options)
{
	struct load load = {.options = options, .op = load_op_find(options->op), .fe.sock = -1};
	struct scratch scratch;
	int err;

	if (!load.op) {
		fprintf(stderr, "fsdax-probe: no such --op: %s; see fsdax-probe --help\n",
			options->op);
		return EXIT_USAGE;
	}
	err = scratch_make(options->dir, &scratch);
	if (err)
		return fail(options->dir, err);
	backend_init(&load.backend, options->backend, options->socket);
	err = prepare(&load, scratch.path);
	if (!err)
		err = measure(&load);
	release(&load);
	if (options->keep)
		scratch_keep(&scratch);
	else
		scratch_remove(&scratch);
	return err ? fail(options->socket, err) : load.errors ? EXIT_FAILED : EXIT_PASSED;
}
