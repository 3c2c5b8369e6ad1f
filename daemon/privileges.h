/* SPDX-License-Identifier: BSD-3-Clause */
/* privileges.h - the capabilities that a process keeps, each of them named with its reason. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

struct fsdax_policy;
struct settings;

/* A set of capabilities has a bit for each. */
#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

/*
 * Keep only these of the capabilities that there are: `permitted` ones can be made effective
 * again. None can be passed on: inheritable, ambient and bounding sets become empty. Also: no
 * new privileges, not by any program that is executed either; no core file; and nobody without
 * CAP_SYS_PTRACE may look into the process. 0 or -errno.
 */
int privileges_drop(uint64_t effective, uint64_t permitted);

/*
 * The daemon's own: what the settings and the policy (may be NULL) need. *had and *trusted:
 * whether xattrs in trusted.* can be read before and after that. 0 or -errno (on the log).
 */
int privileges_drop_to_serve(const struct settings *settings, const struct fsdax_policy *policy,
			     bool *had, bool *trusted);

/* Whether a policy asks for xattrs that only CAP_SYS_ADMIN may read. */
bool privileges_policy_needs_trusted(const struct fsdax_policy *policy);

/* A list as --modcaps has it: +NAME or -NAME, with colons between. False: it makes no sense. */
bool privileges_parse(const char *list, uint64_t *add, uint64_t *remove);

#endif
