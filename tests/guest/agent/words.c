// SPDX-License-Identifier: BSD-3-Clause
/*
 * words.c - a command is a line of words: taken apart, printed, and read as numbers.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

/* Undo %XX, in place. */
static void unquote(char *word)
{
	char *to = word, hex[3] = "";

	for (; *word; word++, to++) {
		*to = *word;
		if (*word != '%' || !isxdigit(word[1]) || !isxdigit(word[2]))
			continue;
		hex[0] = word[1];
		hex[1] = word[2];
		*to = (char)strtoul(hex, NULL, 16);
		word += 2;
	}
	*to = '\0';
}

int words_split(char *line, char **words, int max)
{
	char *save, *word = strtok_r(line, " ", &save);
	int n = 0;

	for (; word && n < max; word = strtok_r(NULL, " ", &save)) {
		/* An empty word can't be written otherwise. */
		if (!strcmp(word, "%"))
			*word = '\0';
		unquote(word);
		words[n++] = word;
	}
	return n;
}

void words_print(FILE *out, const char *word)
{
	for (; *word; word++)
		if (*word <= ' ' || *word == '%' || *word >= 0x7f)
			fprintf(out, "%%%02x", (unsigned char)*word);
		else
			fputc(*word, out);
}

int words_number(const char *word, uint64_t *number)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	if (!isdigit(*word))
		return -EINVAL;
	errno = 0;
	*number = strtoull(word, &end, 0);
	if (errno)
		return -EINVAL;
	if (!*end)
		return 0;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return -EINVAL;
	*number <<= 10 * (unit - units + 1);
	return 0;
}

int words_numbers(const struct call *call, int i, int n, uint64_t *numbers)
{
	int err = 0;

	for (; n > 0 && !err; n--, i++, numbers++)
		err = i < call->argc ? words_number(call->argv[i], numbers) : -EINVAL;
	return err;
}

int words_index(const char *word, int limit)
{
	uint64_t number;

	if (words_number(word, &number) || number >= (uint64_t)limit)
		return -EINVAL;
	return (int)number;
}

const char *words_error(int result)
{
	const char *name;

	if (result == AGENT_SIGNAL - SIGBUS)
		return "SIGBUS";
	if (result <= AGENT_SIGNAL)
		return "SIGSEGV";
	name = strerrorname_np(-result);
	return name ? name : "EUNKNOWN";
}
