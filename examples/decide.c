/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decide POLICY PATH... - which of the files a guest should use DAX for, and why, if the
 * current folder is its share:   cc decide.c $(pkg-config --cflags --libs fsdax)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fsdax/fsdax.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Follow the path folder by folder, as a daemon does from lookup to lookup. */
static int decide(struct fsdax_cursor *folder, int fd, char *path, struct fsdax_decision *decision)
{
	char *name = strsep(&path, "/");
	struct fsdax_cursor *child;
	enum fsdax_tag tag;
	int err, child_fd;

	if (!path)
		return fsdax_decide_at(folder, fd, name, NULL, 0, decision);
	err = fsdax_folder_tag(fsdax_cursor_policy(folder), fd, name, &tag);
	if (err || (err = fsdax_cursor_enter(folder, name, strlen(name), tag, &child)))
		return err;
	child_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = child_fd < 0 ? -1 : decide(child, child_fd, path, decision);
	close(child_fd);
	fsdax_cursor_unref(child);
	return err;
}

int main(int argc, char **argv)
{
	int share = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = argc < 2;
	struct fsdax_policy *policy;
	struct fsdax_cursor *root;
	enum fsdax_tag tag;

	if (failed || share < 0 || fsdax_policy_load(argv[1], NULL, &policy, NULL) ||
	    fsdax_folder_tag(policy, share, "", &tag) || fsdax_cursor_root(policy, tag, &root))
		return 2;
	for (int i = 2; i < argc; i++) {
		struct fsdax_rule_info rule = {.name = "-"};
		struct fsdax_decision decision;

		printf("%s", argv[i]);
		if (decide(root, share, argv[i], &decision)) {
			puts("\terror");
			failed = 1;
			continue;
		}
		fsdax_policy_rule(policy, decision.rule, &rule);
		printf("\t%s\t%s\t%s\n", decision.dax ? "yes" : "no",
		       fsdax_reason_name(decision.reason), rule.name);
	}
	fsdax_cursor_unref(root);
	fsdax_policy_unref(policy);
	return failed;
}
