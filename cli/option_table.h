/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option_table.h - the one table of options: parsing, help texts and completions are all
 * made from it.
 */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include "options.h"

struct option_info {
	const char *name; /* the long name, without dashes */
	char letter;	  /* the short one, or 0 */
	/* What its value is called in help texts; NULL: takes none; "[=X]": may be left out. */
	const char *value;
	const char *const *words; /* all values it can have, NULL at the end; or NULL */
	const char *help;	  /* one or more lines of at most 50 characters */
	uint64_t bit;		  /* OPT_*; 0: every command takes it */
	/* Take the value over (NULL: left out). Returns 0, or -EINVAL after a message. */
	int (*parse)(struct options *opts, const struct option_info *info, const char *value);
};

/* Ends with a NULL name. */
extern const struct option_info option_table[];

/* Whether the value may be left out. */
bool option_value_optional(const struct option_info *info);

bool option_taken(const struct option_info *info, const struct command *command);

/*
 * Print a mistake of the user's, and below it what to do about it (hint, which may be NULL).
 * Always returns -EINVAL.
 */
int option_mistake(const char *hint, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
