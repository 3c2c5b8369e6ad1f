/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * share.c - see share.h: the policy and the root. place.c finds paths below it.
 */
#include "share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "resolve.h"

/* Load the policy and print what there is to say of it. Returns -1, or an exit status. */
static int load_policy(struct share *share, const struct options *opts, enum share_use use)
{
	struct fsdax_report *report = NULL;
	int err = fsdax_policy_load(opts->policy, NULL, &share->policy, &report);
	bool told = report && fsdax_report_errors(report) > 0;

	if (report && (err || (use == SHARE_RULES && !opts->quiet)))
		message_report(report);
	fsdax_report_free(report);
	if (!err)
		return -1;
	if (!told)
		message_path("cannot load the policy", opts->policy ? opts->policy : "", err);
	return err == -ENOMEM ? EXIT_FAILED : EXIT_BAD_POLICY;
}

static int open_root(struct share *share, const char *root)
{
	int fd, err;

	err = resolve_folder(root, &share->root, &fd);
	if (err)
		return err;
	share->root_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = share->root_fd < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* Whether we have CAP_SYS_ADMIN. */
static bool is_admin(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &head, data) < 0)
		return geteuid() == 0;
	return data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

/* The kernel says that there is no trusted xattr, rather than that we may not see it. */
static void warn_unseen_tags(const struct share *share)
{
	const char *xattr = share->tag_xattr;

	if (xattr && !strncmp(xattr, "trusted.", 8) && !is_admin())
		message_warn("tags are not seen: reading %s needs CAP_SYS_ADMIN "
			     "(run this as root)",
			     xattr);
}

int share_open(struct share *share, const struct options *opts, enum share_use use)
{
	int status, err;

	*share = (struct share){.use = use, .root_fd = -1};
	status = load_policy(share, opts, use);
	if (status >= 0)
		return status;
	fsdax_policy_settings(share->policy, &share->settings);
	share->tag_xattr = opts->xattr ? opts->xattr : share->settings.tag_xattr;

	err = open_root(share, opts->root);
	if (err) {
		message_path("cannot open the share's root", opts->root, err);
		share_close(share);
		return EXIT_FAILED;
	}
	if (!opts->quiet && !opts->merge)
		warn_unseen_tags(share);
	return -1;
}

int share_open_plain(struct share *share)
{
	int err;

	*share = (struct share){.root_fd = -1};
	err = fsdax_policy_parse("", "", 0, &share->policy, NULL);
	if (!err)
		err = open_root(share, "/");
	if (!err) {
		fsdax_policy_settings(share->policy, &share->settings);
		return -1;
	}
	message_path("cannot open the share's root", "/", err);
	share_close(share);
	return EXIT_FAILED;
}

void share_close(struct share *share)
{
	fsdax_policy_unref(share->policy);
	if (share->root_fd >= 0)
		close(share->root_fd);
	free(share->root);
	*share = (struct share){.root_fd = -1};
}

/* By an xattr that the policy does not name. */
static int folder_tag_by(const struct share *share, int dirfd, const char *name,
			 enum fsdax_tag *tag)
{
	struct fsdax_tag_state state;
	bool flag = false;
	int err = fsdax_tag_read(dirfd, name, share->tag_xattr, &state);

	if (err)
		return err;
	if (state.by_policy)
		state.tag = FSDAX_TAG_NONE;
	if (state.tag == FSDAX_TAG_NONE && share->settings.inode_flag) {
		err = fsdax_flag_read(dirfd, name, &flag);
		if (err && err != -EOPNOTSUPP)
			return err;
	}
	*tag = flag ? FSDAX_TAG_YES : state.tag;
	return 0;
}

int share_folder_tag(const struct share *share, int dirfd, const char *name, enum fsdax_tag *tag)
{
	if (share->use == SHARE_CARRIERS) {
		*tag = FSDAX_TAG_NONE;
		return 0;
	}
	if (share->use == SHARE_TAGS && share->tag_xattr != share->settings.tag_xattr)
		return folder_tag_by(share, dirfd, name, tag);
	return fsdax_folder_tag(share->policy, dirfd, name, tag);
}

bool share_by_flag(const struct share *share, const struct options *opts)
{
	if (opts->by != CARRIER_DEFAULT)
		return opts->by == CARRIER_FLAG;
	return !share->tag_xattr && share->settings.inode_flag;
}
