/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c - see options.h. One table drives the parser and --help; options of virtiofsd that
 * are not taken have a sentence there that says what to use.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <fsdax/fsdax.h>

#include "../cli/suggest.h"
#include "config.h"
#include "listen.h"
#include "option_values.h"
#include "polling.h"
#include "privileges.h"

struct option_kind {
	const char *name;
	size_t member;
	option_setter *set;	   /* NULL: refused */
	/* What stands for the value in --help; NULL: a switch; "[=X]": may be left out. */
	const char *value;
	const char *help; /* or, if refused, what to use */
};

/* ---- The table -------------------------------------------------------------------------- */

#define SETTING(field) offsetof(struct options, settings.field)

static const struct option_kind kinds[] = {
	{"shared-dir", SETTING(shared_dir), option_set_text, "DIR", "the folder to share"},
	{"socket-path", SETTING(socket_path), option_set_text, "PATH",
	 "listen there for a vhost-user front-end, such as QEMU"},
	{"fd", SETTING(socket_fd), option_set_fd, "N", "listen on this descriptor instead"},
	{"mount", SETTING(mount_dir), option_set_text, "DIR",
	 "serve a local mount instead of a guest; it has no DAX"},
	{"socket-group", SETTING(socket_group), option_set_text, "GROUP", "who may connect, beside root"},
	{"reconnect", offsetof(struct options, reconnect), option_set_switch, NULL,
	 "wait for another front-end when one has gone"},
	{"tag", SETTING(tag), option_set_text, "TAG",
	 "what the guest mounts, for front-ends that ask the daemon"},
	{"request-queues", SETTING(request_queues), option_set_uint, "N",
	 "how many, for front-ends that ask the daemon (1)"},

	{"dax-window", SETTING(dax_window), option_set_size, "SIZE",
	 "give the guest a DAX window: a power of two, 2M to 1G"},
	{"policy", SETTING(policy), option_set_text, "PATH",
	 "decide by this file or folder instead of the installed policy; none: no file is DAX"},
	{"control-socket", SETTING(control_path), option_set_text, "PATH",
	 "where fsdax-ctl asks for status and reload (/run/fsdax/TAG-PID.sock)"},
	{"guest-tags", SETTING(guest_tags), option_set_switch, NULL,
	 "let the guest see and change the tags of files"},

	{"cache", SETTING(cache), option_set_cache, "MODE",
	 "how long the guest may keep what it knows: auto, always, metadata or never"},
	{"writeback", SETTING(writeback), option_set_switch, NULL, "let the guest write later"},
	{"allow-direct-io", SETTING(allow_direct_io), option_set_switch, NULL,
	 "honor the guest's O_DIRECT"},
	{"allow-mmap", SETTING(allow_mmap), option_set_switch, NULL,
	 "let the guest map files shared with --cache=never and metadata"},
	{"no-readdirplus", SETTING(no_readdirplus), option_set_switch, NULL,
	 "do not send attributes with the names of a folder"},
	{"readonly", SETTING(readonly), option_set_switch, NULL, "let the guest change nothing"},
	{"xattr", SETTING(xattr), option_set_switch, NULL, "let the guest use extended attributes"},
	{"posix-acl", SETTING(posix_acl), option_set_when, "[=WHEN]",
	 "honor access control lists, which turns on xattr: never, auto or always"},
	{"posix-lock", SETTING(posix_lock), option_set_switch, NULL,
	 "take the guest's fcntl locks on the host's files"},
	{"flock", SETTING(flock), option_set_switch, NULL,
	 "take the guest's flock locks on the host's files"},
	{"killpriv-v2", SETTING(killpriv_v2), option_set_switch, NULL,
	 "clear set-id bits on the host, not in the guest"},
	{"preserve-noatime", SETTING(preserve_noatime), option_set_switch, NULL,
	 "honor the guest's O_NOATIME"},
	{"announce-submounts", SETTING(announce_submounts), option_set_switch, NULL,
	 "show the guest where other file systems are mounted"},
	{"inode-file-handles", SETTING(file_handles), option_set_file_handles, "MODE",
	 "never, prefer (the default) or mandatory: know files by handle, not by descriptor"},

	{"sandbox", SETTING(sandbox), option_set_sandbox, "MODE",
	 "namespace, chroot or none: what of the host stays in reach"},
	{"seccomp", SETTING(seccomp), option_set_seccomp, "ACTION",
	 "kill, log or trap at a system call that is never made; or none"},
	{"modcaps", SETTING(caps_add), option_set_modcaps, "LIST",
	 "capabilities to keep or give up, such as +sys_admin:-mknod"},
	{"uid-map", SETTING(uid_map), option_set_id_map, "MAP",
	 "users of the sandbox: :INSIDE:OUTSIDE:COUNT:"},
	{"gid-map", SETTING(gid_map), option_set_id_map, "MAP", "the same, of groups"},
	{"thread-pool-size", SETTING(thread_pool_size), option_set_uint, "N",
	 "threads of a local mount; a guest has one for each queue"},
	{"poll-us", SETTING(poll_us), option_set_uint, "N",
	 "for how long at most a queue is watched before its thread sleeps (32); 0: not at all"},
	{"rlimit-nofile", SETTING(rlimit_nofile), option_set_u64, "N",
	 "the most open files (as many as may be); 0: leave the limit as it is"},
	{"log-level", offsetof(struct options, log_level), option_set_log_level, "LEVEL",
	 "off, error, warn, info or debug"},
	{"syslog", offsetof(struct options, syslog), option_set_switch, NULL, "say it to syslog"},

	/* What virtiofsd has, and what is the case here anyway. */
	{"socket", SETTING(socket_path), option_set_old_path, "PATH", "now --socket-path"},
	{"no-announce-submounts", 0, option_set_nothing, NULL, "the default"},
	{"no-killpriv-v2", 0, option_set_nothing, NULL, "the default"},
	{"max-idle-threads", 0, option_set_nothing, "N", "each queue has one thread"},
	{"allow-root", 0, option_set_nothing, NULL, "the guest's root may do what it may anyway"},
	/* ... and what is refused. */
	{"xattrmap", 0, NULL, "MAP", "names of extended attributes are not mapped: use --xattr"},
	{"security-label", 0, NULL, "[=WHEN]", "labels are not passed on: leave the option out"},
	{"translate-uid", 0, NULL, "MAP", "ids are not translated: see --uid-map"},
	{"translate-gid", 0, NULL, "MAP", "ids are not translated: see --gid-map"},
	{"timeout", 0, NULL, "SECONDS", "how long the guest may keep what it knows is --cache"},
	{"daemonize", 0, NULL, NULL, "leave it to systemd, or to the shell: fsdaxd ... &"},
	{"migration-mode", 0, NULL, "MODE", "guests can't be migrated: leave the option out"},
	{"migration-on-error", 0, NULL, "MODE", "guests can't be migrated: leave the option out"},
	{"migration-verify-handles", 0, NULL, NULL,
	 "guests can't be migrated: leave the option out"},
	{"migration-confirm-paths", 0, NULL, NULL,
	 "guests can't be migrated: leave the option out"},
};

enum { N_KINDS = sizeof(kinds) / sizeof(*kinds) };

enum {
	OPT_FIRST = 1000,
	OPT_HELP = 'h',
	OPT_VERSION = 'V',
	OPT_CAPABILITIES = 1,
	OPT_CONFIG,
	OPT_OLD = 'o',
	OPT_DEBUG = 'd',
	OPT_FOREGROUND = 'f',
};

/* ---- Parsing ------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static enum options_result wrong(const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	log_error("%s", message);
	return OPTIONS_WRONG;
}

/* What is wrong with the value of an option: where it stands, if that is in a file. */
__attribute__((format(printf, 3, 4))) static enum options_result
wrong_option(const struct options *options, const char *name, const char *format, ...)
{
	const struct config_item *item = config_find(options->config, name);
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (!item)
		return wrong("--%s: %s", name, message);
	config_say(item, CONFIG_VALUE, NULL, message);
	return OPTIONS_WRONG;
}

static bool value_optional(const struct option_kind *kind)
{
	return kind->value && *kind->value == '[';
}

static int argument_of(const struct option_kind *kind)
{
	if (!kind->value)
		return no_argument;
	return value_optional(kind) ? optional_argument : required_argument;
}

static void make_table(struct option table[N_KINDS + 5])
{
	int i;

	for (i = 0; i < N_KINDS; i++)
		table[i] =
			(struct option){kinds[i].name, argument_of(&kinds[i]), NULL, OPT_FIRST + i};
	table[i++] = (struct option){"help", no_argument, NULL, OPT_HELP};
	table[i++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
	table[i++] = (struct option){"config", required_argument, NULL, OPT_CONFIG};
	table[i++] = (struct option){"print-capabilities", no_argument, NULL, OPT_CAPABILITIES};
	table[i] = (struct option){0};
}

/* Of what is not taken, "never" is what is the case. */
static bool is_declined(const struct option_kind *kind, const char *value)
{
	return value_optional(kind) && value && strcmp(value, "never") == 0;
}

/* virtiofsd takes several ranges; here the second one would replace the first. */
static bool is_second_map(const struct option_kind *kind, const struct options *options)
{
	const struct id_range *range = (const void *)((const char *)options + kind->member);

	return kind->set == option_set_id_map && range->count;
}

static enum options_result take_kind(struct options *options, const struct option_kind *kind,
				     const char *value)
{
	if (!kind->set && is_declined(kind, value))
		return OPTIONS_RUN;
	if (!kind->set)
		return wrong("--%s is not taken: %s", kind->name, kind->help);
	if (is_second_map(kind, options))
		return wrong("--%s: only one range can be mapped; make it one that has them all",
			     kind->name);
	if (!kind->set((char *)options + kind->member, value))
		return wrong("--%s=%s: can't be understood; it is %s", kind->name, value,
			     kind->help);
	config_forget(options->config, kind->name);
	return OPTIONS_RUN;
}

/* ---- What virtiofsd was once told by -o ------------------------------------------------------ */

/* The kind that is called so, if underscores are dashes. NULL: none. */
static const struct option_kind *find_kind(const char *word)
{
	for (int i = 0; i < N_KINDS; i++) {
		const char *name = kinds[i].name, *w = word;

		while (*w && (*w == '_' ? '-' : *w) == *name) {
			w++;
			name++;
		}
		if (!*w && !*name)
			return &kinds[i];
	}
	return NULL;
}

/* What is the case unless it is asked for, as by no_xattr: as a switch that is off. */
static bool take_off(struct options *options, const char *word)
{
	const struct option_kind *kind = NULL;

	if (strcmp(word, "readdirplus") == 0)
		kind = find_kind("no_readdirplus");
	else if (strncmp(word, "no_", 3) == 0)
		kind = find_kind(word + 3);
	if (!kind || (kind->value && !value_optional(kind)))
		return false;
	if (kind->set == option_set_switch || kind->set == option_set_when)
		*(bool *)((char *)options + kind->member) = false;
	return true;
}

static enum options_result take_old_word(struct options *options, char *word)
{
	char *value = strchr(word, '=');
	const struct option_kind *kind;

	if (value)
		*value++ = '\0';
	if (strcmp(word, "debug") == 0 && !value) {
		options->log_level = LOG_LEVEL_DEBUG;
		return OPTIONS_RUN;
	}
	kind = find_kind(strcmp(word, "source") == 0 ? "shared-dir" : word);
	if (!kind && !value && take_off(options, word))
		return OPTIONS_RUN;
	if (!kind)
		return wrong("-o %s: there is no such option; try 'fsdaxd --help'", word);
	if (kind->value && !value_optional(kind) && !value)
		return wrong("-o %s: it needs a value: --%s=%s", word, kind->name, kind->value);
	if (!kind->value && value)
		return wrong("-o %s=%s: it takes no value: --%s", word, value, kind->name);
	return take_kind(options, kind, value);
}

/* words: with commas between; it is taken apart. */
static enum options_result take_old(struct options *options, char *words)
{
	enum options_result result = OPTIONS_RUN;
	char *word;

	while (result == OPTIONS_RUN && (word = strsep(&words, ","))) {
		if (*word)
			result = take_old_word(options, word);
	}
	return result;
}

/* ---- A file of options ---------------------------------------------------------------------- */

static enum options_result refuse_key(const struct config_item *item)
{
	struct suggestion suggestion = {0};
	char hint[128] = "fsdaxd(8) has the list";

	for (int i = 0; i < N_KINDS; i++) {
		if (kinds[i].set)
			suggest_offer(&suggestion, item->key, kinds[i].name);
	}
	if (suggestion.best)
		snprintf(hint, sizeof(hint), "did you mean %s?", suggestion.best);
	config_say(item, CONFIG_KEY, hint, "there is no such option");
	return OPTIONS_WRONG;
}

static enum options_result take_item(struct options *options, const struct config_item *item)
{
	const struct option_kind *kind = find_kind(item->key);

	if (!kind)
		return refuse_key(item);
	if (!kind->set && is_declined(kind, item->value))
		return OPTIONS_RUN;
	if (!kind->set) {
		config_say(item, CONFIG_KEY, kind->help, "this option of virtiofsd is not taken");
		return OPTIONS_WRONG;
	}
	if (kind->set((char *)options + kind->member, item->value))
		return OPTIONS_RUN;
	config_say(item, CONFIG_VALUE, kind->value ? kind->help : "write yes or no",
		   "this value can't be understood");
	return OPTIONS_WRONG;
}

/* As if the file's keys stood there as options. All mistakes are said. */
static enum options_result take_config(struct options *options, const char *path)
{
	enum options_result result = OPTIONS_RUN;
	const struct config_item *item;

	if (options->config)
		return wrong("--config: there can be only one");
	if (!config_read(path, &options->config))
		result = OPTIONS_WRONG;
	for (size_t i = 0; options->config && (item = config_item(options->config, i)); i++) {
		if (take_item(options, item) != OPTIONS_RUN)
			result = OPTIONS_WRONG;
	}
	return result;
}

/* ---- The command line ------------------------------------------------------------------------ */

static enum options_result take_option(struct options *options, int which, char *value)
{
	switch (which) {
	case OPT_HELP: return OPTIONS_HELP;
	case OPT_VERSION: return OPTIONS_VERSION;
	case OPT_CAPABILITIES: return OPTIONS_CAPABILITIES;
	case OPT_CONFIG: return take_config(options, value);
	case OPT_OLD: return take_old(options, value);
	case OPT_DEBUG: options->log_level = LOG_LEVEL_DEBUG; return OPTIONS_RUN;
	case OPT_FOREGROUND: return OPTIONS_RUN;
	case '?': return wrong("try 'fsdaxd --help'");
	default: return take_kind(options, &kinds[which - OPT_FIRST], value);
	}
}

/* ---- What does not go together --------------------------------------------------------------- */

#define WINDOW_LEAST (2ull << 20)
#define WINDOW_MOST (1ull << 30)

static enum options_result check_window(const struct options *options)
{
	const struct settings *settings = &options->settings;
	uint64_t size = settings->dax_window;

	if (size == 0)
		return OPTIONS_RUN;
	if ((size & (size - 1)) || size < WINDOW_LEAST || size > WINDOW_MOST)
		return wrong_option(options, "dax-window",
				    "must be a power of two from 2M to 1G, such as 512M");
	if (settings->mount_dir)
		return wrong_option(options, "dax-window",
				    "a local mount has no DAX; leave it out, or use --socket-path");
	return OPTIONS_RUN;
}

static enum options_result check_share(const struct options *options)
{
	const char *dir = options->settings.shared_dir;
	struct stat st;

	if (!dir)
		return wrong("which folder is to be shared? say --shared-dir=DIR");
	if (stat(dir, &st))
		return wrong_option(options, "shared-dir", "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return wrong_option(options, "shared-dir", "%s: is not a folder", dir);
	return OPTIONS_RUN;
}

static enum options_result check_transport(const struct settings *settings)
{
	int n = !!settings->socket_path + !!settings->mount_dir + (settings->socket_fd >= 0);

	if (n == 0)
		return wrong("to whom is it to be shared? say --socket-path=PATH, --fd=N or "
			     "--mount=DIR");
	if (n > 1)
		return wrong("--socket-path, --fd and --mount: only one of them can be");
	if (settings->socket_group && !settings->socket_path)
		return wrong("--socket-group: there is no --socket-path whose group it could be");
	return OPTIONS_RUN;
}

/* A socket that a service manager hands over takes the place of the one that would be made. */
static enum options_result take_passed_socket(struct options *options)
{
	struct settings *settings = &options->settings;
	int fd = listen_passed();

	if (fd == -1 || settings->socket_fd >= 0)
		return OPTIONS_RUN;
	if (fd < 0)
		return wrong("$LISTEN_FDS: just one socket is needed, that of the front-end");
	if (settings->socket_group)
		return wrong_option(options, "socket-group",
				    "the socket was made by the service manager: say "
				    "SocketGroup= in its .socket unit instead");
	settings->socket_fd = fd;
	settings->socket_path = NULL;
	return OPTIONS_RUN;
}

static enum options_result check_maps(const struct settings *settings)
{
	const struct id_range *uids = &settings->uid_map, *gids = &settings->gid_map;

	if (!uids->count && !gids->count)
		return OPTIONS_RUN;
	if (!uids->count || !gids->count)
		return wrong("--uid-map and --gid-map: one needs the other");
	if (uids->inside || gids->inside)
		return wrong("--uid-map, --gid-map: INSIDE must be 0, for the daemon's own user");
	if (settings->sandbox != SANDBOX_NAMESPACE || settings->mount_dir)
		return wrong("--uid-map, --gid-map: are for --sandbox=namespace");
	return OPTIONS_RUN;
}

static enum options_result check(struct options *options)
{
	struct settings *settings = &options->settings;
	enum options_result result = check_share(options);

	if (result == OPTIONS_RUN)
		result = take_passed_socket(options);
	if (result == OPTIONS_RUN)
		result = check_transport(settings);
	if (result == OPTIONS_RUN)
		result = check_window(options);
	if (result != OPTIONS_RUN)
		return result;
	if (settings->tag && strlen(settings->tag) > 36)
		return wrong_option(options, "tag", "must have at most 36 bytes");
	if (settings->request_queues < 1 || settings->request_queues > 64)
		return wrong_option(options, "request-queues", "must be from 1 to 64");
	result = check_maps(settings);
	if (result != OPTIONS_RUN)
		return result;
	/* A local mount has to be seen outside, and to be unmounted, perhaps by a program. */
	if (settings->mount_dir) {
		settings->sandbox = SANDBOX_NONE;
		settings->seccomp = SECCOMP_NONE;
	}
	if (settings->posix_acl)
		settings->xattr = true;
	if (settings->policy && strcmp(settings->policy, "none") == 0) {
		settings->policy = NULL;
		settings->policy_off = true;
	}
	return OPTIONS_RUN;
}

enum options_result options_parse(int argc, char **argv, struct options *options)
{
	struct option table[N_KINDS + 5];
	enum options_result result = OPTIONS_RUN;
	int which;

	*options = (struct options){
		.settings = {.socket_fd = -1,
			     .request_queues = 1,
			     .poll_us = POLLING_DEFAULT_US,
			     .file_handles = HANDLES_PREFER,
			     .rlimit_nofile = RLIMIT_NOFILE_MOST},
		.log_level = LOG_LEVEL_INFO,
	};
	make_table(table);
	while (result == OPTIONS_RUN &&
	       (which = getopt_long(argc, argv, "hVo:df", table, NULL)) >= 0)
		result = take_option(options, which, optarg);
	if (result != OPTIONS_RUN)
		return result;
	if (optind < argc)
		return wrong("'%s' belongs to no option; try 'fsdaxd --help'", argv[optind]);
	return check(options);
}

void options_free(struct options *options)
{
	config_free(options->config);
	options->config = NULL;
}

void options_print_help(void)
{
	puts("Usage: fsdaxd --shared-dir DIR --socket-path PATH [OPTION]...\n"
	     "Share a folder with a virtual machine by virtiofs, and decide for each file whether\n"
	     "the guest uses DAX for it.\n");
	for (int i = 0; i < N_KINDS; i++) {
		char left[64];

		if (!kinds[i].set || kinds[i].set == option_set_nothing || kinds[i].set == option_set_old_path)
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", kinds[i].name,
			 argument_of(&kinds[i]) == required_argument ? "=" : "",
			 kinds[i].value ? kinds[i].value : "");
		printf("  %-28s %s\n", left, kinds[i].help);
	}
	puts("  --config=FILE                take options from a file: [share], and NAME = VALUE lines\n"
	     "  --print-capabilities         what this daemon can do, as JSON\n"
	     "  -h, --help                   this text\n"
	     "  -V, --version                the version\n"
	     "\n"
	     "Examples:\n"
	     "  fsdaxd --shared-dir=/srv/share --socket-path=/run/share.sock --dax-window=512M\n"
	     "  fsdaxd --shared-dir=/srv/share --mount=/mnt\n"
	     "\n"
	     "fsdaxd(8) has the command line of QEMU that goes with it.");
}
