/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-probe.c - fuzz: probe. What a back-end, of whatever make, tells fsdax-probe: the answers to
 * vhost-user messages, the used ring and all else in the guest's memory, replies to FUSE requests,
 * and what it asks on the second socket.
 *
 * The back-end does its next steps when the front-end has sent it something, or waits for it; when
 * there are none left, it has hung up. Whatever it says, each call comes to an end, says no more
 * than there is room for, and leaves no descriptor.
 *
 * Not reached in tests/frontend: no memory, descriptors or threads; sockets that fail; and
 * operations that are sent and answered as others are.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "confined.h"
#include "frontend.h"
#include "insist.h"
#include "records.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
ssize_t __wrap_sendmsg(int socket, const struct msghdr *msg, int flags);
ssize_t __real_sendmsg(int socket, const struct msghdr *msg, int flags);
ssize_t __wrap_recvmsg(int socket, struct msghdr *msg, int flags);
ssize_t __real_recvmsg(int socket, struct msghdr *msg, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *data);
int __wrap_pthread_join(pthread_t thread, void **result);

/* An operation of the client's, or something that the back-end does. */
struct step {
	uint8_t kind, how, n_fds, a;
	uint32_t b;
	uint64_t c;
	uint8_t bytes[16];
};

enum { HEAD = 4, STEPS_MAX = 32, ROOM = 4096, WINDOW = 2 << 20, MEMORY = 4 << 20, HEADER = 12 };

/* Of struct step.how, for an answer to a message. */
enum {
	HOW_SIZE = 1,
	HOW_REQUEST = 2,
	HOW_FLAGS = 4,
	HOW_BYTES = 8,
	HOW_CUT = 16,
	HOW_FDS = 32,
	HOW_APART = 64
};

RECORDS_MUTATOR(HEAD, sizeof(struct step))

static int some_fd, empty_fd, folder_fd;

static struct {
	const uint8_t *at, *end; /* the steps that are left */
	struct frontend fe;
	struct client client;
	int socket; /* the back-end's end; -1: closed */
	int peer;   /* its end of the second socket; -1: none */
	/* What it has said, and has not been read: here, and behind that on the socket. */
	uint8_t said[HEADER + VHOST_MAX_PAYLOAD];
	size_t n_said;
	size_t n_on_socket;
	void *(*thread)(void *);
	void *thread_data;
} scene;

static bool next_step(struct step *step)
{
	if (scene.at + sizeof(*step) > scene.end)
		return false;
	memcpy(step, scene.at, sizeof(*step));
	scene.at += sizeof(*step);
	return true;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- Messages ------------------------------------------------------------------------------ */

static int pick_fd(const struct step *step)
{
	return step->a % 4 == 0 ? empty_fd : step->a % 4 == 1 ? folder_fd : some_fd;
}

static void say(int socket, const void *bytes, size_t size, unsigned int n_fds, int fd)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} space = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)bytes, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds) {
		msg.msg_control = space.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		space.align.cmsg_level = SOL_SOCKET;
		space.align.cmsg_type = SCM_RIGHTS;
		space.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (unsigned int i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(&space.align) + i * sizeof(int), &fd, sizeof(int));
	}
	if (socket < 0)
		return;
	if (__real_sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		insist(errno == EPIPE || errno == EAGAIN, "sendmsg: %s", strerror(errno));
	else if (socket == scene.socket)
		scene.n_on_socket += size;
}

/* As say(), on the first socket; without a way through the kernel where nothing is in that order. */
static void say_plainly(const void *bytes, size_t size)
{
	if (scene.socket < 0)
		return;
	if (scene.n_on_socket || size > sizeof(scene.said) - scene.n_said) {
		say(scene.socket, bytes, size, 0, -1);
		return;
	}
	memcpy(scene.said + scene.n_said, bytes, size);
	scene.n_said += size;
}

/* What was said plainly came before what is on the socket. */
ssize_t __wrap_recvmsg(int socket, struct msghdr *msg, int flags)
{
	const struct iovec *to = msg->msg_iov;
	ssize_t n;

	if (socket != scene.fe.sock)
		return __real_recvmsg(socket, msg, flags);
	if (!scene.n_said) {
		n = __real_recvmsg(socket, msg, flags);
		scene.n_on_socket -= n > 0 ? (size_t)n : 0;
		return n;
	}
	n = (ssize_t)(to->iov_len < scene.n_said ? to->iov_len : scene.n_said);
	memcpy(to->iov_base, scene.said, (size_t)n);
	scene.n_said -= (size_t)n;
	memmove(scene.said, scene.said + n, scene.n_said);
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return n;
}

/* What a back-end that is all right answers. Returns the payload's size. */
static uint32_t good_answer(uint32_t request, struct message *message, unsigned int *n_fds)
{
	struct virtio_fs_config config = {.tag = "fuzz", .num_request_queues = 1};

	memset(&message->payload, 0, sizeof(message->payload));
	*n_fds = 0;
	switch (request) {
	case VHOST_GET_FEATURES:
	case VHOST_GET_PROTOCOL_FEATURES: message->payload.u64 = UINT64_MAX; return 8;
	case VHOST_GET_QUEUE_NUM:
	case VHOST_GET_MAX_MEM_SLOTS: message->payload.u64 = 3; return 8;
	case VHOST_GET_CONFIG:
		memcpy(message->payload.config.data, &config, sizeof(config));
		return VHOST_CONFIG_HEADER + sizeof(config);
	case VHOST_GET_SHMEM_CONFIG:
		message->payload.shmem.n = 1;
		message->payload.shmem.size[0] = WINDOW;
		return 16;
	case VHOST_GET_INFLIGHT_FD: *n_fds = 1; return 20;
	default: return 8;
	}
}

static void answer(const struct vhost_header *asked)
{
	struct step step = {.kind = 0};
	uint8_t bytes[HEADER + VHOST_MAX_PAYLOAD];
	struct message message;
	unsigned int n_fds;
	size_t size;

	message.header = (struct vhost_header){
		.request = asked->request,
		.flags = VHOST_VERSION | VHOST_REPLY,
		.size = good_answer(asked->request, &message, &n_fds),
	};
	/* The first byte of a step says whether this one is as it should be. */
	if (scene.at + sizeof(step) <= scene.end && scene.at[0] % 16 == 0)
		next_step(&step);
	if (step.how & HOW_REQUEST)
		message.header.request = step.a;
	if (step.how & HOW_FLAGS)
		message.header.flags = step.b;
	if (step.how & HOW_SIZE)
		message.header.size = step.b < 1 << 24 ? step.b % (VHOST_MAX_PAYLOAD + 2) : step.b;
	if (step.how & HOW_BYTES)
		memcpy(message.payload.bytes + step.c % 64, step.bytes, sizeof(step.bytes));
	if (step.how & HOW_FDS)
		n_fds = step.n_fds % 16;
	size = message.header.size < VHOST_MAX_PAYLOAD ? message.header.size : VHOST_MAX_PAYLOAD;
	memcpy(bytes, &message.header, HEADER);
	memcpy(bytes + HEADER, &message.payload, size);
	size += HEADER;
	if (step.how & HOW_CUT)
		size = step.a % size;
	if (step.how & HOW_APART && size > HEADER) {
		say(scene.socket, bytes, HEADER, n_fds, pick_fd(&step));
		say(scene.socket, bytes + HEADER, size - HEADER, n_fds, pick_fd(&step));
	} else if (size && n_fds) {
		say(scene.socket, bytes, size, n_fds, pick_fd(&step));
	} else if (size) {
		say_plainly(bytes, size);
	}
	if (step.how & HOW_CUT)
		close_fd(&scene.socket);
}

static void take_peer(const struct msghdr *msg)
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int fd;

	insist(cmsg && cmsg->cmsg_len == CMSG_LEN(sizeof(fd)), "no second socket");
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	close_fd(&scene.peer);
	scene.peer = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* The front-end sends something: its answer is there before it looks. */
ssize_t __wrap_sendmsg(int socket, const struct msghdr *msg, int flags)
{
	struct vhost_header header;
	size_t size = 0;

	if (socket != scene.fe.sock)
		return __real_sendmsg(socket, msg, flags);
	memcpy(&header, msg->msg_iov[0].iov_base, sizeof(header));
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		size += msg->msg_iov[i].iov_len;
	if (header.request == VHOST_SET_BACKEND_REQ_FD)
		take_peer(msg);
	/* Each is asked with nothing to say but for its number, or wants to know how it went. */
	if (header.flags & VHOST_NEED_REPLY || header.request == VHOST_GET_FEATURES ||
	    header.request == VHOST_GET_PROTOCOL_FEATURES ||
	    header.request == VHOST_GET_QUEUE_NUM || header.request == VHOST_GET_CONFIG ||
	    header.request == VHOST_GET_SHMEM_CONFIG || header.request == VHOST_GET_INFLIGHT_FD ||
	    header.request == VHOST_GET_MAX_MEM_SLOTS || header.request == VHOST_GET_VRING_BASE)
		answer(&header);
	return (ssize_t)size;
}

/* A back-end is always there. */
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	int ends[2];

	(void)address;
	(void)size;
	close_fd(&scene.socket);
	scene.n_said = scene.n_on_socket = 0;
	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) &&
		       dup3(ends[0], fd, O_CLOEXEC) == fd,
	       "no sockets");
	close(ends[0]);
	scene.socket = ends[1];
	return 0;
}

/* ---- The window's thread: it is run when all has been said -------------------------------------- */

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *data)
{
	(void)attr;
	*thread = pthread_self();
	scene.thread = fn;
	scene.thread_data = data;
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
	(void)thread;
	(void)result;
	return 0;
}

static void ask_window(const struct step *step)
{
	static const uint32_t requests[] = {
		VHOST_BACKEND_SHMEM_MAP,
		VHOST_BACKEND_SHMEM_UNMAP,
		VHOST_BACKEND_SHARED_OBJECT_REMOVE,
	};
	struct {
		struct vhost_header header;
		struct vhost_mmap map;
	} __attribute__((packed)) message = {
		.header = {.request = step->n_fds < 200 ? requests[step->n_fds % 3] : step->n_fds,
			   .flags = VHOST_VERSION | (step->how & 64 ? VHOST_NEED_REPLY : 0),
			   .size = sizeof(message.map)},
		.map = {.fd_offset = step->bytes[0] < 192 ? step->bytes[0] % 4 * 4096ull : step->c,
			.shm_offset = step->b < 1 << 24 ? step->b % 512 * 4096ull : step->b,
			.len = step->bytes[1] < 192 ? step->bytes[1] % 8 * 2048ull : step->c,
			.flags = 1},
	};

	if (step->how & HOW_SIZE)
		message.header.size = step->b;
	if (step->how & HOW_BYTES)
		memcpy((char *)&message.map + step->c % 24, step->bytes, sizeof(step->bytes));
	say(scene.peer, &message, sizeof(message),
	    step->how & HOW_FDS					? step->bytes[2] % 16
	    : message.header.request == VHOST_BACKEND_SHMEM_MAP ? 1
								: 0,
	    pick_fd(step));
}

static void run_window(void)
{
	struct window_stats stats = {.live = 0};
	uint8_t bytes[64];

	if (scene.peer >= 0)
		shutdown(scene.peer, SHUT_WR);
	if (scene.thread)
		scene.thread(scene.thread_data);
	scene.thread = NULL;
	if (scene.fe.window_started)
		window_get_stats(&scene.fe.window, &stats);
	insist(stats.live <= stats.maps, "%u mappings of %u", stats.live, stats.maps);
	if (scene.fe.has_window && !window_read(&scene.fe.window, 4000, bytes, sizeof(bytes)))
		window_write(&scene.fe.window, 4000, bytes, sizeof(bytes));
}

/* ---- The ring -------------------------------------------------------------------------------------- */

static void write_memory(uint64_t offset, const void *bytes, size_t size)
{
	if (scene.fe.guest.base)
		memcpy(scene.fe.guest.base + offset % (scene.fe.guest.size - size), bytes, size);
}

/* A chain is given back: mostly the one that was offered last, with a reply in it. */
static void give(const struct step *step, bool good)
{
	struct request *request = scene.client.slot;
	struct vq *vq = &scene.fe.vqs[step->a % scene.fe.n_vqs];
	const struct fuse_in_header *in = (const void *)request->in;
	struct fuse_out_header out = {
		.len = (uint32_t)(sizeof(out) + (good ? request->out_len - sizeof(out) : step->b)),
		.error = step->how & 1 ? -(int)(step->c % 200) : 0,
		.unique = step->how & 2 ? step->c : in->unique,
	};
	uint16_t last = (uint16_t)(vq->avail->idx - 1);
	struct vring_used_elem *elem = &vq->used->ring[vq->used->idx & (vq->num - 1)];

	if (out.error && !(step->how & 4))
		out.len = sizeof(out);
	memcpy(request->out, &out, sizeof(out));
	memcpy(request->out + sizeof(out) + step->n_fds % 64, step->bytes, sizeof(step->bytes));
	elem->id = step->how & 8 ? step->b : vq->avail->ring[last & (vq->num - 1)];
	elem->len = step->how & 16 ? step->b : out.len;
	vq->used->idx++;
	if (!(step->how & 32))
		eventfd_write(vq->call, 1);
}

/* An entry of a folder, in the place of the reply's next bytes. */
static void put_dirent(const struct step *step)
{
	struct fuse_dirent entry = {.ino = step->c,
				    .off = step->b,
				    .namelen = step->how & 1 ? step->b : step->n_fds % 24,
				    .type = step->a};
	char *to = scene.client.slot->out + sizeof(struct fuse_out_header) + step->a % 8 * 24u +
		   (step->how & 2 ? sizeof(struct fuse_entry_out) : 0);

	memcpy(to, &entry, FUSE_NAME_OFFSET);
	memcpy(to + FUSE_NAME_OFFSET, step->bytes, sizeof(step->bytes));
}

/* Descriptors and rings are where the back-end can write, too. */
static void scribble(const struct step *step)
{
	const struct vq *vq = &scene.fe.vqs[step->a % scene.fe.n_vqs];
	uint16_t value = (uint16_t)step->b;

	switch (step->how % 4) {
	case 0: write_memory(step->c, step->bytes, sizeof(step->bytes)); break;
	case 1: vq->desc[step->n_fds % vq->num].next = value; break;
	case 2: vq->desc[step->n_fds % vq->num].flags = value; break;
	default: vq->used->idx = value; break;
	}
}

static void be_back_end(const struct step *step)
{
	switch (step->kind % 16) {
	case 1: ask_window(step); break;
	case 2: put_dirent(step); break;
	case 3: scribble(step); break;
	case 4: give(step, true); break;
	case 5: give(step, false); break;
	case 6: eventfd_write(scene.fe.vqs[step->a % scene.fe.n_vqs].call, 1); break;
	case 7: close_fd(&scene.socket); break;
	default: break;
	}
}

/* ---- What the front-end does, and waits for ------------------------------------------------------- */

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct step step;
	int ready;

	while (!(ready = __real_poll(fds, n, 0)) && timeout_ms) {
		if (!scene.fe.n_vqs || !next_step(&step))
			return 0;
		if (step.kind % 16 >= 8) {
			errno = EINTR;
			return -1;
		}
		be_back_end(&step);
	}
	return ready;
}

static void read_folder(const struct step *step, char *buffer, size_t size)
{
	bool plus = step->how & 1;
	ssize_t len = client_readdir(&scene.client, 1, 2, step->c, buffer, size, plus), used;
	struct client_dirent entry;

	insist(len <= (ssize_t)size, "%zd bytes of a folder", len);
	for (ssize_t at = 0; at < len; at += used) {
		used = client_next_dirent(buffer + at, (size_t)(len - at), plus, &entry);
		if (used <= 0)
			break;
		insist(used <= len - at && memchr(entry.name, '\0', sizeof(entry.name)),
		       "an entry of %zd bytes", used);
	}
}

/* Those whose reply is of one size. */
static void call_another(const struct step *step)
{
	static const uint32_t groups[] = {1, 2, 3};
	struct client *c = &scene.client;
	const struct fuse_setattr_in in = {.valid = step->b};
	struct fuse_file_lock lock = {.end = step->c};
	struct fuse_statx_out statx;
	struct fuse_entry_out entry;
	struct fuse_attr attr;
	struct fuse_kstatfs st;
	uint64_t number;

	c->groups = groups;
	c->n_groups = step->how / 16 % 4;
	switch (step->how % 16) {
	case 0: client_create(c, 1, "new", O_RDWR, 0644, &entry, &number); break;
	case 1: client_getattr(c, 1, CLIENT_NO_FH, &attr); break;
	case 2: client_statfs(c, 1, &st); break;
	case 3: client_setupmapping(c, 1, 0, WINDOW, 3, 0); break;
	case 4: client_opendir(c, 1, &number); break;
	case 5: client_setattr(c, 1, &in, &attr); break;
	case 6: client_statx(c, 1, &statx); break;
	case 7: client_lseek(c, 1, 2, step->c, step->a, &number); break;
	case 8: client_lock(c, FUSE_GETLK, 1, 2, 3, &lock); break;
	case 9: client_lock(c, FUSE_SETLK, 1, 2, 3, &lock); break;
	case 10: client_write(c, 1, 2, step->c, step->bytes, sizeof(step->bytes), 0); break;
	case 11: client_setxattr(c, 1, "user.x", step->bytes, sizeof(step->bytes), 0); break;
	case 12: client_mkdir(c, 1, "folder", 0755, &entry); break;
	case 13: client_rename2(c, 1, "a", 1, "b", step->b); break;
	case 14: client_symlink(c, 1, "link", "target", &entry); break;
	default: client_destroy(c); break;
	}
}

static void be_client(const struct step *step)
{
	struct client *c = &scene.client;
	size_t size = step->b % ROOM;
	/* With nothing behind it. */
	char *buffer = malloc(size ? size : 1);
	struct client_init init = {
		.minor = step->a % 45, .flags = step->c, .short_in = step->how & 1};
	struct fuse_entry_out entry;
	ssize_t len = 0;

	insist(buffer, "no memory");
	c->queue = scene.fe.n_vqs > 2 ? 1 + step->n_fds % 2u : FRONTEND_REQUESTS;
	switch (step->kind % 16) {
	case 8: client_init(c, &init); break;
	case 9: client_lookup(c, 1, "name", &entry); break;
	case 10: read_folder(step, buffer, size); break;
	case 11: len = client_readlink(c, step->c, buffer, size); break;
	case 12:
		len = step->how % 2 ? client_listxattr(c, 1, buffer, size)
				    : client_getxattr(c, 1, "user.x", buffer, size);
		/* How long it is was asked. */
		len = size ? len : 0;
		break;
	case 13: len = client_read(c, 1, 2, step->c, buffer, size); break;
	case 14: call_another(step); break;
	default:
		if (step->how % 2)
			client_forget(c, step->c, 1);
		else
			client_raw(c, 1, step->bytes, sizeof(step->bytes), size);
		break;
	}
	insist(len <= (ssize_t)size, "%zd bytes, with room for %zu", len, size);
	free(buffer);
}

static void converse(void)
{
	struct step step;

	if (client_open(&scene.client, &scene.fe))
		return;
	while (next_step(&step)) {
		if (step.kind % 16 >= 8)
			be_client(&step);
		else
			be_back_end(&step);
	}
}

/* ---- One input ---------------------------------------------------------------------------------------- */

static char long_path[200];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	memset(long_path, 'x', sizeof(long_path) - 1);
	some_fd = memfd_create("some", MFD_CLOEXEC);
	empty_fd = memfd_create("empty", MFD_CLOEXEC);
	folder_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	insist(some_fd >= 0 && !ftruncate(some_fd, 16384 + 1) && empty_fd >= 0 && folder_fd >= 0,
	       "no files");
	return 0;
}

/* The head: what the front-end wants, how it goes on, and how it ends. */
static void run(const uint8_t *head)
{
	const struct frontend_options options = {
		.socket = head[3] == 255 ? long_path : "/run/socket",
		.window = !(head[2] & 1),
		.no_config = head[0] & 1,
		.no_mem_slots = head[0] & 2,
		.no_event_idx = head[0] & 4,
		.indirect = head[0] & 8,
		.inflight = head[0] & 16,
		.queues = head[1] % 3,
		.queue_size = 8,
		.memory = MEMORY,
		.timeout_ms = 1000,
	};
	int err = frontend_start(&scene.fe, &options);

	if (!err)
		converse();
	/* The back-end dies, and there is another one. */
	if (!err && head[2] & 2)
		err = frontend_reconnect(&scene.fe, &options);
	run_window();
	if (head[2] & 4)
		close_fd(&scene.socket);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD)
		return -1;
	if (size > HEAD + STEPS_MAX * sizeof(struct step))
		size = HEAD + STEPS_MAX * sizeof(struct step);
	confined_fds_before();
	memset(&scene, 0, sizeof(scene));
	scene.socket = scene.peer = -1;
	scene.at = data + HEAD;
	scene.end = data + size;
	run(data);
	client_close(&scene.client);
	frontend_stop(&scene.fe);
	close_fd(&scene.socket);
	close_fd(&scene.peer);
	confined_fds_after();
	return 0;
}
