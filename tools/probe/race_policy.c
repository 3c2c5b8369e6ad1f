/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * race_policy.c - a race about the policy: its files change in all ways while it is read again, by
 * SIGHUP and by the control socket, and while files are looked up and opened. Each decision is by
 * one whole policy; one with mistakes leaves the one before in force; and what is written last is
 * in force in the end.
 *
 * Whoever writes has a file of the policy, and a file in the share that only this one speaks of:
 *
 *	base	several policies of different shape, all of which say yes to "always", and no to
 *		"never": so nothing else may ever be told
 *	torn	written in pieces, removed, emptied, with mistakes
 *	hup	read by SIGHUP
 *	asked	read by the control socket: its answer says whether this very text is in force
 *
 * The rules of the last two are called by the number of their text, "hup-17", and odd ones say yes.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "race.h"

enum { FILE_SIZE = 4096, TEXT_MAX = 4096 };

#define BASE "50-probe-base.ini"
#define TORN "60-probe-torn.ini"
#define HUP "70-probe-hup.ini"
#define ASKED "80-probe-asked.ini"

static const char *const policy_files[] = {BASE, TORN, HUP, ASKED, NULL};
static const char *const share_files[] = {"always", "never", "torn", "hup", "asked", NULL};

/* What a race keeps for its racers; each number is of one racer only. */
struct texts {
	const char *top;       /* the scratch folder's name */
	unsigned hup, asked;   /* the last text */
	unsigned asked_before; /* the oldest one that can be in force */
	int64_t generation, reloads, reloads_failed;
	uint64_t always, never; /* nodeids: looked up for all of the race */
};

static struct texts *texts_of(const struct race *race)
{
	return race->own;
}

/* ---- Texts ---- */

static int put(const struct race *race, const char *file, const char *rule, unsigned number)
{
	char text[TEXT_MAX];

	snprintf(text, sizeof(text), "[rule %s-%u]\npath = /%s/%s\ndax = %s\n", rule, number,
		 texts_of(race)->top, rule, number % 2 ? "yes" : "no");
	return race_policy_put(race, file, text);
}

/* By the number and the order of rules, and by what decides: the folder, the name, the size. */
static int put_base(const struct race *race, unsigned shape)
{
	const char *top = texts_of(race)->top;
	char text[TEXT_MAX];

	switch (shape) {
	case 0:
		snprintf(text, sizeof(text),
			 "[rule base-0-no]\npath = /%s/**\ndax = no\n"
			 "[rule base-0-yes]\npath = /%s/always\ndax = yes\n",
			 top, top);
		break;
	case 1:
		snprintf(text, sizeof(text),
			 "[rule base-1-yes]\npath = always\ndax = yes\n"
			 "[rule base-1-none]\npath = /%s/*/x\ndax = no\n"
			 "[rule base-1-other]\npath = /%s/a?w*z\ndax = no\n"
			 "[rule base-1-no]\npath = n*r\ndax = no\n",
			 top, top);
		break;
	case 2:
		snprintf(text, sizeof(text),
			 "[policy]\ndefault = yes\n"
			 "[rule base-2-yes]\nsize = 1..1M\npath = /%s/**\ndax = yes\n"
			 "[rule base-2-no]\npath = /%s/never\nsize = < 1M\ndax = no\n",
			 top, top);
		break;
	default:
		snprintf(text, sizeof(text),
			 "[rule base-3-no]\npath = /%s/**\ndax = no\n"
			 "[rule base-3-yes]\npath = /%s/**\npath = !/%s/never\ndax = yes\n",
			 top, top, top);
	}
	return race_policy_put(race, BASE, text);
}

/* In place: whoever reads meanwhile sees none, a half, or all of it. */
static int tear(struct racer *racer, const char *text)
{
	const size_t half = race_random(racer, (unsigned)strlen(text));
	char path[4096];
	int fd, err = 0;

	race_policy_path(racer->race, TORN, path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, half) < 0)
		err = -errno;
	usleep(race_random(racer, 500));
	if (!err && write(fd, text + half, strlen(text) - half) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int put_wrong(const struct race *race)
{
	return race_policy_put(race, TORN, "[rule torn]\nsize = large\ndax = perhaps\n");
}

/* ---- Those who write ---- */

static void expect_written(struct racer *racer, int err)
{
	if (err)
		race_fail(racer, "the policy can't be written: %s", strerror(-err));
	usleep(race_random(racer, 1000));
}

static void write_base(struct racer *racer)
{
	expect_written(racer, put_base(racer->race, race_random(racer, 4)));
}

static void write_torn(struct racer *racer)
{
	char text[TEXT_MAX];
	int err;

	snprintf(text, sizeof(text), "[rule torn]\npath = /%s/torn\nsize = >= 1K\ndax = %s\n",
		 texts_of(racer->race)->top, race_random(racer, 2) ? "yes" : "no");
	switch (race_random(racer, 5)) {
	case 0: err = put_wrong(racer->race); break;
	case 1: err = race_policy_drop(racer->race, TORN); break;
	case 2: err = race_policy_put(racer->race, TORN, text); break;
	default: err = tear(racer, text);
	}
	expect_written(racer, err);
}

/* Only a back-end that we have started is sent a signal. */
static void hang_up(const struct race *race)
{
	const pid_t pid = race->t->backend->pid;

	if (pid > 0)
		kill(pid, SIGHUP);
}

static void write_and_hang_up(struct racer *racer)
{
	struct texts *texts = texts_of(racer->race);
	int err = put(racer->race, HUP, "hup", ++texts->hup);

	hang_up(racer->race);
	expect_written(racer, err);
}

/* ---- What is in force ---- */

static bool is_true(struct json_object *object, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(object, name, &value) && json_object_get_boolean(value);
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) || !value)
		return "";
	return json_object_get_string(value);
}

/* How a file that the guest knows is decided on: by which rule, and yes or no. false: no answer. */
static bool ask_decision(const struct race *race, const char *name, char rule[64], bool *dax)
{
	struct json_object *answer, *files, *file = NULL;
	char path[4096], line[128];
	struct stat st;

	race_path(race, name, path);
	if (stat(path, &st))
		return false;
	snprintf(line, sizeof(line), "pickup %ju:%ju\n", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	answer = race_ask(race, line);
	if (json_object_object_get_ex(answer, "files", &files))
		file = json_object_array_get_idx(files, 0);
	if (file) {
		snprintf(rule, 64, "%s", text_of(file, "rule"));
		*dax = is_true(file, "dax");
	}
	json_object_put(answer);
	return file;
}

/*
 * By the text with that number, or one since `oldest`, and as it says. A rule that is not told is
 * one of a policy that was just replaced. Sets *number, if it is known.
 */
static bool is_by(const char *rule, const char *word, bool dax, unsigned oldest, unsigned newest,
		  unsigned *number)
{
	const size_t len = strlen(word);

	if (!*rule)
		return true;
	if (strncmp(rule, word, len) != 0 || rule[len] != '-')
		return false;
	*number = (unsigned)strtoul(rule + len + 1, NULL, 10);
	return *number >= oldest && *number <= newest && dax == (*number % 2);
}

/* ---- Those who have it read ---- */

/* An answer to reload says what came of it. */
static bool expect_reloaded(struct racer *racer, struct json_object *answer)
{
	struct json_object *list;
	const bool ok = is_true(answer, "ok");
	const bool listed = json_object_object_get_ex(answer, "remarks", &list);

	if (!answer || !listed)
		race_fail(racer, "there is no answer to reload");
	else if (!ok && (!*text_of(answer, "error") || !json_object_array_length(list)))
		race_fail(racer, "a policy was refused, and it is not said why");
	return ok;
}

static bool reload(struct racer *racer)
{
	struct json_object *answer = race_ask(racer->race, "reload\n");
	const bool ok = expect_reloaded(racer, answer);

	json_object_put(answer);
	return ok;
}

/* Nobody opens the file: so what is told now is what is in force. */
static void expect_asked(struct racer *racer, bool replaced)
{
	struct texts *texts = texts_of(racer->race);
	const unsigned oldest = replaced ? texts->asked : texts->asked_before;
	struct fuse_entry_out entry;
	unsigned number = oldest;
	char rule[64] = "";
	bool dax = false;

	if (race_lookup(racer, racer->race->t->node, "asked", &entry))
		return;
	if (replaced && !(entry.attr.flags & FUSE_ATTR_DAX) != !(texts->asked % 2))
		race_fail(racer, "asked-%u is in force, and was not followed", texts->asked);
	if (ask_decision(racer->race, "asked", rule, &dax) &&
	    !is_by(rule, "asked", dax, oldest, texts->asked, &number))
		race_fail(racer, "%s says %s where asked-%u to asked-%u can be in force", rule,
			  dax ? "yes" : "no", oldest, texts->asked);
	texts->asked_before = number;
	race_forget(racer, entry.nodeid, 1);
}

static void write_and_ask(struct racer *racer)
{
	struct texts *texts = texts_of(racer->race);
	int err = put(racer->race, ASKED, "asked", ++texts->asked);

	if (!err)
		expect_asked(racer, reload(racer));
	expect_written(racer, err);
}

/* ---- Those who look ---- */

static void told(struct racer *racer, const char *name, bool dax)
{
	if (strcmp(name, "always") == 0 && !dax)
		race_fail(racer, "no was told where all policies say yes");
	if (strcmp(name, "never") == 0 && dax)
		race_fail(racer, "yes was told where all policies say no");
}

static void look(struct racer *racer)
{
	const uint64_t node = racer->race->t->node;
	struct fuse_entry_out entry;

	if (race_random(racer, 4) == 0) {
		race_list(racer, node);
	} else if (!race_lookup(racer, node, share_files[race_random(racer, 5)], &entry)) {
		race_getattr(racer, entry.nodeid, CLIENT_NO_FH);
		race_forget(racer, entry.nodeid, 1);
	}
}

/* Not `asked`, whose state is to be seen at once. */
static void open_and_close(struct racer *racer)
{
	struct race_file *file = &racer->race->files[race_random(racer, 4)];
	struct race_opened o;
	int err = race_open(racer, racer->race->t->node, file, O_RDONLY, &o);

	if (!err) {
		race_getattr(racer, o.nodeid, o.fh);
		race_close(racer, &o);
	} else if (!racer->c.broken) {
		race_fail(racer, "OPEN: %s", strerror(-err));
	}
}

/* ---- Those who ask ---- */

/* The rule's name ends in what it says, whatever the policy. */
static void expect_whole(struct racer *racer, const char *name, bool dax)
{
	const char *end = dax ? "-yes" : "-no";
	char rule[64] = "";
	bool is = dax;

	if (!ask_decision(racer->race, name, rule, &is)) {
		race_fail(racer, "%s is known, and pickup says nothing of it", name);
		return;
	}
	if (is != dax || (*rule && (strncmp(rule, "base-", 5) != 0 || !strstr(rule, end))))
		race_fail(racer, "%s: %s by the rule %s", name, is ? "yes" : "no", rule);
}

static bool is_later(int64_t *last, int64_t now)
{
	const bool later = now >= *last;

	*last = now;
	return later;
}

static int64_t sum_votes(struct json_object *answer)
{
	int64_t sum = race_number(answer, NULL, "undecided");
	struct json_object *list;

	if (!json_object_object_get_ex(answer, "decisions", &list))
		return -1;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		sum += race_number(one, NULL, "yes") + race_number(one, NULL, "no");
	}
	return sum;
}

/* The numbers of one answer fit together, and only grow from one to the next. */
static void ask_status(struct racer *racer)
{
	struct texts *texts = texts_of(racer->race);
	struct json_object *answer = race_ask(racer->race, "status 0\n");
	const int64_t generation = race_number(answer, "policy", "generation");
	const int64_t reloads = race_number(answer, "policy", "reloads");
	const int64_t failed = race_number(answer, "policy", "reloads_failed");

	if (generation < 0 || failed < 0)
		race_fail(racer, "there is no answer to status");
	else if (!is_later(&texts->generation, generation) || !is_later(&texts->reloads, reloads) ||
		 !is_later(&texts->reloads_failed, failed))
		race_fail(racer, "a policy's numbers went back");
	else if (generation != reloads)
		race_fail(racer, "the generation is %lld after %lld reloads", (long long)generation,
			  (long long)reloads);
	else if (race_number(answer, NULL, "files") != sum_votes(answer))
		race_fail(racer, "%lld files, and %lld decisions about them",
			  (long long)race_number(answer, NULL, "files"),
			  (long long)sum_votes(answer));
	json_object_put(answer);
	expect_whole(racer, "always", true);
	expect_whole(racer, "never", false);
}

/* ---- When all is quiet ---- */

static bool is_late(const struct timespec *since, int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - since->tv_sec > seconds;
}

/* LOOKUP, so that the daemon knows the file; and by which text it is decided on. */
static bool is_in_force(struct race *race, const char *word, unsigned number)
{
	struct test *t = race->t;
	struct fuse_entry_out entry;
	unsigned found = 0;
	char rule[64] = "";
	bool dax = false, is;

	if (test_lookup(t, word, &entry) || !entry.nodeid)
		return false;
	is = ask_decision(race, word, rule, &dax) && *rule &&
	     is_by(rule, word, dax, number, number, &found) &&
	     !(entry.attr.flags & FUSE_ATTR_DAX) == !dax;
	client_forget(&t->c, entry.nodeid, 1);
	return is;
}

/* No signal is lost: that of the last text may well come while another's is being answered. */
static void expect_hangups(struct race *race)
{
	struct texts *texts = texts_of(race);
	struct test *t = race->t;

	for (unsigned i = 0; i < 60 && !t->failures && t->backend->pid; i++) {
		struct timespec since;

		for (unsigned n = 0; n < 1 + i % 3; n++) {
			usleep(n * i * 20);
			OK(t, put(race, HUP, "hup", ++texts->hup));
			hang_up(race);
		}
		clock_gettime(CLOCK_MONOTONIC, &since);
		while (!is_in_force(race, "hup", texts->hup) && !t->c.broken) {
			MUST(t, !is_late(&since, t->options->timeout),
			     "hup-%u was followed by SIGHUP, and is not in force", texts->hup);
			usleep(1000);
		}
	}
}

static void expect_refused(struct race *race)
{
	struct texts *texts = texts_of(race);
	struct test *t = race->t;
	const int64_t generation = race_status(race, "policy", "generation");
	const int64_t failed = race_status(race, "policy", "reloads_failed");

	OK(t, put_wrong(race));
	OK(t, put(race, ASKED, "asked", texts->asked + 1));
	EXPECT(t, !race_policy_reload(race), "a policy with mistakes was taken");
	EXPECT(t, is_in_force(race, "asked", texts->asked),
	       "a policy with mistakes did not leave the one before in force");
	EXPECT(t, race_status(race, "policy", "generation") == generation,
	       "a policy with mistakes moved the generation");
	EXPECT(t, race_status(race, "policy", "reloads_failed") == failed + 1,
	       "a policy with mistakes is not counted");
	EXPECT(t, race_status(race, "policy", "refused") > 0,
	       "the status does not say that a policy was refused");
	OK(t, race_policy_drop(race, TORN));
	texts->asked++;
	EXPECT(t, race_policy_reload(race), "a policy without mistakes was refused");
	EXPECT(t, is_in_force(race, "asked", texts->asked), "the last text is not in force");
	EXPECT(t, race_status(race, "policy", "generation") == generation + 1,
	       "one reload did not move the generation by one");
	EXPECT(t, race_status(race, "policy", "refused") <= 0,
	       "the status says that the policy in force was refused");
}

/* ---- The race ---- */

static int make_files(struct race *race)
{
	int err = 0;

	for (unsigned i = 0; share_files[i] && !err; i++) {
		struct race_file *file = &race->files[i];

		file->claimed = -1;
		snprintf(file->name, sizeof(file->name), "%s", share_files[i]);
		err = scratch_file(race->t->path, file->name, FILE_SIZE, i);
	}
	return err;
}

static bool begin(struct race *race)
{
	struct texts *texts = texts_of(race);
	struct fuse_entry_out always = {0}, never = {0};
	struct test *t = race->t;
	int err = make_files(race);

	if (!err)
		err = put_base(race, 0);
	if (!err)
		err = put(race, HUP, "hup", 0);
	if (!err)
		err = put(race, ASKED, "asked", 0);
	if (!err && !race_policy_reload(race))
		err = -EBADMSG;
	if (!err)
		err = test_lookup(t, "always", &always);
	if (!err)
		err = test_lookup(t, "never", &never);
	if (err)
		test_fail(t, "files and their policy can't be made: %s", test_errno(t, err));
	texts->always = always.nodeid;
	texts->never = never.nodeid;
	return !err;
}

static void settle(struct race *race)
{
	struct texts *texts = texts_of(race);
	struct test *t = race->t;

	OK(t, race_policy_drop(race, TORN));
	EXPECT(t, race_policy_reload(race), "a policy without mistakes was refused");
	EXPECT(t, is_in_force(race, "hup", texts->hup), "hup-%u is not in force", texts->hup);
	EXPECT(t, is_in_force(race, "asked", texts->asked), "asked-%u is not in force",
	       texts->asked);
	if (!t->failures)
		expect_hangups(race);
	if (!t->failures)
		expect_refused(race);
	client_forget(&t->c, texts->always, 1);
	client_forget(&t->c, texts->never, 1);
	race_forget_all(race);
}

static void drop_policy(const struct race *race)
{
	for (unsigned i = 0; policy_files[i]; i++)
		race_policy_drop(race, policy_files[i]);
	race_policy_reload(race);
}

static void race_policy(struct test *t)
{
	static const struct race_role roles[] = {
		{1, write_and_ask},	    {2, look},
		{1, open_and_close},	    {RACE_ON_HOST, write_base},
		{RACE_ON_HOST, write_torn}, {RACE_ON_HOST, write_and_hang_up},
		{RACE_ON_HOST, ask_status}, {0},
	};
	struct texts texts = {.top = strrchr(t->path, '/') + 1};
	const struct race_plan plan = {roles, &texts, told, begin, settle, drop_policy};

	race_planned(t, &plan);
}

const struct check races_policy[] = {
	{"race-policy", "the policy's files change while it is read, and while it decides",
	 NEEDS_DAX | NEEDS_WRITE, race_policy},
	{NULL, NULL, 0, NULL},
};
