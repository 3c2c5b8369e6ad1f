/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c - fsdax-probe: checks and measures virtiofs back-ends without a guest.
 */
#include <string.h>

#include "check.h"
#include "confine.h"
#include "know.h"
#include "load.h"
#include "options.h"

int main(int argc, char **argv)
{
	struct options options;
	int status = options_parse(&options, argc, argv);

	if (status >= 0)
		return status;
	if (strcmp(options.command, "confine") == 0)
		return confine_run(&options);
	if (strcmp(options.command, "know") == 0)
		return know_run(&options);
	return strcmp(options.command, "load") == 0 ? load_run(&options) : check_run(&options);
}
