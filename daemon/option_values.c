/* SPDX-License-Identifier: BSD-3-Clause */
/* option_values.c - see option_values.h. */
#include "option_values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fsdax/fsdax.h>

#include "options.h"
#include "privileges.h"

bool option_set_text(void *member, const char *value)
{
	*(const char **)member = value;
	return *value != '\0';
}

/* A switch: on the command line without a value, and in a file with yes or no. */
bool option_set_switch(void *member, const char *value)
{
	bool yes = !value || strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "no") != 0)
		return false;
	*(bool *)member = yes;
	return true;
}

/* By a name that virtiofsd has only for those who always called it so. */
bool option_set_old_path(void *member, const char *value)
{
	return option_set_text(member, value);
}

/* value: NULL if it was left out; yes and no are a file's. */
bool option_set_when(void *member, const char *value)
{
	bool *on = member;

	/* A guest that has none has none, whatever we say. */
	*on = !value || (strcmp(value, "never") != 0 && strcmp(value, "no") != 0);
	return !value || !*on || strcmp(value, "yes") == 0 || strcmp(value, "auto") == 0 ||
	       strcmp(value, "always") == 0;
}

bool option_set_nothing(void *member, const char *value)
{
	(void)member;
	(void)value;
	return true;
}

static bool parse_number(const char *value, uint64_t most, uint64_t *number)
{
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return !errno && !*end && *number <= most;
}

bool option_set_uint(void *member, const char *value)
{
	uint64_t number;

	if (!parse_number(value, 1024, &number))
		return false;
	*(unsigned int *)member = (unsigned int)number;
	return true;
}

bool option_set_fd(void *member, const char *value)
{
	uint64_t number;

	if (!parse_number(value, INT32_MAX, &number))
		return false;
	*(int *)member = (int)number;
	return true;
}

bool option_set_u64(void *member, const char *value)
{
	return parse_number(value, INT64_MAX, member);
}

bool option_set_size(void *member, const char *value)
{
	return fsdax_parse_size(value, member) == 0;
}

/* The number of a word in a list that ends with NULL; -1: it is not there. */
static int word_number(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0)
			return i;
	}
	return -1;
}

static bool set_word(void *member, const char *value, const char *const *words)
{
	int number = word_number(words, value);

	if (number < 0)
		return false;
	/* All enumerations here start at 0, and are stored as int. */
	*(int *)member = number;
	return true;
}

bool option_set_cache(void *member, const char *value)
{
	static const char *const words[] = {"auto", "always", "metadata", "never", NULL};

	if (strcmp(value, "none") == 0)
		value = "never";
	return set_word(member, value, words);
}

bool option_set_file_handles(void *member, const char *value)
{
	static const char *const words[] = {"never", "prefer", "mandatory", NULL};

	if (strcmp(value, "fallback") == 0)
		value = "prefer";
	return set_word(member, value, words);
}

bool option_set_sandbox(void *member, const char *value)
{
	static const char *const words[] = {"namespace", "chroot", "none", NULL};

	return set_word(member, value, words);
}

bool option_set_seccomp(void *member, const char *value)
{
	static const char *const words[] = {"kill", "none", "log", "trap", NULL};

	return set_word(member, value, words);
}

bool option_set_modcaps(void *member, const char *value)
{
	uint64_t *add = member;

	return privileges_parse(value, add, add + 1);
}

static bool take_id(const char **text, char separator, uint32_t *id)
{
	char *end;
	unsigned long long number;

	if (**text < '0' || **text > '9')
		return false;
	number = strtoull(*text, &end, 10);
	if (*end != separator || number >= UINT32_MAX)
		return false;
	*id = (uint32_t)number;
	*text = end + 1;
	return true;
}

/* The first byte is what stands between the numbers, and behind them: ":0:100000:65536:". */
bool option_set_id_map(void *member, const char *value)
{
	const char separator = *value++;
	struct id_range *range = member;

	if (!separator || (separator >= '0' && separator <= '9'))
		return false;
	return take_id(&value, separator, &range->inside) &&
	       take_id(&value, separator, &range->outside) &&
	       take_id(&value, separator, &range->count) && !*value && range->count &&
	       range->inside <= UINT32_MAX - range->count &&
	       range->outside <= UINT32_MAX - range->count;
}

bool option_set_log_level(void *member, const char *value)
{
	static const char *const words[] = {"off", "error", "warn", "info", "debug", NULL};

	if (strcmp(value, "trace") == 0)
		value = "debug";
	if (strcmp(value, "err") == 0)
		value = "error";
	return set_word(member, value, words);
}
