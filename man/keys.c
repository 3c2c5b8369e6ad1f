/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys - copy a scdoc page from standard input to standard output, and put the keys of
 * the policy language in place of each line "@KEYS section@". The table is the one
 * that the parser works by, so the manual cannot say anything else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fsdax/fsdax.h>

/* Text in which scdoc must find nothing to format. */
static void print_plain(const char *text)
{
	for (; *text; text++) {
		if (strchr("\\*_<>#`[]|.-", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void print_key(const struct fsdax_key_info *info)
{
	putchar('*');
	print_plain(info->key);
	fputs("* = ", stdout);
	print_plain(info->value);
	fputs("\n\t", stdout);
	print_plain(info->help);
	if (info->preset) {
		fputs(" Default: ", stdout);
		print_plain(info->preset);
		putchar('.');
	}
	fputs("\n\n", stdout);
}

/* Returns how many keys the section has. */
static size_t print_section(const char *section)
{
	struct fsdax_key_info info;
	size_t found = 0;

	for (size_t i = 0; fsdax_key(i, &info) == 0; i++) {
		if (strcmp(info.section, section))
			continue;
		print_key(&info);
		found++;
	}
	return found;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		char section[16];

		if (sscanf(line, "@KEYS %15[a-z]@", section) != 1) {
			fputs(line, stdout);
			continue;
		}
		if (!print_section(section)) {
			fprintf(stderr, "keys: there is no section '%s'\n", section);
			return EXIT_FAILURE;
		}
	}
	free(line);
	if (ferror(stdin) || fflush(stdout)) {
		perror("keys");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
