/* SPDX-License-Identifier: BSD-3-Clause */
/* share.c - see share.h. */
#include "share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "handle.h"
#include "inode.h"
#include "log.h"
#include "policy_reader.h"
#include "request.h"
#include "window.h"
#include "worker.h"

/* ---- The policy -------------------------------------------------------------------------- */

static void log_remark(const struct fsdax_remark *remark)
{
	char *text = NULL;

	if (fsdax_remark_format(remark, &text))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (remark->severity == FSDAX_ERROR)
		log_error("%s", text);
	else
		log_warn("%s", text);
	free(text);
}

void share_log_report(const struct fsdax_report *report)
{
	for (size_t i = 0; i < fsdax_report_count(report); i++)
		log_remark(fsdax_report_get(report, i));
}

int share_load_policy(struct share *share, struct fsdax_policy **policy,
		      struct fsdax_report **report)
{
	if (share->reader)
		return policy_reader_load(share->reader, policy, report);
	return fsdax_policy_load(share->settings->policy, NULL, policy, report);
}

static int load_policy(struct share *share)
{
	struct fsdax_policy *policy;
	struct fsdax_report *report;
	int err = 0;

	if (share->settings->policy_off)
		return 0;
	/* Without a sandbox the files are in reach anyway. */
	if (share->settings->sandbox != SANDBOX_NONE)
		err = policy_reader_start(share->settings, &share->reader);
	if (err)
		return err;
	err = share_load_policy(share, &policy, &report);
	share_log_report(report);
	if (err && !fsdax_report_count(report))
		log_error("the policy can't be read: %s", strerror(-err));
	fsdax_report_free(report);
	if (err)
		return err;
	err = fsdax_slot_new(policy, &share->policy);
	fsdax_policy_unref(policy);
	return err;
}

/* ---- The share ------------------------------------------------------------------------------ */

int share_new(const struct settings *settings, struct share **share)
{
	struct share *fresh = calloc(1, sizeof(*fresh));
	int err;

	if (!fresh)
		return -ENOMEM;
	fresh->settings = settings;
	fresh->root_fd = -1;
	fresh->proc_fd = -1;
	err = load_policy(fresh);
	if (!err && settings->dax_window)
		err = window_new(fresh, settings->dax_window, &fresh->window);
	if (err) {
		share_free(fresh);
		return err;
	}
	*share = fresh;
	return 0;
}

int share_open(struct share *share, int root_fd, int proc_fd)
{
	int err;

	share->root_fd = root_fd;
	share->proc_fd = proc_fd;
	/* The daemon's own groups are none of the guest's users': see creds.h. */
	if (geteuid() == 0 && syscall(SYS_setgroups, 0, NULL))
		log_debug("supplementary groups can't be dropped: %s", strerror(errno));
	err = inode_table_new(share);
	if (!err)
		err = handle_table_new(&share->handles);
	if (err)
		log_error("%s can't be served: %s", share->settings->shared_dir, strerror(-err));
	return err;
}

void share_free(struct share *share)
{
	if (!share)
		return;
	if (share->inodes && share->handles)
		serve_reset(share);
	/* It may still have references to inodes. */
	if (share->window)
		window_free(share->window);
	if (share->handles)
		handle_table_free(share, share->handles);
	inode_table_free(share);
	if (share->policy)
		fsdax_slot_free(share->policy);
	policy_reader_stop(share->reader);
	if (share->root_fd >= 0)
		close(share->root_fd);
	if (share->proc_fd >= 0)
		close(share->proc_fd);
	workers_free(share);
	free(share);
}
