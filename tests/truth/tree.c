/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree.c - the processes of a tree: some actors, and a watcher. Each has the tree as its root
 * directory, so that no path, link or ".." of an operation leads to anything else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

enum {
	PATIENCE_MS = 120 * 1000,
	MOST_GLANCES = 4,
	LOCK_PATIENCE_MS = 10 * 1000, /* for a lock that the other tree has given */
};

enum what { START, RUN, BEFORE, AFTER, DUMP, REMOVE, END };

struct message {
	enum what what;
	struct op op;
	int pids[N_PROCESSES];
};

struct process {
	pid_t pid;
	int socket;
};

struct tree {
	int base_fd;
	char name[64];
	struct process processes[N_PROCESSES];
	const struct looks *looks;
	/* [N_ACTORS], in memory that all processes share; and whether they were over at last */
	struct wait *waits;
	bool were_over[N_ACTORS];
};

struct user {
	uid_t uid;
	gid_t gid;
	size_t n_groups;
	gid_t groups[2];
};

static const struct user USERS[N_PROCESSES] = {
	{0, 0, 0, {0}},	      {1001, 2001, 1, {2002}}, {1002, 2002, 2, {2003, 2001}},
	{1003, 2003, 0, {0}}, {0, 0, 0, {0}},
};

/* ---- In a process ---------------------------------------------------------------------------- */

/* What an operation is about, for the watcher: its paths, and the folders these are in. */
static unsigned int places_of(const struct op *op, int64_t places[MOST_GLANCES])
{
	const struct call *call = call_at(op->call);
	unsigned int n = 0;

	for (unsigned int i = 0; i < N_ARGS && n + 1 < MOST_GLANCES; i++) {
		if (call->kinds[i] != PATH)
			continue;
		places[n++] = op->arg[i];
		places[n++] = path_parent(op->arg[i]);
	}
	return n;
}

static void watch(const struct message *message, const struct looks *looks, struct text *out)
{
	static struct glance glances[MOST_GLANCES];
	const struct glance none = {0};
	int64_t places[MOST_GLANCES];
	unsigned int n = places_of(&message->op, places);
	char path[PATH_ROOM];

	for (unsigned int i = 0; i < n; i++) {
		path_text(places[i], path);
		if (!path[0])
			continue;
		if (message->what == BEFORE) {
			look_before(AT_FDCWD, path, looks, &glances[i]);
			continue;
		}
		say(out, "\n\t%s: ", i % 2 ? "its folder" : "path");
		look_after(AT_FDCWD, path, message->op.probe > 1 ? &glances[i] : &none, looks, out);
	}
}

/* The files behind an operation's descriptors are looked at by who has them. */
static struct glance GLANCES[N_ARGS];

static void prepare(struct actor *actor, const struct op *op)
{
	const struct call *call = call_at(op->call);

	for (unsigned int i = 0; i < N_ARGS; i++) {
		GLANCES[i].valid = false;
		/* One that is about to be replaced is not what will be looked at. */
		if (call->kinds[i] == SLOT && strcmp(call->name, "open") &&
		    strcmp(call->name, "dup"))
			look_before(slot_fd(actor, op->arg[i]), "", actor->looks, &GLANCES[i]);
	}
}

static void act(struct actor *actor, const struct op *op, const struct looks *looks,
		struct text *out)
{
	const struct call *call = call_at(op->call);
	const struct glance none = {0};

	if (exception_now(actor, op)) {
		say(out, "left out: set-group-id alone");
		return;
	}
	call->run(actor, op->arg, out);
	for (unsigned int i = 0; op->probe && i < N_ARGS; i++) {
		if (call->kinds[i] != SLOT || slot_fd(actor, op->arg[i]) < 0)
			continue;
		say(out, "\n\tfile: ");
		look_after(slot_fd(actor, op->arg[i]), "", op->probe > 1 ? &GLANCES[i] : &none,
			   looks, out);
	}
}

static void remove_below(int dirfd);

static void remove_entry(int dirfd, const char *name)
{
	int fd;

	if (unlinkat(dirfd, name, 0) == 0)
		return;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		remove_below(fd);
		close(fd);
	}
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

static void remove_below(int dirfd)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long size;
	_Alignas(8) char data[4096];

	while ((size = getdents64(copy, data, sizeof(data))) > 0) {
		unsigned int removed = 0;

		for (long at = 0; at < size;) {
			const char *name = data + at + 19; /* d_name of struct dirent64 */
			unsigned short reclen;

			memcpy(&reclen, data + at + 16, sizeof(reclen));
			at += reclen;
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			remove_entry(dirfd, name);
			removed++;
		}
		if (removed)
			lseek(copy, 0, SEEK_SET);
	}
	if (copy >= 0)
		close(copy);
}

static void handle(struct actor *actor, const struct message *message, const struct looks *looks,
		   struct text *out)
{
	switch (message->what) {
	case START: memcpy(actor->pids, message->pids, sizeof(actor->pids)); break;
	case RUN: act(actor, &message->op, looks, out); break;
	case BEFORE:
		if (actor->number != WATCHER) {
			prepare(actor, &message->op);
			break;
		}
		/* fallthrough */
	case AFTER: watch(message, looks, out); break;
	case DUMP: tree_dump(actor->root_fd, looks, out); break;
	case REMOVE: remove_below(actor->root_fd); break;
	case END: break;
	}
}

static bool send_all(int fd, const void *data, size_t size)
{
	while (size) {
		ssize_t done = send(fd, data, size, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		data = (const char *)data + done;
		size -= (size_t)done;
	}
	return true;
}

static bool receive_all(int fd, void *data, size_t size)
{
	while (size) {
		ssize_t done = recv(fd, data, size, 0);

		if (done <= 0)
			return false;
		data = (char *)data + done;
		size -= (size_t)done;
	}
	return true;
}

static void serve(struct actor *actor, int socket, const struct looks *looks)
{
	struct text out = {0};
	struct message message;
	uint32_t size;

	while (receive_all(socket, &message, sizeof(message)) && message.what != END) {
		text_reset(&out);
		handle(actor, &message, looks, &out);
		size = (uint32_t)out.size;
		if (!send_all(socket, &size, sizeof(size)) || !send_all(socket, out.data, size))
			break;
	}
	text_free(&out);
}

static bool confine(const char *name, int base_fd, const struct user *user)
{
	int fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && !fchdir(fd) && !chroot(".") && !chdir("/") &&
	       !setgroups(user->n_groups, user->groups) &&
	       !setresgid(user->gid, user->gid, user->gid) &&
	       !setresuid(user->uid, user->uid, user->uid) && !close(fd);
}

_Noreturn static void live(const struct tree *tree, int number, int socket)
{
	struct actor actor = {
		.number = number, .looks = tree->looks, .waits = tree->waits};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	for (int i = 0; i < N_SLOTS; i++)
		actor.slots[i] = -1;
	actor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (actor.proc_fd < 0 || !confine(tree->name, tree->base_fd, &USERS[number])) {
		perror("a process can't be confined");
		_exit(2);
	}
	actor.root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	umask(022);
	serve(&actor, socket, tree->looks);
	_exit(0);
}

/* ---- From outside ------------------------------------------------------------------------------- */

static bool start(struct tree *tree, int number)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return false;
	pid = fork();
	if (pid == 0) {
		close(sockets[0]);
		live(tree, number, sockets[1]);
	}
	close(sockets[1]);
	tree->processes[number] = (struct process){pid, sockets[0]};
	return pid > 0;
}

static void pause_for(long nanoseconds)
{
	const struct timespec pause = {.tv_nsec = nanoseconds};

	nanosleep(&pause, NULL);
}

static bool ask(struct tree *tree, int number, struct message *message, struct text *out)
{
	struct pollfd poll_fd = {.fd = tree->processes[number].socket, .events = POLLIN};
	static char data[65536];
	uint32_t size;

	if (!send_all(poll_fd.fd, message, sizeof(*message)))
		return false;
	if (poll(&poll_fd, 1, PATIENCE_MS) != 1) {
		fprintf(stderr, "an operation did not come back\n");
		return false;
	}
	if (!receive_all(poll_fd.fd, &size, sizeof(size)))
		return false;
	while (size) {
		size_t part = size < sizeof(data) - 1 ? size : sizeof(data) - 1;

		if (!receive_all(poll_fd.fd, data, part))
			return false;
		data[part] = 0;
		if (out)
			say(out, "%s", data);
		size -= (uint32_t)part;
	}
	return true;
}

static bool start_all(struct tree *tree)
{
	struct message message = {.what = START};

	for (int i = 0; i < N_PROCESSES; i++) {
		if (!start(tree, i))
			return false;
		message.pids[i] = tree->processes[i].pid;
	}
	for (int i = 0; i < N_PROCESSES; i++) {
		if (!ask(tree, i, &message, NULL))
			return false;
	}
	return true;
}

struct tree *tree_open(const char *base, const char *name, const struct looks *looks)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	snprintf(tree->name, sizeof(tree->name), "%s", name);
	tree->looks = looks;
	for (int i = 0; i < N_PROCESSES; i++)
		tree->processes[i].socket = -1;
	tree->waits = mmap(NULL, N_ACTORS * sizeof(*tree->waits), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tree->waits == MAP_FAILED)
		abort();
	tree->base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tree->base_fd >= 0 && (!mkdirat(tree->base_fd, name, 0700) || errno == EEXIST) &&
	    !fchmodat(tree->base_fd, name, 0777, 0) && start_all(tree))
		return tree;
	fprintf(stderr, "%s/%s: %s\n", base, name, strerror(errno));
	tree_close(tree);
	return NULL;
}

/* One that can't be ended has a request that is not answered. */
static void await_end(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (waitpid(pid, NULL, WNOHANG))
			return;
		pause_for(1000 * 1000);
	}
	fprintf(stderr, "a process does not end\n");
}

/* The files that the others have open are closed before the tree is removed. */
void tree_close(struct tree *tree)
{
	struct message message = {.what = REMOVE}, end = {.what = END};

	for (int i = 0; i < N_PROCESSES; i++) {
		struct process *process = &tree->processes[i];

		if (process->socket < 0)
			continue;
		if (i == WATCHER)
			ask(tree, i, &message, NULL);
		/* The others have inherited the socket: that it is closed is no sign. */
		send_all(process->socket, &end, sizeof(end));
		close(process->socket);
		await_end(process->pid);
	}
	munmap(tree->waits, N_ACTORS * sizeof(*tree->waits));
	if (tree->base_fd >= 0) {
		unlinkat(tree->base_fd, tree->name, AT_REMOVEDIR);
		close(tree->base_fd);
	}
	free(tree);
}

bool tree_prepare(struct tree *tree, const struct op *op)
{
	struct message message = {.what = BEFORE, .op = *op};

	return ask(tree, WATCHER, &message, NULL) && ask(tree, op->actor, &message, NULL);
}

bool tree_run(struct tree *tree, const struct op *op, struct text *out)
{
	struct message message = {.what = RUN, .op = *op};

	if (!ask(tree, op->actor, &message, out))
		return false;
	message.what = AFTER;
	return !op->probe || ask(tree, WATCHER, &message, out);
}

bool tree_look(struct tree *tree, struct text *out)
{
	struct message message = {.what = DUMP};

	return ask(tree, WATCHER, &message, out);
}

/* ---- Those who wait for locks ------------------------------------------------------------------- */

static int state_of(const struct wait *wait)
{
	return __atomic_load_n(&wait->state, __ATOMIC_SEQ_CST);
}

/* A line of a thread's folder in /proc; "" if there is none. */
static const char *thread_line(pid_t tid, const char *file_name, char line[static 512])
{
	char name[64];
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/%s", tid, file_name);
	line[0] = 0;
	file = fopen(name, "r");
	if (!file)
		return line;
	if (!fgets(line, 512, file))
		line[0] = 0;
	fclose(file);
	return line;
}

/* In the system call, and asleep until something happens: not for memory, or a page. */
static bool is_asleep(const struct wait *wait)
{
	pid_t tid = __atomic_load_n(&wait->tid, __ATOMIC_SEQ_CST);
	char line[512];
	const char *behind_name;
	long number;

	/* "running" if it is awake */
	if (!tid || sscanf(thread_line(tid, "syscall", line), "%ld", &number) != 1 ||
	    (number != SYS_fcntl && number != SYS_flock))
		return false;
	behind_name = strrchr(thread_line(tid, "stat", line), ')');
	return behind_name && strncmp(behind_name, ") S", 3) == 0;
}

/*
 * What holds locks itself lets one wait, or wakes it up, before it returns from the call that is the
 * cause. A client asks its server, and sleeps meanwhile: what to expect of it the other tree has
 * said; and a lock that nobody should have is found whenever it is given.
 */
static bool is_over(const struct wait *wait, bool expected, bool is_first)
{
	for (int i = 0; i < LOCK_PATIENCE_MS * 10; i++) {
		if (state_of(wait) == WAIT_OVER)
			return true;
		if (!expected && is_asleep(wait))
			break;
		pause_for(100 * 1000);
	}
	if (!is_first)
		pause_for(1000 * 1000);
	return state_of(wait) == WAIT_OVER;
}

void tree_settle(struct tree *tree, const struct tree *first, struct text *out)
{
	for (int i = 0; i < N_ACTORS; i++) {
		struct wait *wait = &tree->waits[i];

		tree->were_over[i] = false;
		if (state_of(wait) == WAIT_NONE)
			continue;
		tree->were_over[i] = is_over(wait, first && first->were_over[i], !first);
		say(out, "\n\tactor %d: %s", i,
		    tree->were_over[i] ? errno_name(wait->error) : "waits");
		if (tree->were_over[i])
			*wait = (struct wait){.asked = wait->asked};
	}
}

bool tree_waits_in_circle(const struct tree *tree, int actor)
{
	int pids[N_ACTORS];

	for (int i = 0; i < N_ACTORS; i++)
		pids[i] = tree->processes[i].pid;
	return is_in_circle(actor, tree->waits, pids);
}

bool tree_holds(const struct tree *tree, int actor, int process, const struct flock *lock)
{
	return process >= 0 && process < N_PROCESSES &&
	       is_held(tree->waits[actor].asked, tree->processes[process].pid, lock->l_type,
		       lock->l_start, lock->l_len);
}
