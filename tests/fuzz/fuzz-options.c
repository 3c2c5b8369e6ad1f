/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-options.c - fuzz: daemon. The command line of fsdaxd, a line of the input for each word: it is
 * refused, or all that the daemon relies on holds. An input that begins with "+" is added to a
 * command line that is complete, and one with "[" is a file of options for such a one.
 */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "insist.h"
#include "options.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed);

enum { WORDS_MAX = 32 };

/* ---- Command lines that are right, but for a word ------------------------------------------ */

static const char *const some_words[] = {
	"--shared-dir=/",
	"--shared-dir=/dev/null",
	"--socket-path=/s",
	"--fd=3",
	"--mount=/mnt",
	"--socket-group=root",
	"--reconnect",
	"--tag=t",
	"--tag=123456789012345678901234567890123456",
	"--tag=1234567890123456789012345678901234567",
	"--request-queues=1",
	"--request-queues=64",
	"--request-queues=65",
	"--dax-window=0",
	"--dax-window=2M",
	"--dax-window=1G",
	"--dax-window=3M",
	"--dax-window=1M",
	"--policy=none",
	"--policy=/p",
	"--control-socket=/c",
	"--cache=never",
	"--posix-acl",
	"--xattr",
	"--inode-file-handles=mandatory",
	"--sandbox=namespace",
	"--sandbox=none",
	"--seccomp=log",
	"--modcaps=+sys_admin:-mknod",
	"--modcaps=-chown",
	"--uid-map=:0:100000:65536:",
	"--uid-map=/1/100000/1/",
	"--gid-map=:0:100000:65536:",
	"--gid-map=:0:4294967294:2:",
	"--thread-pool-size=8",
	"--poll-us=0",
	"--rlimit-nofile=9223372036854775807",
	"--log-level=trace",
	"--syslog",
	"--no-killpriv-v2",
	"--migration-mode=x",
	"--help",
	"--version",
	"--print-capabilities",
	"-o",
	"--",
};

enum { N_WORDS = sizeof(some_words) / sizeof(*some_words) };

/* A line more, before the `which`-th. Returns the new size. */
static size_t add_word(uint8_t *data, size_t used, size_t room, unsigned int which,
		       const char *word)
{
	size_t len = strlen(word), at = used && *data == '+';

	for (; which && at < used; at++)
		which -= data[at] == '\n';
	if (used + len + 1 > room)
		return used;
	memmove(data + at + len + 1, data + at, used - at);
	memcpy(data + at, word, len);
	data[at + len] = '\n';
	return used + len + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	if (seed % 4)
		return LLVMFuzzerMutate(data, used, room);
	return add_word(data, used, room, seed / 4 % 8, some_words[seed / 32 % N_WORDS]);
}

/* ---- The command line --------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	confined_be_quiet();
	return 0;
}

static void check(const struct settings *settings)
{
	uint64_t window = settings->dax_window;
	struct stat st;
	int n = !!settings->socket_path + !!settings->mount_dir + (settings->socket_fd >= 0);

	insist(settings->shared_dir && !stat(settings->shared_dir, &st) && S_ISDIR(st.st_mode),
	       "what is shared is no folder");
	insist(n == 1, "%d transports", n);
	insist(!window || (!(window & (window - 1)) && window >= 2 << 20 && window <= 1 << 30),
	       "a window of %llu bytes", (unsigned long long)window);
	insist(settings->request_queues >= 1 && settings->request_queues <= 64, "%u queues",
	       settings->request_queues);
	insist(!settings->tag || strlen(settings->tag) <= 36, "too long a tag");
	insist(!settings->posix_acl || settings->xattr, "ACLs without xattrs");
	insist(!settings->mount_dir || settings->sandbox == SANDBOX_NONE, "a mount in a sandbox");
	insist(!settings->policy_off || !settings->policy, "a policy that is off");
}

/* A file with this text, as an option: its descriptor. */
static int make_config(const uint8_t *data, size_t size, char *option, size_t option_size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	insist(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no file");
	snprintf(option, option_size, "--config=/proc/self/fd/%d", fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], *argv[WORDS_MAX + 2] = {(char[]){"fsdaxd"}};
	char shared_dir[] = "--shared-dir=/", fd[] = "--fd=3", config[64];
	bool is_config = size && *data == '[';
	int config_fd = -1;
	struct options options;
	enum options_result result;
	int argc = 1;

	if (size >= sizeof(text))
		return -1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (*text == '+' || is_config) {
		argv[argc++] = shared_dir;
		argv[argc++] = fd;
	}
	if (is_config) {
		config_fd = make_config(data, size, config, sizeof(config));
		argv[argc++] = config;
	}
	for (char *word = *text == '+' ? text + 1 : text; !is_config && word && argc <= WORDS_MAX;)
		argv[argc++] = strsep(&word, "\n");
	argv[argc] = NULL;
	optind = 0;
	result = options_parse(argc, argv, &options);
	insist(result <= OPTIONS_WRONG, "options_parse() is %d", (int)result);
	if (result == OPTIONS_RUN)
		check(&options.settings);
	if (result == OPTIONS_HELP)
		options_print_help();
	options_free(&options);
	if (is_config)
		close(config_fd);
	return 0;
}
