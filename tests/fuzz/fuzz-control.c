/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-control.c - fuzz: daemon. What clients say on the control socket: each gets one JSON object in
 * one line, which says whether it went well, or nothing if it sent no line of printable
 * characters. The guest knows some files meanwhile, and has some open.
 *
 * In an input, "@N" stands for the device and inode number of the N-th of them, which differ from run
 * to run, and "#N" for its nodeid. Bytes from 0x80 on, at its start, are what happens before: the
 * policy is another, a tag is, or the client is slow (struct scene).
 *
 * Not reached in daemon/control_*.c: no memory, no descriptors, and what needs more files than
 * the guest knows here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "confined.h"
#include "control.h"
#include "control_internal.h"
#include "control_proto.h"
#include "handle.h"
#include "inode.h"
#include "insist.h"
#include "share_fixture.h"
#include "thread.h"
#include "window.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);

enum { KNOWN = 8 };

static struct control control;
static struct inode *known[KNOWN];

/* What differs from input to input. */
static struct scene {
	bool slow;	  /* the client reads only when the daemon waits for it */
	bool gone;	  /* it does not read at all, and closes the socket instead */
	bool interrupted; /* a signal comes when the daemon waits first */
	bool ends;	  /* the daemon is to end */
	bool silent;	  /* the client does not say that there is no more */
	bool too_long;	  /* what it says begins with more than a line */
	bool has_name;	  /* the input is a tag or a folder, that the socket is named after */
	bool has_policy;  /* the policy's file is another */
	bool has_tag;	  /* a file has a tag */
	int client;	  /* the client's end */
	char *answer;
	size_t size, room;
	time_t passed; /* seconds */
} scene;

/* ---- What the guest knows -------------------------------------------------------------------- */

static void look_up(unsigned int i, struct inode *parent, const char *name)
{
	struct statx stx;
	uint32_t flag;

	insist(!inode_lookup(control.share, parent, name, &known[i], &stx, &flag), "no %s", name);
}

static void open_one(unsigned int i)
{
	uint64_t fh;
	int fd = inode_open(control.share, known[i], O_RDONLY | O_CLOEXEC);

	insist(fd >= 0 && !handle_new(control.share, known[i], fd, false, &fh), "not opened");
}

static int map(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
	       bool writable)
{
	(void)data;
	(void)fd_offset;
	(void)window_offset;
	(void)len;
	return fd < 0 || !writable ? -EIO : 0;
}

static int unmap(void *data, uint64_t window_offset, uint64_t len)
{
	(void)data;
	(void)window_offset;
	return len ? 0 : -EIO;
}

/* Two files are in the window. */
static void map_some(struct window *window)
{
	static const struct mapper front_end = {map, unmap, NULL};

	window_attach(window, &front_end);
	control.share->dax.window = true;
	control.share->dax.inode_dax = true;
	insist(!window_setup(window, known[2], 0, 2 << 20, 0, true) &&
		       !window_setup(window, known[4], 0, 4 << 20, 4 << 20, true),
	       "not mapped");
}

/* A rule says yes to a file that cannot be mapped. */
static void make_empty(void)
{
	int fd = openat(fixture_root(), "empty", O_WRONLY | O_CLOEXEC);

	insist(fd >= 0 && !fsetxattr(fd, "user.dax", "", 0, 0), "no xattr: %s", strerror(errno));
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fixture_begin();
	insist(!mount("fuzz", "/run", "tmpfs", MS_NODEV | MS_NOSUID | MS_NOEXEC, "size=64k"),
	       "/run: %s", strerror(errno));
	make_empty();
	thread_begin("fuzz", 0);
	control.share = fixture_share(0);
	control.dir = strdup(control.share->settings->shared_dir);
	control.listener = control.hangup_fd = control.spare_fd = -1;
	control.stop_fd = eventfd(0, EFD_CLOEXEC);
	atomic_store(&control.share->initialized, true);
	known[0] = inode_get(control.share, FUSE_ROOT_ID);
	look_up(1, known[0], "a");
	look_up(2, known[0], "b.dax");
	look_up(3, known[0], "d");
	look_up(4, known[3], "y.dax");
	look_up(5, known[0], "link");
	look_up(6, known[0], "empty");
	look_up(7, known[0], "h");
	open_one(1);
	open_one(4);
	map_some(control.share->window);
	return 0;
}

/* ---- Lines ------------------------------------------------------------------------------------- */

static size_t put_inode(char *to, size_t room, char sign, const struct inode *inode)
{
	int n = sign == '@' ? snprintf(to, room, "%llu:%llu", (unsigned long long)inode->key.dev,
				       (unsigned long long)inode->key.ino)
			    : snprintf(to, room, "%llu", (unsigned long long)inode->nodeid);

	return (size_t)n < room ? (size_t)n : 0;
}

/* The input, with numbers of inodes in the place of their names. Returns the size. */
static size_t expand(const uint8_t *data, size_t size, char *line, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < size && n < room; i++) {
		if (i + 1 < size && (data[i] == '@' || data[i] == '#') && data[i + 1] >= '0' &&
		    data[i + 1] < '0' + KNOWN) {
			n += put_inode(line + n, room - n, (char)data[i], known[data[i + 1] - '0']);
			i++;
		} else {
			line[n++] = (char)data[i];
		}
	}
	return n;
}

static bool is_line(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);

	for (const char *c = text; end && c < end; c++) {
		if (*c < ' ' || *c > '~')
			return false;
	}
	return end;
}

static void check_answer(const char *text, size_t size)
{
	struct json_tokener *parser = json_tokener_new();
	struct json_object *object, *ok, *error;

	insist(size && text[size - 1] == '\n' && !memchr(text, '\n', size - 1),
	       "an answer is no line");
	object = json_tokener_parse_ex(parser, text, (int)size);
	insist(object && json_object_is_type(object, json_type_object), "an answer is no object");
	insist(json_object_object_get_ex(object, "ok", &ok) &&
		       json_object_is_type(ok, json_type_boolean),
	       "an answer does not say whether it went well");
	insist(json_object_get_boolean(ok) || json_object_object_get_ex(object, "error", &error) ||
		       json_object_object_get_ex(object, "remarks", &error),
	       "an answer does not say what went wrong");
	json_object_put(object);
	json_tokener_free(parser);
}

/* ---- What happens before --------------------------------------------------------------------- */

static void put_policy(const char *text)
{
	const char *path = fixture_share(0)->settings->policy;
	int fd;

	if (!text) {
		unlink(path);
		return;
	}
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
	insist(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
	       "the policy is not written: %s", strerror(errno));
	close(fd);
}

static void put_tag(const char *value)
{
	int fd = openat(fixture_root(), "b.dax", O_RDONLY | O_CLOEXEC);

	if (value)
		fsetxattr(fd, "trusted.fsdax", value, strlen(value), 0);
	else
		fremovexattr(fd, "trusted.fsdax");
	close(fd);
}

static const char *const policies[] = {
	"[policy]\ndefault = no\n[tag]\nxattr = trusted.fsdax\n"
	"[rule dax]\npath = *.dax\nsize = >= 32K\ndax = yes\n"
	"[rule marked]\nxattr = user.dax\ndax = yes\n",
	"[policy]\ndefault = yes\n[tag]\nxattr = user.fsdax\n",
	"[rule\n[rule x]\ndax = perhaps\npath = [\n",
	NULL,
};

static void happen(uint8_t what)
{
	switch (what & 15) {
	case 0:
	case 1:
	case 2:
	case 3:
		put_policy(policies[what & 3]);
		scene.has_policy = true;
		break;
	case 4:
		put_tag(what & 16 ? "yes" : "no");
		scene.has_tag = true;
		break;
	case 5: put_tag(NULL); break;
	case 6: scene.slow = true; break;
	case 7: scene.slow = scene.gone = true; break;
	case 8: scene.interrupted = true; break;
	case 9: scene.ends = true; break;
	case 10: scene.silent = true; break;
	case 11: scene.too_long = true; break;
	case 12: scene.has_name = true; break;
	/* The daemon gave up what it needs for a policy that reads trusted.*; or it has no policy. */
	case 13:
		control.share->had_trusted = true;
		control.share->trusted = what & 16;
		break;
	case 14: control.share = fixture_share(what & 16 ? 2 : 0); break;
	default: atomic_fetch_add(&control.share->tree_generation, 1); break;
	}
}

/* All is as it was before the input. */
static void restore(bool had_trusted, bool trusted)
{
	control.share = fixture_share(0);
	control.share->had_trusted = had_trusted;
	control.share->trusted = trusted;
	if (scene.has_tag)
		put_tag(NULL);
	if (!scene.has_policy)
		return;
	put_policy(policies[0]);
	json_object_put(control_reload(&control));
}

/* ---- The socket's name ------------------------------------------------------------------------- */

static void check_name(const char *text, size_t size)
{
	static const char start[] = CONTROL_DIR "/";
	struct settings settings = {.shared_dir = "/", .socket_fd = -1};
	char path[CONTROL_PATH_MAX], *name = strndup(text + (size > 0), size ? size - 1 : 0),
				     *elsewhere;
	int fd;

	if (size && *text == 't')
		settings.tag = name;
	else
		settings.shared_dir = name;
	control_settle(&settings, path);
	insist(settings.control_path == path && !strncmp(path, start, sizeof(start) - 1) &&
		       !strchr(path + sizeof(start) - 1, '/') && strlen(path) < CONTROL_PATH_MAX,
	       "the control socket is to be '%s'", path);
	control_settle(&settings, path);
	fd = control_listen(path);
	insist(fd >= 0, "no socket at '%s'", path);
	insist(control_listen(path) == -EADDRINUSE, "two sockets at '%s'", path);
	close(fd);
	unlink(path);
	/* No socket can be made there; a path can be too long for one, too. */
	insist(asprintf(&elsewhere, "/proc/%s", name) >= 0, "no memory");
	insist(control_listen(elsewhere) < 0, "a socket at '%s'", elsewhere);
	free(elsewhere);
	free(name);
}

/* ---- Time ------------------------------------------------------------------------------------------ */

static void receive_some(void)
{
	ssize_t n = recv(scene.client, scene.answer + scene.size, scene.room - scene.size,
			 MSG_DONTWAIT);

	if (n > 0)
		scene.size += (size_t)n;
}

/* Nobody waits here: time passes at once. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int ready = __real_poll(fds, n, 0);

	if (ready || !timeout_ms)
		return ready;
	if (scene.interrupted) {
		scene.interrupted = false;
		errno = EINTR;
		return -1;
	}
	if (scene.gone && scene.client >= 0) {
		close(scene.client);
		scene.client = -1;
	} else if (scene.client >= 0) {
		receive_some();
	}
	ready = __real_poll(fds, n, 0);
	if (!ready)
		scene.passed += 1 + timeout_ms / 1000;
	return ready;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = __real_clock_gettime(clock, now);

	now->tv_sec += scene.passed;
	return err;
}

/* ---- One client ------------------------------------------------------------------------------- */

/* Returns whether an answer is due. */
static bool serve(const char *line, size_t size)
{
	const int least = 0;
	bool answered = is_line(line, size < CONTROL_LINE_MAX ? size : CONTROL_LINE_MAX);
	uint64_t count = 1;
	int ends[2];

	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	if (scene.slow)
		setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	insist(send(ends[0], line, size, MSG_DONTWAIT) == (ssize_t)size, "send: %s",
	       strerror(errno));
	if (!scene.silent)
		shutdown(ends[0], SHUT_WR);
	if (scene.ends && write(control.stop_fd, &count, sizeof(count)) < 0)
		abort();
	scene.client = ends[0];
	control_serve_client(&control, ends[1]);
	if (scene.ends && read(control.stop_fd, &count, sizeof(count)) < 0)
		abort();
	answered &= !scene.ends && scene.client >= 0;
	for (ssize_t n = 1; scene.client >= 0 && n > 0; scene.size += n > 0 ? (size_t)n : 0)
		n = recv(scene.client, scene.answer + scene.size, scene.room - scene.size, 0);
	if (scene.client >= 0)
		close(scene.client);
	return answered;
}

static size_t put_long(char *line, size_t room)
{
	size_t n = CONTROL_LINE_MAX - 2;

	insist(n <= room, "no room");
	memset(line, 'a', n);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[4 * CONTROL_LINE_MAX], answer[1 << 18];
	bool had_trusted = control.share->had_trusted, trusted = control.share->trusted, answered;
	size_t n = 0;

	confined_fds_before();
	scene = (struct scene){.client = -1, .answer = answer, .room = sizeof(answer)};
	for (; size && *data >= 0x80; data++, size--)
		happen(*data);
	if (scene.too_long)
		n = put_long(line, sizeof(line));
	n += expand(data, size, line + n, sizeof(line) - n);
	if (scene.has_name) {
		check_name((const char *)data, size);
	} else {
		answered = serve(line, n);
		/* An answer that was not read is cut. */
		if (scene.size && answered)
			check_answer(answer, scene.size);
		else
			insist(!answered, "a line has no answer");
	}
	restore(had_trusted, trusted);
	confined_fds_after();
	return 0;
}
