/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-control.c - the control socket: what is asked there, by a real client, of a daemon that has
 * a guest; and what a client must not be able to do. control_serve() calls pthread_create().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "control_proto.h"
#include "fuse_client.h"
#include "share.h"
#include "window.h"

#define SIZE (1 << 20)

struct fixture {
	struct client client;
	struct control *control;
	char socket[300], policy[300];
};

/* ---- A client ------------------------------------------------------------------------------ */

static void connect_by(int fd, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	assert_true(strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int connect_to(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	connect_by(fd, path);
	return fd;
}

/* All that comes until the daemon closes. Allocated. */
static char *read_all(int fd)
{
	size_t size = 0, room = 4096;
	char *text = malloc(room + 1);

	for (;;) {
		ssize_t n = recv(fd, text + size, room - size, 0);

		if (n <= 0)
			break;
		size += (size_t)n;
		if (size == room) {
			room *= 2;
			text = realloc(text, room + 1);
		}
	}
	text[size] = '\0';
	return text;
}

/* Send bytes, and take what comes back. NULL: nothing, or no JSON. */
static struct json_object *ask_bytes(const struct fixture *f, const void *bytes, size_t size)
{
	int fd = connect_to(f->socket);
	struct json_object *object;
	char *text;

	/* The daemon may have enough before it has all. */
	if (send(fd, bytes, size, MSG_NOSIGNAL) < 0)
		print_message("the daemon does not read on\n");
	shutdown(fd, SHUT_WR);
	text = read_all(fd);
	object = *text ? json_tokener_parse(text) : NULL;
	free(text);
	close(fd);
	return object;
}

__attribute__((format(printf, 2, 3))) static struct json_object *ask(const struct fixture *f,
								     const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	strcat(line, "\n");
	return ask_bytes(f, line, strlen(line));
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, key, &value));
	return value;
}

static int64_t number(struct json_object *object, const char *key)
{
	return json_object_get_int64(member(object, key));
}

static bool yes(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

static const char *text(struct json_object *object, const char *key)
{
	return json_object_get_string(member(object, key));
}

/* ---- A daemon and its guest ---------------------------------------------------------------- */

static void write_policy(const struct fixture *f, const char *policy)
{
	FILE *file = fopen(f->policy, "w");

	assert_non_null(file);
	fputs(policy, file);
	fclose(file);
}

static int map_nothing(void *data, int fd, uint64_t fd_offset, uint64_t window_offset, uint64_t len,
		       bool writable)
{
	(void)data;
	(void)fd;
	(void)fd_offset;
	(void)window_offset;
	(void)len;
	(void)writable;
	return 0;
}

static int unmap_nothing(void *data, uint64_t window_offset, uint64_t len)
{
	(void)data;
	(void)window_offset;
	(void)len;
	return 0;
}

static const struct mapper mapper = {.map = map_nothing, .unmap = unmap_nothing};

static void make_file(const struct fixture *f, const char *name)
{
	int fd = openat(f->client.dirfd, name, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	close(fd);
}

static void block_hangup(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int setup(void **state)
{
	static struct fixture f;
	struct client *client = &f.client;
	struct fuse_init_out out;

	block_hangup();
	f = (struct fixture){0};
	client_make(client);
	snprintf(f.socket, sizeof(f.socket), "%s.sock", client->dir);
	snprintf(f.policy, sizeof(f.policy), "%s.ini", client->dir);
	write_policy(&f, "[rule large]\nsize = >= 64K\ndax = yes\n");
	assert_int_equal(mkdirat(client->dirfd, "folder", 0755), 0);
	make_file(&f, "a");
	make_file(&f, "folder/b");
	client->settings.policy = f.policy;
	client->settings.policy_off = false;
	client->settings.dax_window = 8 << 20;
	client->settings.control_path = f.socket;
	client->settings.pid = 12345;
	client_open(client);
	window_attach(client->share->window, &mapper);
	assert_int_equal(client_init(client, UINT64_MAX, &out), 0);
	assert_true(client->share->dax.inode_dax);
	assert_int_equal(control_start(client->share, &f.control), 0);
	assert_int_equal(control_serve(f.control), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	control_stop(f->control);
	assert_int_equal(access(f->socket, F_OK), -1);
	window_attach(f->client.share->window, NULL);
	unlink(f->policy);
	client_free(&f->client);
	return 0;
}

/* DEV:INO of a file of the share. */
static const char *inode_of(const struct fixture *f, const char *path)
{
	static char word[64];
	struct stat st;

	assert_int_equal(fstatat(f->client.dirfd, path, &st, 0), 0);
	snprintf(word, sizeof(word), "%" PRIu64 ":%" PRIu64, (uint64_t)st.st_dev,
		 (uint64_t)st.st_ino);
	return word;
}

static uint64_t look_up(struct fixture *f, uint64_t parent, const char *name, bool *dax)
{
	struct fuse_entry_out entry;

	assert_int_equal(client_lookup(&f->client, parent, name, &entry), 0);
	*dax = entry.attr.flags & FUSE_ATTR_DAX;
	return entry.nodeid;
}

/* The only file of an answer. */
static struct json_object *only_file(struct json_object *answer)
{
	struct json_object *files = member(answer, "files");

	assert_int_equal(json_object_array_length(files), 1);
	return json_object_array_get_idx(files, 0);
}

/* ---- status -------------------------------------------------------------------------------- */

static void status_tells_of_share_guest_window_and_policy(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer = ask(f, "status");

	assert_true(yes(answer, "ok"));
	assert_string_equal(text(answer, "dir"), f->client.dir);
	assert_string_equal(text(answer, "tag"), "test");
	assert_int_equal(number(answer, "pid"), 12345);
	assert_true(yes(member(answer, "guest"), "initialized"));
	assert_true(yes(member(answer, "guest"), "inode_dax"));
	assert_int_equal(number(member(answer, "guest"), "fuse_minor"), 38);
	assert_int_equal(number(member(answer, "window"), "size"), 8 << 20);
	assert_int_equal(number(member(answer, "window"), "mapped_chunks"), 0);
	assert_int_equal(number(member(answer, "policy"), "rules"), 1);
	assert_string_equal(text(member(answer, "policy"), "path"), f->policy);
	json_object_put(answer);
}

static void status_counts_decisions_by_rule_and_by_reason(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer, *decisions, *one;
	bool dax;

	look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_true(dax);
	client_tag(&f->client, "folder/b", "trusted.fsdax", "no");
	look_up(f, look_up(f, FUSE_ROOT_ID, "folder", &dax), "b", &dax);
	assert_false(dax);
	answer = ask(f, "status");
	assert_int_equal(number(answer, "files"), 2);
	assert_int_equal(number(answer, "folders"), 2);
	decisions = member(answer, "decisions");
	assert_int_equal(json_object_array_length(decisions), 2);
	one = json_object_array_get_idx(decisions, 0);
	assert_string_equal(text(one, "rule"), "large");
	assert_string_equal(text(one, "file"), f->policy);
	assert_int_equal(number(one, "line"), 1);
	assert_int_equal(number(one, "yes"), 1);
	assert_int_equal(number(one, "no"), 0);
	one = json_object_array_get_idx(decisions, 1);
	assert_string_equal(text(one, "reason"), "tag");
	assert_null(member(one, "rule"));
	assert_int_equal(number(one, "yes"), 0);
	assert_int_equal(number(one, "no"), 1);
	json_object_put(answer);
}

static void status_names_what_is_pending(void **state)
{
	struct fixture *f = *state;
	const uint64_t before = (uint64_t)time(NULL);
	struct json_object *answer, *file;
	struct fuse_attr attr;
	uint64_t nodeid, fh;
	bool dax;

	nodeid = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_int_equal(client_open_file(&f->client, nodeid, O_RDWR, &fh), 0);
	client_tag(&f->client, "a", "trusted.fsdax", "no");
	assert_int_equal(client_getattr(&f->client, nodeid, &attr), 0);
	answer = ask(f, "status");
	assert_int_equal(number(answer, "pending_total"), 1);
	assert_in_range(number(answer, "pending_oldest"), before, (uint64_t)time(NULL));
	assert_int_equal(number(answer, "open_handles"), 1);
	file = json_object_array_get_idx(member(answer, "pending"), 0);
	assert_int_equal(number(file, "pending_since"), number(answer, "pending_oldest"));
	assert_string_equal(text(file, "path"), "/a");
	assert_true(yes(file, "told"));
	assert_false(yes(file, "dax"));
	json_object_put(answer);
	assert_int_equal(client_release(&f->client, nodeid, fh), 0);
	answer = ask(f, "status");
	assert_int_equal(number(answer, "pending_total"), 0);
	assert_null(member(answer, "pending_oldest"));
	json_object_put(answer);
}

static int lookup(struct fixture *f, const char *name)
{
	struct fuse_entry_out entry;

	return client_lookup(&f->client, FUSE_ROOT_ID, name, &entry);
}

/* In the order of the numbers of operations and errors. */
static void status_counts_requests_errors_and_bytes(void **state)
{
	struct fixture *f = *state;
	struct fuse_write_in write_in = {.size = 6};
	struct fuse_read_in read_in = {.size = 4096};
	char data[sizeof(write_in) + 6] = "", back[4096];
	struct json_object *answer;
	uint64_t nodeid;
	bool dax;

	read_in.offset = SIZE - 100;
	assert_int_equal(lookup(f, "none"), -ENOENT);
	assert_int_equal(lookup(f, "none"), -ENOENT);
	assert_int_equal(lookup(f, "a/b"), -EINVAL);
	nodeid = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_int_equal(client_open_file(&f->client, nodeid, O_RDWR, &read_in.fh), 0);
	write_in.fh = read_in.fh;
	memcpy(data, &write_in, sizeof(write_in));
	assert_int_equal(client_send(&f->client, FUSE_WRITE, nodeid, data, sizeof(data), back,
				     sizeof(struct fuse_write_out)),
			 sizeof(struct fuse_write_out));
	assert_int_equal(client_send(&f->client, FUSE_READ, nodeid, &read_in, sizeof(read_in), back,
				     sizeof(back)),
			 100);
	assert_int_equal(client_send(&f->client, FUSE_BMAP, FUSE_ROOT_ID, back, 64, back, 8),
			 -ENOSYS);
	assert_int_equal(client_send(&f->client, 4000, FUSE_ROOT_ID, back, 64, back, 8), -ENOSYS);
	answer = ask(f, "status");
	assert_string_equal(text(answer, "requests"),
			    "{ \"other\": 2, \"LOOKUP\": 4, \"OPEN\": 1, \"READ\": 1, "
			    "\"WRITE\": 1, \"INIT\": 2 }");
	assert_string_equal(text(answer, "errors"), "{ \"other\": { \"ENOSYS\": 2 }, "
						    "\"LOOKUP\": { \"ENOENT\": 2, "
						    "\"EINVAL\": 1 } }");
	assert_int_equal(number(answer, "read_bytes"), 100);
	assert_int_equal(number(answer, "written_bytes"), 6);
	assert_int_not_equal(number(answer, "cpu_us"), 0);
	json_object_put(answer);
}

/* ---- pickup -------------------------------------------------------------------------------- */

static void pickup_of_a_file_that_the_guest_does_not_know(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer = ask(f, "pickup %s", inode_of(f, "a"));

	assert_true(yes(answer, "ok"));
	assert_int_equal(number(answer, "known"), 0);
	assert_int_equal(number(answer, "pending"), 0);
	json_object_put(answer);
}

static void pickup_needs_no_request_of_the_guest(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;
	uint64_t before, after, fh;
	bool dax;

	before = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_true(dax);
	client_tag(&f->client, "a", "trusted.fsdax", "no");
	answer = ask(f, "pickup %s", inode_of(f, "a"));
	assert_int_equal(number(answer, "pending"), 0);
	json_object_put(answer);
	/* What the guest has cached is stale, and it looks again: see inode.h. */
	assert_int_equal(client_open_file(&f->client, before, O_RDWR, &fh), -ESTALE);
	after = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_int_not_equal(after, before);
	assert_false(dax);
}

static void pickup_tells_what_holds_a_file(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer, *file;
	uint64_t nodeid, fh;
	bool dax;

	nodeid = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_int_equal(client_open_file(&f->client, nodeid, O_RDWR, &fh), 0);
	client_tag(&f->client, "a", "trusted.fsdax", "no");
	answer = ask(f, "pickup %s", inode_of(f, "a"));
	assert_int_equal(number(answer, "known"), 1);
	assert_int_equal(number(answer, "pending"), 1);
	file = only_file(answer);
	assert_string_equal(text(file, "path"), "/a");
	assert_int_equal(number(file, "nodeid"), nodeid);
	assert_int_equal(number(file, "opens"), 1);
	assert_true(yes(file, "pending"));
	assert_true(yes(file, "told"));
	assert_false(yes(file, "dax"));
	assert_string_equal(text(file, "reason"), "tag");
	json_object_put(answer);

	assert_int_equal(client_release(&f->client, nodeid, fh), 0);
	answer = ask(f, "pickup %s:%" PRIu64, inode_of(f, "a"), nodeid);
	assert_int_equal(number(answer, "pending"), 0);
	json_object_put(answer);
	look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_false(dax);
}

static void a_change_that_is_taken_back_is_not_pending(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;
	uint64_t nodeid, fh;
	bool dax;

	nodeid = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_int_equal(client_open_file(&f->client, nodeid, O_RDWR, &fh), 0);
	client_tag(&f->client, "a", "trusted.fsdax", "no");
	json_object_put(ask(f, "pickup %s", inode_of(f, "a")));
	client_tag(&f->client, "a", "trusted.fsdax", "yes");
	answer = ask(f, "pickup %s", inode_of(f, "a"));
	assert_int_equal(number(answer, "pending"), 0);
	assert_true(yes(only_file(answer), "told"));
	json_object_put(answer);
	assert_int_equal(client_release(&f->client, nodeid, fh), 0);
}

static void a_folder_stands_for_all_below_it(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;
	uint64_t a, b, fh_a, fh_b;
	bool dax;

	a = look_up(f, FUSE_ROOT_ID, "a", &dax);
	b = look_up(f, look_up(f, FUSE_ROOT_ID, "folder", &dax), "b", &dax);
	assert_true(dax);
	assert_int_equal(client_open_file(&f->client, a, O_RDWR, &fh_a), 0);
	assert_int_equal(client_open_file(&f->client, b, O_RDWR, &fh_b), 0);
	client_tag(&f->client, "folder", "trusted.fsdax", "no");
	answer = ask(f, "pickup %s", inode_of(f, "folder"));
	assert_int_equal(number(answer, "known"), 2);
	assert_int_equal(number(answer, "pending"), 1);
	assert_string_equal(text(json_object_array_get_idx(member(answer, "files"), 1), "path"),
			    "/folder/b");
	json_object_put(answer);

	client_tag(&f->client, ".", "trusted.fsdax", "no");
	client_tag(&f->client, "folder", "trusted.fsdax", "yes");
	answer = ask(f, "pickup %s", inode_of(f, "."));
	assert_int_equal(number(answer, "known"), 3);
	json_object_put(answer);
	assert_int_equal(client_release(&f->client, a, fh_a), 0);
	assert_int_equal(client_release(&f->client, b, fh_b), 0);
}

/* A number that the guest was given before it began anew may be another file's now. */
static void a_nodeid_alone_names_nothing(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;
	bool dax;
	uint64_t nodeid = look_up(f, FUSE_ROOT_ID, "a", &dax);

	answer = ask(f, "pickup %s:%" PRIu64, inode_of(f, "folder"), nodeid);
	assert_int_equal(number(answer, "known"), 0);
	json_object_put(answer);
	answer = ask(f, "pickup %s:%" PRIu64, inode_of(f, "a"), nodeid + 1);
	assert_int_equal(number(answer, "known"), 0);
	json_object_put(answer);
}

/* ---- reload ----------------------------------------------------------------------------------- */

static void reload_changes_what_is_decided(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;
	uint64_t before, fh;
	bool dax;

	before = look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_true(dax);
	write_policy(f, "[rule none]\npath = **\ndax = no\n");
	answer = ask(f, "reload");
	assert_true(yes(answer, "ok"));
	assert_int_equal(number(answer, "rules"), 1);
	json_object_put(answer);
	json_object_put(ask(f, "pickup %s", inode_of(f, ".")));
	assert_int_equal(client_open_file(&f->client, before, O_RDWR, &fh), -ESTALE);
	look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_false(dax);
	answer = ask(f, "status");
	assert_string_equal(text(json_object_array_get_idx(member(answer, "decisions"), 0), "rule"),
			    "none");
	assert_int_equal(number(member(answer, "policy"), "reloads"), 1);
	assert_int_equal(number(member(answer, "policy"), "reloads_failed"), 0);
	json_object_put(answer);
}

static void a_policy_with_mistakes_is_refused_and_they_are_told(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer, *remark;
	bool dax;

	write_policy(f, "[rule none]\npath = [\ndax = no\n");
	answer = ask(f, "reload");
	assert_false(yes(answer, "ok"));
	assert_string_equal(text(answer, "error"), "the policy has mistakes");
	remark = json_object_array_get_idx(member(answer, "remarks"), 0);
	assert_string_equal(text(remark, "severity"), "error");
	assert_int_equal(number(remark, "line"), 2);
	assert_non_null(strstr(text(remark, "formatted"), ".ini:2:8: error: "));
	json_object_put(answer);
	look_up(f, FUSE_ROOT_ID, "a", &dax);
	assert_true(dax);
	answer = ask(f, "status");
	assert_non_null(member(member(answer, "policy"), "refused"));
	assert_int_equal(number(member(answer, "policy"), "generation"), 0);
	assert_int_equal(number(member(answer, "policy"), "reloads"), 0);
	assert_int_equal(number(member(answer, "policy"), "reloads_failed"), 1);
	json_object_put(answer);
}

static void a_policy_that_is_gone_is_refused(void **state)
{
	struct fixture *f = *state;
	struct json_object *answer;

	unlink(f->policy);
	answer = ask(f, "reload");
	assert_false(yes(answer, "ok"));
	assert_true(json_object_array_length(member(answer, "remarks")) > 0);
	json_object_put(answer);
}

/* What a signal does is done when a request after it has been answered, or soon after. */
static void a_hangup_reloads(void **state)
{
	struct fixture *f = *state;
	int64_t generation = 0;

	write_policy(f, "[rule none]\npath = **\ndax = no\n");
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	while (!generation) {
		struct json_object *answer = ask(f, "status");

		generation = number(member(answer, "policy"), "generation");
		json_object_put(answer);
	}
	assert_int_equal(generation, 1);
}

/* ---- What is no request ------------------------------------------------------------------------- */

static void is_refused(const struct fixture *f, const void *bytes, size_t size)
{
	struct json_object *answer = ask_bytes(f, bytes, size);

	if (answer)
		assert_false(yes(answer, "ok"));
	json_object_put(answer);
}

static void what_is_no_request_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"x",
		"STATUS",
		"status x",
		"status -1",
		"status 1 2",
		"status 9999999",
		"reload now",
		"pickup",
		"pickup ",
		"pickup 1",
		"pickup 1:",
		"pickup :1",
		"pickup 1:2:",
		"pickup 1:2:3:4",
		"pickup -1:2",
		"pickup 1:2x",
		"pickup 0x1:2",
		"pickup 99999999999999999999:1",
		"status\tx",
		"st\001atus",
		"st\377tus",
	};
	const struct fixture *f = *state;
	struct json_object *answer;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s\n", lines[i]);
		is_refused(f, line, strlen(line));
	}
	is_refused(f, "status", 6);
	is_refused(f, "status\0\n", 8);
	is_refused(f, "", 0);
	answer = ask(f, "status");
	assert_true(yes(answer, "ok"));
	json_object_put(answer);
}

static void too_long_a_request_is_refused(void **state)
{
	const struct fixture *f = *state;
	size_t size = 4 * CONTROL_LINE_MAX;
	char *line = malloc(size + 1);
	struct json_object *answer;
	char *end = line;

	memset(line, '1', size);
	is_refused(f, line, size);
	end = stpcpy(end, "pickup");
	for (int i = 0; i <= CONTROL_INODES_MAX; i++)
		end += sprintf(end, " %d:%d", i, i);
	strcpy(end, "\n");
	is_refused(f, line, strlen(line));
	answer = ask(f, "status");
	assert_true(yes(answer, "ok"));
	json_object_put(answer);
	free(line);
}

/* One that goes before it has read its answer, and one that connects and says nothing. */
static void a_client_that_goes_takes_nobody_along(void **state)
{
	const struct fixture *f = *state;
	int silent = connect_to(f->socket), hasty = connect_to(f->socket);
	struct json_object *answer;

	assert_int_equal(send(hasty, "status\n", 7, MSG_NOSIGNAL), 7);
	close(hasty);
	close(silent);
	answer = ask(f, "status");
	assert_true(yes(answer, "ok"));
	json_object_put(answer);
}

/* Take all descriptors that are left. Returns how many. */
static int take_descriptors(int *fds, int room)
{
	int n = 0;

	while (n < room && (fds[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0)
		n++;
	assert_true(n < room);
	assert_int_equal(errno, EMFILE);
	return n;
}

static void a_daemon_without_descriptors_answers(void **state)
{
	const struct fixture *f = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct rlimit before, few = {.rlim_cur = 64};
	struct json_object *answer;
	int fds[64], n;
	char *got;

	/* Once, so that all is there that is made at the first request. */
	json_object_put(ask(f, "status"));
	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	n = take_descriptors(fds, 64);
	connect_by(fd, f->socket);
	assert_int_equal(send(fd, "status\n", 7, MSG_NOSIGNAL), 7);
	got = read_all(fd);
	while (n)
		close(fds[--n]);
	setrlimit(RLIMIT_NOFILE, &before);
	close(fd);
	answer = json_tokener_parse(got);
	free(got);
	assert_non_null(answer);
	assert_true(yes(answer, "ok"));
	json_object_put(answer);
}

static void others_may_not_connect(void **state)
{
	const struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* ---- Its place ---------------------------------------------------------------------------------- */

static void a_socket_that_is_in_use_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct control *other = NULL;
	struct json_object *answer;

	assert_int_equal(control_start(f->client.share, &other), -EADDRINUSE);
	answer = ask(f, "status");
	assert_true(yes(answer, "ok"));
	json_object_put(answer);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(status_tells_of_share_guest_window_and_policy),
		TEST(status_counts_decisions_by_rule_and_by_reason),
		TEST(status_names_what_is_pending),
		TEST(status_counts_requests_errors_and_bytes),
		TEST(pickup_of_a_file_that_the_guest_does_not_know),
		TEST(pickup_needs_no_request_of_the_guest),
		TEST(pickup_tells_what_holds_a_file),
		TEST(a_change_that_is_taken_back_is_not_pending),
		TEST(a_folder_stands_for_all_below_it),
		TEST(a_nodeid_alone_names_nothing),
		TEST(reload_changes_what_is_decided),
		TEST(a_policy_with_mistakes_is_refused_and_they_are_told),
		TEST(a_policy_that_is_gone_is_refused),
		TEST(a_hangup_reloads),
		TEST(what_is_no_request_is_refused),
		TEST(too_long_a_request_is_refused),
		TEST(a_client_that_goes_takes_nobody_along),
		TEST(a_daemon_without_descriptors_answers),
		TEST(others_may_not_connect),
		TEST(a_socket_that_is_in_use_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
