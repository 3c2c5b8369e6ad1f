/* SPDX-License-Identifier: BSD-3-Clause */
/* option_values.h - from the words of an option to the value of a setting. */
#ifndef DAEMON_OPTION_VALUES_H
#define DAEMON_OPTION_VALUES_H

#include <stdbool.h>

/*
 * Sets the member of struct options to a value, which is NULL for a switch on the command line.
 * False: the value can't be understood.
 */
typedef bool option_setter(void *member, const char *value);

bool option_set_text(void *member, const char *value);
bool option_set_switch(void *member, const char *value);
bool option_set_old_path(void *member, const char *value);
bool option_set_when(void *member, const char *value);
bool option_set_nothing(void *member, const char *value);
bool option_set_uint(void *member, const char *value);
bool option_set_fd(void *member, const char *value);
bool option_set_u64(void *member, const char *value);
bool option_set_size(void *member, const char *value);
bool option_set_cache(void *member, const char *value);
bool option_set_file_handles(void *member, const char *value);
bool option_set_sandbox(void *member, const char *value);
bool option_set_seccomp(void *member, const char *value);
bool option_set_modcaps(void *member, const char *value);
bool option_set_id_map(void *member, const char *value);
bool option_set_log_level(void *member, const char *value);

#endif
