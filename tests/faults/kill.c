/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kill.c - kills a daemon at random moments under load, again and again, and compares what the
 * guest was told with what the host has.
 *
 *	faults-kill SOCKET DIR KILLS inflight|fresh DAEMON ARG...
 *
 * Up to DEPTH requests are under way: writes of a block, files that are made and removed, xattrs
 * that are set. Of each object, what was acknowledged last is known, and what is under way: it must
 * be in one state or the other, and whole. With `inflight` the front-end goes on with the next
 * daemon as if nothing had happened, and each request of the dead one must be answered; with
 * `fresh` it is a new guest each time. TAP on standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

enum { FILES = 8, BLOCKS = 32, NAMES = 32, DEPTH = 16, BLOCK = 4096, VALUE = 512 };
enum { OBJECTS = FILES * BLOCKS + NAMES + FILES, PATIENCE_MS = 20000, LONGEST_MS = 80 };

/* What one thing has, as a number: 0 is nothing. `busy`: the other is under way. */
struct object {
	uint32_t acknowledged, next;
	bool busy;
};

struct slot {
	struct request *request;
	struct object *object; /* NULL: idle */
};

struct run {
	const char *socket, *dir;
	char **daemon;
	bool inflight;
	pid_t pid;
	struct frontend_options options;
	struct frontend fe;
	struct client client;
	struct slot slots[DEPTH];
	struct object objects[OBJECTS];
	uint64_t nodes[FILES], fhs[FILES];
	uint32_t version;
	uint64_t acknowledged, refused, undone, done;
};

static _Noreturn void die(const char *what, int err)
{
	printf("Bail out! %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static void sleep_us(long us)
{
	nanosleep(&(struct timespec){us / 1000000, us % 1000000 * 1000}, NULL);
}

/* ---- Objects ---------------------------------------------------------------------------------- */

enum kind { KIND_BLOCK, KIND_NAME, KIND_VALUE };

/* Which it is: of blocks the file and the block, of all else a number. */
static enum kind kind_of(const struct run *run, const struct object *object, unsigned int *a,
			 unsigned int *b)
{
	unsigned int n = (unsigned int)(object - run->objects);

	*b = 0;
	if (n < FILES * BLOCKS) {
		*a = n / BLOCKS;
		*b = n % BLOCKS;
		return KIND_BLOCK;
	}
	n -= FILES * BLOCKS;
	*a = n < NAMES ? n : n - NAMES;
	return n < NAMES ? KIND_NAME : KIND_VALUE;
}

/* All bytes of a version look the same, and so a mixture of two can be told. */
static void fill(char *bytes, size_t size, uint32_t version)
{
	for (size_t i = 0; i < size; i += sizeof(version))
		memcpy(bytes + i, &version, sizeof(version));
}

/* The version that bytes are of; UINT32_MAX: of none. */
static uint32_t version_of(const char *bytes, size_t size)
{
	uint32_t version;

	memcpy(&version, bytes, sizeof(version));
	for (size_t i = 0; i < size; i += sizeof(version)) {
		if (memcmp(bytes + i, &version, sizeof(version)) != 0)
			return UINT32_MAX;
	}
	return version;
}

/* Returns how many bytes of it there are; -1: none can be read. */
static ssize_t read_block(const struct run *run, unsigned int file, unsigned int block,
			  char bytes[BLOCK])
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/f%u", run->dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = pread(fd, bytes, BLOCK, (off_t)block * BLOCK);
	close(fd);
	return n;
}

static uint32_t block_on_host(const struct run *run, unsigned int file, unsigned int block)
{
	char bytes[BLOCK];
	ssize_t n = read_block(run, file, block, bytes);

	if (n == 0)
		return 0;
	return n == BLOCK ? version_of(bytes, BLOCK) : UINT32_MAX;
}

static uint32_t value_on_host(const struct run *run, unsigned int file)
{
	char path[512], bytes[2 * VALUE];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/f%u", run->dir, file);
	n = getxattr(path, "user.value", bytes, sizeof(bytes));
	if (n < 0)
		return errno == ENODATA ? 0 : UINT32_MAX;
	return n == VALUE ? version_of(bytes, VALUE) : UINT32_MAX;
}

/* 1: it is there. The host's own tag must be on it then. */
static uint32_t name_on_host(const struct run *run, unsigned int name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/n%u", run->dir, name);
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : UINT32_MAX;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? 1 : UINT32_MAX;
}

static uint32_t on_host(const struct run *run, const struct object *object)
{
	unsigned int a, b;

	switch (kind_of(run, object, &a, &b)) {
	case KIND_BLOCK: return block_on_host(run, a, b);
	case KIND_NAME: return name_on_host(run, a);
	case KIND_VALUE: return value_on_host(run, a);
	}
	return UINT32_MAX;
}

/*
 * Who is killed in a write(2) may have written the begin of it, where the kernel had to fetch what
 * is written from more than one page. That is so for any program. Whether a block that is under way
 * has the begin of the new bytes, and then the old ones.
 */
static bool is_begun(const struct run *run, const struct object *object)
{
	char bytes[BLOCK], next[BLOCK], old[BLOCK];
	unsigned int file, block;
	ssize_t n, same = 0;

	if (!object->busy || kind_of(run, object, &file, &block) != KIND_BLOCK)
		return false;
	n = read_block(run, file, block, bytes);
	fill(next, BLOCK, object->next);
	fill(old, BLOCK, object->acknowledged);
	while (same < n && bytes[same] == next[same])
		same++;
	if (!object->acknowledged)
		return same == n;
	return n == BLOCK && !memcmp(bytes + same, old + same, (size_t)(BLOCK - same));
}

/* Whether all is as it was told, or as it was about to be; and which is now known. */
static bool compare(struct run *run)
{
	bool good = true;

	for (int i = 0; i < OBJECTS; i++) {
		struct object *object = &run->objects[i];
		uint32_t found = on_host(run, object);

		if (found != object->acknowledged && !(object->busy && found == object->next) &&
		    !is_begun(run, object)) {
			printf("# object %d: has %u, was told %u, under way %u (%d)\n", i, found,
			       object->acknowledged, object->next, object->busy);
			good = false;
		}
		run->undone += object->busy && found == object->acknowledged;
		run->done += object->busy && found != object->acknowledged;
		object->acknowledged = found;
		object->busy = false;
	}
	return good;
}

/* ---- Requests --------------------------------------------------------------------------------- */

static int send_block(struct run *run, struct request *request, unsigned int file,
		      unsigned int block, uint32_t version)
{
	struct fuse_write_in in = {
		.fh = run->fhs[file], .offset = (uint64_t)block * BLOCK, .size = BLOCK};
	char bytes[BLOCK];

	fill(bytes, BLOCK, version);
	return client_start(&run->client, request, FUSE_WRITE, run->nodes[file],
			    (struct iovec[]){{&in, sizeof(in)}, {bytes, BLOCK}}, 2,
			    sizeof(struct fuse_write_out));
}

static int send_value(struct run *run, struct request *request, unsigned int file, uint32_t version)
{
	struct fuse_setxattr_in in = {.size = VALUE};
	char bytes[VALUE];

	fill(bytes, VALUE, version);
	return client_start(&run->client, request, FUSE_SETXATTR, run->nodes[file],
			    (struct iovec[]){{&in, sizeof(in)}, {"user.value", 11}, {bytes, VALUE}},
			    3, 0);
}

static int send_name(struct run *run, struct request *request, unsigned int number, bool make)
{
	struct fuse_mknod_in in = {.mode = S_IFREG | 0644};
	char name[16];
	size_t size = (size_t)sprintf(name, "n%u", number) + 1;

	if (!make)
		return client_start(&run->client, request, FUSE_UNLINK, FUSE_ROOT_ID,
				    (struct iovec[]){{name, size}}, 1, 0);
	return client_start(&run->client, request, FUSE_MKNOD, FUSE_ROOT_ID,
			    (struct iovec[]){{&in, sizeof(in)}, {name, size}}, 2,
			    sizeof(struct fuse_entry_out));
}

static int send_one(struct run *run, struct slot *slot)
{
	struct object *object = &run->objects[rand() % OBJECTS];
	unsigned int a, b;
	enum kind kind = kind_of(run, object, &a, &b);
	int err;

	if (object->busy)
		return 0;
	/* Blocks in their order, for a file has no holes. */
	if (kind == KIND_BLOCK && b && !object[-1].acknowledged)
		return 0;
	object->next = kind == KIND_NAME ? !object->acknowledged : ++run->version;
	if (kind == KIND_BLOCK)
		err = send_block(run, slot->request, a, b, object->next);
	else if (kind == KIND_VALUE)
		err = send_value(run, slot->request, a, object->next);
	else
		err = send_name(run, slot->request, a, object->next);
	if (err)
		return err;
	object->busy = true;
	slot->object = object;
	return 0;
}

static void take_answer(struct run *run, struct slot *slot)
{
	const struct fuse_out_header *out = (const void *)slot->request->out;

	/* An error leaves open whether it was done. */
	if (out->error) {
		run->refused++;
	} else {
		slot->object->acknowledged = slot->object->next;
		slot->object->busy = false;
		run->acknowledged++;
	}
	slot->object = NULL;
}

/* What has come back. Returns how many requests are under way. */
static unsigned int poll_answers(struct run *run)
{
	struct vq *vq = &run->fe.vqs[FRONTEND_REQUESTS];
	unsigned int busy = 0;

	for (int i = 0; i < DEPTH; i++) {
		struct slot *slot = &run->slots[i];

		if (slot->object && request_poll(slot->request, vq))
			take_answer(run, slot);
		busy += slot->object != NULL;
	}
	return busy;
}

/* Until the daemon dies. */
static void load(struct run *run)
{
	while (frontend_alive(&run->fe)) {
		for (int i = 0; i < DEPTH; i++) {
			if (!run->slots[i].object && send_one(run, &run->slots[i]))
				die("a request can't be sent", EIO);
		}
		poll_answers(run);
		sched_yield();
	}
	poll_answers(run);
}

/* ---- The daemon --------------------------------------------------------------------------------- */

/* In a session of its own, by which all that it starts can be found. */
static void start_daemon(struct run *run)
{
	run->pid = fork();
	if (run->pid < 0)
		die("fork", errno);
	if (run->pid)
		return;
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(run->daemon[0], run->daemon);
	_exit(127);
}

struct killer {
	pid_t pid;
	long after_us;
};

static void *kill_later(void *data)
{
	const struct killer *killer = data;

	sleep_us(killer->after_us);
	kill(killer->pid, SIGKILL);
	return NULL;
}

/* Processes of the session: that have not ended, and are not waited for by anybody. */
static int count_session(pid_t session)
{
	char command[128];
	FILE *out;
	int n = 0;

	snprintf(command, sizeof(command),
		 "ps -e -o sid=,stat= | awk '$1 == %d && $2 !~ /^Z/' | wc -l", (int)session);
	out = popen(command, "r");
	if (!out || fscanf(out, "%d", &n) != 1)
		die("ps", EIO);
	pclose(out);
	return n;
}

static bool nothing_is_left(pid_t session)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += 50) {
		if (!count_session(session))
			return true;
		sleep_us(50 * 1000);
	}
	return false;
}

static bool bury(struct run *run)
{
	int status;

	if (waitpid(run->pid, &status, 0) != run->pid)
		die("waitpid", errno);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		printf("# the daemon ended by itself: status %x\n", (unsigned int)status);
		return false;
	}
	return nothing_is_left(run->pid);
}

/* ---- The guest ------------------------------------------------------------------------------------ */

static int connect_to(struct run *run, bool again)
{
	int err = -ECONNREFUSED;

	for (int waited = 0; waited < PATIENCE_MS; waited += 5) {
		err = again ? frontend_reconnect(&run->fe, &run->options)
			    : frontend_start(&run->fe, &run->options);
		if (err != -ENOENT && err != -ECONNREFUSED)
			break;
		if (!again)
			frontend_stop(&run->fe);
		sleep_us(5000);
	}
	return err;
}

static int make_slots(struct run *run)
{
	for (int i = 0; i < DEPTH; i++) {
		request_free(run->slots[i].request);
		run->slots[i] = (struct slot){request_new(&run->fe, 8192, 4096), NULL};
		if (!run->slots[i].request)
			return -ENOMEM;
	}
	return 0;
}

static int mount(struct run *run)
{
	int err = client_init(&run->client, &(struct client_init){0});

	for (int i = 0; i < FILES && !err; i++) {
		struct fuse_entry_out entry;
		char name[16];

		sprintf(name, "f%d", i);
		err = client_lookup(&run->client, FUSE_ROOT_ID, name, &entry);
		if (err)
			return err;
		run->nodes[i] = entry.nodeid;
		err = client_open_file(&run->client, entry.nodeid, O_RDWR, &run->fhs[i]);
	}
	return err;
}

/* The next daemon answers whatever the last one owed. */
static bool all_are_answered(struct run *run)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += 1) {
		if (!poll_answers(run))
			return true;
		sleep_us(1000);
	}
	return false;
}

static int begin(struct run *run, bool again)
{
	int err = connect_to(run, again);

	if (err)
		return err;
	if (again)
		return all_are_answered(run) ? 0 : -ETIMEDOUT;
	err = client_open(&run->client, &run->fe);
	return err ? err : make_slots(run);
}

static void leave(struct run *run)
{
	frontend_hang_up(&run->fe);
	client_close(&run->client);
	frontend_stop(&run->fe);
}

/* Before it serves anybody, or just then. */
static bool die_young(struct run *run)
{
	start_daemon(run);
	sleep_us(rand() % 30000);
	kill(run->pid, SIGKILL);
	return bury(run);
}

/* One daemon's life. */
static bool live_and_die(struct run *run, bool again)
{
	struct killer killer = {.after_us = rand() % (LONGEST_MS * 1000)};
	pthread_t thread;
	int err;

	if (rand() % 4 == 0 && !die_young(run))
		return false;
	start_daemon(run);
	killer.pid = run->pid;
	err = begin(run, again);
	if (err)
		die("the daemon does not take the connection", err);
	/* The host has what the dead one did, and no more is under way. */
	if (again && !compare(run))
		return false;
	err = mount(run);
	if (err)
		die("the daemon does not serve", err);
	pthread_create(&thread, NULL, kill_later, &killer);
	load(run);
	pthread_join(thread, NULL);
	if (!bury(run)) {
		printf("# processes are left\n");
		return false;
	}
	if (run->inflight)
		return true;
	leave(run);
	return compare(run);
}

static void make_files(const struct run *run)
{
	for (int i = 0; i < FILES; i++) {
		char path[512];
		int fd;

		snprintf(path, sizeof(path), "%s/f%d", run->dir, i);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || fsetxattr(fd, "user.fsdax", "yes", 3, 0))
			die(path, errno);
		close(fd);
	}
}

static bool tags_are_whole(const struct run *run)
{
	for (int i = 0; i < FILES; i++) {
		char path[512], value[8];

		snprintf(path, sizeof(path), "%s/f%d", run->dir, i);
		if (getxattr(path, "user.fsdax", value, sizeof(value)) != 3 ||
		    memcmp(value, "yes", 3) != 0)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct run run = {0};
	bool good = true;
	int kills;

	if (argc < 6) {
		fprintf(stderr, "usage: %s SOCKET DIR KILLS inflight|fresh DAEMON ARG...\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	run.socket = argv[1];
	run.dir = argv[2];
	kills = atoi(argv[3]);
	run.inflight = strcmp(argv[4], "inflight") == 0;
	run.daemon = argv + 5;
	run.options = (struct frontend_options){.socket = run.socket,
						.inflight = run.inflight,
						.window = !run.inflight,
						.timeout_ms = PATIENCE_MS};
	srand((unsigned int)getpid());
	make_files(&run);
	for (int i = 0; i < kills && good; i++)
		good = live_and_die(&run, run.inflight && i > 0);
	printf("# %s: %d kills; %llu acknowledged, %llu refused; under way when killed: %llu "
	       "done, %llu not\n",
	       argv[4], kills, (unsigned long long)run.acknowledged,
	       (unsigned long long)run.refused, (unsigned long long)run.done,
	       (unsigned long long)run.undone);
	printf("%sok 1 - killed %d times, the host has what the guest was told\n",
	       good ? "" : "not ", kills);
	good = good && tags_are_whole(&run);
	printf("%sok 2 - and the tags\n1..2\n", good ? "" : "not ");
	return !good;
}
