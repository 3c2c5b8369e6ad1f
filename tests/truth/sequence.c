/* SPDX-License-Identifier: BSD-3-Clause */
/* sequence.c - operations drawn at random, written down, and read again. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "truth.h"

static void draw(struct op *op, uint64_t *random)
{
	const struct call *call;

	*op = (struct op){
		.call = call_draw(random),
		.actor = random_below(random, 2) ? 0 : (uint8_t)random_below(random, N_ACTORS),
		.probe = random_below(random, 8) ? random_below(random, 2) != 0 : 2,
	};
	call = call_at(op->call);
	for (unsigned int i = 0; i < N_ARGS; i++)
		op->arg[i] = kind_draw(call->kinds[i], random);
}

enum { N_LOCKED = 3 };

static const int64_t LOCKED[N_LOCKED] = {1048546, 1047649, 1047648}; /* c, b/d, a/d */

/* Each file by each actor. */
static bool open_locked(struct op *op, unsigned int number)
{
	if (number >= N_LOCKED * N_ACTORS)
		return false;
	*op = (struct op){
		.call = (uint32_t)call_find("open", 4),
		.actor = (uint8_t)(number % N_ACTORS),
		.arg = {number / N_ACTORS, LOCKED[number / N_ACTORS], O_RDWR},
	};
	return true;
}

/* Locks most of all, by processes that are in each other's way: of few bytes of few files. */
static void draw_lock(struct op *op, uint64_t *random)
{
	static const char *const names[] = {
		"lock",	 "lock",    "lock",  "lock",   "lock",	 "lockw", "lockw", "lockw", "lockw",
		"lockw", "getlock", "flock", "flockw", "unwait", "unwait", "close", "open"};
	const char *name = names[random_below(random, sizeof(names) / sizeof(*names))];
	const struct call *call;

	*op = (struct op){
		.call = (uint32_t)call_find(name, strlen(name)),
		.actor = (uint8_t)random_below(random, N_ACTORS),
	};
	call = call_at(op->call);
	for (unsigned int i = 0; i < N_ARGS; i++) {
		switch (call->kinds[i]) {
		case SLOT: op->arg[i] = (int64_t)random_below(random, N_SLOTS); break;
		case PATH: op->arg[i] = LOCKED[random_below(random, N_LOCKED)]; break;
		case OPEN_FLAGS: op->arg[i] = O_RDWR; break;
		case OFFSET: op->arg[i] = (int64_t)random_below(random, 3) * 10; break;
		case LENGTH: op->arg[i] = (int64_t)random_below(random, 3) * 10; break;
		default: op->arg[i] = kind_draw(call->kinds[i], random);
		}
	}
}

/*
 * What there is in the beginning, in words of their own: so that most operations find something.
 * Other users may write to all of it, too; it is changed soon enough.
 */
static const char *const BEGINNING[] = {
	"mkdir 0 0 1048544 0777", /* a */
	"mkdir 1 0 1048545 0755", /* b */
	"chmod 1 0 1048545 03777",
	"umask 0 0 0",
	"mkdir 0 0 1047616 0777",     /* a/c */
	"open 0 0 0 1048546 66 0666", /* c */
	"write 0 0 0 10000 1",
	"open 1 0 0 1047649 66 0666", /* b/d */
	"write 1 0 0 70000 2",
	"open 0 0 1 1047648 66 0666", /* a/d */
	"fallocate 0 0 1 0 4096 30000",
	"open 2 0 0 1048546 66 0666",
	"open 2 0 1 1047681 66 0600", /* b/e */
	"open 3 0 0 1048546 1026 0666",
	"open 1 0 1 1048546 2 0",
	"umask 0 0 022",
};

/* Whether it uses a descriptor that nobody has tried to open. */
static bool is_idle(const struct op *op, bool opened[N_ACTORS][N_SLOTS])
{
	const struct call *call = call_at(op->call);

	if (strcmp(call->name, "open") == 0)
		return false;
	for (unsigned int i = 0; i < N_ARGS; i++) {
		if (call->kinds[i] == SLOT && !opened[op->actor][op->arg[i] % N_SLOTS])
			return true;
	}
	return false;
}

static void note_open(const struct op *op, bool opened[N_ACTORS][N_SLOTS])
{
	const char *name = call_at(op->call)->name;

	if (strcmp(name, "open") == 0)
		opened[op->actor][op->arg[0] % N_SLOTS] = true;
	else if (strcmp(name, "close") == 0)
		opened[op->actor][op->arg[0] % N_SLOTS] = false;
}

void sequence_draw(struct op *ops, unsigned int n, bool locks, bool given, uint64_t *random)
{
	unsigned int n_beginning = given ? 0 : sizeof(BEGINNING) / sizeof(*BEGINNING);
	bool opened[N_ACTORS][N_SLOTS] = {0};

	for (unsigned int i = 0; i < n; i++) {
		if (i < n_beginning && op_parse(BEGINNING[i], &ops[i])) {
			note_open(&ops[i], opened);
			continue;
		}
		if (!locks || !open_locked(&ops[i], i - n_beginning)) {
			do
				(locks && random_below(random, 10) ? draw_lock : draw)(&ops[i],
										       random);
			while (is_idle(&ops[i], opened) && random_below(random, 8));
		}
		note_open(&ops[i], opened);
	}
}

/* The numbers are what is read again; the words behind them are for people. */
void op_show(const struct op *op, struct text *out)
{
	const struct call *call = call_at(op->call);
	const char *between = "";

	say(out, "%s %u %u", call->name, op->actor, op->probe);
	for (unsigned int i = 0; i < N_ARGS && call->kinds[i] != NONE; i++)
		say(out, " %lld", (long long)op->arg[i]);
	say(out, "\t# %s: %s(",
	    op->actor ? (const char *[]){"", "user 1001", "user 1002", "user 1003"}[op->actor]
		      : "root",
	    call->name);
	for (unsigned int i = 0; i < N_ARGS && call->kinds[i] != NONE; i++) {
		say(out, "%s", between);
		kind_show(call->kinds[i], op->arg[i], out);
		between = ", ";
	}
	say(out, ")");
}

static bool parse_number(const char **at, int64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoll(*at, &end, 0);
	if (errno || end == *at)
		return false;
	*at = end;
	return true;
}

bool op_parse(const char *line, struct op *op)
{
	size_t len = strcspn(line, " \t\n");
	int call = call_find(line, len);
	const char *at = line + len;
	int64_t actor, probe;

	if (call < 0 || !parse_number(&at, &actor) || !parse_number(&at, &probe) || actor < 0 ||
	    actor >= N_ACTORS)
		return false;
	*op = (struct op){.call = (uint32_t)call, .actor = (uint8_t)actor, .probe = (uint8_t)probe};
	for (unsigned int i = 0; i < N_ARGS && call_at(op->call)->kinds[i] != NONE; i++) {
		if (!parse_number(&at, &op->arg[i]))
			return false;
	}
	return true;
}
