/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * agent.h - what the parts of the guest agent share. The agent is a static program: it is
 * the init of a test's guest, and does there what the test asks for, line by line; run on
 * the host with a command as its arguments, it does that command, so that both sides make
 * checksums and patterns in the same way. main.c tells the protocol.
 */
#ifndef FSDAX_TEST_AGENT_H
#define FSDAX_TEST_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define AGENT_HANDLES 256
#define AGENT_MAPS 64
#define AGENT_JOBS 32

/* Results of commands beside 0 and -errno. */
#define AGENT_SIGNAL (-10000) /* AGENT_SIGNAL - N: memory was touched, and signal N came */
#define AGENT_EXIT 10000      /* AGENT_EXIT + N: a program ran, and ended with status N */

/** A mapping that stays until `unmap`. */
struct agent_map {
	unsigned char *at; /* NULL: free */
	size_t length;
};

/** What outlives a command. */
struct agent {
	int handles[AGENT_HANDLES]; /* -1: free */
	struct agent_map maps[AGENT_MAPS];
	pid_t jobs[AGENT_JOBS]; /* 0: free */
};

/** One command with its arguments, and where its output goes. */
struct call {
	struct agent *agent;
	int argc; /* without the command's name */
	char **argv;
	FILE *out;
};

struct command {
	const char *name;
	int min, max; /* arguments; max < 0: any number */
	int (*run)(struct call *call);
	const char *usage;
};

/* Tables of commands, each ended by a NULL name: path.c, data.c, tree.c, system.c. */
extern const struct command path_commands[];
extern const struct command data_commands[];
extern const struct command tree_commands[];
extern const struct command system_commands[];

/** Run the command that call->argv[-1] names. */
int agent_dispatch(struct call *call);

/* words.c */

/** Split a line into words at spaces, in place, with %XX undone; returns how many. */
int words_split(char *line, char **words, int max);

/** Print bytes so that they are one word. */
void words_print(FILE *out, const char *word);

/** Parse "4096", "4K", "2M", "0x10"; 0 or -EINVAL. */
int words_number(const char *word, uint64_t *number);

/** Arguments I and after as numbers; 0 or -EINVAL. */
int words_numbers(const struct call *call, int i, int n, uint64_t *numbers);

/** Parse a number below LIMIT, as of a handle; -EINVAL if it is not. */
int words_index(const char *word, int limit);

/** The name of what a command returned: an errno's, or a signal's. */
const char *words_error(int result);

/* content.c */

/** A checksum of bytes, however they are cut into pieces. */
struct sum {
	uint64_t state, length;
	unsigned char tail[8];
};

void sum_init(struct sum *sum);
void sum_add(struct sum *sum, const void *data, size_t size);
uint64_t sum_value(const struct sum *sum);

/** The bytes of pattern SEED at OFFSET; "zero" is a seed too, PATTERN_ZERO. */
#define PATTERN_ZERO 0
void pattern_fill(uint64_t seed, uint64_t offset, void *data, size_t size);
/** Where in DATA the pattern ends to hold; SIZE if it holds to the end. */
size_t pattern_check(uint64_t seed, uint64_t offset, const void *data, size_t size);

/* guard.c */

/**
 * Call WORK, which touches mapped memory; if SIGBUS or SIGSEGV comes, return
 * AGENT_SIGNAL - signal, else what it returned.
 */
int guard_call(int (*work)(void *), void *arg);

/* data.c */

/** How the bytes of a file are fetched. */
enum way { WAY_READ, WAY_MMAP };

int way_parse(const char *word, enum way *way);

/** Add LENGTH bytes of an open file from OFFSET on, or what there is; *N: how many. */
int data_sum(int fd, enum way way, uint64_t offset, uint64_t length, struct sum *sum, uint64_t *n);

/* path.c */

/** Open a path, or duplicate the handle that "@N" names. */
int target_open(const struct call *call, const char *word, int flags);

#endif
