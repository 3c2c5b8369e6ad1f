/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mount.c - see mount.h. libfuse mounts and unmounts, with or without privilege. Requests are
 * read and answered here, by some threads with a descriptor of the connection each: so they go
 * the same way, through the same checks, as those of a guest.
 */
#define FUSE_USE_VERSION 35
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "request.h"
#include "share.h"
#include "thread.h"
#include "worker.h"

enum {
	/* What op_init agrees to, and room for headers and names around it. */
	BUFFER_SIZE = (1 << 20) + (1 << 14),
	/* Where it begins, so that the data of a WRITE is on whole pages, as O_DIRECT needs it. */
	PAGE_SIZE = 4096,
	IN_OFFSET = PAGE_SIZE - sizeof(struct fuse_in_header) - sizeof(struct fuse_write_in),
	DEFAULT_THREADS = 2,
	MOST_THREADS = 64,
};

/* Where a reply is made. With each request anew, since a request may be answered much later. */
struct reply {
	int fd;
	struct fuse_out_header header;
};

struct server {
	struct share *share;
	struct worker *worker; /* counts what the thread serves */
	unsigned int number;
	int fd;	    /* of the connection; its own */
	int end_fd; /* an eventfd that is written when there is no connection any more */
	const atomic_bool *stop;
	void *in; /* BUFFER_SIZE each, on whole pages, as O_DIRECT needs them */
	void *out;
	pthread_t thread;
};

struct mount {
	struct share *share;
	struct fuse_session *session;
	int end_fd;
	atomic_bool stop;
	unsigned int n_servers;
	struct server servers[MOST_THREADS];
};

/* ---- One request ----------------------------------------------------------------------- */

/*
 * The reply's payload stands in the server's buffer. A request that was put off, and is answered
 * by another thread, has none.
 */
static void finish(struct request *request, size_t len)
{
	struct reply *reply = request->transport;
	struct iovec iov[2] = {
		{&reply->header, sizeof(reply->header)},
		{request->held, len - sizeof(reply->header)},
	};
	int n = len > sizeof(reply->header) ? 2 : 1;

	/* ENOENT: whoever asked was killed, and does not need it. */
	if (len && writev(reply->fd, iov, n) < 0 && errno != ENOENT && errno != ENODEV)
		log_error("a reply was refused: operation %u, %zu bytes: %s",
			  request->header.opcode, len, strerror(errno));
	free(reply);
}

static bool serve_one(struct server *server, size_t size)
{
	struct reply *reply = malloc(sizeof(*reply));
	struct iovec in = {server->in + IN_OFFSET, size};
	struct iovec out[2];
	struct request request = {
		.share = server->share,
		.worker = server->worker,
		.in = {&in, 1, size},
		.out = {out, 2, sizeof(reply->header) + BUFFER_SIZE},
		.done = finish,
		.transport = reply,
		.held = server->out,
	};

	if (!reply)
		return false;
	reply->fd = server->fd;
	out[0] = (struct iovec){&reply->header, sizeof(reply->header)};
	out[1] = (struct iovec){server->out, BUFFER_SIZE};
	serve(&request);
	return true;
}

/* The next request. 0 at the end: when there is no mount any more, or see stop_servers(). */
static size_t receive(struct server *server)
{
	while (!atomic_load(server->stop)) {
		ssize_t size = read(server->fd, server->in + IN_OFFSET, BUFFER_SIZE - IN_OFFSET);

		if (size >= 0)
			return (size_t)size;
		/* ENOENT: the request was taken back while it was being read. */
		if (errno == EINTR || errno == EAGAIN || errno == ENOENT)
			continue;
		if (errno != ENODEV)
			log_error("requests can't be read: %s", strerror(errno));
		break;
	}
	return 0;
}

static void *run(void *data)
{
	struct server *server = data;
	const uint64_t one = 1;
	size_t size;

	thread_begin("mount", server->number);
	server->worker = worker_get(server->share, server->number);
	do
		size = receive(server);
	while (size && serve_one(server, size));
	if (write(server->end_fd, &one, sizeof(one)) < 0)
		log_error("the end can't be told: %s", strerror(errno));
	return NULL;
}

/* ---- The threads --------------------------------------------------------------------------- */

/* One more descriptor of the connection, with a queue of its own if the kernel has that. */
static int clone_connection(int session_fd)
{
	uint32_t source = (uint32_t)session_fd;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, FUSE_DEV_IOC_CLONE, &source) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	fd = fcntl(session_fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

static char *map_buffer(void)
{
	char *buffer =
		mmap(NULL, BUFFER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return buffer == MAP_FAILED ? NULL : buffer;
}

static void release_server(struct server *server)
{
	if (server->fd >= 0)
		close(server->fd);
	if (server->in)
		munmap(server->in, BUFFER_SIZE);
	if (server->out)
		munmap(server->out, BUFFER_SIZE);
}

static int start_server(struct mount *mount, struct server *server)
{
	int err;

	server->share = mount->share;
	server->number = mount->n_servers;
	server->end_fd = mount->end_fd;
	server->stop = &mount->stop;
	server->in = map_buffer();
	server->out = map_buffer();
	server->fd = clone_connection(fuse_session_fd(mount->session));
	if (server->fd < 0)
		err = server->fd;
	else if (!server->in || !server->out)
		err = -ENOMEM;
	else
		err = -pthread_create(&server->thread, NULL, run, server);
	if (err)
		release_server(server);
	return err;
}

static int start_servers(struct mount *mount)
{
	unsigned int wanted = mount->share->settings->thread_pool_size;
	int err;

	if (!wanted)
		wanted = DEFAULT_THREADS;
	if (wanted > MOST_THREADS)
		wanted = MOST_THREADS;
	while (mount->n_servers < wanted) {
		err = start_server(mount, &mount->servers[mount->n_servers]);
		if (err)
			return err;
		mount->n_servers++;
	}
	return 0;
}

static void on_wake(int number)
{
	(void)number;
}

/* Of a signal all that is wanted is that it interrupts read(2). */
static void catch_wake(void)
{
	const struct sigaction action = {.sa_handler = on_wake};

	sigaction(SIGUSR1, &action, NULL);
}

/*
 * A thread that waits for a request finds that the mount has gone. But it may live on out of
 * sight, in use: then it is woken, again if that came just before it began to wait.
 */
static void join(struct server *server)
{
	const struct timespec pause = {.tv_nsec = 1000 * 1000};

	while (pthread_tryjoin_np(server->thread, NULL)) {
		pthread_kill(server->thread, SIGUSR1);
		nanosleep(&pause, NULL);
	}
}

/*
 * Requests that are being served are finished first. Those who wait for locks are answered while
 * there are descriptors to do it by.
 */
static void stop_servers(struct mount *mount)
{
	atomic_store(&mount->stop, true);
	for (unsigned int i = 0; i < mount->n_servers; i++)
		join(&mount->servers[i]);
	serve_reset(mount->share);
	for (unsigned int i = 0; i < mount->n_servers; i++)
		release_server(&mount->servers[i]);
}

/* ---- The mount --------------------------------------------------------------------------------- */

static int add_options(struct fuse_args *args, const struct settings *settings)
{
	char *options = NULL;
	char *fsname;
	int err = -ENOMEM;

	if (asprintf(&fsname, "fsname=%s", settings->tag ? settings->tag : settings->shared_dir) <
	    0)
		return err;
	/* A guest's kernel checks permissions by itself, for all of its users: so here too. */
	if (!fuse_opt_add_opt(&options, "default_permissions") &&
	    !fuse_opt_add_opt(&options, "subtype=fsdaxd") &&
	    (geteuid() || !fuse_opt_add_opt(&options, "allow_other")) &&
	    (!settings->readonly || !fuse_opt_add_opt(&options, "ro")) &&
	    !fuse_opt_add_opt_escaped(&options, fsname) && !fuse_opt_add_arg(args, "fsdaxd") &&
	    !fuse_opt_add_arg(args, "-o") && !fuse_opt_add_arg(args, options))
		err = 0;
	free(fsname);
	free(options);
	return err;
}

/* libfuse says on standard error what is wrong. */
static int begin(struct mount *mount)
{
	static const struct fuse_lowlevel_ops none; /* it never sees a request */
	const struct settings *settings = mount->share->settings;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int err = add_options(&args, settings);

	if (!err) {
		mount->session = fuse_session_new(&args, &none, sizeof(none), NULL);
		err = mount->session ? 0 : -EINVAL;
	}
	fuse_opt_free_args(&args);
	if (err)
		return err;
	if (fuse_session_mount(mount->session, settings->mount_dir)) {
		fuse_session_destroy(mount->session);
		return -EIO;
	}
	return 0;
}

/* Until it is unmounted, or we are told to end. Returns whether it is still mounted. */
static bool wait_for_end(const struct mount *mount, int signal_fd)
{
	struct pollfd fds[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = mount->end_fd, .events = POLLIN},
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return !fds[1].revents;
}

/* What programs have written, and the kernel has kept until now: see --writeback. */
static void write_back(const struct mount *mount)
{
	int fd = open(mount->share->settings->mount_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (syncfs(fd))
		log_error("what was written last may be lost: %s", strerror(errno));
	close(fd);
}

/*
 * Unmounting sends requests, which are served meanwhile. If something in it is in use it is only
 * taken out of sight, and whoever uses it gets an error from here on.
 */
static void end(struct mount *mount, bool is_mounted)
{
	if (is_mounted)
		write_back(mount);
	fuse_session_unmount(mount->session);
	stop_servers(mount);
	fuse_session_destroy(mount->session);
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int serve_until_end(struct mount *mount, int signal_fd)
{
	int err = begin(mount);

	if (err)
		return err;
	err = start_servers(mount);
	if (err) {
		end(mount, false);
		return err;
	}
	log_info("mounted on %s", mount->share->settings->mount_dir);
	notify_tell(mount->share->notify, NOTIFY_READY);
	end(mount, wait_for_end(mount, signal_fd));
	return 0;
}

static bool is_inside(const char *dir, const char *of)
{
	char *inner = realpath(dir, NULL);
	char *outer = realpath(of, NULL);
	size_t len = outer && outer[1] ? strlen(outer) : 0; /* of "/" all is inside */
	bool inside = inner && outer && strncmp(inner, outer, len) == 0 &&
		      (inner[len] == '/' || !inner[len]);

	free(inner);
	free(outer);
	return inside;
}

/*
 * A copy of the share's mounts, of which the new one is no part: below it, its place is the folder
 * that is there now.
 */
static int open_without(int root_fd)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};
	int fd = open_tree(root_fd, "",
			   AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) == 0)
		return fd;
	close(fd);
	return -EPERM;
}

int mount_keep_out(const struct settings *settings, int *root_fd)
{
	int fd;

	if (!is_inside(settings->mount_dir, settings->shared_dir))
		return 0;
	fd = open_without(*root_fd);
	if (fd < 0) {
		log_error("--mount=%s: lies in the folder that is shared, which needs "
			  "CAP_SYS_ADMIN: %s; choose another place",
			  settings->mount_dir, strerror(-fd));
		return fd;
	}
	close(*root_fd);
	*root_fd = fd;
	return 0;
}

static int open_and_serve(struct mount *mount)
{
	int signal_fd = catch_signals();
	int err = -EMFILE;

	mount->end_fd = eventfd(0, EFD_CLOEXEC);
	if (signal_fd >= 0 && mount->end_fd >= 0)
		err = serve_until_end(mount, signal_fd);
	if (mount->end_fd >= 0)
		close(mount->end_fd);
	if (signal_fd >= 0)
		close(signal_fd);
	return err;
}

int mount_serve(struct share *share)
{
	const struct settings *settings = share->settings;
	struct mount mount = {.share = share};
	int err;

	catch_wake();
	err = open_and_serve(&mount);
	if (err)
		log_error("can't serve %s on %s: %s", settings->shared_dir, settings->mount_dir,
			  strerror(-err));
	return err;
}
