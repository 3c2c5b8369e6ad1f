/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * creds.h - acting as the guest's user, where the host's kernel should check or record who it
 * was. Of the calling thread only: by the system calls themselves, since the C library's
 * would change every thread.
 */
#ifndef DAEMON_CREDS_H
#define DAEMON_CREDS_H

#include <stdbool.h>
#include <sys/types.h>

/* What to go back to; start from what creds_enter() fills in. */
struct creds {
	bool changed;
	bool groups_changed;
};

/*
 * Take the uid and gid on as the effective ones, with one supplementary group if
 * extra_group is not (gid_t)-1 (FUSE_CREATE_SUPP_GROUP). Root stays as it is. 0 or -errno.
 */
int creds_enter(uid_t uid, gid_t gid, gid_t extra_group, struct creds *saved);
void creds_leave(const struct creds *saved);

/*
 * While a user's ids are taken on: pass over permission bits nevertheless. For guests that
 * don't tell supplementary groups: they have checked the permission, and we can't.
 */
void creds_override_permissions(const struct creds *saved);

/* And act on files of others in folders that are sticky. */
void creds_override_owner(const struct creds *saved);

/*
 * Give up, and take back, the privilege of keeping set-user-id and set-group-id bits of a file
 * that is changed: so the host's kernel clears them, as it would for the guest's user.
 */
void creds_drop_fsetid(void);
void creds_raise_fsetid(void);

/*
 * The same, for a file that somebody in this group writes to. A set-group-id bit of a file that its
 * group may not execute stays if whoever writes is in that group: of further groups we know nothing.
 */
void creds_enter_writer(gid_t gid);
void creds_leave_writer(void);

/*
 * CAP_SYS_ADMIN is permitted, but is to be effective only between creds_admin(true) and
 * creds_admin(false), in which nothing is done that the guest has a say in. Without a call of
 * creds_reserve_admin(), before there are threads, creds_admin() does nothing.
 */
void creds_reserve_admin(void);
void creds_admin(bool on);

/* Where it is not reserved so: give it up, and take it back, for what it alone shows. */
void creds_drop_admin(void);
void creds_raise_admin(void);

#endif
