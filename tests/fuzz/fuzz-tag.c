/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-tag.c - values of xattrs, of any bytes, as they stand on a real file: as its tag, as that of
 * its folder, and as what a rule compares.
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

static struct fsdax_policy *policy;
static struct fsdax_cursor *root;
static int dir, file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "[tag]\nxattr = " TAG "\ninode-flag = no\n"
				   "[rule marked]\nxattr = " MARK "=yes\ndax = yes\n";
	const char *path = confined_enter();

	(void)argc;
	(void)argv;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file = openat(dir, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0644);
	insist(file >= 0 && !ftruncate(file, 1000), "no file: %s", strerror(errno));
	insist(!fsdax_policy_parse("fuzz.ini", text, sizeof(text) - 1, &policy, NULL), "no policy");
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return -1;
	check_tag(data, size);
	check_mark(data, size);
	return 0;
}
