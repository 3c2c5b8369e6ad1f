/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-matcher.c - random policies on random paths, against an oracle: which rule wins, by
 * path, by cursors and by explain; which patterns are refused; and how each condition went.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

#include "oracle.h"
#include "patterns.h"
#include "random.h"

enum { MOST_PATHS = 6, LONGEST_PATH = 400 };

/* One rule, and what the oracle knows of it. */
struct known_rule {
	struct oracle *paths[MOST_PATHS];
	bool exclude[MOST_PATHS];
	unsigned int n;
	unsigned int least_size; /* 0: it does not ask */
	bool dax;
};

struct known {
	struct known_rule *rules;
	unsigned int n;
	struct pattern *patterns; /* some of them, to make paths of */
	unsigned int n_patterns;
	char *text;
	size_t size;
	struct fsdax_policy *policy;
	unsigned long pairs, matches; /* of patterns and paths so far */
};

/* ---- Random policies --------------------------------------------------------- */

typedef void make_fn(struct pattern *pattern);

static void any_pattern(struct pattern *pattern)
{
	pattern_make(pattern, 4);
}

/* A pattern that the language allows. */
static void make_valid(make_fn *make, struct pattern *pattern)
{
	do {
		make(pattern);
	} while (!pattern->valid);
}

static void add_path(struct known *k, struct known_rule *rule, FILE *out, make_fn *make,
		     bool exclude)
{
	struct pattern *pattern = &k->patterns[k->n_patterns];

	make_valid(make, pattern);
	fprintf(out, "path = %s%.*s\n", exclude ? "!" : "", (int)pattern->len, pattern->text);
	rule->exclude[rule->n] = exclude;
	rule->paths[rule->n++] = oracle_new(pattern);
	k->n_patterns++;
}

static void add_rule(struct known *k, FILE *out, make_fn *make)
{
	struct known_rule *rule = &k->rules[k->n];
	unsigned int plain = random_below(10) ? 1 + random_below(3) / 2 : 0;
	unsigned int excluding = random_once_in(4) ? 1 + random_below(2) : 0;

	fprintf(out, "[rule r%u]\n", k->n++);
	while (plain || excluding) {
		bool exclude = random_below(plain + excluding) >= plain;

		add_path(k, rule, out, make, exclude);
		*(exclude ? &excluding : &plain) -= 1;
	}
	if (random_once_in(4)) {
		rule->least_size = 1 + random_below(3);
		fprintf(out, "size = >= %u\n", rule->least_size);
	}
	rule->dax = random_once_in(2);
	fprintf(out, "dax = %s\n", rule->dax ? "yes" : "no");
}

static struct known *known_new(unsigned int rules, make_fn *make)
{
	struct known *k = calloc(1, sizeof(*k));
	FILE *out;

	assert_non_null(k);
	k->rules = calloc(rules, sizeof(*k->rules));
	k->patterns = calloc(rules * 4, sizeof(*k->patterns));
	out = open_memstream(&k->text, &k->size);
	assert_true(k->rules && k->patterns && out);
	fputs("[tag]\nxattr = none\n", out);
	while (k->n < rules)
		add_rule(k, out, make);
	assert_int_equal(fclose(out), 0);
	return k;
}

static void known_free(struct known *k)
{
	for (unsigned int i = 0; i < k->n; i++) {
		for (unsigned int p = 0; p < k->rules[i].n; p++)
			oracle_free(k->rules[i].paths[p]);
	}
	fsdax_policy_unref(k->policy);
	free(k->rules);
	free(k->patterns);
	free(k->text);
	free(k);
}

static void load(struct known *k)
{
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_parse("random", k->text, k->size, &k->policy, &report);

	for (size_t i = 0; err && i < fsdax_report_count(report); i++) {
		char *text;

		if (!fsdax_remark_format(fsdax_report_get(report, i), &text)) {
			print_error("%s", text);
			free(text);
		}
	}
	fsdax_report_free(report);
	assert_int_equal(err, 0);
}

/* ---- What the oracle says ---------------------------------------------------- */

/* Whether a rule holds; matched[i] tells of its i-th path. */
static bool rule_holds(struct known *k, const struct known_rule *rule, const struct units *path,
		       uint64_t size, bool matched[MOST_PATHS])
{
	bool asked = false, included = false, excluded = false;

	for (unsigned int i = 0; i < rule->n; i++) {
		matched[i] = oracle_matches(rule->paths[i], path);
		k->pairs++;
		k->matches += matched[i];
		if (rule->exclude[i])
			excluded |= matched[i];
		else
			included |= matched[i];
		asked |= !rule->exclude[i];
	}
	return !excluded && (included || !asked) && size >= rule->least_size;
}

/* The last rule that holds; -1 if none does. */
static long winner(struct known *k, const struct units *path, uint64_t size)
{
	bool matched[MOST_PATHS];
	long found = -1;

	/* All of them, so that each pair counts. */
	for (unsigned int i = 0; i < k->n; i++) {
		if (rule_holds(k, &k->rules[i], path, size, matched))
			found = i;
	}
	return found;
}

/* ---- What the library says --------------------------------------------------- */

static struct fsdax_facts facts_of(uint64_t size)
{
	return (struct fsdax_facts){
		.mask = FSDAX_FACT_STAT,
		.mode = S_IFREG | 0644,
		.size = size,
	};
}

static void show(const struct known *k, const char *path, size_t len)
{
	print_error("seed %llu, path '", (unsigned long long)random_seed());
	for (size_t i = 0; i < len; i++)
		print_error((unsigned char)path[i] < 0x20 || path[i] & 0x80 ? "\\x%02x" : "%c",
			    (unsigned char)path[i]);
	print_error("', policy:\n%.*s\n", (int)(k->size < 20000 ? k->size : 20000), k->text);
}

static void assert_winner(const struct known *k, const char *path, size_t len, const char *way,
			  const struct fsdax_decision *decision, long wanted)
{
	long got = decision->rule == FSDAX_NO_RULE ? -1 : (long)decision->rule;

	if (got != wanted) {
		show(k, path, len);
		print_error("by %s rule %ld won rather than %ld\n", way, got, wanted);
	}
	assert_int_equal(got, wanted);
	assert_int_equal(decision->dax, wanted >= 0 && k->rules[wanted].dax);
	assert_int_equal(decision->reason, wanted < 0 ? FSDAX_REASON_DEFAULT : FSDAX_REASON_RULE);
}

/* The cursor of the folder of a path; *name: what comes behind it. */
static struct fsdax_cursor *enter(struct known *k, const char *path, size_t len, const char **name)
{
	const char *end = path + len;
	const char *slash;
	struct fsdax_cursor *cursor;

	assert_int_equal(fsdax_cursor_root(k->policy, FSDAX_TAG_NONE, &cursor), 0);
	while ((slash = memchr(path, '/', (size_t)(end - path)))) {
		struct fsdax_cursor *child;

		assert_int_equal(fsdax_cursor_enter(cursor, path, (size_t)(slash - path),
						    FSDAX_TAG_NONE, &child),
				 0);
		fsdax_cursor_unref(cursor);
		cursor = child;
		path = slash + 1;
	}
	*name = path;
	return cursor;
}

/* Compares each step of explain with the oracle. */
struct steps {
	struct known *k;
	const struct units *path;
	uint64_t size;
	unsigned int paths; /* of this rule so far */
	const char *shown;
	size_t len;
};

static int check_step(void *data, const struct fsdax_step *step)
{
	struct steps *s = data;
	const struct known_rule *rule = &s->k->rules[step->rule];
	bool matched[MOST_PATHS];
	bool wanted = rule_holds(s->k, rule, s->path, s->size, matched);

	if (step->key && !strcmp(step->key, "path")) {
		assert_int_equal(step->exclude, rule->exclude[s->paths]);
		wanted = matched[s->paths++];
	} else if (step->key) {
		wanted = s->size >= rule->least_size;
	} else {
		s->paths = 0;
	}
	if ((step->outcome == FSDAX_OUTCOME_MATCHED) != wanted) {
		show(s->k, s->shown, s->len);
		print_error("rule %u: %s %s\n", step->rule, step->key ? step->key : "as a whole",
			    step->key ? step->wanted : "");
	}
	assert_int_equal(step->outcome, wanted ? FSDAX_OUTCOME_MATCHED : FSDAX_OUTCOME_FAILED);
	return 0;
}

static void check_path(struct known *k, const char *path, size_t len, bool explain)
{
	struct units units;
	const uint64_t size = random_below(4);
	const struct fsdax_facts facts = facts_of(size);
	struct fsdax_decision decision;
	struct fsdax_cursor *cursor;
	const char *name;
	long wanted;

	oracle_units(&units, path, len);
	wanted = winner(k, &units, size);
	assert_int_equal(
		fsdax_decide_path(k->policy, path, len, FSDAX_TAG_NONE, &facts, 0, &decision, NULL),
		0);
	assert_winner(k, path, len, "path", &decision, wanted);
	cursor = enter(k, path, len, &name);
	assert_int_equal(fsdax_decide(cursor, name, (size_t)(path + len - name), &facts,
				      FSDAX_DECIDE_EXACT, &decision, NULL),
			 0);
	assert_winner(k, path, len, "cursors", &decision, wanted);
	if (explain) {
		struct steps steps = {k, &units, size, 0, path, len};

		assert_int_equal(fsdax_explain(cursor, "", name, (size_t)(path + len - name),
					       &facts, check_step, &steps, &decision),
				 0);
		assert_winner(k, path, len, "explain", &decision, wanted);
	}
	fsdax_cursor_unref(cursor);
}

/* In memory of its own length, so that a sanitizer sees a byte too much. */
static void check_random_path(struct known *k, bool explain)
{
	const struct pattern *pattern = k->n_patterns && !random_once_in(8)
						? &k->patterns[random_below(k->n_patterns)]
						: NULL;
	char buffer[LONGEST_PATH];
	size_t len = path_make(buffer, sizeof(buffer), pattern);
	char *path = malloc(len);

	assert_non_null(path);
	memcpy(path, buffer, len);
	check_path(k, path, len, explain);
	free(path);
}

/* ---- Properties -------------------------------------------------------------- */

static void check_policies(unsigned int policies, unsigned int most_rules, unsigned int paths,
			   bool explain, make_fn *make, unsigned long least_pairs)
{
	unsigned long pairs = 0, matches = 0;

	for (unsigned int i = 0; i < policies * random_rounds(); i++) {
		struct known *k =
			known_new(most_rules / 2 + random_below(most_rules / 2 + 1), make);

		load(k);
		for (unsigned int p = 0; p < paths; p++)
			check_random_path(k, explain);
		pairs += k->pairs;
		matches += k->matches;
		known_free(k);
	}
	print_message("%lu pairs of pattern and path, %lu of them match\n", pairs, matches);
	/* A test that tries little, or in which all comes out alike, would say little. */
	assert_true(pairs >= least_pairs);
	assert_true(matches > pairs / 100);
	assert_true(matches < pairs / 2);
}

static void the_oracles_winner_wins_among_few_rules(void **state)
{
	(void)state;
	check_policies(1200, 6, 20, true, any_pattern, 100000);
}

static void the_oracles_winner_wins_among_many_rules(void **state)
{
	(void)state;
	check_policies(40, 60, 60, true, any_pattern, 100000);
}

static void the_oracles_winner_wins_among_hundreds_of_names(void **state)
{
	(void)state;
	check_policies(4, 1200, 150, false, pattern_make_name, 100000);
}

/* Names and paths, at any depth, so that folders have many edges too. */
static void mixed(struct pattern *pattern)
{
	if (random_once_in(3))
		pattern_make_name(pattern);
	else
		pattern_make(pattern, 3);
}

static void the_oracles_winner_wins_among_hundreds_of_paths(void **state)
{
	(void)state;
	check_policies(4, 1000, 150, false, mixed, 100000);
}

static void what_the_language_does_not_allow_is_refused(void **state)
{
	unsigned int refused = 0, taken = 0;

	(void)state;
	for (unsigned int i = 0; i < 30000 * random_rounds(); i++) {
		static struct pattern pattern;
		char text[LONGEST_TEXT + 64];
		struct fsdax_policy *policy = NULL;
		int len, err;

		pattern_make(&pattern, 3);
		len = snprintf(text, sizeof(text), "[rule it]\ndax = yes\npath = %s\n",
			       pattern.text);
		err = fsdax_policy_parse("random", text, (size_t)len, &policy, NULL);
		fsdax_policy_unref(policy);
		if (err != (pattern.valid ? 0 : -EBADMSG))
			print_error("seed %llu: %s\n", (unsigned long long)random_seed(), text);
		assert_int_equal(err, pattern.valid ? 0 : -EBADMSG);
		*(err ? &refused : &taken) += 1;
	}
	print_message("%u refused, %u taken\n", refused, taken);
	assert_true(refused > 1000 && taken > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oracles_winner_wins_among_few_rules),
		cmocka_unit_test(the_oracles_winner_wins_among_many_rules),
		cmocka_unit_test(the_oracles_winner_wins_among_hundreds_of_names),
		cmocka_unit_test(the_oracles_winner_wins_among_hundreds_of_paths),
		cmocka_unit_test(what_the_language_does_not_allow_is_refused),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
