/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-tag.c - values of xattrs, of any bytes, as they stand on a real file: as its tag, as that of
 * its folder, and as what a rule compares; and what is written over them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fsdax/fsdax.h>

#include "confined.h"
#include "insist.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TAG "trusted.fsdax"
#define MARK "trusted.mark"

static struct fsdax_policy *policy, *flag_policy;
static struct fsdax_cursor *root;
static int dir, file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "[tag]\nxattr = " TAG "\ninode-flag = no\n"
				   "[rule marked]\nxattr = " MARK "=yes\ndax = yes\n";
	static const char flag_text[] = "[tag]\nxattr = " TAG "\ninode-flag = yes\n";
	const char *path = confined_enter();

	(void)argc;
	(void)argv;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = openat(dir, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	insist(file >= 0 && !ftruncate(file, 1000), "no file: %s", strerror(errno));
	insist(!fsdax_policy_parse("fuzz.ini", text, sizeof(text) - 1, &policy, NULL), "no policy");
	insist(!fsdax_policy_parse("flag.ini", flag_text, sizeof(flag_text) - 1, &flag_policy,
				   NULL),
	       "no policy");
	insist(!fsdax_cursor_root(policy, FSDAX_TAG_NONE, &root), "no cursor");
	return 0;
}

/* As plainly as can be: a word, " policy" or not, and one NUL or newline or not. */
static enum fsdax_tag plain_tag(const uint8_t *data, size_t size, bool *by_policy)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
	static const char *const ends[] = {"", " policy"};

	for (size_t i = 0; i < 16; i++) {
		char text[32];
		size_t len =
			(size_t)snprintf(text, sizeof(text), "%s%s", words[i / 2], ends[i % 2]);
		bool last = size == len + 1 && (data[len] == '\0' || data[len] == '\n');

		if ((size == len || last) && !memcmp(text, data, len)) {
			*by_policy = i % 2;
			return i / 2 % 2 ? FSDAX_TAG_YES : FSDAX_TAG_NO;
		}
	}
	*by_policy = false;
	return FSDAX_TAG_NONE;
}

/* Whether a value is taken for "yes", in a rule. */
static bool is_marked(const uint8_t *data, size_t size)
{
	return size == 3 && !memcmp(data, "yes", 3);
}

static void check_tag(const uint8_t *data, size_t size)
{
	struct fsdax_decision decision;
	struct fsdax_tag_state state;
	bool by_policy;
	enum fsdax_tag wanted = plain_tag(data, size, &by_policy), folder;

	insist(!fsetxattr(file, TAG, data, size, 0), "no xattr: %s", strerror(errno));
	insist(!fsdax_tag_read(dir, "file", TAG, &state), "not read");
	insist(state.tag == wanted && state.by_policy == by_policy &&
		       state.garbage == (wanted == FSDAX_TAG_NONE),
	       "tag %d rather than %d", (int)state.tag, (int)wanted);
	insist(!fsdax_decide_at(root, dir, "file", NULL, 0, &decision), "no decision");
	insist(by_policy || wanted == FSDAX_TAG_NONE || decision.dax == (wanted == FSDAX_TAG_YES),
	       "decided against the tag");
	insist(!fsdax_folder_tag(policy, dir, "file", &folder), "no folder's tag");
	insist(folder == (by_policy ? FSDAX_TAG_NONE : wanted), "a folder's tag is another");
	fremovexattr(file, TAG);
}

static void check_mark(const uint8_t *data, size_t size)
{
	struct fsdax_decision decision;

	insist(!fsetxattr(file, MARK, data, size, 0), "no xattr: %s", strerror(errno));
	insist(!fsdax_decide_at(root, dir, "file", NULL, 0, &decision), "no decision");
	insist(decision.dax == is_marked(data, size), "a value is %staken for \"yes\"",
	       decision.dax ? "" : "not ");
}

/* One of the ways to write a tag, over what stands there or over none. */
struct way {
	enum fsdax_tag tag;
	unsigned int flags;
	bool present;
};

static struct way pick_way(const uint8_t *data, size_t size)
{
	static const enum fsdax_tag tags[] = {FSDAX_TAG_NONE, FSDAX_TAG_YES, FSDAX_TAG_NO};
	unsigned int sum = (unsigned int)size;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + data[i];
	return (struct way){
		.tag = tags[sum % 3],
		.flags = (sum & 64 ? FSDAX_TAG_DRY_RUN : 0) |
			 (sum & 128 ? FSDAX_TAG_BY_POLICY : 0) |
			 (sum & 256 ? FSDAX_TAG_LIKELY_NEW : 0),
		.present = sum & 0xe00,
	};
}

static void check_stands(const uint8_t *data, size_t size, bool present)
{
	static uint8_t now[4096];
	ssize_t got = fgetxattr(file, TAG, now, sizeof(now));

	if (!present)
		insist(got < 0 && errno == ENODATA, "a dry run has made a tag");
	else
		insist(got == (ssize_t)size && !memcmp(now, data, size),
		       "a dry run has changed a tag");
}

static void check_write(const uint8_t *data, size_t size)
{
	const struct way way = pick_way(data, size);
	const bool as_policy = way.flags & FSDAX_TAG_BY_POLICY;
	struct fsdax_tag_state state;
	bool by_policy = false, same;
	enum fsdax_tag was = way.present ? plain_tag(data, size, &by_policy) : FSDAX_TAG_NONE;
	int done;

	if (way.present)
		insist(!fsetxattr(file, TAG, data, size, 0), "no xattr: %s", strerror(errno));
	if (way.tag == FSDAX_TAG_NONE)
		same = !way.present;
	else
		same = was == way.tag && by_policy == as_policy;
	done = fsdax_tag_write(dir, "file", TAG, way.tag, way.flags);
	insist(done == !same, "writing a tag is %d", done);
	if (way.flags & FSDAX_TAG_DRY_RUN) {
		check_stands(data, size, way.present);
	} else {
		insist(!fsdax_tag_read(dir, "file", TAG, &state), "not read");
		insist(state.tag == way.tag && !state.garbage &&
			       state.by_policy == (as_policy && way.tag != FSDAX_TAG_NONE),
		       "another tag was written");
	}
	fremovexattr(file, TAG);
}

/* Not there; and the flag that the file system in memory cannot set, and says so. */
static void check_others(const uint8_t *data, size_t size)
{
	const struct way way = pick_way(data, size);
	struct fsdax_tag_state state;
	enum fsdax_tag tag;
	bool dax = true;
	int err;

	insist(fsdax_tag_write(dir, "none", TAG, way.tag, way.flags) == -ENOENT &&
		       fsdax_tag_read(dir, "none", TAG, &state) == -ENOENT &&
		       fsdax_flag_read(dir, "none", &dax) == -ENOENT &&
		       fsdax_flag_write(dir, "none", true, way.flags) == -ENOENT &&
		       fsdax_folder_tag(policy, dir, "none", &tag) == -ENOENT,
	       "what is not there is written or read");
	err = fsdax_flag_read(dir, "file", &dax);
	insist(err == -EOPNOTSUPP || (!err && !dax), "the flag is read: %d", err);
	insist(fsdax_flag_write(dir, "file", false, way.flags) == err, "no flag is written");
	if (!err)
		err = way.flags & FSDAX_TAG_DRY_RUN ? 1 : -EOPNOTSUPP;
	insist(fsdax_flag_write(dir, "file", true, way.flags) == err, "the flag is written");
	insist(!fsdax_folder_tag(flag_policy, dir, "file", &tag) && tag == FSDAX_TAG_NONE,
	       "a folder's tag is there");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return -1;
	check_tag(data, size);
	check_mark(data, size);
	check_write(data, size);
	if (size % 8 == 3)
		check_others(data, size);
	return 0;
}
