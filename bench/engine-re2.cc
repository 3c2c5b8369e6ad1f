/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine-re2.cc - one RE2::Set of all globs. It reports each expression that matches;
 * the highest number wins.
 *
 * RE2 makes the states of its automaton as it sees text that needs them, so the first
 * pass is slow, and the memory it may use has to be large.
 */
#include "engine.h"
#include "regex.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include <vector>

#include <re2/re2.h>
#include <re2/set.h>

namespace
{

struct re2_state {
	RE2::Set set;
	std::vector<int> matches;

	explicit re2_state(const RE2::Options &options) : set(options, RE2::UNANCHORED)
	{
	}
};

/* Half of what is free, so that no state is ever thrown away to make room. */
int64_t memory_for_states()
{
	return static_cast<int64_t>(sysconf(_SC_AVPHYS_PAGES)) * sysconf(_SC_PAGESIZE) / 2;
}

void *re2_build(const struct globs *globs, const struct corpus *)
{
	RE2::Options options;

	options.set_encoding(RE2::Options::EncodingLatin1);
	options.set_dot_nl(true);
	options.set_max_mem(memory_for_states());
	options.set_log_errors(false);
	auto *state = new re2_state(options);
	for (size_t i = 0; i < globs->n; i++) {
		char *regex = regex_of_glob(globs->pattern[i]);

		if (state->set.Add(regex, nullptr) != static_cast<int>(i))
			errx(1, "re2: cannot parse %s", regex);
		free(regex);
	}
	if (!state->set.Compile())
		errx(1, "re2: out of memory");
	return state;
}

uint32_t last_match(struct re2_state *state, const struct path *path)
{
	RE2::Set::ErrorInfo info;
	uint32_t winner = NO_WINNER;

	if (!state->set.Match(re2::StringPiece(path->text, path->len), &state->matches, &info)) {
		if (info.kind != RE2::Set::kNoError)
			errx(1, "re2: a match failed: error %d", info.kind);
		return NO_WINNER;
	}
	for (int id : state->matches) {
		if (winner == NO_WINNER || static_cast<uint32_t>(id) > winner)
			winner = static_cast<uint32_t>(id);
	}
	return winner;
}

void re2_pass(void *data, const struct path *paths, size_t n, uint32_t *winners)
{
	auto *state = static_cast<struct re2_state *>(data);

	for (size_t i = 0; i < n; i++)
		winners[i] = last_match(state, &paths[i]);
}

void re2_destroy(void *data)
{
	delete static_cast<struct re2_state *>(data);
}

} /* namespace */

extern "C" {
extern const struct engine engine_re2 = {"RE2::Set", re2_build, re2_pass, re2_destroy};
}
