/* SPDX-License-Identifier: BSD-3-Clause */
/* config.c - see config.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fsdax/fsdax.h>

#include "../lib/ini_read.h"
#include "../lib/utf8.h"
#include "log.h"

enum {
	LARGEST_FILE = 1 << 16, /* more is no file of options */
	ENOUGH_MISTAKES = 100,
};

struct entry {
	struct config_item item; /* first: see config_say() */
	struct entry *next;
	struct span parts[2]; /* by enum config_part */
	bool forgotten;
	char strings[]; /* the item's */
};

struct config {
	char *path;
	char *text; /* which the spans point into */
	size_t size;
	struct entry *first, *last;
	unsigned int mistakes;
	bool in_share;
};

/* ---- Mistakes ---------------------------------------------------------------------------- */

/* A line that can't be read may hold anything: it is not shown then. */
static bool is_text(const char *text, size_t len)
{
	size_t used;

	for (size_t i = 0; i < len; i += used) {
		uint32_t c = utf8_decode(text + i, len - i, &used);

		if ((c < 0x20 && c != '\t') || (c >= 0x7f && c < 0xa0) || c >= UTF8_STRAY)
			return false;
	}
	return true;
}

static void say(const struct span *span, const char *hint, const char *message)
{
	bool shown = span->text && is_text(span->text, span->text_len);
	char *line = shown ? strndup(span->text, span->text_len) : NULL;
	struct fsdax_remark remark = {
		.severity = FSDAX_ERROR,
		.file = span->file,
		.line = span->line,
		.width = 1,
		.message = message,
		.hint = hint,
		.text = line,
	};
	char *text = NULL;

	if (span->text)
		remark.column = (uint32_t)utf8_length(span->text, span->at) + 1;
	if (span->text && span->len)
		remark.width = (uint32_t)utf8_length(span->text + span->at, span->len);
	if (fsdax_remark_format(&remark, &text) == 0)
		log_text(text);
	free(text);
	free(line);
}

void config_say(const struct config_item *item, enum config_part part, const char *hint,
		const char *message)
{
	const struct entry *entry = (const struct entry *)item;

	say(&entry->parts[part], hint, message);
}

static void add_mistake(void *data, const struct span *span, const char *hint, const char *message)
{
	struct config *config = data;

	config->mistakes++;
	say(span, hint, message);
}

static bool has_enough(void *data)
{
	const struct config *config = data;

	return config->mistakes >= ENOUGH_MISTAKES;
}

/* ---- Lines --------------------------------------------------------------------------------- */

static void begin_section(struct config *config, const struct ini_item *line)
{
	static const char name[] = "share";
	struct span span = ini_span(line, line->key);

	config->in_share = line->key.text && line->key.len == sizeof(name) - 1 &&
			   memcmp(line->key.text, name, sizeof(name) - 1) == 0;
	/* One that can't be read has been told of. */
	if (line->key.text && !config->in_share)
		add_mistake(config, &span, "the only one is [share]", "there is no such section");
}

static struct entry *new_entry(const struct ini_item *line)
{
	const struct ini_text *key = &line->key, *value = &line->value;
	struct entry *entry = calloc(1, sizeof(*entry) + key->len + 1 + value->len + 1);

	if (!entry)
		return NULL;
	memcpy(entry->strings, key->text, key->len);
	memcpy(entry->strings + key->len + 1, value->text, value->len);
	entry->item = (struct config_item){entry->strings, entry->strings + key->len + 1};
	entry->parts[CONFIG_KEY] = ini_span(line, *key);
	entry->parts[CONFIG_VALUE] = ini_span(line, *value);
	return entry;
}

static int add_item(void *data, const struct ini_item *line)
{
	struct config *config = data;
	struct entry *entry;

	if (!line->value.text) {
		begin_section(config, line);
		return 0;
	}
	if (!config->in_share)
		return 0;
	entry = new_entry(line);
	if (!entry)
		return -ENOMEM;
	if (config_find(config, entry->item.key))
		add_mistake(config, &entry->parts[CONFIG_KEY], "remove one of the two",
			    "this file has this key already");
	*(config->last ? &config->last->next : &config->first) = entry;
	config->last = entry;
	return 0;
}

/* ---- The file ------------------------------------------------------------------------------- */

static int read_bytes(struct config *config, int fd)
{
	ssize_t n = 1;

	config->text = malloc(LARGEST_FILE + 1);
	if (!config->text)
		return -ENOMEM;
	while (n && config->size <= LARGEST_FILE) {
		n = read(fd, config->text + config->size, LARGEST_FILE + 1 - config->size);
		if (n < 0)
			return -errno;
		config->size += (size_t)n;
	}
	return config->size > LARGEST_FILE ? -EFBIG : 0;
}

static int read_file(struct config *config)
{
	int fd = open(config->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int err = 0;

	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!err)
		err = read_bytes(config, fd);
	if (fd < 0)
		return err;
	close(fd);
	return err;
}

static int read_config(struct config *config)
{
	const struct ini_sink sink = {add_item, add_mistake, has_enough, config, "[share]"};
	int err = read_file(config);

	return err ? err : ini_read(config->path, config->text, config->size, &sink);
}

bool config_read(const char *path, struct config **config)
{
	struct config *made = calloc(1, sizeof(*made));
	int err = -ENOMEM;

	if (made)
		made->path = strdup(path);
	if (made && made->path)
		err = read_config(made);
	if (err) {
		log_error("--config=%s: %s", path, strerror(-err));
		config_free(made);
		return false;
	}
	*config = made;
	return !made->mistakes;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	while (config->first) {
		struct entry *next = config->first->next;

		free(config->first);
		config->first = next;
	}
	free(config->text);
	free(config->path);
	free(config);
}

/* ---- Items ---------------------------------------------------------------------------------- */

const struct config_item *config_item(const struct config *config, size_t i)
{
	const struct entry *entry = config->first;

	while (entry && i--)
		entry = entry->next;
	return entry ? &entry->item : NULL;
}

static struct entry *find(const struct config *config, const char *key)
{
	struct entry *entry = config ? config->first : NULL;

	while (entry && (entry->forgotten || strcmp(entry->item.key, key) != 0))
		entry = entry->next;
	return entry;
}

const struct config_item *config_find(const struct config *config, const char *key)
{
	const struct entry *entry = find(config, key);

	return entry ? &entry->item : NULL;
}

void config_forget(struct config *config, const char *key)
{
	struct entry *entry = find(config, key);

	if (entry)
		entry->forgotten = true;
}
