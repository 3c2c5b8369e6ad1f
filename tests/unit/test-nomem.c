/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-nomem.c - every allocation made to fail in turn: each call must say -ENOMEM, or come
 * to the same result without what it could not have, and must not lose or spoil anything.
 * The leak sanitizer looks for what is lost.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ini.h>
#include <pthread.h>
#include <unistd.h>

#include "helper.h"

/* ---- Allocations that fail --------------------------------------------------- */

static long countdown; /* the allocation that fails, counted from 1; 0: none */
static bool for_good;  /* all that come after it fail too */
static bool failed;    /* one has */

static bool fails(void)
{
	if (failed && for_good)
		return true;
	if (countdown == 0 || --countdown > 0)
		return false;
	failed = true;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t n, size_t size);
char *__real_strdup(const char *text);
int __real_vasprintf(char **text, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
FILE *__real_open_memstream(char **text, size_t *size);
DIR *__real_opendir(const char *path);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __real_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t n, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_vasprintf(char **text, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
FILE *__wrap_open_memstream(char **text, size_t *size);
DIR *__wrap_opendir(const char *path);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);

void *__wrap_malloc(size_t size)
{
	errno = ENOMEM;
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	errno = ENOMEM;
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	errno = ENOMEM;
	return fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t n, size_t size)
{
	errno = ENOMEM;
	return fails() ? NULL : __real_reallocarray(memory, n, size);
}

char *__wrap_strdup(const char *text)
{
	errno = ENOMEM;
	return fails() ? NULL : __real_strdup(text);
}

int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	/* What it leaves in *text is not to be looked at. */
	*text = (char *)1;
	return fails() ? -1 : __real_vasprintf(text, format, args);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = __wrap_vasprintf(text, format, args);
	va_end(args);
	return len;
}

/* What the two above are called where the C library is fortified. */
int __wrap___vasprintf_chk(char **text, int flag, const char *format, va_list args)
{
	(void)flag;
	return __wrap_vasprintf(text, format, args);
}

int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
	va_list args;
	int len;

	(void)flag;
	va_start(args, format);
	len = __wrap_vasprintf(text, format, args);
	va_end(args);
	return len;
}

/* It may fail at once, or when there is no more room for what is written. */
FILE *__wrap_open_memstream(char **text, size_t *size)
{
	errno = ENOMEM;
	if (fails())
		return NULL;
	if (!fails())
		return __real_open_memstream(text, size);
	*text = NULL;
	*size = 0;
	return fopen("/dev/full", "we");
}

DIR *__wrap_opendir(const char *path)
{
	if (!fails())
		return __real_opendir(path);
	errno = ENOMEM;
	return NULL;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
	return fails() ? ENOMEM : __real_pthread_mutex_init(mutex, attr);
}

/* inih allocates a line. */
int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user)
{
	return fails() ? -2 : __real_ini_parse_stream(reader, stream, handler, user);
}

/* ---- Each in turn ------------------------------------------------------------ */

/*
 * Calls something of the library. Returns 0 or an errno as it did, and a number in *result
 * that says what it came to, on success.
 */
typedef int attempt_fn(void *data, uint64_t *result);

static void fail_each(attempt_fn *fn, void *data, long at_least)
{
	uint64_t wanted = 0;
	int wanted_err = fn(data, &wanted);

	for (int mode = 0; mode < 2; mode++) {
		long n = 0;

		do {
			uint64_t result = 0;
			int err;

			for_good = mode;
			failed = false;
			countdown = ++n;
			err = fn(data, &result);
			countdown = 0;
			for_good = false;
			if (err == -ENOMEM && failed)
				continue;
			assert_int_equal(err, wanted_err);
			assert_true(result == wanted);
		} while (failed);
		assert_true(n > at_least);
	}
	failed = false;
}

/* ---- Policies ---------------------------------------------------------------- */

static const char all_features[] =
	"[policy]\ndefault = yes\n[tag]\nxattr = user.t\ninode-flag = yes\n"
	"[window]\npage-size = 16K\nchunk-size = 4M\n"
	"[rule plain]\npath = *.so\npath = /usr/{lib,lib64}/**/x[a-c]?*\npath = !\\xff*\ndax = no\n"
	"[rule sizes]\nsize = >= descriptors\nsize = 1..5\ndax = yes\n"
	"[rule owners]\nowner = root\ngroup = tty\nmode = !0222\nage = > 1d\ndax = no\n"
	"[rule xattrs]\nxattr = user.a=b\nxattr = user.c\npath = \"quoted\"\ndax = yes\n"
	"[rule covered]\npath = x\ndax = no\n[rule cover]\npath = x\ndax = no\n";

/* All features, and enough rules to let every array grow. */
static char *large_policy(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs(all_features, out);
	for (int i = 0; i < 40; i++) {
		fprintf(out, "[rule r%d]\npath = **/a*/b%d/**/*.x%d\npath = /d%d/**\n", i, i, i, i);
		fprintf(out, "path = *q%d*\nxattr = user.x%d=%d\ndax = %s\n", i, i, i,
			i % 2 ? "yes" : "no");
	}
	fclose(out);
	return text;
}

/* Something that depends on all of a policy and of its report. */
static uint64_t digest(struct fsdax_policy *policy, const struct fsdax_report *report)
{
	static const char *const paths[] = {"x.so",   "usr/lib/q/xb5", "d7/y", "z/ab/b3/c/f.x3",
					    "quoted", "aq9a",	       "a"};
	uint64_t sum = fsdax_policy_rules(policy) * 31 + fsdax_report_count(report);

	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct fsdax_facts facts = untagged(100000);
		struct fsdax_decision decision;
		int want;
		int err = fsdax_decide_path(policy, paths[i], strlen(paths[i]), FSDAX_TAG_NONE,
					    &facts, 0, &decision, &want);

		sum = sum * 31 + (err ? (uint64_t)want + 7 : decision.rule + decision.dax);
	}
	return sum;
}

static int finish(int err, struct fsdax_policy *policy, struct fsdax_report *report,
		  uint64_t *result)
{
	struct fsdax_policy *const untouched = (struct fsdax_policy *)1;

	/* For the digest, memory is not scarce any more. */
	countdown = 0;
	for_good = false;
	if (err == 0)
		*result = digest(policy, report);
	else if (err != -ENOMEM)
		*result = fsdax_report_count(report);
	if (err)
		assert_true(policy == untouched);
	else
		fsdax_policy_unref(policy);
	fsdax_report_free(report);
	return err;
}

static int parse(void *data, uint64_t *result)
{
	struct fsdax_policy *policy = (struct fsdax_policy *)1;
	struct fsdax_report *report = (struct fsdax_report *)1;
	int err = fsdax_policy_parse("test.ini", data, strlen(data), &policy, &report);

	return finish(err, policy, report, result);
}

static void parsing_a_policy(void **state)
{
	char *text = large_policy();

	(void)state;
	fail_each(parse, text, 200);
	free(text);
}

static void parsing_a_policy_with_mistakes(void **state)
{
	static char text[] = "[rule a]\nsize = 5\npath = {\nsiez = 1\nowner = nobody-of-this-name\n"
			     "[rule a]\n[x\nfoo\n\xff\n[tag]\nxattr = y\nxattr = z\n[rule b]\n"
			     "dax = yes\ndax = no\npath = [\n";

	(void)state;
	fail_each(parse, text, 25);
}

static int parse_without_report(void *data, uint64_t *result)
{
	struct fsdax_policy *policy = (struct fsdax_policy *)1;
	int err = fsdax_policy_parse("test.ini", data, strlen(data), &policy, NULL);

	if (!err)
		fsdax_policy_unref(policy);
	*result = 0;
	return err;
}

static void parsing_without_a_report(void **state)
{
	char text[sizeof(all_features)];

	(void)state;
	memcpy(text, all_features, sizeof(text));
	fail_each(parse_without_report, text, 40);
}

/* ---- Folders ----------------------------------------------------------------- */

static int load(void *data, uint64_t *result)
{
	struct fsdax_policy *policy = (struct fsdax_policy *)1;
	struct fsdax_report *report = (struct fsdax_report *)1;
	int err = fsdax_policy_load(NULL, data, &policy, &report);

	return finish(err, policy, report, result);
}

static void loading_folders(void **state)
{
	static const char *const folders[] = {
		"usr", "usr/lib",   "usr/lib/fsdax",	 "usr/lib/fsdax/policy.d",
		"etc", "etc/fsdax", "etc/fsdax/policy.d"};
	char *root = scratch_new();
	char *large = calloc(1, 100000);

	(void)state;
	for (size_t i = 0; i < COUNT(folders); i++)
		assert_int_equal(mkdir(path_in(root, folders[i]), 0755), 0);
	memset(large, '\n', 100000);
	write_file(path_in(root, folders[3]), "1.ini", all_features, strlen(all_features));
	write_file(path_in(root, folders[3]), "2.ini", "[x]", 3);
	write_file(path_in(root, folders[6]), "2.ini", large, 100000);
	write_file(path_in(root, folders[6]), "misnamed", "", 0);
	write_file(path_in(root, folders[5]), "misplaced.ini", "", 0);
	free(large);
	fail_each(load, root, 60);
	write_file(path_in(root, folders[6]), "3.ini", "[x]", 3);
	fail_each(load, root, 60);
	scratch_remove(root);
}

static int load_path(void *data, uint64_t *result)
{
	struct fsdax_policy *policy = (struct fsdax_policy *)1;
	struct fsdax_report *report = (struct fsdax_report *)1;
	int err = fsdax_policy_load(data, NULL, &policy, &report);

	return finish(err, policy, report, result);
}

static int load_in_two_steps(void *data, uint64_t *result)
{
	struct fsdax_policy *policy = (struct fsdax_policy *)1;
	struct fsdax_report *report = (struct fsdax_report *)1;
	void *bundle;
	size_t size;
	int err = fsdax_policy_pack(data, NULL, &bundle, &size);

	if (err)
		return err;
	err = fsdax_policy_unpack(bundle, size, &policy, &report);
	free(bundle);
	return finish(err, policy, report, result);
}

static void loading_what_is_not_there(void **state)
{
	static char missing[] = "/nonexistent/policy.d";

	(void)state;
	fail_each(load_path, missing, 3);
	fail_each(load_in_two_steps, missing, 3);
}

/* ---- What is asked of a policy ----------------------------------------------- */

static int format(void *data, uint64_t *result)
{
	char *text = (char *)1;
	int err = fsdax_remark_format(data, &text);

	if (err) {
		assert_true(text == (char *)1);
		return err;
	}
	*result = strlen(text);
	free(text);
	return 0;
}

static void formatting_a_remark(void **state)
{
	struct fsdax_report *report = refusal_of("[rule a]\ndax = yes\nsiez = 1\n");
	struct fsdax_remark remark = *fsdax_report_get(report, 0);

	(void)state;
	fail_each(format, &remark, 2);
	fsdax_report_free(report);
}

/* A policy under which some hundred nodes are live in the folder aaa...a. */
static struct fsdax_policy *wide_policy(char folder[201])
{
	char text[40000] = "";
	size_t len = 0;

	for (int i = 1; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"[rule r%d]\npath = %.*s*/f\ndax = yes\n", i, i, folder);
	return policy_of(text);
}

static int enter(void *data, uint64_t *result)
{
	struct fsdax_cursor *root = (struct fsdax_cursor *)1;
	struct fsdax_cursor *child = root;
	char folder[201];
	int err = fsdax_cursor_root(data, FSDAX_TAG_NONE, &root);

	if (err) {
		assert_true(root == (struct fsdax_cursor *)1);
		return err;
	}
	memset(folder, 'a', sizeof(folder));
	err = fsdax_cursor_enter(root, folder, 200, FSDAX_TAG_YES, &child);
	*result = !err && fsdax_cursor_tag(child) == FSDAX_TAG_YES;
	fsdax_cursor_unref(root);
	if (err)
		assert_true(child == (struct fsdax_cursor *)1);
	else
		fsdax_cursor_unref(child);
	return err;
}

static int decide_wide(void *data, uint64_t *result)
{
	const struct fsdax_facts facts = untagged(1);
	struct fsdax_decision decision;
	char path[203];
	int err;

	memset(path, 'a', 200);
	memcpy(path + 200, "/f", 2);
	err = fsdax_decide_path(data, path, 202, FSDAX_TAG_NONE, &facts, 0, &decision, NULL);
	*result = err ? 0 : decision.rule;
	return err;
}

static void entering_folders(void **state)
{
	char folder[201];
	struct fsdax_policy *policy;

	(void)state;
	memset(folder, 'a', 200);
	folder[200] = '\0';
	policy = wide_policy(folder);
	fail_each(enter, policy, 3);
	fail_each(decide_wide, policy, 1);
	fsdax_policy_unref(policy);
}

static int count_steps(void *data, const struct fsdax_step *step)
{
	uint64_t *steps = data;

	*steps = *steps * 31 + step->line + step->outcome;
	return 0;
}

static int explain(void *data, uint64_t *result)
{
	const struct fsdax_facts facts = untagged(1);
	struct fsdax_decision decision = {.rule = 77};
	int err = fsdax_explain(data, "f", "f", 1, &facts, count_steps, result, &decision);

	if (err)
		assert_int_equal(decision.rule, 77);
	return err;
}

static void explaining(void **state)
{
	struct fsdax_policy *policy = policy_of(all_features);
	struct fsdax_cursor *root = cursor_of(policy, "");

	(void)state;
	fail_each(explain, root, 1);
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
}

static int decide_file(void *data, uint64_t *result)
{
	struct fsdax_decision decision = {.rule = 77};
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fsdax_facts facts = regular(1);
	int err = fsdax_decide_at(data, fd, "proc/self/status", &facts, 0, &decision);

	close(fd);
	assert_null(facts.xattrs);
	*result = err ? 0 : decision.rule;
	if (err)
		assert_int_equal(decision.rule, 77);
	return err;
}

static void gathering_many_xattrs(void **state)
{
	char *text = large_policy();
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_cursor *root = cursor_of(policy, "");

	(void)state;
	fail_each(decide_file, root, 2);
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
	free(text);
}

static int new_slot(void *data, uint64_t *result)
{
	struct fsdax_slot *slot = (struct fsdax_slot *)1;
	int err = fsdax_slot_new(data, &slot);

	*result = 0;
	if (err)
		assert_true(slot == (struct fsdax_slot *)1);
	else
		fsdax_slot_free(slot);
	return err;
}

static void making_a_slot(void **state)
{
	struct fsdax_policy *policy = policy_of("");

	(void)state;
	fail_each(new_slot, policy, 2);
	fsdax_policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing_a_policy),
		cmocka_unit_test(parsing_a_policy_with_mistakes),
		cmocka_unit_test(parsing_without_a_report),
		cmocka_unit_test(loading_folders),
		cmocka_unit_test(loading_what_is_not_there),
		cmocka_unit_test(formatting_a_remark),
		cmocka_unit_test(entering_folders),
		cmocka_unit_test(explaining),
		cmocka_unit_test(gathering_many_xattrs),
		cmocka_unit_test(making_a_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
