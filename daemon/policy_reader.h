/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy_reader.h - a process that reads the policy's files for a daemon that can't: whoever
 * serves a guest has no way to any file outside of the share.
 *
 * The process keeps the root directory that the daemon was started with, so that files are
 * found by the names that the admin gave them, links and later folders included. It takes one
 * request, which is a byte without a meaning, and answers with all that it read, in a sealed
 * memfd; it is the daemon that parses it. So the most that somebody gets who has taken over
 * the daemon is the text of the policy.
 */
#ifndef DAEMON_POLICY_READER_H
#define DAEMON_POLICY_READER_H

#include <fsdax/fsdax.h>

struct policy_reader;
struct settings;

/*
 * Forks: so call it while there is one thread, and before the sandbox. Of the settings it uses
 * what is said of policy and seccomp. 0 or -errno (on the log).
 */
int policy_reader_start(const struct settings *settings, struct policy_reader **reader);

/* The process ends when the daemon has let go of it, however that came about. NULL is fine. */
void policy_reader_stop(struct policy_reader *reader);

/*
 * As fsdax_policy_load(), by the process. *report may be NULL after an error of the way there.
 * Errors: -EPIPE (the process has gone), -EINVAL, and as fsdax_policy_load(). One at a time.
 */
int policy_reader_load(struct policy_reader *reader, struct fsdax_policy **policy,
		       struct fsdax_report **report);

#endif
