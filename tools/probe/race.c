/* SPDX-License-Identifier: BSD-3-Clause */
/* race.c - see race.h: threads, and what is known of nodeids. */
#include "race.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>

enum { NODES = 1 << 18 };

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- Threads ---- */

bool race_begin(struct race *race, struct test *t, unsigned queues)
{
	*race = (struct race){.t = t, .n_queues = queues};
	pthread_mutex_init(&race->lock, NULL);
	pthread_mutex_init(&race->hiprio, NULL);
	race->nodes = calloc(NODES, sizeof(*race->nodes));
	if (!race->nodes) {
		test_fail(t, "no memory");
		return false;
	}
	if (!test_session(t, &(struct session){.queues = queues + 1}))
		return false;
	if (t->fe.n_vqs < FRONTEND_REQUESTS + queues + 1)
		test_skip(t, "the back-end has not so many queues");
	return !t->skip;
}

void race_end(struct race *race)
{
	for (unsigned i = 0; i < race->n_racers; i++) {
		if (race->racers[i] && !race->racers[i]->on_host)
			client_close(&race->racers[i]->c);
		free(race->racers[i]);
	}
	free(race->nodes);
	pthread_mutex_destroy(&race->hiprio);
	pthread_mutex_destroy(&race->lock);
}

static struct racer *add(struct race *race, void (*step)(struct racer *racer))
{
	struct racer *racer = calloc(1, sizeof(*racer));

	if (!racer || race->n_racers == RACE_RACERS) {
		test_fail(race->t, "no room for another racer");
		free(racer);
		return NULL;
	}
	racer->race = race;
	racer->step = step;
	racer->index = race->n_racers;
	racer->seed = race->n_racers + 1;
	race->racers[race->n_racers++] = racer;
	return racer;
}

void race_add_host(struct race *race, void (*step)(struct racer *racer))
{
	struct racer *racer = add(race, step);

	if (racer)
		racer->on_host = true;
}

/* The first request queue is the test's own. */
void race_add(struct race *race, unsigned n, void (*step)(struct racer *racer))
{
	struct test *t = race->t;

	while (n--) {
		struct racer *racer = add(race, step);

		if (!racer)
			return;
		if (racer->index >= race->n_queues || client_open(&racer->c, &t->fe)) {
			test_fail(t, "no queue or no memory for a racer");
			racer->on_host = true;
			return;
		}
		racer->c.queue = FRONTEND_REQUESTS + 1 + racer->index;
		racer->c.init = t->c.init;
		racer->c.flags = t->c.flags;
		/* As the guest's threads differ. */
		racer->c.pid = 2 + racer->index;
	}
}

static void *run(void *data)
{
	struct racer *racer = data;
	struct race *race = racer->race;

	while (!atomic_load(&race->stop) && now_ns() < race->end) {
		racer->step(racer);
		racer->steps++;
		if (!racer->on_host && racer->c.broken)
			race_fail(racer, "racer %u: %s", racer->index, racer->c.problem);
	}
	return NULL;
}

/* Each chain that was offered came back once; vq_take() sees to that none comes twice. */
static void expect_settled(struct race *race)
{
	struct test *t = race->t;

	for (unsigned i = 0; i < t->fe.n_vqs; i++) {
		const struct vq *vq = &t->fe.vqs[i];

		EXPECT(t, vq->used_idx == vq->avail_idx, "queue %u: %u of %u requests came back", i,
		       vq->used_idx, vq->avail_idx);
		EXPECT(t, __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) == vq->used_idx,
		       "queue %u: more came back than was asked", i);
	}
}

void race_run(struct race *race)
{
	unsigned started = 0;

	race->end = now_ns() + (uint64_t)race->t->options->seconds * 1000000000u;
	/* From here on, failures are the racers', under the lock; and each of them stops all. */
	if (race->t->failures)
		return;
	while (started < race->n_racers && !atomic_load(&race->stop)) {
		struct racer *racer = race->racers[started];

		if (pthread_create(&racer->thread, NULL, run, racer))
			break;
		started++;
	}
	if (started < race->n_racers)
		atomic_store(&race->stop, true);
	for (unsigned i = 0; i < started; i++)
		pthread_join(race->racers[i]->thread, NULL);
	if (race->t->failures)
		return;
	EXPECT(race->t, started == race->n_racers, "not all threads could be started");
	for (unsigned i = 0; i < started; i++)
		EXPECT(race->t, race->racers[i]->steps, "racer %u did nothing", i);
	if (!race->t->failures)
		expect_settled(race);
}

void race_fail(struct racer *racer, const char *format, ...)
{
	struct race *race = racer->race;
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	pthread_mutex_lock(&race->lock);
	test_fail(race->t, "%s", text);
	pthread_mutex_unlock(&race->lock);
	atomic_store(&race->stop, true);
}

unsigned race_random(struct racer *racer, unsigned n)
{
	return (unsigned)rand_r(&racer->seed) / 7 % n;
}

struct race_file *race_pick(struct racer *racer)
{
	return &racer->race->files[race_random(racer, RACE_FILES)];
}

/* ---- Files ---- */

void race_path(const struct race *race, const char *name, char path[4096])
{
	snprintf(path, 4096, "%s/%s", race->t->path, name);
}

int race_tag(const struct race *race, const char *name, bool dax)
{
	const char *value = dax ? "yes" : "no";
	char path[4096];

	race_path(race, name, path);
	return setxattr(path, "trusted.fsdax", value, strlen(value), 0) ? -errno : 0;
}

bool race_make_files(struct race *race)
{
	for (unsigned i = 0; i < RACE_FILES; i++) {
		struct race_file *file = &race->files[i];
		int err;

		file->claimed = -1;
		snprintf(file->name, sizeof(file->name), "file-%u", i);
		err = scratch_file(race->t->path, file->name, RACE_FILE_SIZE, i);
		if (!err)
			err = race_tag(race, file->name, i % 2);
		if (err) {
			test_fail(race->t, "%s can't be made: %s", file->name, strerror(-err));
			return false;
		}
	}
	return true;
}

/* ---- Nodeids ---- */

/* With the lock held. NULL: the table is full. */
static struct race_node *node_of(struct race *race, uint64_t nodeid)
{
	size_t at = nodeid * 0x9e3779b97f4a7c15 >> 46;

	if (race->n_nodes > NODES / 2)
		return NULL;
	while (race->nodes[at].nodeid && race->nodes[at].nodeid != nodeid)
		at = (at + 1) % NODES;
	if (!race->nodes[at].nodeid) {
		race->nodes[at] = (struct race_node){.nodeid = nodeid, .flag = -1};
		race->n_nodes++;
	}
	return &race->nodes[at];
}

static void note(struct racer *racer, uint64_t nodeid, uint32_t flags, unsigned looked)
{
	struct race *race = racer->race;
	const int flag = (int)(flags & FUSE_ATTR_DAX);
	struct race_node *node;
	int before = flag;

	pthread_mutex_lock(&race->lock);
	node = node_of(race, nodeid);
	if (node) {
		node->looked += looked;
		if (node->flag < 0)
			node->flag = flag;
		before = node->flag;
	}
	pthread_mutex_unlock(&race->lock);
	if (!node)
		atomic_store(&race->stop, true);
	if (before != flag)
		race_fail(racer, "nodeid %llx was told with and without FUSE_ATTR_DAX",
			  (unsigned long long)nodeid);
}

void race_note(struct racer *racer, const struct fuse_entry_out *entry)
{
	note(racer, entry->nodeid, entry->attr.flags, 1);
}

void race_note_name(struct racer *racer, const char *name, const struct fuse_entry_out *entry)
{
	race_note(racer, entry);
	if (racer->race->told)
		racer->race->told(racer, name, entry->attr.flags & FUSE_ATTR_DAX);
}

void race_note_attr(struct racer *racer, uint64_t nodeid, const struct fuse_attr *attr)
{
	note(racer, nodeid, attr->flags, 0);
}

int race_lookup(struct racer *racer, uint64_t parent, const char *name,
		struct fuse_entry_out *entry)
{
	int err = client_lookup(&racer->c, parent, name, entry);

	if (!err && entry->nodeid)
		race_note_name(racer, name, entry);
	return err ? err : entry->nodeid ? 0 : -ENOENT;
}

void race_forget(struct racer *racer, uint64_t nodeid, uint64_t n)
{
	struct race *race = racer->race;
	struct race_node *node;
	int err;

	pthread_mutex_lock(&race->lock);
	node = node_of(race, nodeid);
	if (node)
		node->looked -= n;
	pthread_mutex_unlock(&race->lock);
	pthread_mutex_lock(&race->hiprio);
	err = client_forget(&racer->c, nodeid, n);
	pthread_mutex_unlock(&race->hiprio);
	if (err && !racer->c.broken)
		race_fail(racer, "FORGET: %s", strerror(-err));
}

void race_forget_all(struct race *race)
{
	struct test *t = race->t;
	int64_t files = -1;

	if (t->failures)
		return;
	for (size_t i = 0; i < NODES && !t->c.broken; i++) {
		const struct race_node *node = &race->nodes[i];

		if (node->nodeid && node->looked && node->nodeid != t->node)
			client_forget(&t->c, node->nodeid, node->looked);
	}
	for (size_t i = 0; i < NODES && !t->c.broken && !t->failures; i++) {
		const struct race_node *node = &race->nodes[i];
		struct fuse_attr attr;

		if (!node->nodeid || node->nodeid == t->node)
			continue;
		EXPECT(t, client_getattr(&t->c, node->nodeid, CLIENT_NO_FH, &attr) < 0,
		       "nodeid %llx is known after all of its lookups were forgotten",
		       (unsigned long long)node->nodeid);
	}
	if (t->options->control)
		files = race_status(race, NULL, "files");
	EXPECT(t, files <= 0, "%lld files are known after all were forgotten", (long long)files);
}

/* ---- A whole race ---- */

static void add_roles(struct race *race, const struct race_role *role)
{
	for (; role->step; role++) {
		if (role->n == RACE_ON_HOST)
			race_add_host(race, role->step);
		else
			race_add(race, (unsigned)role->n, role->step);
	}
}

static unsigned queues_of(const struct race_role *role)
{
	unsigned queues = 0;

	for (; role->step; role++)
		queues += role->n == RACE_ON_HOST ? 0 : (unsigned)role->n;
	return queues;
}

static void run_roles(struct test *t, bool controlled, const struct race_role *roles)
{
	struct race race;

	if (race_begin(&race, t, queues_of(roles)) && (!controlled || race_needs_control(&race)) &&
	    race_make_files(&race)) {
		add_roles(&race, roles);
		race_run(&race);
		race_forget_all(&race);
	}
	race_end(&race);
}

void race_files(struct test *t, const struct race_role *roles)
{
	run_roles(t, false, roles);
}

void race_controlled(struct test *t, const struct race_role *roles)
{
	run_roles(t, true, roles);
}

static void run_plan(struct race *race, const struct race_plan *plan)
{
	race->own = plan->own;
	race->told = plan->told;
	if (plan->begin(race)) {
		add_roles(race, plan->roles);
		race_run(race);
		if (!race->t->failures)
			plan->settle(race);
	}
	plan->end(race);
}

void race_planned(struct test *t, const struct race_plan *plan)
{
	struct race race;

	if (race_begin(&race, t, queues_of(plan->roles)) && race_needs_policy(&race))
		run_plan(&race, plan);
	race_end(&race);
}
