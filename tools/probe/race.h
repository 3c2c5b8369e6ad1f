/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race.h - the subcommand race: threads with a queue each, and threads on the host, that do on
 * purpose at once what goes wrong only now and then. What the back-end says meanwhile must fit
 * together, and what is left in the end must be nothing.
 *
 * A racer does its step again and again, until the time is up or something has failed.
 */
#ifndef PROBE_RACE_H
#define PROBE_RACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

#define RACE_FILES 6
#define RACE_RACERS 8
#define RACE_FILE_SIZE (1u << 20)

struct racer;

/* What is known of one nodeid. */
struct race_node {
	uint64_t nodeid; /* 0: free */
	uint64_t looked; /* lookups that are owed */
	int flag;	 /* FUSE_ATTR_DAX or 0, as told first; -1: not yet */
};

/* One file, as the threads of a race see it; all but its name under the race's lock. */
struct race_file {
	char name[16];
	unsigned open[2];      /* by its flag: a guest's open files */
	int claimed;	       /* -1, or the state that it is said to be in for whoever opens it */
	unsigned claim_number; /* moves with each claim, and each change */
};

struct race {
	struct test *t;
	pthread_mutex_t lock;	/* of all below but stop, and of the test's text */
	pthread_mutex_t hiprio; /* of the queue for FORGET */
	atomic_bool stop;
	uint64_t end; /* ns */
	struct race_node *nodes;
	size_t n_nodes;
	struct race_file files[RACE_FILES];
	struct racer *racers[RACE_RACERS];
	unsigned n_racers, n_queues;
	/* Called with each entry that a racer was told of by name; may be NULL. */
	void (*told)(struct racer *racer, const char *name, bool dax);
	void *own; /* what a race keeps for its racers */
};

struct racer {
	struct race *race;
	void (*step)(struct racer *racer);
	struct client c; /* of its own queue; unused by racers on the host */
	bool on_host;
	unsigned index, seed;
	uint64_t steps;
	pthread_t thread;
};

/* A session with queues for so many racers. false: the check has failed, or is skipped. */
bool race_begin(struct race *race, struct test *t, unsigned queues);
void race_end(struct race *race);

/* More racers; n of them have a queue each. */
void race_add(struct race *race, unsigned n, void (*step)(struct racer *racer));
void race_add_host(struct race *race, void (*step)(struct racer *racer));

/* Run them all. Afterwards each reply has come exactly once. */
void race_run(struct race *race);

/* RACE_FILES files of RACE_FILE_SIZE bytes in the scratch folder, with a tag each. */
bool race_make_files(struct race *race);

/* Who takes part in a race about files: n with a queue each, or one on the host. */
#define RACE_ON_HOST (-1)

struct race_role {
	int n;
	void (*step)(struct racer *racer); /* NULL ends the list */
};

/*
 * A whole race: as many queues as the roles take, race_make_files(), race_run(), and in the end
 * race_forget_all(). race_controlled() is skipped if there is no control socket.
 */
void race_files(struct test *t, const struct race_role *roles);
void race_controlled(struct test *t, const struct race_role *roles);

/* A race with files, and a policy, of its own. */
struct race_plan {
	const struct race_role *roles;
	void *own; /* race.own, and race.told */
	void (*told)(struct racer *racer, const char *name, bool dax);
	bool (*begin)(struct race *race);     /* false: the check has failed */
	void (*settle)(struct race *race);    /* after a race in which nobody failed */
	void (*end)(const struct race *race); /* in any case */
};

/* Skipped if there is no policy folder, or no control socket. */
void race_planned(struct test *t, const struct race_plan *plan);

void race_fail(struct racer *racer, const char *format, ...) __attribute__((format(printf, 2, 3)));
unsigned race_random(struct racer *racer, unsigned n);
struct race_file *race_pick(struct racer *racer);

/*
 * An entry was told, and with it a lookup counted; or attributes. Both say what was said of that
 * nodeid before.
 */
void race_note(struct racer *racer, const struct fuse_entry_out *entry);
void race_note_name(struct racer *racer, const char *name, const struct fuse_entry_out *entry);
void race_note_attr(struct racer *racer, uint64_t nodeid, const struct fuse_attr *attr);

/* LOOKUP, noted; FORGET of n that this racer was told of. */
int race_lookup(struct racer *racer, uint64_t parent, const char *name,
		struct fuse_entry_out *entry);
void race_forget(struct racer *racer, uint64_t nodeid, uint64_t n);

/*
 * Forget all that is owed: then none of it is known, and the back-end has as many inodes as
 * before, if that can be asked.
 */
void race_forget_all(struct race *race);

/* ---- As a guest's kernel does it (race_open.c) --------------------------------------------- */

/* A file that is open: in which state, as the guest knows. */
struct race_opened {
	struct race_file *file;
	uint64_t nodeid, fh;
	unsigned flag;
	int claimed; /* before it was opened */
	unsigned claim_number;
};

/*
 * Look a file up and open it. ESTALE: the name is looked up again, once. 0, or -errno with
 * nothing to forget.
 */
int race_open(struct racer *racer, uint64_t parent, struct race_file *file, uint32_t flags,
	      struct race_opened *opened);
void race_close(struct racer *racer, const struct race_opened *opened);

/* GETATTR of what this racer has looked up: that never fails. fh may be CLIENT_NO_FH. */
void race_getattr(struct racer *racer, uint64_t nodeid, uint64_t fh);

/* READDIRPLUS; what is told is forgotten at once. */
void race_list(struct racer *racer, uint64_t node);

/* ---- The daemon's policy (race_control.c), of --policy ------------------------------------- */

/*
 * Put a file into the daemon's policy folder, or replace it, at once; or take it away, if it is
 * there. A NAME of one's own: the folder may have others. 0 or -errno.
 */
int race_policy_put(const struct race *race, const char *name, const char *text);
int race_policy_drop(const struct race *race, const char *name);
void race_policy_path(const struct race *race, const char *name, char path[4096]);

/* Have the daemon read its policy again. Whether that is in force now. */
bool race_policy_reload(const struct race *race);

/* Whether there is such a folder, and a control socket; else the check is skipped. */
bool race_needs_policy(struct race *race);

/* ---- The daemon's control socket (race_control.c), of --control ---------------------------- */

/* Send a line; the JSON object that comes back, or NULL. */
struct json_object;
struct json_object *race_ask(const struct race *race, const char *line);

/* A number in an answer, below `group` if that is not NULL; -1: there is none. */
int64_t race_number(struct json_object *answer, const char *group, const char *name);
int64_t race_status(const struct race *race, const char *group, const char *name);

/* Whether there is one; else the check is skipped. */
bool race_needs_control(struct race *race);

/* What set_tag() does on the host, and the path there. */
int race_tag(const struct race *race, const char *name, bool dax);
void race_path(const struct race *race, const char *name, char path[4096]);

#endif
