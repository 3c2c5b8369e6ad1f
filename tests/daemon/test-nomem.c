/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-nomem.c - a session with every operation, again and again: each time another allocation
 * fails, or no descriptor is left for another call, from the start of the daemon to its end. The
 * request in which that happens is answered, with success or with an errno that says so; nothing
 * is lost: descriptors are counted, and the leak sanitizer looks for memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "front_end.h"
#include "request.h"
#include "share.h"
#include "vhost_proto.h"
#include "vhost_socket.h"
#include "vhost_user.h"
#include "window.h"

/* ---- What fails ------------------------------------------------------------------------------ */

static atomic_long countdown; /* the call that fails, counted from 1; 0 or less: none */
static atomic_bool in_daemon; /* only there */
static atomic_bool failed;    /* it has */
static int failure;	      /* with what */
static bool of_descriptors;   /* which calls count */

static bool fails(bool makes_descriptor)
{
	if (!in_daemon || makes_descriptor != of_descriptors ||
	    atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	failed = true;
	errno = failure;
	return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return fails(false) ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return fails(false) ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	return fails(false) ? NULL : __real_realloc(memory, size);
}

void *__real_reallocarray(void *memory, size_t n, size_t size);
void *__wrap_reallocarray(void *memory, size_t n, size_t size);
void *__wrap_reallocarray(void *memory, size_t n, size_t size)
{
	return fails(false) ? NULL : __real_reallocarray(memory, n, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return fails(false) ? NULL : __real_strdup(text);
}

void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return fails(false) ? MAP_FAILED : __real_mmap(at, size, prot, flags, fd, offset);
}

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags)
{
	return fails(true) ? -1 : __real_memfd_create(name, flags);
}

int __real_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags);
int __wrap_eventfd(unsigned int count, int flags)
{
	return fails(true) ? -1 : __real_eventfd(count, flags);
}

static bool no_waiter;

int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __wrap_epoll_create1(int flags)
{
	if (no_waiter) {
		errno = EMFILE;
		return -1;
	}
	return fails(true) ? -1 : __real_epoll_create1(flags);
}

int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);
int __wrap_inotify_init1(int flags)
{
	return fails(true) ? -1 : __real_inotify_init1(flags);
}

int __real_open_by_handle_at(int mount, struct file_handle *handle, int flags);
int __wrap_open_by_handle_at(int mount, struct file_handle *handle, int flags);
int __wrap_open_by_handle_at(int mount, struct file_handle *handle, int flags)
{
	return fails(true) ? -1 : __real_open_by_handle_at(mount, handle, flags);
}

/* With 64 bits for offsets the C library has other names for them. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(true) ? -1 : __real_open(path, flags, mode);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(true) ? -1 : __real_open64(path, flags, mode);
}

int __real_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...);
int __wrap_openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(true) ? -1 : __real_openat(dirfd, path, flags, mode);
}

int __real_openat64(int dirfd, const char *path, int flags, ...);
int __wrap_openat64(int dirfd, const char *path, int flags, ...);
int __wrap_openat64(int dirfd, const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails(true) ? -1 : __real_openat64(dirfd, path, flags, mode);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *data);
/* What a fortified build calls where the flags are not known to it. */
int __wrap___open64_2(const char *path, int flags);
int __wrap___open64_2(const char *path, int flags)
{
	return __wrap_open64(path, flags);
}

int __wrap___openat64_2(int dirfd, const char *path, int flags);
int __wrap___openat64_2(int dirfd, const char *path, int flags)
{
	return __wrap_openat64(dirfd, path, flags);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *data);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
			  void *data)
{
	return fails(false) ? EAGAIN : __real_pthread_create(thread, attr, run, data);
}

void __real_serve(struct request *request);
void __wrap_serve(struct request *request);
void __wrap_serve(struct request *request)
{
	in_daemon = true;
	__real_serve(request);
	in_daemon = false;
}

/* ---- The session ------------------------------------------------------------------------------- */

static struct client client;
static struct front_end front_end;
static const char *wrong; /* the operation whose answer makes no sense */
static int wrong_answer;

/* What may be answered by an operation in which something failed. */
static bool is_sensible(int got)
{
	return got >= 0 || got == CLIENT_NO_REPLY || got == -failure || got == -ENOMEM ||
	       got == -ENFILE || got == -EAGAIN;
}

static int told(const char *name, bool before, int got)
{
	if (!before && failed && !is_sensible(got) && !wrong) {
		wrong = name;
		wrong_answer = got;
	}
	return got;
}

/* Each is tried, whatever became of those before. */
static int ask(uint32_t opcode, uint64_t nodeid, const void *in, size_t size, const char *name,
	       const char *second, void *out, size_t room)
{
	bool before = failed;

	return told(serve_opcode_name(opcode), before,
		    client_call(&client, opcode, nodeid, in, size, name, second, out, room));
}

static uint64_t look_up(uint64_t parent, const char *name)
{
	struct fuse_entry_out entry = {0};

	ask(FUSE_LOOKUP, parent, NULL, 0, name, NULL, &entry, sizeof(entry));
	return entry.nodeid;
}

static uint64_t open_by(uint32_t opcode, uint64_t nodeid, uint32_t flags)
{
	struct fuse_open_in in = {.flags = flags};
	struct fuse_open_out out = {0};

	ask(opcode, nodeid, &in, sizeof(in), NULL, NULL, &out, sizeof(out));
	return out.fh;
}

static void release(uint32_t opcode, uint64_t nodeid, uint64_t fh)
{
	struct fuse_release_in in = {.fh = fh};

	ask(opcode, nodeid, &in, sizeof(in), NULL, NULL, NULL, 0);
}

static void make_things(void)
{
	struct fuse_mkdir_in mkdir = {.mode = 0755};
	struct fuse_mknod_in mknod = {.mode = S_IFREG | 0644};
	struct fuse_create_in create = {.flags = O_RDWR, .mode = 0644};
	struct fuse_link_in link = {0};
	struct fuse_rename2_in rename = {.newdir = FUSE_ROOT_ID};
	char out[512];
	uint64_t dir;

	ask(FUSE_MKDIR, FUSE_ROOT_ID, &mkdir, sizeof(mkdir), "dir", NULL, out, 128);
	ask(FUSE_MKNOD, FUSE_ROOT_ID, &mknod, sizeof(mknod), "node", NULL, out, 128);
	ask(FUSE_SYMLINK, FUSE_ROOT_ID, NULL, 0, "link", "target", out, 128);
	ask(FUSE_READLINK, look_up(FUSE_ROOT_ID, "link"), NULL, 0, NULL, NULL, out, sizeof(out));
	ask(FUSE_CREATE, FUSE_ROOT_ID, &create, sizeof(create), "new", NULL, out, 144);
	ask(FUSE_TMPFILE, FUSE_ROOT_ID, &create, sizeof(create), "x", NULL, out, 144);
	link.oldnodeid = look_up(FUSE_ROOT_ID, "node");
	ask(FUSE_LINK, FUSE_ROOT_ID, &link, sizeof(link), "second", NULL, out, 128);
	rename.newdir = dir = look_up(FUSE_ROOT_ID, "dir");
	ask(FUSE_RENAME2, FUSE_ROOT_ID, &rename, sizeof(rename), "second", "third", NULL, 0);
	ask(FUSE_UNLINK, dir, NULL, 0, "third", NULL, NULL, 0);
	ask(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "node", NULL, NULL, 0);
	ask(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "link", NULL, NULL, 0);
	ask(FUSE_UNLINK, FUSE_ROOT_ID, NULL, 0, "new", NULL, NULL, 0);
	ask(FUSE_RMDIR, FUSE_ROOT_ID, NULL, 0, "dir", NULL, NULL, 0);
}

static void use_xattrs(uint64_t nodeid)
{
	struct {
		struct fuse_setxattr_in in;
		char rest[11 + 5];
	} set = {.in = {.size = 5}, .rest = "user.value\0"};
	struct fuse_getxattr_in get = {.size = 4096};
	char out[4096];

	memcpy(set.rest + 11, "12345", 5);
	ask(FUSE_SETXATTR, nodeid, &set, sizeof(set), NULL, NULL, NULL, 0);
	ask(FUSE_GETXATTR, nodeid, &get, sizeof(get), "user.value", NULL, out, sizeof(out));
	ask(FUSE_LISTXATTR, nodeid, &get, sizeof(get), NULL, NULL, out, sizeof(out));
	ask(FUSE_REMOVEXATTR, nodeid, NULL, 0, "user.value", NULL, NULL, 0);
}

static void use_data(uint64_t nodeid, uint64_t fh)
{
	struct fuse_read_in read = {.fh = fh, .size = 100};
	struct {
		struct fuse_write_in in;
		char bytes[10];
	} write = {.in = {.fh = fh, .size = 10}};
	struct fuse_lseek_in lseek = {.fh = fh, .whence = SEEK_DATA};
	struct fuse_fallocate_in fallocate = {.fh = fh, .length = 100000};
	struct fuse_copy_file_range_in copy = {
		.fh_in = fh, .nodeid_out = nodeid, .fh_out = fh, .off_out = 5000, .len = 100};
	struct fuse_fsync_in fsync = {.fh = fh};
	struct fuse_flush_in flush = {.fh = fh};
	char out[512];

	ask(FUSE_WRITE, nodeid, &write, sizeof(write.in) + 10, NULL, NULL, out, 8);
	ask(FUSE_READ, nodeid, &read, sizeof(read), NULL, NULL, out, 100);
	ask(FUSE_LSEEK, nodeid, &lseek, sizeof(lseek), NULL, NULL, out, 8);
	ask(FUSE_FALLOCATE, nodeid, &fallocate, sizeof(fallocate), NULL, NULL, NULL, 0);
	ask(FUSE_COPY_FILE_RANGE, nodeid, &copy, sizeof(copy), NULL, NULL, out, 8);
	ask(FUSE_FSYNC, nodeid, &fsync, sizeof(fsync), NULL, NULL, NULL, 0);
	ask(FUSE_FLUSH, nodeid, &flush, sizeof(flush), NULL, NULL, NULL, 0);
}

static void use_locks(uint64_t nodeid, uint64_t fh)
{
	struct fuse_lk_in lock = {.fh = fh, .owner = 1, .lk = {0, 9, F_WRLCK, 0}};
	struct fuse_lk_in flock = {.fh = fh, .lk = {0, 9, F_WRLCK, 0}, .lk_flags = FUSE_LK_FLOCK};
	char out[64];

	ask(FUSE_SETLK, nodeid, &lock, sizeof(lock), NULL, NULL, NULL, 0);
	ask(FUSE_SETLK, nodeid, &flock, sizeof(flock), NULL, NULL, NULL, 0);
	lock.owner = 2;
	ask(FUSE_GETLK, nodeid, &lock, sizeof(lock), NULL, NULL, out, sizeof(out));
}

static void use_dir(uint64_t nodeid)
{
	uint64_t fh = open_by(FUSE_OPENDIR, nodeid, 0);
	struct fuse_read_in read = {.fh = fh, .size = 4096};
	struct fuse_fsync_in fsync = {.fh = fh};
	char out[4096];

	ask(FUSE_READDIR, nodeid, &read, sizeof(read), NULL, NULL, out, sizeof(out));
	ask(FUSE_READDIRPLUS, nodeid, &read, sizeof(read), NULL, NULL, out, sizeof(out));
	ask(FUSE_FSYNCDIR, nodeid, &fsync, sizeof(fsync), NULL, NULL, NULL, 0);
	release(FUSE_RELEASEDIR, nodeid, fh);
}

static void use_attributes(uint64_t nodeid)
{
	struct fuse_getattr_in get = {0};
	struct fuse_setattr_in set = {.valid = FATTR_MODE | FATTR_SIZE, .mode = 0640, .size = 5000};
	struct fuse_access_in access = {.mask = R_OK};
	struct fuse_syncfs_in syncfs = {0};
	char out[128];

	ask(FUSE_GETATTR, nodeid, &get, sizeof(get), NULL, NULL, out, sizeof(struct fuse_attr_out));
	ask(FUSE_SETATTR, nodeid, &set, sizeof(set), NULL, NULL, out, sizeof(struct fuse_attr_out));
	ask(FUSE_ACCESS, nodeid, &access, sizeof(access), NULL, NULL, NULL, 0);
	ask(FUSE_STATFS, FUSE_ROOT_ID, NULL, 0, NULL, NULL, out, sizeof(struct fuse_statfs_out));
	ask(FUSE_SYNCFS, FUSE_ROOT_ID, &syncfs, sizeof(syncfs), NULL, NULL, NULL, 0);
}

static void use_window(uint64_t nodeid)
{
	bool before = failed;

	if (!client.share->dax.window)
		return;
	told("SETUPMAPPING", before, front_end_setup(&client, nodeid, 0, 0));
	before = failed;
	told("SETUPMAPPING", before, front_end_setup(&client, nodeid, 0, CHUNK_SIZE));
	front_end_remove(&client, nodeid, 0);
}

static void use_all(void)
{
	uint64_t dir = look_up(FUSE_ROOT_ID, "sub");
	uint64_t nodeid = look_up(dir, "file");
	uint64_t fh = open_by(FUSE_OPEN, nodeid, O_RDWR);

	make_things();
	use_attributes(nodeid);
	use_xattrs(nodeid);
	use_window(nodeid);
	use_data(nodeid, fh);
	use_locks(nodeid, fh);
	use_dir(dir);
	use_dir(FUSE_ROOT_ID);
	release(FUSE_RELEASE, nodeid, fh);
	client_forget(&client, nodeid, 1);
	ask(FUSE_DESTROY, 0, NULL, 0, NULL, NULL, NULL, 0);
}

/* The daemon's start, which may fail. */
static bool start(const char *policy)
{
	int root, proc, err;

	in_daemon = true;
	err = share_new(&client.settings, &client.share);
	in_daemon = false;
	if (err) {
		client.share = NULL;
		told("start", false, err);
		return false;
	}
	root = open(client.dir, O_PATH | O_CLOEXEC);
	proc = open("/proc/self/fd", O_PATH | O_CLOEXEC);
	(void)policy;
	in_daemon = true;
	err = share_open(client.share, root, proc);
	if (!err)
		window_attach(client.share->window, &front_end.mapper);
	in_daemon = false;
	told("start", false, err);
	return !err;
}

static void live(const char *policy)
{
	struct fuse_init_in init = {
		.major = 7, .minor = 38, .flags = UINT32_MAX, .flags2 = UINT32_MAX};
	char out[64];

	if (start(policy)) {
		ask(FUSE_INIT, 0, &init, sizeof(init), NULL, NULL, out, sizeof(out));
		use_all();
	}
	in_daemon = true;
	share_free(client.share);
	in_daemon = false;
	client.share = NULL;
}

/* ---- Again and again -------------------------------------------------------------------------------- */

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void put_policy(char *path, size_t size)
{
	int fd;

	snprintf(path, size, "%s/../fsdaxd-nomem-%d.ini", client.dir, (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(dprintf(fd, "[rule some]\npath = /sub/**\nxattr = user.tag\ndax = no\n"
				     "[rule all]\nsize = >= 1\ndax = yes\n") > 0,
			 1);
	close(fd);
}

/* Until a session in which nothing failed. */
static void go_through(enum file_handles_mode handles)
{
	char policy[320];
	int before;

	client_make(&client);
	put_policy(policy, sizeof(policy));
	client.settings.policy_off = false;
	client.settings.policy = policy;
	client.settings.xattr = client.settings.posix_lock = client.settings.flock = true;
	client.settings.file_handles = handles;
	client.settings.dax_window = 64 << 20;
	client_put_dir(&client, "sub");
	client_put_file(&client, "sub/file", "content");
	umask(0);
	front_end_new(&front_end, 64 << 20);
	before = count_descriptors();
	for (long n = 1;; n++) {
		failed = false;
		countdown = n;
		live(policy);
		if (!failed) {
			print_message("%ld calls failed\n", n - 1);
			assert_true(n > 10);
			break;
		}
		if (wrong)
			fail_msg("call %ld: %s is answered %s", n, wrong,
				 strerrorname_np(-wrong_answer));
		if (count_descriptors() != before)
			fail_msg("call %ld: descriptors: %d before, %d after", n, before,
				 count_descriptors());
	}
	countdown = 0;
	front_end_free(&front_end);
	unlink(policy);
	client_free(&client);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	of_descriptors = false;
	failure = ENOMEM;
	go_through(HANDLES_NEVER);
	go_through(HANDLES_MANDATORY);
}

static void there_may_be_no_descriptor(void **state)
{
	(void)state;
	of_descriptors = true;
	failure = EMFILE;
	go_through(HANDLES_NEVER);
	go_through(HANDLES_MANDATORY);
	failure = ENFILE;
	go_through(HANDLES_NEVER);
	go_through(HANDLES_PREFER);
}

/* ---- The transport -------------------------------------------------------------------------- */

enum { GUEST = 0x100000, USER = 0x7f0000000, REGION = 65536, QUEUE = 8 };

struct device {
	struct share *share;
	int socket, stop_fd;
	pthread_t thread;
};

static void *serve_device(void *data)
{
	struct device *device = data;

	vhost_user_serve(device->share, device->socket, device->stop_fd);
	return NULL;
}

/* It may have hung up by then. Returns whether it answered 0. */
static bool tell(int socket, uint32_t request, const void *payload, uint32_t size, int fd)
{
	const struct vhost_header header = {request, VHOST_VERSION | VHOST_NEED_REPLY, size};
	struct vhost_message answer;

	if (vhost_send(socket, -1, -1, &header, payload, fd) ||
	    vhost_receive(socket, -1, &answer))
		return false;
	vhost_message_close(&answer);
	return !answer.payload.u64;
}

static bool tell_state(int socket, uint32_t request, uint32_t num)
{
	const struct vhost_vring_state state = {0, num};

	return tell(socket, request, &state, sizeof(state), -1);
}

static bool queue_was_started; /* as the front-end was told */

static void tell_all(int socket, int memory, int kick, int channel)
{
	const uint64_t features = VHOST_PROTOCOL_REPLY_ACK | VHOST_PROTOCOL_BACKEND_REQ |
				  VHOST_PROTOCOL_BACKEND_SEND_FD | VHOST_PROTOCOL_SHMEM |
				  VHOST_PROTOCOL_INFLIGHT;
	const struct vhost_memory table = {.n_regions = 1, .regions = {{GUEST, REGION, USER, 0}}};
	const struct vhost_inflight inflight = {.n_queues = 2, .queue_size = QUEUE};
	const struct vhost_vring_addr addr = {
		.desc = USER, .avail = USER + 4096, .used = USER + 8192};
	const uint64_t queue = 0;
	const struct vhost_header header = {VHOST_SET_PROTOCOL_FEATURES, VHOST_VERSION, 8};

	vhost_send(socket, -1, -1, &header, &features, -1);
	tell(socket, VHOST_SET_BACKEND_REQ_FD, NULL, 0, channel);
	tell(socket, VHOST_GET_SHMEM_CONFIG, NULL, 0, -1);
	tell(socket, VHOST_SET_MEM_TABLE, &table, sizeof(table), memory);
	tell(socket, VHOST_GET_INFLIGHT_FD, &inflight, sizeof(inflight), -1);
	tell_state(socket, VHOST_SET_VRING_NUM, QUEUE);
	tell(socket, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	tell(socket, VHOST_SET_VRING_KICK, &queue, sizeof(queue), kick);
	queue_was_started = tell_state(socket, VHOST_SET_VRING_ENABLE, 1);
	tell_state(socket, VHOST_GET_VRING_BASE, 0);
}

static void converse(void)
{
	int memory = memfd_create("guest", MFD_CLOEXEC), kick = eventfd(0, EFD_CLOEXEC);
	int sockets[2], channel[2];
	struct device device = {client.share, -1, eventfd(0, EFD_CLOEXEC), 0};

	assert_int_equal(ftruncate(memory, REGION), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	device.socket = sockets[1];
	assert_int_equal(pthread_create(&device.thread, NULL, serve_device, &device), 0);
	in_daemon = true;
	tell_all(sockets[0], memory, kick, channel[1]);
	close(sockets[0]);
	pthread_join(device.thread, NULL);
	in_daemon = false;
	close(memory);
	close(kick);
	close(channel[0]);
	close(channel[1]);
	close(device.stop_fd);
}

/* The next front-end is served, whatever became of the one before. */
static void a_connection_may_lack_anything(void **state)
{
	static const int failures[] = {ENOMEM, EMFILE};
	long n;

	(void)state;
	client_make(&client);
	client.settings.dax_window = 64 << 20;
	client_open(&client);
	for (int i = 0; i < 2; i++) {
		of_descriptors = i;
		failure = failures[i];
		failed = true;
		for (n = 1; failed; n++) {
			int before = count_descriptors();

			failed = false;
			countdown = n;
			converse();
			/* The guard's stay; each is made once. */
			if (!failed || n > 1)
				assert_in_range(count_descriptors(), before, before + 2);
		}
		print_message("%ld calls failed\n", n - 2);
		assert_true(n > 4);
	}
	countdown = 0;
	client_free(&client);
}

/* Else the guest would wait for its answers for ever. */
static void who_starts_a_queue_is_told_if_it_cannot_be(void **state)
{
	(void)state;
	client_make(&client);
	client.settings.dax_window = 64 << 20;
	client_open(&client);
	converse();
	assert_true(queue_was_started);
	no_waiter = true;
	converse();
	no_waiter = false;
	assert_false(queue_was_started);
	client_free(&client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(there_may_be_no_descriptor),
		cmocka_unit_test(a_connection_may_lack_anything),
		cmocka_unit_test(who_starts_a_queue_is_told_if_it_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
