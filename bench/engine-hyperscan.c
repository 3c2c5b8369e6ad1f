/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine-hyperscan.c - one Hyperscan database of all globs, in block mode. It reports
 * each expression that matches; the highest number wins.
 */
#include "engine.h"
#include "regex.h"

#include <err.h>
#include <hs/hs.h>
#include <stdlib.h>

struct hyperscan_state {
	hs_database_t *database;
	hs_scratch_t *scratch;
};

static hs_database_t *compile(const struct globs *globs)
{
	const char **regex = calloc(globs->n, sizeof(*regex));
	unsigned int *flags = calloc(globs->n, sizeof(*flags));
	unsigned int *ids = calloc(globs->n, sizeof(*ids));
	hs_database_t *database;
	hs_compile_error_t *error;

	if (!regex || !flags || !ids)
		err(1, NULL);
	for (size_t i = 0; i < globs->n; i++) {
		regex[i] = regex_of_glob(globs->pattern[i]);
		flags[i] = HS_FLAG_DOTALL;
		ids[i] = (unsigned int)i;
	}
	if (hs_compile_multi(regex, flags, ids, (unsigned int)globs->n, HS_MODE_BLOCK, NULL,
			     &database, &error))
		errx(1, "hyperscan: %s", error->message);
	for (size_t i = 0; i < globs->n; i++)
		free((char *)regex[i]);
	free(regex);
	free(flags);
	free(ids);
	return database;
}

static void *hyperscan_build(const struct globs *globs, const struct corpus *corpus)
{
	struct hyperscan_state *state = calloc(1, sizeof(*state));

	(void)corpus;
	if (!state)
		err(1, NULL);
	state->database = compile(globs);
	if (hs_alloc_scratch(state->database, &state->scratch))
		errx(1, "hyperscan: no memory");
	return state;
}

static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
		    unsigned int flags, void *context)
{
	uint32_t *winner = context;

	(void)from;
	(void)to;
	(void)flags;
	if (*winner == NO_WINNER || id > *winner)
		*winner = id;
	return 0;
}

static void hyperscan_pass(void *data, const struct path *paths, size_t n, uint32_t *winners)
{
	struct hyperscan_state *state = data;

	for (size_t i = 0; i < n; i++) {
		winners[i] = NO_WINNER;
		if (hs_scan(state->database, paths[i].text, paths[i].len, 0, state->scratch,
			    on_match, &winners[i]))
			errx(1, "hyperscan: a scan failed");
	}
}

static void hyperscan_destroy(void *data)
{
	struct hyperscan_state *state = data;

	hs_free_scratch(state->scratch);
	hs_free_database(state->database);
	free(state);
}

const struct engine engine_hyperscan = {
	"hyperscan",
	hyperscan_build,
	hyperscan_pass,
	hyperscan_destroy,
};
