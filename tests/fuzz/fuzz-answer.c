/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-answer.c - fuzz: cli. What a daemon, or who pretends to be one, answers to fsdax-ctl. The first
 * byte of an input says what was asked and how, the second one in which pieces the answer comes, or
 * what else goes wrong; and the rest are the answers, a line for each time that is asked.
 *
 * Whatever comes, nothing is printed that a terminal would take for more than text.
 *
 * Not reached in what is named after the target: no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../daemon/control_proto.h"
#include "ask.h"
#include "command.h"
#include "confined.h"
#include "explain_daemon.h"
#include "insist.h"
#include "json_mutate.h"
#include "output.h"
#include "pickup.h"
#include "walk.h"
#include "watched.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed);

/* ---- What is printed ----------------------------------------------------------------------- */

/* JSON is for programs: there, only what stands for no character is kept out. */
static bool is_json;

static bool is_text(const unsigned char *text, size_t i)
{
	if (text[i] < ' ')
		return text[i] == '\n' || text[i] == '\t';
	/* The second set of control characters is from U+0080 to U+009f. */
	return is_json || (text[i] != 0x7f &&
			   !(i && text[i - 1] == 0xc2 && text[i] >= 0x80 && text[i] <= 0x9f));
}

static void check_printed(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		insist(is_text((const unsigned char *)text, i), "byte %#x is printed",
		       (unsigned char)text[i]);
}

static ssize_t take_printed(void *data, const char *text, size_t size)
{
	(void)data;
	check_printed(text, size);
	return (ssize_t)size;
}

/* Messages; and sanitizers say what they have to by another way. */
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (fd != STDERR_FILENO)
		return __real_write(fd, bytes, size);
	check_printed(bytes, size);
	return (ssize_t)size;
}

static void take_output(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_printed});

	if (!stream)
		abort();
	stdout = stream;
}

/* ---- The daemons ------------------------------------------------------------------------- */

/* Of one of them, and of two in the usual place. */
static char socket_path[64];

enum trouble {
	NO_TROUBLE,
	REFUSED,
	NO_SOCKET,
	NOT_ALLOWED,
	NOT_A_SOCKET,
	LONG_NAME,
	SEND_FAILS,
	SEND_IS_INTERRUPTED,
	RECV_FAILS,
	RECV_TIMES_OUT,
	RECV_IS_INTERRUPTED,
	GOES_AT_LAST, /* it has gone when it is asked again */
	TROUBLES,
};

static struct {
	const char *text;
	size_t size;	   /* of all answers */
	size_t start, end; /* of this one */
	size_t done, piece;
	enum trouble trouble;
	unsigned int asked;
	time_t passed; /* seconds */
} answer;

/* The next line, or the last one again. */
static void next_answer(void)
{
	const char *newline;

	if (!answer.asked || answer.end < answer.size)
		answer.start = answer.asked ? answer.end : 0;
	newline = memchr(answer.text + answer.start, '\n', answer.size - answer.start);
	answer.end = newline ? (size_t)(newline - answer.text) + 1 : answer.size;
	answer.done = answer.start;
	answer.asked++;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	(void)fd;
	(void)address;
	(void)size;
	switch (answer.trouble) {
	case REFUSED: errno = ECONNREFUSED; return -1;
	case NOT_ALLOWED: errno = EACCES; return -1;
	case GOES_AT_LAST:
		errno = ECONNREFUSED;
		if (answer.asked)
			return -1;
		break;
	default: break;
	}
	/* It does not wait for ever. */
	errno = ECONNREFUSED;
	if (answer.asked == 20)
		return -1;
	next_answer();
	return 0;
}

/* Once, if that is the trouble. */
static bool happens(enum trouble trouble, int err)
{
	if (answer.trouble != trouble)
		return false;
	answer.trouble = NO_TROUBLE;
	errno = err;
	return true;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd;
	(void)bytes;
	(void)flags;
	if (happens(SEND_FAILS, EPIPE) || happens(SEND_IS_INTERRUPTED, EINTR))
		return -1;
	return (ssize_t)(size > 100 ? 100 : size);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t room, int flags)
{
	size_t n = answer.end - answer.done;

	(void)fd;
	(void)flags;
	if (happens(RECV_FAILS, ECONNRESET) || happens(RECV_TIMES_OUT, EAGAIN) ||
	    happens(RECV_IS_INTERRUPTED, EINTR))
		return -1;
	if (n > room)
		n = room;
	if (answer.piece && n > answer.piece)
		n = answer.piece;
	memcpy(bytes, answer.text + answer.done, n);
	answer.done += n;
	return (ssize_t)n;
}

/* Time passes at once. */
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	answer.passed += 1 + time->tv_sec;
	return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = __real_clock_gettime(clock, now);

	now->tv_sec += answer.passed;
	return err;
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	insist(!bind(fd, (struct sockaddr *)&address, sizeof(address)), "no socket: %s",
	       strerror(errno));
	close(fd);
}

static struct stat share;
static int place = -1;

/* A share in a folder, and the sockets. */
static void make_all(const char *dir)
{
	snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);
	make_socket(socket_path);
	place = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	insist(place >= 0 && !mkdirat(place, "share", 0755) && !fstatat(place, "share", &share, 0),
	       "no share: %s", strerror(errno));
	insist(!mount("fuzz", "/run", "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, "size=64k") &&
		       !mkdir(CONTROL_DIR, 0755),
	       "no " CONTROL_DIR ": %s", strerror(errno));
	make_socket(CONTROL_DIR "/a" CONTROL_SUFFIX);
	make_socket(CONTROL_DIR "/b" CONTROL_SUFFIX);
}

/* ---- Answers that are JSON still, with another value in a place ---------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t used, size_t room, unsigned int seed)
{
	size_t size = used > 2 && seed % 4
			      ? json_mutate(data + 2, used - 2, room - 2, seed / 4 % 64, seed / 256)
			      : 0;

	if (!size)
		return LLVMFuzzerMutate(data, used, room);
	if (seed % 16 == 1)
		data[0] = (uint8_t)(seed >> 16);
	return size + 2;
}

/* ---- What is asked -------------------------------------------------------------------------- */

static int ask_explain(const struct options *opts)
{
	const struct explanation e = {.inode = {.dev = 1, .ino = 2}};
	struct json_object *told;

	if (explain_ask(&e, opts, &told))
		return EXIT_FAILED;
	explain_print_told(told);
	json_object_put(told);
	return EXIT_DONE;
}

static int ask_pickup(const struct options *opts)
{
	const struct walk_entry entry = {.dirfd = place, .name = "", .operand = true};
	const struct walk_entry other = {.dirfd = place, .name = "socket", .operand = true};
	const struct walk_entry none = {.dirfd = place, .name = "none", .operand = true};
	struct pickup pickup = PICKUP_INIT;

	insist(!pickup_note(&pickup, opts, &entry) && !pickup_note(&pickup, opts, &other),
	       "not noted");
	insist(pickup_note(&pickup, opts, &none) == -ENOENT, "what is not there is noted");
	return pickup_wait(&pickup, opts, EXIT_DONE);
}

/* A screen of `status --watch`, with the same answer as before. */
static int draw_watched(void)
{
	struct watched watched = {.socket = socket_path, .now_ms = 2000, .before_ms = 1000};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	insist(out, "no memory");
	watched.err = ask_quietly(socket_path, "status", 1, &watched.now);
	if (!watched.err)
		watched.before = json_object_get(watched.now);
	watch_draw(out, &watched, 80);
	fclose(out);
	check_printed(text, size);
	free(text);
	json_object_put(watched.now);
	json_object_put(watched.before);
	return EXIT_DONE;
}

static int show(const struct options *opts, uint8_t what)
{
	if (what & 128)
		return cmd_metrics(opts);
	return what & 8 ? draw_watched() : cmd_status(opts);
}

static int run(const struct options *opts, uint8_t what)
{
	switch (what % 4) {
	case 0: return show(opts, what);
	case 1: return cmd_reload(opts);
	case 2: return ask_explain(opts);
	default: return ask_pickup(opts);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_all(confined_enter());
	confined_be_quiet();
	take_output();
	return 0;
}

/*
 * What differs from run to run: "@D" and "@I" in the answers are the numbers of the share's folder,
 * "@M" and "@H" the time some minutes and some hours ago.
 */
static bool find_number(char name, uint64_t *number)
{
	switch (name) {
	case 'D': *number = share.st_dev; return true;
	case 'I': *number = share.st_ino; return true;
	case 'M': *number = (uint64_t)time(NULL) - 200; return true;
	case 'H': *number = (uint64_t)time(NULL) - 20000; return true;
	default: return false;
	}
}

static size_t expand(const uint8_t *data, size_t size, char *text, size_t room)
{
	uint64_t number;
	size_t n = 0;

	for (size_t i = 0; i < size && n + 32 < room; i++) {
		if (data[i] == '@' && i + 1 < size && find_number((char)data[i + 1], &number)) {
			n += (size_t)snprintf(text + n, room - n, "%llu",
					      (unsigned long long)number);
			i++;
		} else {
			text[n++] = (char)data[i];
		}
	}
	return n;
}

static char long_path[256];

static char *pick_socket(bool named)
{
	memset(long_path, 'x', sizeof(long_path) - 1);
	switch (answer.trouble) {
	case NO_SOCKET: return "/none";
	case NOT_A_SOCKET: return "/";
	case LONG_NAME: return long_path;
	default: return named ? socket_path : NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[16384];
	struct options opts = {
		.root = "/",
		.wait = true,
		.jobs = 1,
		.top = 10,
	};
	int status;

	if (size < 2)
		return -1;
	confined_fds_before();
	memset(&answer, 0, sizeof(answer));
	is_json = opts.json = data[0] & 16;
	opts.recursive = data[0] & 32;
	opts.quiet = data[0] & 64;
	opts.wait_seconds = data[0] & 128 ? 3 : data[0] & 8 ? -1 : 0;
	answer.piece = data[1];
	if (data[1] >= 0xf0 - TROUBLES && data[1] < 0xf0)
		answer.trouble = (enum trouble)(data[1] - (0xf0 - TROUBLES));
	opts.socket = pick_socket(!(data[0] & 4));
	answer.text = text;
	answer.size = expand(data + 2, size - 2, text, sizeof(text));
	output_init(&opts);
	status = run(&opts, data[0]);
	fflush(stdout);
	insist(status >= 0 && status < 128, "an exit status of %d", status);
	confined_fds_after();
	return 0;
}
