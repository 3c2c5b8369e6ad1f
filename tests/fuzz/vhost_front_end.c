/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost_front_end.c - see vhost_front_end.h. */
#include "vhost_front_end.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "inflight.h"
#include "insist.h"
#include "send_fds.h"
#include "vhost_proto.h"

enum {
	KINDS = 16,
	RING_FILE = 65536,
	INFLIGHT_FILE = 8192,
	RING_SIZE = 16,
	AVAIL = 0x400,
	USED = 0x800,
	BUFFERS = 0x1000,
	REPLY_ROOM = 256
};

/* What stands in the ring: the first of them from the start, the others when they are published. */
enum { INIT, LOOKUP, GETATTR, STATFS, FROM_START, OPEN = FROM_START, LOCK, WAIT, UNLOCK, REQUESTS };

#define GUEST 0x10000ull
#define USER 0x7f0000000000ull

static int kinds[KINDS];
static int inflight_fd, kick_fd;
static bool is_cut; /* the guest's memory has no file any more */
static bool inflight_is_written;

/* The notes that the daemon was given; not known, if the input has done anything else to them. */
static struct {
	unsigned int given; /* times */
	unsigned int n_queues, size;
	bool known;
} notes;
static uint8_t *memory;
static uint8_t template[RING_FILE];
static size_t request_at[REQUESTS], reply_at[REQUESTS];
static int full_event;

/* Which queues may run; what the ring had when there were none. */
static struct {
	uint32_t had_kicks, running;
	bool unknown, still;
	uint16_t used;
} rings;

/* ---- The guest's memory, with a ring and requests in it ------------------------------------ */

static size_t put_buffer(size_t at, const void *bytes, size_t size)
{
	if (bytes)
		memcpy(template + at, bytes, size);
	return (at + size + 15) / 16 * 16;
}

/* A chain of two descriptors: a request, and room for its reply. */
static size_t put_request(unsigned int i, size_t at, uint32_t opcode, const void *arguments,
			  size_t size)
{
	struct vring_desc *desc = (struct vring_desc *)template + 2 * i;
	struct vring_avail *avail = (struct vring_avail *)(template + AVAIL);
	struct fuse_in_header header = {.len = (uint32_t)(sizeof(header) + size),
					.opcode = opcode,
					.nodeid = FUSE_ROOT_ID,
					.unique = i};

	request_at[i] = at;
	desc[0] = (struct vring_desc){GUEST + at, header.len, VRING_DESC_F_NEXT,
				      (uint16_t)(2 * i + 1)};
	memcpy(template + at, &header, sizeof(header));
	at = put_buffer(at + sizeof(header), arguments, size);
	reply_at[i] = at;
	desc[1] = (struct vring_desc){GUEST + at, REPLY_ROOM, VRING_DESC_F_WRITE, 0};
	avail->ring[i] = (uint16_t)(2 * i);
	return put_buffer(at, NULL, REPLY_ROOM);
}

/* All of a file, for a process of the guest. */
static size_t put_lock(unsigned int i, size_t at, uint32_t opcode, uint64_t owner, uint32_t type)
{
	const struct fuse_lk_in in = {
		.owner = owner, .lk = {.end = INT64_MAX, .type = type, .pid = (uint32_t)owner}};

	return put_request(i, at, opcode, &in, sizeof(in));
}

static void make_template(void)
{
	struct vring_avail *avail = (struct vring_avail *)(template + AVAIL);
	const struct fuse_open_in open_in = {.flags = O_RDWR};
	const struct fuse_init_in init = {.major = FUSE_KERNEL_VERSION,
					  .minor = FUSE_KERNEL_MINOR_VERSION,
					  .flags = UINT32_MAX};
	const struct fuse_getattr_in getattr = {.fh = 0};
	size_t at = BUFFERS;

	at = put_request(INIT, at, FUSE_INIT, &init, sizeof(init));
	at = put_request(LOOKUP, at, FUSE_LOOKUP, "b.dax", 6);
	at = put_request(GETATTR, at, FUSE_GETATTR, &getattr, sizeof(getattr));
	at = put_request(STATFS, at, FUSE_STATFS, NULL, 0);
	at = put_request(OPEN, at, FUSE_OPEN, &open_in, sizeof(open_in));
	at = put_lock(LOCK, at, FUSE_SETLKW, 1, F_WRLCK);
	at = put_lock(WAIT, at, FUSE_SETLKW, 2, F_WRLCK);
	put_lock(UNLOCK, at, FUSE_SETLK, 1, F_UNLCK);
	avail->idx = FROM_START;
}

/* The number behind the header of a reply; or false, if there is none. */
static bool read_reply(unsigned int i, uint64_t *number)
{
	struct fuse_out_header out;

	memcpy(&out, memory + reply_at[i], sizeof(out));
	memcpy(number, memory + reply_at[i] + sizeof(out), sizeof(*number));
	return out.len > sizeof(out) && !out.error;
}

/* As a guest does: what is asked next names the file and the handle that came with a reply. */
static void use_replies(void)
{
	uint64_t nodeid, fh;

	if (read_reply(LOOKUP, &nodeid)) {
		for (unsigned int i = OPEN; i < REQUESTS; i++)
			memcpy(memory + request_at[i] + offsetof(struct fuse_in_header, nodeid),
			       &nodeid, sizeof(nodeid));
	}
	if (read_reply(OPEN, &fh)) {
		for (unsigned int i = LOCK; i < REQUESTS; i++)
			memcpy(memory + request_at[i] + sizeof(struct fuse_in_header), &fh,
			       sizeof(fh));
	}
}

/* ---- Descriptors ------------------------------------------------------------------------------ */

static int make_memory(const char *name, off_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	insist(fd >= 0 && !ftruncate(fd, size), "no memory");
	return fd;
}

/* One that cannot be written to without waiting for ever. */
static int make_full_pipe(void)
{
	static const char bytes[4096];
	int ends[2];

	insist(!pipe2(ends, O_CLOEXEC | O_NONBLOCK), "no pipe");
	while (write(ends[1], bytes, sizeof(bytes)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	return ends[1];
}

static void fill_event(void)
{
	const uint64_t most = UINT64_MAX - 1;

	/* The daemon may have made it one that does not wait: that is of the description. */
	fcntl(full_event, F_SETFL, O_NONBLOCK);
	if (write(full_event, &most, sizeof(most)) < 0)
		insist(errno == EAGAIN, "eventfd: %s", strerror(errno));
	fcntl(full_event, F_SETFL, 0);
}

void front_end_begin(void)
{
	int pipes[2], sockets[2];

	/* See let_run(). */
	prctl(PR_SET_TIMERSLACK, 1);
	make_template();
	insist(!pipe2(pipes, O_CLOEXEC) &&
		       !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets),
	       "no pipe");
	kinds[0] = make_memory("ring", RING_FILE);
	kinds[1] = make_memory("empty", 0);
	kinds[2] = make_memory("page", 4096);
	kinds[3] = make_memory("some", 65536 + 1);
	kinds[4] = make_memory("much", 4 << 20);
	kinds[5] = kick_fd = eventfd(1, EFD_CLOEXEC);
	inflight_fd = make_memory("inflight", INFLIGHT_FILE);
	kinds[6] = pipes[0];
	kinds[7] = pipes[1];
	kinds[8] = sockets[0];
	kinds[9] = -1; /* made for each message */
	kinds[10] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kinds[11] = open("/dev/null", O_RDWR | O_CLOEXEC);
	kinds[12] = open("/dev/null", O_PATH | O_CLOEXEC);
	kinds[13] = epoll_create1(EPOLL_CLOEXEC);
	kinds[14] = make_full_pipe();
	full_event = kinds[15] = eventfd(0, EFD_CLOEXEC);
	memory = mmap(NULL, RING_FILE, PROT_READ | PROT_WRITE, MAP_SHARED, kinds[0], 0);
	insist(memory != MAP_FAILED, "no memory");
}

/* All of a file that may have been cut or written to is zeros again. */
static void make_anew(int fd, off_t size)
{
	insist(!ftruncate(fd, 0) && !ftruncate(fd, size), "ftruncate: %s", strerror(errno));
}

void front_end_reset(void)
{
	if (is_cut)
		make_anew(kinds[0], RING_FILE);
	if (inflight_is_written)
		make_anew(inflight_fd, INFLIGHT_FILE);
	is_cut = inflight_is_written = false;
	notes.known = true;
	notes.given = 0;
	memset(&rings, 0, sizeof(rings));
	memcpy(memory, template, RING_FILE);
	fill_event();
	fcntl(kinds[14], F_SETFL, 0);
}

/* A socket on which all questions have been answered already, with these bytes among them. */
static int make_answers(const struct step *step)
{
	struct {
		struct vhost_header header;
		uint64_t value;
	} __attribute__((packed))
	answer = {{VHOST_BACKEND_SHMEM_UNMAP, VHOST_VERSION | VHOST_REPLY, 8}, 0};
	int ends[2];

	insist(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "no sockets");
	if (send(ends[1], &answer, sizeof(answer), MSG_NOSIGNAL) < 0 ||
	    send(ends[1], step->bytes, sizeof(step->bytes), MSG_NOSIGNAL) < 0)
		insist(false, "no answers: %s", strerror(errno));
	close(ends[1]);
	return ends[0];
}

/* ---- Payloads ------------------------------------------------------------------------------------ */

static uint64_t pick(uint8_t which)
{
	static const uint64_t some[] = {
		0,	    4096,
		8192,	    RING_FILE,
		1,	    RING_FILE + 1,
		4 << 20,    1 << 30,
		1ull << 40, 1ull << 47,
		1ull << 63, INT64_MAX,
		UINT64_MAX, UINT64_MAX - 4095,
		UINT32_MAX, RING_FILE - 1,
	};

	return some[which % 16];
}

/* Of a queue: mostly one of the first. */
static uint32_t pick_index(const struct step *step)
{
	return (uint8_t)step->a < 240 ? (uint8_t)step->a % 3 : step->a;
}

/* Mostly the memory that has the ring, as one region. */
static void put_table(const struct step *step, union vhost_payload *payload)
{
	struct vhost_memory *table = &payload->memory;

	table->n_regions = (uint8_t)step->a < 240 ? 1 + (uint8_t)step->a % 8
			   : step->a < 65536	  ? step->a % 16
						  : step->a;
	for (unsigned int i = 0; i < VHOST_MAX_REGIONS; i++) {
		const uint8_t *from = step->bytes + 5 * i;
		struct vhost_memory_region *region = &table->regions[i];

		/* Where bits are set, other values. */
		uint8_t odd = from[0] < 160 ? 0 : from[0];

		*region = (struct vhost_memory_region){
			.guest_address = odd & 1 ? pick(from[1]) : GUEST + ((uint64_t)i << 20),
			.size = odd & 2 ? pick(from[2]) : RING_FILE,
			.user_address = odd & 4 ? pick(from[3]) : USER + ((uint64_t)i << 20),
			.mmap_offset = odd & 8 ? pick(from[4]) : 0,
		};
	}
}

static void put_addr(const struct step *step, union vhost_payload *payload)
{
	const uint8_t *from = step->bytes;

	payload->addr = (struct vhost_vring_addr){
		.index = pick_index(step),
		.flags = step->b,
		.desc = from[0] < 192 ? USER : USER + pick(from[1]),
		.avail = from[2] < 192 ? USER + AVAIL : USER + pick(from[3]),
		.used = from[4] < 192 ? USER + USED : USER + pick(from[5]),
	};
	if (from[6] > 250)
		memcpy(&payload->addr.desc, from + 8, 24);
}

static uint32_t pick_ring_size(const struct step *step)
{
	static const uint32_t some[] = {RING_SIZE, 0, 1, 3, 8, 256, 1024, 32768, 65536, UINT32_MAX};

	return (uint8_t)step->b < 192 ? RING_SIZE : step->b < 65536 ? some[step->b % 10] : step->b;
}

/* Mostly what the file in memory has room for. */
static void put_inflight(const struct step *step, union vhost_payload *payload)
{
	struct vhost_inflight *inflight = &payload->inflight;

	inflight->n_queues = (uint16_t)(1 + pick_index(step));
	inflight->queue_size = (uint16_t)pick_ring_size(step);
	inflight->mmap_size = inflight_size(inflight->n_queues, inflight->queue_size);
	if (step->bytes[0] >= 192)
		inflight->mmap_size = pick(step->bytes[1]);
	if (step->bytes[2] >= 192)
		inflight->mmap_offset = pick(step->bytes[3]);
	/* A daemon may have written to the file before. */
	inflight_is_written = true;
}

/* Returns the natural size. n_fds: how many there should be. */
static uint32_t put_payload(const struct step *step, union vhost_payload *payload,
			    unsigned int *n_fds)
{
	uint32_t index = pick_index(step);

	*n_fds = 0;
	switch (step->request) {
	case VHOST_SET_FEATURES:
		payload->u64 = (VHOST_F_VERSION_1 | VHOST_F_PROTOCOL_FEATURES |
				VHOST_F_INDIRECT_DESC | VHOST_F_EVENT_IDX) &
			       ~((uint64_t)step->a << 28);
		return 8;
	case VHOST_SET_PROTOCOL_FEATURES:
		payload->u64 = (VHOST_PROTOCOL_MQ | VHOST_PROTOCOL_REPLY_ACK |
				VHOST_PROTOCOL_BACKEND_REQ | VHOST_PROTOCOL_CONFIG |
				VHOST_PROTOCOL_BACKEND_SEND_FD | VHOST_PROTOCOL_SHMEM |
				VHOST_PROTOCOL_SHARED_OBJECT | VHOST_PROTOCOL_INFLIGHT |
				VHOST_PROTOCOL_RESET_DEVICE) &
			       ~(uint64_t)step->a;
		return 8;
	case VHOST_SET_MEM_TABLE:
		put_table(step, payload);
		*n_fds = payload->memory.n_regions;
		return 8 + 32 * (*n_fds < 8 ? *n_fds : 8);
	case VHOST_SET_VRING_NUM:
		payload->state = (struct vhost_vring_state){index, pick_ring_size(step)};
		return 8;
	case VHOST_SET_VRING_BASE:
	case VHOST_GET_VRING_BASE:
	case VHOST_SET_VRING_ENABLE:
		payload->state = (struct vhost_vring_state){index, step->b};
		return 8;
	case VHOST_SET_VRING_ADDR: put_addr(step, payload); return 40;
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		payload->u64 = index | (step->b % 16 == 1 ? VHOST_VRING_NO_FD : 0);
		*n_fds = 1;
		return 8;
	case VHOST_GET_CONFIG:
	case VHOST_SET_CONFIG:
		payload->config = (struct vhost_config){
			.offset = (uint8_t)step->a < 240 ? step->a % 300 : step->a,
			.size = (uint8_t)step->b < 240 ? step->b % 300 : step->b,
		};
		return 12 + (payload->config.size <= VHOST_CONFIG_MAX ? payload->config.size : 0);
	case VHOST_GET_INFLIGHT_FD: put_inflight(step, payload); return 20;
	case VHOST_SET_INFLIGHT_FD:
		put_inflight(step, payload);
		*n_fds = 1;
		return 24;
	case VHOST_SET_BACKEND_REQ_FD: *n_fds = 1; return 0;
	default: return 0;
	}
}

/* ---- Sending ---------------------------------------------------------------------------------------- */

/* Which descriptor goes with which message, unless the input says otherwise. */
static int pick_fd(const struct step *step, unsigned int i, int *made)
{
	uint8_t which = step->fds[i % 8];

	if (which < 160) {
		switch (step->request) {
		case VHOST_SET_MEM_TABLE: return kinds[0];
		case VHOST_SET_BACKEND_REQ_FD: which = 9; break;
		case VHOST_SET_INFLIGHT_FD: return inflight_fd;
		default: return kinds[5];
		}
	}
	if (kinds[which % KINDS] >= 0)
		return kinds[which % KINDS];
	if (*made < 0)
		*made = make_answers(step);
	return *made;
}

void front_end_handshake(struct step *steps, unsigned int queue)
{
	static const uint8_t requests[HANDSHAKE] = {
		VHOST_SET_FEATURES,   VHOST_SET_PROTOCOL_FEATURES, VHOST_SET_MEM_TABLE,
		VHOST_SET_VRING_NUM,  VHOST_SET_VRING_BASE,	   VHOST_SET_VRING_ADDR,
		VHOST_SET_VRING_CALL, VHOST_SET_VRING_KICK,	   VHOST_SET_VRING_ENABLE,
	};

	for (unsigned int i = 0; i < HANDSHAKE; i++) {
		steps[i] = (struct step){.request = requests[i], .a = queue};
		steps[i].bytes[0] = 1;
	}
	/* One region is enough, and a ring starts at its first entry. */
	steps[0].a = steps[1].a = steps[2].a = 0;
	steps[HANDSHAKE - 1].b = 1;
}

static void write_inflight(const struct step *step)
{
	inflight_is_written = true;
	notes.known = false;
	if (pwrite(inflight_fd, step->bytes, 1 + step->b % 40, step->a % (INFLIGHT_FILE - 40)) < 0)
		insist(false, "pwrite: %s", strerror(errno));
}

/* So many more requests than there were. */
static void publish(uint32_t n)
{
	struct vring_avail *avail = (struct vring_avail *)(memory + AVAIL);

	if (is_cut)
		return;
	use_replies();
	__atomic_fetch_add(&avail->idx, (uint16_t)n, __ATOMIC_RELEASE);
}

static void kick(void)
{
	const uint64_t one = 1;

	if (write(kick_fd, &one, sizeof(one)) < 0)
		insist(false, "not kicked: %s", strerror(errno));
}

/* A daemon that has it mapped finds nothing there, or less than there was. */
static void cut(const struct step *step)
{
	if (step->b % 4 == 3) {
		inflight_is_written = true;
		notes.known = false;
		insist(!ftruncate(inflight_fd, step->a % INFLIGHT_FILE), "not cut");
		return;
	}
	is_cut = true;
	notes.known = false;
	insist(!ftruncate(kinds[0], step->a % 3 * 4096), "not cut");
}

/*
 * Let a queue's thread begin, or serve what there is: for a moment. Asleep, and not by
 * sched_yield(), after which a busy machine has all others run first.
 */
static void let_run(void)
{
	const struct vring_avail *avail = (const struct vring_avail *)(memory + AVAIL);
	const struct vring_used *used = (const struct vring_used *)(memory + USED);
	const struct timespec moment = {.tv_nsec = 10000};

	for (int i = 0; i < 25; i++) {
		if (!is_cut && i > 1 &&
		    __atomic_load_n(&avail->idx, __ATOMIC_RELAXED) ==
			    __atomic_load_n(&used->idx, __ATOMIC_ACQUIRE))
			return;
		nanosleep(&moment, NULL);
	}
}

enum event front_end_event(const struct step *step)
{
	if (step->request % 16 >= 13) {
		let_run();
		return EVENT_DONE;
	}
	switch (step->request % 8) {
	case 0: cut(step); return EVENT_DONE;
	case 1: write_inflight(step); return EVENT_DONE;
	case 2: kick(); return EVENT_DONE;
	case 3:
		publish(1 + step->a % 4);
		kick();
		return EVENT_DONE;
	case 4: return EVENT_READ;
	case 5: return EVENT_CLOSE;
	case 6: return EVENT_STOP;
	default: return EVENT_SIGNAL;
	}
}

/* Any message but those that only ask may start a queue again. */
static void note_rings(const struct step *step)
{
	const uint32_t index = pick_index(step);

	rings.unknown |= step->how || (index >= 32 && step->request == VHOST_SET_VRING_KICK);
	if (step->request == VHOST_GET_VRING_BASE && index < 32) {
		rings.running &= ~(1u << index);
		return;
	}
	/* A ring that is moved while there are requests may get their replies nowhere. */
	if (rings.had_kicks && step->request != VHOST_SET_VRING_KICK &&
	    step->request != VHOST_SET_VRING_CALL && step->request != VHOST_SET_VRING_ENABLE)
		notes.known = false;
	if (step->request == VHOST_SET_VRING_KICK)
		rings.had_kicks |= 1u << index % 32;
	rings.running = rings.had_kicks;
}

void front_end_look_at_ring(void)
{
	const struct vring_used *used = (const struct vring_used *)(memory + USED);

	/* Who wrote to the notes may have written here. */
	if (rings.running || rings.unknown || !notes.known) {
		rings.still = false;
		return;
	}
	if (!rings.still)
		rings.used = used->idx;
	rings.still = true;
	insist(used->idx == rings.used, "a queue was stopped, and has given back %u since",
	       (uint16_t)(used->idx - rings.used));
}

static void keep_notes(const struct step *step, const struct vhost_inflight *inflight, int fd)
{
	notes.known &= !notes.given && !step->how && !inflight->mmap_offset && fd == inflight_fd;
	notes.given++;
	notes.n_queues = inflight->n_queues;
	notes.size = inflight->queue_size;
}

/* The layout is the specification's: see daemon/inflight.h. */
void front_end_check_notes(void)
{
	const size_t size =
		sizeof(struct inflight_queue) + notes.size * sizeof(struct inflight_desc);
	const size_t stride = (size + 63) / 64 * 64;
	static uint8_t bytes[INFLIGHT_FILE];

	if (!notes.known || !notes.given)
		return;
	if (pread(inflight_fd, bytes, sizeof(bytes), 0) < 0)
		insist(false, "pread: %s", strerror(errno));
	for (size_t at = 0; at + size <= sizeof(bytes) && at < notes.n_queues * stride;
	     at += stride) {
		for (unsigned int i = 0; i < notes.size; i++)
			insist(!bytes[at + sizeof(struct inflight_queue) +
				      i * sizeof(struct inflight_desc)],
			       "chain %u was never given back", i);
	}
}

/* Most numbers stand for a request that there is. */
bool front_end_send(int socket, const struct step *given)
{
	struct step copy = *given, *step = &copy;
	struct {
		struct vhost_header header;
		union vhost_payload payload;
	} __attribute__((packed)) message;
	union vhost_payload payload;
	int fds[SEND_FDS_MAX], made = -1;
	unsigned int n_fds;
	size_t size;

	if (step->request >= STEP_WRITE) {
		notes.known = false;
		if (!is_cut)
			memcpy(memory + step->a % (RING_FILE - 40), step->bytes, 40);
		return false;
	}
	if (socket < 0)
		return false;
	if (step->request < 0xc0)
		step->request %= VHOST_REQUESTS + 1;
	note_rings(step);
	memset(&payload, 0, sizeof(payload));
	size = put_payload(step, &payload, &n_fds);
	if (step->how & HOW_RAW)
		memcpy(&payload, step->bytes, sizeof(step->bytes));
	if (step->how & HOW_SIZE)
		size = step->size;
	if (step->how & HOW_FDS || n_fds > 36)
		n_fds = step->n_fds % 36;
	for (unsigned int i = 0; i < n_fds; i++)
		fds[i] = pick_fd(step, i, &made);
	message.header = (struct vhost_header){
		.request = step->request,
		.flags = step->how & HOW_FLAGS
				 ? step->flags
				 : VHOST_VERSION |
					   (step->how & HOW_NEED_REPLY ? VHOST_NEED_REPLY : 0),
		.size = (uint32_t)(step->how & HOW_SIZE && step->flags % 4 == 3 ? step->flags
										: size),
	};
	memcpy(&message.payload, &payload, sizeof(payload));
	if (step->request == VHOST_SET_INFLIGHT_FD)
		keep_notes(step, &payload.inflight, n_fds ? fds[0] : -1);
	send_fds(socket, &message, sizeof(message.header) + size, fds, n_fds);
	if (made >= 0)
		close(made);
	return true;
}
