/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-lazy.c - that it does not matter when facts are learned: whoever learns only what is
 * asked for comes to the same verdict as who knows all from the start; and nothing is asked
 * for that could not have changed it.
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

#include "random.h"

enum { MOST_RULES = 5, MOST_XATTRS = 7, TAG_VALUES = 5 };

/* One rule: all that is not an xattr is known to hold or not. */
struct known_rule {
	bool others_hold;
	bool dax;
	unsigned int first, n; /* its xattrs: alternatives, and no other rule has them */
};

/* A policy, and a file in a folder. */
struct world {
	bool has_tag, has_flag, default_dax;
	struct known_rule rules[MOST_RULES];
	unsigned int n_rules, n_xattrs;
	enum fsdax_tag folder;

	unsigned int tag; /* in tag_values; 0: absent */
	bool flag;
	bool xattrs[MOST_XATTRS];
	char text[2048];
};

static const char *const tag_values[TAG_VALUES] = {"", "yes", "no", "yes policy", "garbage"};

/* ---- Making ------------------------------------------------------------------ */

/* Conditions that hold for the file 'f' of 50 bytes, or do not. */
static bool add_others(char *out, size_t size)
{
	static const struct {
		const char *text;
		bool holds;
	} others[] = {
		{"", true},
		{"path = f\n", true},
		{"path = g\n", false},
		{"path = !f\n", false},
		{"path = !g\n", true},
		{"size = > 10\n", true},
		{"size = > 99\n", false},
		{"path = *\nsize = < 99\n", true},
		{"path = **\npath = !f*\n", false},
	};
	unsigned int i = random_once_in(2) ? 0 : random_below(sizeof(others) / sizeof(others[0]));

	snprintf(out, size, "%s", others[i].text);
	return others[i].holds;
}

static void add_rule(struct world *w)
{
	struct known_rule *rule = &w->rules[w->n_rules];
	size_t len = strlen(w->text);
	unsigned int n = random_below(3);

	len += (size_t)snprintf(w->text + len, sizeof(w->text) - len, "[rule r%u]\n", w->n_rules++);
	rule->others_hold = add_others(w->text + len, sizeof(w->text) - len);
	rule->first = w->n_xattrs;
	for (rule->n = 0; rule->n < n && w->n_xattrs < MOST_XATTRS; rule->n++) {
		len = strlen(w->text);
		snprintf(w->text + len, sizeof(w->text) - len, "xattr = user.x%u%s\n",
			 w->n_xattrs++, random_once_in(2) ? "=v" : "");
	}
	rule->dax = random_once_in(2);
	len = strlen(w->text);
	snprintf(w->text + len, sizeof(w->text) - len, "dax = %s\n", rule->dax ? "yes" : "no");
}

static void world_make(struct world *w)
{
	unsigned int rules = random_below(MOST_RULES + 1);

	memset(w, 0, sizeof(*w));
	w->has_tag = random_once_in(2);
	w->has_flag = random_once_in(2);
	w->default_dax = random_once_in(2);
	w->folder = random_once_in(2) ? FSDAX_TAG_NONE : (enum fsdax_tag)random_below(3);
	w->tag = random_below(TAG_VALUES);
	w->flag = random_once_in(3);
	snprintf(w->text, sizeof(w->text),
		 "[policy]\ndefault = %s\n[tag]\nxattr = %s\ninode-flag = %s\n",
		 w->default_dax ? "yes" : "no", w->has_tag ? "user.tag" : "none",
		 w->has_flag ? "yes" : "no");
	for (unsigned int i = 0; i < rules; i++)
		add_rule(w);
	for (unsigned int i = 0; i < w->n_xattrs; i++)
		w->xattrs[i] = random_once_in(2);
}

/* ---- What is right, step by step as the manual has it ------------------------ */

struct answer {
	bool dax;
	enum fsdax_reason reason;
	long rule;
};

static bool rule_holds(const struct world *w, const struct known_rule *rule)
{
	bool found = rule->n == 0;

	for (unsigned int i = 0; i < rule->n; i++)
		found |= w->xattrs[rule->first + i];
	return found && rule->others_hold;
}

static struct answer answer_of(const struct world *w)
{
	struct answer answer = {w->default_dax, FSDAX_REASON_DEFAULT, -1};

	if (w->has_tag && (w->tag == 1 || w->tag == 2))
		return (struct answer){w->tag == 1, FSDAX_REASON_TAG, -1};
	if (w->has_flag && w->flag)
		return (struct answer){true, FSDAX_REASON_FLAG, -1};
	if (w->folder != FSDAX_TAG_NONE)
		return (struct answer){w->folder == FSDAX_TAG_YES, FSDAX_REASON_FOLDER_TAG, -1};
	for (unsigned int i = 0; i < w->n_rules; i++) {
		if (rule_holds(w, &w->rules[i]))
			answer = (struct answer){w->rules[i].dax, FSDAX_REASON_RULE, i};
	}
	return answer;
}

/* ---- Asking ------------------------------------------------------------------ */

/* What somebody knows of a world. */
struct knowledge {
	const struct world *w;
	struct fsdax_facts facts;
	struct fsdax_xattr xattrs[MOST_XATTRS + 1];
};

/* The number of xattr i of the world in the policy. */
static unsigned int number_of(const struct world *w, unsigned int i)
{
	return i + w->has_tag;
}

static void learn_xattr(struct knowledge *k, unsigned int number)
{
	struct fsdax_xattr *xattr = &k->xattrs[number];
	const char *value = "";

	assert_true(number < k->w->n_xattrs + k->w->has_tag);
	assert_int_equal(xattr->state, FSDAX_XATTR_UNKNOWN);
	if (k->w->has_tag && number == 0)
		value = tag_values[k->w->tag];
	else if (k->w->xattrs[number - k->w->has_tag])
		value = "v";
	*xattr = (struct fsdax_xattr){*value ? FSDAX_XATTR_PRESENT : FSDAX_XATTR_ABSENT, value,
				      strlen(value)};
}

static void learn(struct knowledge *k, int want)
{
	if (want == FSDAX_WANT_STAT) {
		assert_false(k->facts.mask & FSDAX_FACT_STAT);
		k->facts.mask |= FSDAX_FACT_STAT;
		k->facts.mode = S_IFREG | 0644;
		k->facts.size = 50;
	} else if (want == FSDAX_WANT_FLAG) {
		assert_false(k->facts.mask & FSDAX_FACT_FLAG);
		k->facts.mask |= FSDAX_FACT_FLAG;
		k->facts.inode_flag = k->w->flag;
	} else {
		assert_true(want >= 0);
		learn_xattr(k, (unsigned int)want);
	}
	k->facts.xattrs = k->xattrs;
	k->facts.n_xattrs = MOST_XATTRS + 1;
}

/* A place for what is not known: its address in a world that can be changed. */
static bool *unknown_place(const struct knowledge *k, struct world *w, int which)
{
	if (which == FSDAX_WANT_FLAG)
		return w->has_flag && !(k->facts.mask & FSDAX_FACT_FLAG) ? &w->flag : NULL;
	if (k->xattrs[number_of(w, (unsigned int)which)].state != FSDAX_XATTR_UNKNOWN)
		return NULL;
	return &w->xattrs[which];
}

/* Whether there is any world, as far as is known, in which this fact makes a difference. */
static bool can_matter(const struct knowledge *k, int want, bool exact)
{
	struct world w = *k->w;
	bool *places[MOST_XATTRS + 1];
	bool *asked = unknown_place(k, &w, want == FSDAX_WANT_FLAG ? want : want - w.has_tag);
	unsigned int n = 0;

	assert_non_null(asked);
	for (int i = 0; i < (int)w.n_xattrs; i++) {
		places[n] = unknown_place(k, &w, i);
		n += places[n] && places[n] != asked;
	}
	places[n] = unknown_place(k, &w, FSDAX_WANT_FLAG);
	n += places[n] && places[n] != asked;
	for (unsigned int i = 0; i < 1u << n; i++) {
		struct answer with, without;

		for (unsigned int p = 0; p < n; p++)
			*places[p] = i >> p & 1;
		*asked = true;
		with = answer_of(&w);
		*asked = false;
		without = answer_of(&w);
		if (with.dax != without.dax ||
		    (exact && (with.rule != without.rule || with.reason != without.reason)))
			return true;
	}
	return false;
}

/* Decide, and learn what is asked for. Returns how many xattrs and flags were asked for. */
static unsigned int decide_lazily(const struct world *w, struct fsdax_policy *policy,
				  unsigned int flags, struct fsdax_decision *decision)
{
	struct knowledge k = {.w = w};
	unsigned int asked = 0;
	int want, err;

	while ((err = fsdax_decide_path(policy, "f", 1, w->folder, &k.facts, flags, decision,
					&want)) == -EAGAIN) {
		bool is_tag = w->has_tag && want == 0;

		if (want != FSDAX_WANT_STAT) {
			asked++;
			if (!is_tag && !can_matter(&k, want, flags & FSDAX_DECIDE_EXACT))
				print_error("%d was asked for in vain (exact: %u)\n%s", want, flags,
					    w->text);
			assert_true(is_tag || can_matter(&k, want, flags & FSDAX_DECIDE_EXACT));
		}
		learn(&k, want);
	}
	assert_int_equal(err, 0);
	return asked;
}

static void decide_knowing_all(const struct world *w, struct fsdax_policy *policy,
			       unsigned int flags, struct fsdax_decision *decision)
{
	struct knowledge k = {.w = w};

	learn(&k, FSDAX_WANT_STAT);
	learn(&k, FSDAX_WANT_FLAG);
	for (unsigned int i = 0; i < w->n_xattrs + w->has_tag; i++)
		learn_xattr(&k, i);
	assert_int_equal(
		fsdax_decide_path(policy, "f", 1, w->folder, &k.facts, flags, decision, NULL), 0);
}

static struct fsdax_policy *policy_of(const struct world *w)
{
	struct fsdax_policy *policy = NULL;

	assert_int_equal(fsdax_policy_parse("random", w->text, strlen(w->text), &policy, NULL), 0);
	assert_int_equal(fsdax_policy_xattrs(policy), w->n_xattrs + w->has_tag);
	return policy;
}

static void assert_same(const struct world *w, const struct fsdax_decision *decision, bool exact)
{
	struct answer wanted = answer_of(w);
	long rule = decision->rule == FSDAX_NO_RULE ? -1 : (long)decision->rule;

	if (decision->dax != wanted.dax || (exact && rule != wanted.rule))
		print_error("seed %llu: tag '%s', folder %d\n%s", (unsigned long long)random_seed(),
			    tag_values[w->tag], w->folder, w->text);
	assert_int_equal(decision->dax, wanted.dax);
	if (!exact)
		return;
	assert_int_equal(rule, wanted.rule);
	assert_int_equal(decision->reason, wanted.reason);
	assert_int_equal(decision->flags, w->has_tag && w->tag == 4 ? FSDAX_DECISION_BAD_TAG : 0);
}

/* ---- Properties -------------------------------------------------------------- */

static void laziness_never_changes_the_verdict(void **state)
{
	unsigned int yes = 0, asked_little = 0, asked_much = 0;
	const unsigned int worlds = 20000 * random_rounds();

	(void)state;
	for (unsigned int i = 0; i < worlds; i++) {
		struct fsdax_decision decision;
		struct fsdax_policy *policy;
		struct world w;
		unsigned int lazy, exact;

		world_make(&w);
		policy = policy_of(&w);
		decide_knowing_all(&w, policy, 0, &decision);
		assert_same(&w, &decision, true);
		lazy = decide_lazily(&w, policy, 0, &decision);
		assert_same(&w, &decision, false);
		yes += decision.dax;
		exact = decide_lazily(&w, policy, FSDAX_DECIDE_EXACT, &decision);
		assert_same(&w, &decision, true);
		asked_little += lazy;
		asked_much += exact;
		fsdax_policy_unref(policy);
	}
	print_message("%u worlds, %u yes; asked %u times, exactly %u times\n", worlds, yes,
		      asked_little, asked_much);
	assert_true(yes > worlds / 4 && yes < worlds / 4 * 3);
	assert_true(asked_little < asked_much);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(laziness_never_changes_the_verdict),
	};

	random_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
