/* SPDX-License-Identifier: BSD-3-Clause */
/* privileges.c - see privileges.h. */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <fsdax/fsdax.h>

#include "creds.h"
#include "log.h"
#include "settings.h"

/* ---- What serving a guest takes -------------------------------------------------------- */

/* For whom a capability is kept. */
enum keep {
	KEEP,
	KEEP_TO_WRITE,	 /* not on a share that is read-only */
	KEEP_TO_XATTR,	 /* with --xattr, and not read-only */
	KEEP_FOR_HANDLES /* not with --inode-file-handles=never */
};

static const struct {
	uint64_t bit;
	enum keep when;
} needed[] = {
	/* The guest has checked permissions, as its own users; the daemon reads and writes for all. */
	{CAPABILITY(DAC_OVERRIDE), KEEP},
	/* To act as the guest's user where the host's kernel records, or checks, who it was. */
	{CAPABILITY(SETUID), KEEP},
	{CAPABILITY(SETGID), KEEP},
	/* chmod, times and ACLs of files of others; links to them; O_NOATIME. */
	{CAPABILITY(FOWNER), KEEP},
	/* SETATTR of owner and group. */
	{CAPABILITY(CHOWN), KEEP_TO_WRITE},
	/* To keep set-id bits where the guest's kernel has decided to; see creds_drop_fsetid(). */
	{CAPABILITY(FSETID), KEEP_TO_WRITE},
	/* MKNOD of devices. They can't be opened: the share is mounted with nodev. */
	{CAPABILITY(MKNOD), KEEP_TO_WRITE},
	/*
	 * security.capability, which the guest's kernel lets those set who have this in the guest.
	 * Other names in security. and trusted. take CAP_SYS_ADMIN, which a guest has no use of.
	 */
	{CAPABILITY(SETFCAP), KEEP_TO_XATTR},
	/*
	 * open_by_handle_at(2). Somebody who has taken over the daemon could make up a handle, of
	 * a file that is not in the share but on its file system: that is the price of handles.
	 */
	{CAPABILITY(DAC_READ_SEARCH), KEEP_FOR_HANDLES},
};

static bool is_kept(const struct settings *settings, enum keep when)
{
	switch (when) {
	case KEEP: return true;
	case KEEP_TO_WRITE: return !settings->readonly;
	case KEEP_TO_XATTR: return settings->xattr && !settings->readonly;
	case KEEP_FOR_HANDLES: return settings->file_handles != HANDLES_NEVER;
	}
	return false;
}

static uint64_t needed_to_serve(const struct settings *settings)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (is_kept(settings, needed[i].when))
			caps |= needed[i].bit;
	}
	return (caps | settings->caps_add) & ~settings->caps_remove;
}

/* ---- CAP_SYS_ADMIN -------------------------------------------------------------------- */

static bool is_trusted(const char *name)
{
	static const char prefix[] = "trusted.";

	return name && strncmp(name, prefix, sizeof(prefix) - 1) == 0;
}

bool privileges_policy_needs_trusted(const struct fsdax_policy *policy)
{
	struct fsdax_settings settings;

	if (!policy)
		return false;
	fsdax_policy_settings(policy, &settings);
	if (is_trusted(settings.tag_xattr))
		return true;
	for (uint32_t i = 0; i < fsdax_policy_xattrs(policy); i++) {
		if (is_trusted(fsdax_policy_xattr(policy, i)))
			return true;
	}
	return false;
}

static bool has(unsigned int capability)
{
	return capng_have_capability(CAPNG_PERMITTED, capability);
}

/*
 * Tags are in trusted.*, which only CAP_SYS_ADMIN may read. To ask another process, for each
 * file that is looked up, would cost more than all the rest of a lookup. So it is permitted, but
 * effective only while the library reads facts (creds_admin()): nothing that the guest asks for
 * is done with it. To whoever makes it effective for himself the system-call filter leaves
 * nothing that it is good for, but to write xattrs of the share in trusted.* and security.*.
 */
int privileges_drop_to_serve(const struct settings *settings, const struct fsdax_policy *policy,
			     bool *had, bool *trusted)
{
	uint64_t effective = needed_to_serve(settings);
	bool reserve = !settings->unprivileged && privileges_policy_needs_trusted(policy) &&
		       !((effective | settings->caps_remove) & CAPABILITY(SYS_ADMIN));
	int err;

	if (capng_get_caps_process()) {
		log_error("the process's own capabilities can't be read");
		return -EIO;
	}
	/* That of a user namespace does not count for such xattrs. */
	*had = !settings->unprivileged && has(CAP_SYS_ADMIN);
	*trusted = *had && (reserve || effective & CAPABILITY(SYS_ADMIN));
	err = privileges_drop(effective, effective | (reserve ? CAPABILITY(SYS_ADMIN) : 0));
	if (err)
		log_error("capabilities can't be given up: %s", strerror(-err));
	else if (*trusted && reserve)
		creds_reserve_admin();
	return err;
}

/* ---- Giving up -------------------------------------------------------------------------- */

/* Of the sets that somebody else may have filled, only what is there can be kept. */
static void choose(uint64_t effective, uint64_t permitted)
{
	uint64_t have = 0;

	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (has(cap))
			have |= UINT64_C(1) << cap;
	}
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		uint64_t bit = have & (UINT64_C(1) << cap);

		if (permitted & bit)
			capng_update(CAPNG_ADD, CAPNG_PERMITTED, cap);
		if (effective & bit)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, cap);
	}
}

static int apply(uint64_t effective, uint64_t permitted)
{
	capng_select_t sets = CAPNG_SELECT_ALL;

	if (capng_get_caps_process())
		return -EIO;
	/* The bounding set is out of reach then; but there is no new privilege to be bound. */
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;
	choose(effective, permitted);
	return capng_apply(sets) ? -EPERM : 0;
}

int privileges_drop(uint64_t effective, uint64_t permitted)
{
	const struct rlimit none = {0, 0};
	int err = apply(effective, permitted);

	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0) ||
	    setrlimit(RLIMIT_CORE, &none))
		return -errno;
	return 0;
}

/* ---- --modcaps ---------------------------------------------------------------------------- */

static bool parse_one(const char *word, uint64_t *add, uint64_t *remove)
{
	int capability;

	if (*word != '+' && *word != '-')
		return false;
	capability = capng_name_to_capability(word + 1);
	if (capability < 0)
		return false;
	*(*word == '+' ? add : remove) |= UINT64_C(1) << capability;
	return true;
}

bool privileges_parse(const char *list, uint64_t *add, uint64_t *remove)
{
	char *copy = strdup(list);
	char *place = NULL;
	bool good = copy && *copy;

	for (char *word = copy ? strtok_r(copy, ":", &place) : NULL; word && good;
	     word = strtok_r(NULL, ":", &place))
		good = parse_one(word, add, remove);
	free(copy);
	return good && !(*add & *remove);
}
