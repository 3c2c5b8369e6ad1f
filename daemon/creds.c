/* SPDX-License-Identifier: BSD-3-Clause */
/* creds.c - see creds.h. */
#include "creds.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the process, since capabilities are inherited by threads; written before there are any. */
static bool has_reserve;

#define NO_ID ((uid_t)-1)
#define NO_GROUP ((gid_t)-1)

/* Only the effective ids: the real and saved ones are the way back. */
static int set_uid(uid_t uid)
{
	return syscall(SYS_setresuid, NO_ID, uid, NO_ID) ? -errno : 0;
}

static int set_gid(gid_t gid)
{
	return syscall(SYS_setresgid, NO_GROUP, gid, NO_GROUP) ? -errno : 0;
}

static int set_group(gid_t group)
{
	return syscall(SYS_setgroups, 1, &group) ? -errno : 0;
}

/* ---- Capabilities of the thread --------------------------------------------------------- */

static void change_effective(unsigned int capability, bool raise)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t bit = CAP_TO_MASK(capability);

	if (syscall(SYS_capget, &header, data))
		return;
	data[0].effective &= ~bit;
	if (raise)
		data[0].effective |= bit & data[0].permitted;
	syscall(SYS_capset, &header, data);
}

/* With the uid 0, all that is permitted becomes effective. */
static void settle_reserve(void)
{
	if (has_reserve)
		change_effective(CAP_SYS_ADMIN, false);
}

void creds_reserve_admin(void)
{
	has_reserve = true;
	settle_reserve();
}

void creds_admin(bool on)
{
	if (has_reserve)
		change_effective(CAP_SYS_ADMIN, on);
}

/* What is reserved is not effective anyway. */
void creds_drop_admin(void)
{
	if (!has_reserve)
		change_effective(CAP_SYS_ADMIN, false);
}

void creds_raise_admin(void)
{
	if (!has_reserve)
		change_effective(CAP_SYS_ADMIN, true);
}

void creds_override_permissions(const struct creds *saved)
{
	if (saved->changed)
		change_effective(CAP_DAC_OVERRIDE, true);
}

void creds_override_owner(const struct creds *saved)
{
	if (saved->changed)
		change_effective(CAP_FOWNER, true);
}

void creds_drop_fsetid(void)
{
	change_effective(CAP_FSETID, false);
}

void creds_raise_fsetid(void)
{
	change_effective(CAP_FSETID, true);
}

/* ---- Ids of the thread ------------------------------------------------------------------ */

int creds_enter(uid_t uid, gid_t gid, gid_t extra_group, struct creds *saved)
{
	int err;

	*saved = (struct creds){0};
	if (uid == geteuid() && gid == getegid())
		return 0;
	if (extra_group != NO_GROUP) {
		err = set_group(extra_group);
		if (err)
			return err;
		saved->groups_changed = true;
	}
	/* The uid comes last, and goes first: without uid 0 there is no changing of others. */
	saved->changed = true;
	err = set_gid(gid);
	if (!err)
		err = set_uid(uid);
	if (err)
		creds_leave(saved);
	return err;
}

void creds_enter_writer(gid_t gid)
{
	/* One that can't be taken on is none of the host's, and so owns no file there. */
	set_gid(gid);
	creds_drop_fsetid();
}

void creds_leave_writer(void)
{
	set_gid(getgid());
	creds_raise_fsetid();
}

void creds_leave(const struct creds *saved)
{
	/* What could be left can be gone back to: these only fail for want of memory. */
	if (saved->changed) {
		set_uid(getuid());
		set_gid(getgid());
		settle_reserve();
	}
	if (saved->groups_changed)
		syscall(SYS_setgroups, 0, NULL);
}
