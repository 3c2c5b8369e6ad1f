/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * config.h - a file of options (--config): INI as the policy's files are, with one section,
 * [share], and a key for each option, by its name.
 *
 * Here it is only taken apart; what the keys mean is known to options.c. All mistakes are said on
 * standard error, each with file, line and column.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/* A key and its value, which live as long as the config. */
struct config_item {
	const char *key;
	const char *value;
};

/*
 * Read a file. False: there was a mistake. *config is set, unless the file could not be read at
 * all, so that the rest of it can be looked at: to config_free(), then.
 */
bool config_read(const char *path, struct config **config);

/* NULL at the end. */
const struct config_item *config_item(const struct config *config, size_t i);

/* The item with this key; NULL if there is none. config may be NULL. */
const struct config_item *config_find(const struct config *config, const char *key);

/* The item with this key no longer counts: the command line says otherwise. config may be NULL. */
void config_forget(struct config *config, const char *key);

/* Which part of an item's line is wrong. */
enum config_part { CONFIG_KEY, CONFIG_VALUE };

/* Say what is wrong with an item. hint: what to do, or NULL. */
void config_say(const struct config_item *item, enum config_part part, const char *hint,
		const char *message);

/* NULL is fine. */
void config_free(struct config *config);

#endif
