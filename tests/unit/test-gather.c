/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-gather.c - decisions about real files: what is learned, and what is not even asked.
 * All of it on each file system, and again as on an older kernel.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "helper.h"
#include "mounts.h"
#include "syscalls.h"

static const char *new_file(const struct mounted *m, size_t size)
{
	static char name[32], bytes[100000];
	static unsigned int number;

	snprintf(name, sizeof(name), "f%d.%u", (int)getpid(), number++);
	write_file(m->path, name, bytes, size);
	return name;
}

static void set_xattr(const struct mounted *m, const char *name, const char *xattr,
		      const void *value, size_t size)
{
	assert_int_equal(lsetxattr(path_in(m->path, name), xattr, value, size, 0), 0);
}

static int decide_at(const char *text, const struct mounted *m, const char *name,
		     struct fsdax_facts *facts, unsigned int flags, struct fsdax_decision *decision)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_cursor *root = cursor_of(policy, "");
	int err = fsdax_decide_at(root, m->fd, name, facts, flags, decision);

	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
	return err;
}

/* That this is the decision, with FSDAX_DECIDE_EXACT and without. */
static void assert_decides(const char *text, const struct mounted *m, const char *name, bool dax,
			   enum fsdax_reason reason)
{
	for (unsigned int flags = 0; flags <= FSDAX_DECIDE_EXACT; flags++) {
		struct fsdax_decision decision;

		assert_int_equal(decide_at(text, m, name, NULL, flags, &decision), 0);
		assert_int_equal(decision.dax, dax);
		assert_string_equal(fsdax_reason_name((enum fsdax_reason)decision.reason),
				    fsdax_reason_name(reason));
	}
}

/* ---- Facts ------------------------------------------------------------------- */

static void size_owner_and_mode_are_learned(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 40000);

	assert_int_equal(fchownat(m->fd, name, 5, 7, 0), 0);
	assert_int_equal(fchmodat(m->fd, name, 0751, 0), 0);
	assert_decides(ONE_RULE("size = = 40000\nowner = 5\ngroup = 7\nmode = 0010\nmode = !0004"),
		       m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("size = > 40000"), m, name, false, FSDAX_REASON_DEFAULT);
	assert_decides(ONE_RULE("owner = 7"), m, name, false, FSDAX_REASON_DEFAULT);
	assert_decides(ONE_RULE("group = 5"), m, name, false, FSDAX_REASON_DEFAULT);
}

static void age_is_learned_with_the_time_now(void **state)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);

	assert_decides(ONE_RULE("age = < 1h"), m, name, true, FSDAX_REASON_RULE);
	assert_int_equal(utimensat(m->fd, name, times, 0), 0);
	assert_decides(ONE_RULE("age = > 52w"), m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("age = < 1h"), m, name, false, FSDAX_REASON_DEFAULT);
}

static void the_shipped_rule_holds(void **state)
{
	static const char shipped[] = "[rule worth-a-chunk]\nsize = >= descriptors\ndax = yes\n";
	const struct mounted *m = mounts_on(state);

	assert_decides(shipped, m, new_file(m, 32768), true, FSDAX_REASON_RULE);
	assert_decides(shipped, m, new_file(m, 32767), false, FSDAX_REASON_DEFAULT);
	assert_decides(shipped, m, new_file(m, 0), false, FSDAX_REASON_DEFAULT);
}

static void what_was_learned_is_handed_out_but_for_xattrs(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 123);
	struct fsdax_facts facts = {0};
	struct fsdax_decision decision;

	assert_int_equal(decide_at("", m, name, &facts, 0, &decision), 0);
	assert_true(facts.mask & FSDAX_FACT_STAT);
	assert_int_equal(facts.size, 123);
	assert_int_equal(facts.nlink, 1);
	assert_true(S_ISREG(facts.mode));
	assert_null(facts.xattrs);
	assert_int_equal(facts.n_xattrs, 0);
}

static void what_is_known_is_not_asked_for_again(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_facts facts = regular(40000);
	struct fsdax_decision decision;

	/* There is no such file, but nobody looks. */
	assert_int_equal(decide_at(ONE_RULE("size = > 1"), m, "missing", &facts, 0, &decision), 0);
	assert_true(decision.dax);
	facts.mask |= FSDAX_FACT_UNMAPPABLE;
	assert_int_equal(decide_at("", m, "missing", &facts, 0, &decision), 0);
	assert_int_equal(decision.reason, FSDAX_REASON_UNMAPPABLE);
}

/* ---- Tags and xattrs --------------------------------------------------------- */

static void a_tag_is_found(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);

	assert_decides("", m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, FSDAX_TAG_XATTR, "yes", 3);
	assert_decides("", m, name, true, FSDAX_REASON_TAG);
	assert_decides(NO_TAG, m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, FSDAX_TAG_XATTR, "yes policy", 10);
	assert_decides("", m, name, false, FSDAX_REASON_DEFAULT);
}

static void a_tag_that_is_garbage_is_said(void **state)
{
	static char large[800];
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);
	struct fsdax_decision decision;

	memset(large, 'y', sizeof(large));
	set_xattr(m, name, FSDAX_TAG_XATTR, large, sizeof(large));
	assert_int_equal(decide_at("", m, name, NULL, 0, &decision), 0);
	assert_int_equal(decision.flags, FSDAX_DECISION_BAD_TAG);
	set_xattr(m, name, FSDAX_TAG_XATTR, "", 0);
	assert_int_equal(decide_at("", m, name, NULL, 0, &decision), 0);
	assert_int_equal(decision.flags, FSDAX_DECISION_BAD_TAG);
}

static void an_xattr_is_compared_to_the_byte(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);

	assert_decides(ONE_RULE("xattr = trusted.a"), m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, "trusted.a", "value", 5);
	assert_decides(ONE_RULE("xattr = trusted.a"), m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("xattr = trusted.a=value"), m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("xattr = trusted.a=valu"), m, name, false, FSDAX_REASON_DEFAULT);
	assert_decides(ONE_RULE("xattr = trusted.a=values"), m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, "trusted.a", "", 0);
	assert_decides(ONE_RULE("xattr = trusted.a"), m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("xattr = trusted.a="), m, name, true, FSDAX_REASON_RULE);
}

static void a_value_longer_than_any_in_the_policy_is_there_all_the_same(void **state)
{
	static char large[800];
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);

	memset(large, 'v', sizeof(large));
	set_xattr(m, name, "trusted.a", large, sizeof(large));
	assert_decides(ONE_RULE("xattr = trusted.a"), m, name, true, FSDAX_REASON_RULE);
	assert_decides(ONE_RULE("xattr = trusted.a=v"), m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, "trusted.a", large, 40);
	assert_decides(ONE_RULE("xattr = trusted.a=v"), m, name, false, FSDAX_REASON_DEFAULT);
}

/* More xattrs, and longer values, than there is room for without malloc(). */
static void many_xattrs_and_long_values_are_compared(void **state)
{
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);
	char text[8000] = NO_TAG, rule[500], value[300];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		snprintf(rule, sizeof(rule), "[rule r%d]\nxattr = trusted.x%d=%.290s\ndax = %s\n",
			 i, i, value, i % 2 ? "yes" : "no");
		strcat(text, rule);
	}
	assert_decides(text, m, name, false, FSDAX_REASON_DEFAULT);
	set_xattr(m, name, "trusted.x7", value, 290);
	assert_decides(text, m, name, true, FSDAX_REASON_RULE);
	set_xattr(m, name, "trusted.x8", value, 290);
	assert_decides(text, m, name, false, FSDAX_REASON_RULE);
	set_xattr(m, name, "trusted.x9", value, 289);
	assert_decides(text, m, name, false, FSDAX_REASON_RULE);
}

static void the_inode_flag_is_found(void **state)
{
	static const char text[] = "[tag]\nxattr = none\ninode-flag = yes\n";
	const struct mounted *m = mounts_on(state);
	const char *name = new_file(m, 1);

	assert_decides(text, m, name, false, FSDAX_REASON_DEFAULT);
	if (!m->has_flags)
		return;
	assert_int_equal(fsdax_flag_write(m->fd, name, true, 0), 1);
	assert_decides(text, m, name, true, FSDAX_REASON_FLAG);
	assert_decides(NO_TAG, m, name, false, FSDAX_REASON_DEFAULT);
}

static void a_file_system_without_any_of_it_is_no_error(void **state)
{
	static const char text[] = "[tag]\ninode-flag = yes\n[rule a]\nxattr = user.a\ndax = yes\n";
	struct mounted proc = {.type = "proc"};

	mounts_on(state);
	proc.fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(proc.fd >= 0);
	assert_decides(text, &proc, "status", false, FSDAX_REASON_DEFAULT);
	close(proc.fd);
}

/* ---- Files that are none ----------------------------------------------------- */

static void what_is_not_regular_is_no(void **state)
{
	static const char text[] = "[policy]\ndefault = yes\n[tag]\ninode-flag = yes\n";
	const struct mounted *m = mounts_on(state);
	char name[32];

	snprintf(name, sizeof(name), "l%d", (int)getpid());
	assert_int_equal(symlinkat(new_file(m, 1), m->fd, name), 0);
	assert_decides(text, m, name, false, FSDAX_REASON_NOT_REGULAR);
	name[0] = 'p';
	assert_int_equal(mkfifoat(m->fd, name, 0644), 0);
	alarm(20);
	assert_decides(text, m, name, false, FSDAX_REASON_NOT_REGULAR);
	alarm(0);
	name[0] = 'd';
	assert_int_equal(mkdirat(m->fd, name, 0755), 0);
	assert_decides(text, m, name, false, FSDAX_REASON_NOT_REGULAR);
}

static void what_is_not_there_is_an_error(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_decision decision = {.rule = 77};

	assert_int_equal(decide_at("", m, "missing", NULL, 0, &decision), -ENOENT);
	assert_int_equal(decision.rule, 77);
}

static void a_file_that_goes_while_it_is_looked_at_is_an_error(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_facts facts = regular(1);
	struct fsdax_decision decision;

	assert_int_equal(decide_at("", m, "missing", &facts, 0, &decision), -ENOENT);
	assert_null(facts.xattrs);
	facts = regular(1);
	assert_int_equal(decide_at("[tag]\nxattr = none\ninode-flag = yes\n", m, "missing", &facts,
				   0, &decision),
			 -ENOENT);
}

/* ---- What is not asked ------------------------------------------------------- */

struct lazy {
	const struct mounted *m;
	const char *name;
};

static const int xattr_calls[] = {CALL_GETXATTRAT, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr};

static void decide_without_xattrs(void *data)
{
	static const char *const needless[] = {
		NO_TAG "[rule a]\nsize = > 0\ndax = yes\n",
		NO_TAG "[rule a]\nxattr = user.a\ndax = no\n",
		NO_TAG "[rule a]\nxattr = user.a\npath = other\ndax = yes\n",
		NO_TAG "[rule a]\nxattr = user.a\ndax = yes\n[rule b]\npath = f*\ndax = no\n",
		NO_TAG "[rule b]\npath = f*\ndax = yes\n[rule a]\nxattr = user.a\ndax = yes\n",
	};
	const struct lazy *lazy = data;
	struct fsdax_decision decision;

	syscalls_fail(xattr_calls, COUNT(xattr_calls), EIO);
	for (size_t i = 0; i < COUNT(needless); i++)
		assert_int_equal(decide_at(needless[i], lazy->m, lazy->name, NULL, 0, &decision),
				 0);
	assert_int_equal(decide_at("", lazy->m, lazy->name, NULL, 0, &decision), -EIO);
	assert_int_equal(decide_at(NO_TAG "[rule a]\nxattr = user.a\ndax = yes\n", lazy->m,
				   lazy->name, NULL, 0, &decision),
			 -EIO);
}

static void xattrs_are_read_only_where_they_can_change_the_verdict(void **state)
{
	struct lazy lazy = {.m = mounts_on(state)};

	lazy.name = new_file(lazy.m, 5);
	syscalls_in_child(decide_without_xattrs, &lazy);
}

static void decide_without_opening(void *data)
{
	static const int calls[] = {
#ifdef SYS_open
		SYS_open,
#endif
		SYS_openat, SYS_openat2};
	static const char text[] = "[tag]\ninode-flag = yes\n[rule a]\nxattr = user.a\ndax = yes\n";
	const struct lazy *lazy = data;
	struct fsdax_decision decision;

	syscalls_fail(calls, COUNT(calls), EIO);
	assert_int_equal(open("/", O_RDONLY), -1);
	assert_int_equal(decide_at(text, lazy->m, lazy->name, NULL, FSDAX_DECIDE_EXACT, &decision),
			 0);
}

static void nothing_is_opened_where_the_kernel_has_better(void **state)
{
	struct lazy lazy = {.m = mounts_on(state)};

	if (!syscalls_have_getxattrat() ||
	    (syscall(CALL_FILE_GETATTR, -1, "", NULL, 0, 0) && errno == ENOSYS))
		skip();
	lazy.name = new_file(lazy.m, 5);
	syscalls_in_child(decide_without_opening, &lazy);
}

/* ---- Other ways to say which file -------------------------------------------- */

#define BOTH_TAGS "[tag]\nxattr = trusted.fsdax\ninode-flag = yes\n"

static struct fsdax_cursor *root_of(const char *text)
{
	struct fsdax_policy *policy = policy_of(text);
	struct fsdax_cursor *root = cursor_of(policy, "");

	fsdax_policy_unref(policy);
	return root;
}

static void an_open_file_is_decided_on_by_any_name(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_cursor *root = root_of(BOTH_TAGS);
	const char *name = new_file(m, 1);
	struct fsdax_decision decision;
	int fd = open(path_in(m->path, name), O_RDONLY);

	assert_int_equal(fsdax_decide_fd(root, fd, "gone", NULL, 0, &decision), 0);
	assert_false(decision.dax);
	set_xattr(m, name, "trusted.fsdax", "yes", 3);
	assert_int_equal(fsdax_decide_fd(root, fd, "gone", NULL, 0, &decision), 0);
	assert_true(decision.dax);
	assert_int_equal(decision.reason, FSDAX_REASON_TAG);
	close(fd);
	fsdax_cursor_unref(root);
}

static void a_folder_may_be_open_as_a_path_only(void **state)
{
	const struct mounted *m = mounts_on(state);
	struct fsdax_cursor *root = root_of(BOTH_TAGS);
	const char *name = new_file(m, 1);
	struct fsdax_decision decision;
	int fd = open(m->path, O_PATH | O_DIRECTORY);

	assert_int_equal(fsdax_decide_at(root, fd, name, NULL, 0, &decision), 0);
	assert_false(decision.dax);
	set_xattr(m, name, "trusted.fsdax", "yes", 3);
	assert_int_equal(fsdax_decide_at(root, fd, name, NULL, 0, &decision), 0);
	assert_true(decision.dax);
	close(fd);
	fsdax_cursor_unref(root);
}

/* ---- All tests on all mounts ------------------------------------------------- */

#define ON_MOUNT(name)                        \
	{                                     \
#name, name, NULL, NULL, NULL \
	}

static const struct CMUnitTest on_mount[] = {
	ON_MOUNT(size_owner_and_mode_are_learned),
	ON_MOUNT(age_is_learned_with_the_time_now),
	ON_MOUNT(the_shipped_rule_holds),
	ON_MOUNT(what_was_learned_is_handed_out_but_for_xattrs),
	ON_MOUNT(what_is_known_is_not_asked_for_again),
	ON_MOUNT(a_tag_is_found),
	ON_MOUNT(a_tag_that_is_garbage_is_said),
	ON_MOUNT(an_xattr_is_compared_to_the_byte),
	ON_MOUNT(a_value_longer_than_any_in_the_policy_is_there_all_the_same),
	ON_MOUNT(many_xattrs_and_long_values_are_compared),
	ON_MOUNT(the_inode_flag_is_found),
	ON_MOUNT(a_file_system_without_any_of_it_is_no_error),
	ON_MOUNT(what_is_not_regular_is_no),
	ON_MOUNT(what_is_not_there_is_an_error),
	ON_MOUNT(a_file_that_goes_while_it_is_looked_at_is_an_error),
	ON_MOUNT(xattrs_are_read_only_where_they_can_change_the_verdict),
	ON_MOUNT(nothing_is_opened_where_the_kernel_has_better),
	ON_MOUNT(an_open_file_is_decided_on_by_any_name),
	ON_MOUNT(a_folder_may_be_open_as_a_path_only),
};

int main(void)
{
	return mounts_run(on_mount, COUNT(on_mount)) ? 1 : 0;
}
