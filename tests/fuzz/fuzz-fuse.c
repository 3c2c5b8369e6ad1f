/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz-fuse.c - fuzz: daemon. FUSE requests of every opcode, well-formed and not, in sessions that begin
 * with an INIT of any version; and what the host, the front-end and an admin do meanwhile. On a
 * real small tree, in a place from which nothing else can be reached (confined.h).
 *
 * Whatever is asked: a request is answered once, with as many bytes as it says and as there is
 * room for; a nodeid stays one inode, of one type, with one DAX flag; nothing outside of the
 * share is seen or changed; and at the end nothing is left: no inode, no descriptor.
 *
 * A request's bytes are made useless once they have been read: reading them twice shows.
 *
 * Not reached in daemon/op_*.c and what they stand on: no memory, no descriptors; files that vanish or
 * fail between two calls; and what is only said to fsdax-ctl, or done when the daemon ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "fuse_build.h"
#include "fuse_host.h"
#include "fuse_session.h"
#include "handle.h"
#include "inode.h"
#include "insist.h"
#include "locks.h"
#include "records.h"
#include "request.h"
#include "share.h"
#include "share_fixture.h"
#include "thread.h"
#include "watch.h"
#include "window.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 16, STEPS_MAX = 16, PIECES = 4 };

RECORDS_MUTATOR(HEAD, sizeof(struct step))

/* ---- Memory of the guest ------------------------------------------------------------------ */

/* Pieces of it, one behind the other, with poison between. */
static _Alignas(16) uint8_t memory[4 << 20];
static size_t memory_used;

static void memory_reset(void)
{
	ASAN_UNPOISON_MEMORY_REGION(memory, memory_used);
	memory_used = 0;
}

static void *memory_piece(size_t size)
{
	size_t start = (memory_used + 15) / 16 * 16;
	size_t next = (start + size + 15) / 16 * 16 + 16;

	insist(next <= sizeof(memory), "the fuzzer's memory is too small");
	ASAN_POISON_MEMORY_REGION(memory + start + size, next - start - size);
	memory_used = next;
	return memory + start;
}

/* ---- Reading once ---------------------------------------------------------------------------- */

/*
 * What has been read, and may be read again: for a string is read with what may follow it. When
 * reading goes on from within, or behind it, all before that is done with. Another piece may be
 * the string's, too.
 */
static struct {
	uint8_t *start, *end;
} lately[16];
static unsigned int n_lately;

static void spoil(uint8_t *from, const uint8_t *to)
{
	while (from < to)
		*from++ ^= 0xa5;
}

static void was_read(const void *at, size_t size)
{
	uint8_t *now = (uint8_t *)(uintptr_t)at;
	unsigned int i = 0;

	while (i < n_lately && (now <= lately[i].start || now > lately[i].end))
		i++;
	if (i < n_lately) {
		for (unsigned int k = 0; k < i; k++)
			spoil(lately[k].start, lately[k].end);
		spoil(lately[i].start, now);
		n_lately = 0;
	}
	if (n_lately == 16)
		return;
	lately[n_lately].start = now;
	lately[n_lately++].end = now + size;
}

/* ---- One request -------------------------------------------------------------------------------- */

struct exchange {
	struct request request;
	struct iovec in[PIECES], out[PIECES];
	struct fuse_in_header header; /* as sent */
	uint8_t arguments[128];	      /* the first ones */
	size_t sent, room;
	uint8_t *reply;
	atomic_uint answers;
	size_t len;
};

static struct exchange exchanges[STEPS_MAX + 64];
static unsigned int n_exchanges;
static uint64_t served;

static void done(struct request *request, size_t len)
{
	struct exchange *exchange = request->transport;

	exchange->len = len;
	atomic_fetch_add(&exchange->answers, 1);
}

/* Cut `size` bytes into pieces, whose sizes come from `how`. Returns how many. */
static unsigned int split(struct iovec *iov, size_t size, uint64_t how, bool really)
{
	static const uint16_t sizes[] = {1,  0,	 8,  15, 16,  17,  39,	 40,
					 41, 47, 56, 80, 120, 144, 4096, 3};
	unsigned int n = 0;

	while (really && n < PIECES - 1 && size) {
		size_t piece = sizes[how >> (4 * n) & 15];

		if (piece > size)
			piece = size;
		iov[n].iov_base = memory_piece(piece);
		iov[n++].iov_len = piece;
		size -= piece;
	}
	iov[n].iov_base = memory_piece(size);
	iov[n++].iov_len = size;
	return n;
}

static void scatter(const struct iovec *iov, unsigned int n, const uint8_t *bytes)
{
	for (unsigned int i = 0; i < n; i++) {
		memcpy(iov[i].iov_base, bytes, iov[i].iov_len);
		bytes += iov[i].iov_len;
	}
}

static void collect(const struct iovec *iov, unsigned int n, uint8_t *bytes)
{
	for (unsigned int i = 0; i < n; i++) {
		memcpy(bytes, iov[i].iov_base, iov[i].iov_len);
		bytes += iov[i].iov_len;
	}
}

static size_t pick_room(const struct step *step)
{
	static const uint32_t rooms[] = {0,   8,   15,	16,  17,   24,	40,   100,
					 120, 143, 144, 160, 1024, 272, 4112, 70000};

	return step->room < 0xc0 ? 4112 : rooms[step->room % 16];
}

static void send_request(struct session *session, const struct step *step,
			 struct exchange *exchange)
{
	static uint8_t bytes[REQUEST_MAX];
	size_t size = build_request(session, step, bytes);
	unsigned int n_in, n_out;

	memcpy(&exchange->header, bytes, sizeof(exchange->header));
	if (step->how & HOW_LENGTH)
		exchange->header.len = (uint32_t)build_number(step->cut);
	memcpy(bytes, &exchange->header, sizeof(exchange->header));
	exchange->sent = step->how & HOW_CUT && step->cut < size ? step->cut : size;
	exchange->room = pick_room(step);
	memset(exchange->arguments, 0, sizeof(exchange->arguments));
	if (exchange->sent > sizeof(exchange->header))
		memcpy(exchange->arguments, bytes + sizeof(exchange->header),
		       exchange->sent - sizeof(exchange->header) < sizeof(exchange->arguments)
			       ? exchange->sent - sizeof(exchange->header)
			       : sizeof(exchange->arguments));
	n_in = split(exchange->in, exchange->sent, step->more ^ step->small,
		     step->how & HOW_SPLIT_IN);
	n_out = split(exchange->out, exchange->room, step->big ^ step->flags,
		      step->how & HOW_SPLIT_OUT);
	scatter(exchange->in, n_in, bytes);
	exchange->request = (struct request){
		.share = session->share,
		.in = {exchange->in, n_in, exchange->sent},
		.out = {exchange->out, n_out, exchange->room},
		.done = done,
		.transport = exchange,
	};
	atomic_store(&exchange->answers, 0);
}

/* ---- Replies ------------------------------------------------------------------------------------- */

/* A reply's bytes, collected. */
struct reply {
	struct fuse_out_header header;
	uint8_t payload[70016];
	size_t size;
};

/* How long the payload of a success is; -1: of any length that there is room for. */
static ssize_t payload_size(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK: return sizeof(struct fuse_entry_out);
	case FUSE_CREATE:
	case FUSE_TMPFILE: return sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out);
	case FUSE_GETATTR:
	case FUSE_SETATTR: return sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
	case FUSE_OPENDIR: return sizeof(struct fuse_open_out);
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE: return sizeof(struct fuse_write_out);
	case FUSE_LSEEK: return sizeof(struct fuse_lseek_out);
	case FUSE_GETLK: return sizeof(struct fuse_lk_out);
	case FUSE_STATFS: return sizeof(struct fuse_statfs_out);
	case FUSE_INIT: return sizeof(struct fuse_init_out);
	case FUSE_READ:
	case FUSE_READLINK:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR: return -1;
	default: return 0;
	}
}

static void take_entries(struct session *session, const struct reply *reply)
{
	const uint8_t *at = reply->payload, *end = at + reply->size;

	while (at < end) {
		struct fuse_direntplus entry;

		insist((size_t)(end - at) >= FUSE_NAME_OFFSET_DIRENTPLUS, "half an entry");
		memcpy(&entry, at, FUSE_NAME_OFFSET_DIRENTPLUS);
		insist((size_t)(end - at) >= FUSE_DIRENTPLUS_SIZE(&entry) &&
			       entry.dirent.namelen > 0 && entry.dirent.namelen <= 255,
		       "an entry that is longer than the reply");
		insist(!fixture_is_outside(entry.dirent.ino), "an entry of what is outside");
		if (entry.entry_out.nodeid)
			session_entry(session, &entry.entry_out);
		at += FUSE_DIRENTPLUS_SIZE(&entry);
	}
}

static void check_dirents(const struct reply *reply)
{
	const uint8_t *at = reply->payload, *end = at + reply->size;

	while (at < end) {
		struct fuse_dirent entry;

		insist((size_t)(end - at) >= FUSE_NAME_OFFSET, "half an entry");
		memcpy(&entry, at, FUSE_NAME_OFFSET);
		insist((size_t)(end - at) >= FUSE_DIRENT_SIZE(&entry) && entry.namelen > 0 &&
			       entry.namelen <= 255,
		       "an entry that is longer than the reply");
		insist(!fixture_is_outside(entry.ino), "an entry of what is outside");
		at += FUSE_DIRENT_SIZE(&entry);
	}
}

/* The guest learns from a success. */
static void learn(struct session *session, const struct exchange *exchange,
		  const struct reply *reply)
{
	uint64_t nodeid = exchange->header.nodeid;
	struct fuse_entry_out entry;
	struct fuse_attr_out attr;
	struct fuse_open_out open;
	struct fuse_release_in release;
	struct fuse_init_in init;

	switch (exchange->header.opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		memcpy(&entry, reply->payload, sizeof(entry));
		session_entry(session, &entry);
		break;
	case FUSE_CREATE:
	case FUSE_TMPFILE:
		memcpy(&entry, reply->payload, sizeof(entry));
		memcpy(&open, reply->payload + sizeof(entry), sizeof(open));
		session_entry(session, &entry);
		session_opened(session, entry.nodeid, open.fh, false);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		memcpy(&attr, reply->payload, sizeof(attr));
		session_attr(session, nodeid, &attr.attr);
		break;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		memcpy(&open, reply->payload, sizeof(open));
		session_opened(session, nodeid, open.fh, exchange->header.opcode == FUSE_OPENDIR);
		break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		memcpy(&release, exchange->arguments, sizeof(release));
		session_released(session, release.fh);
		break;
	case FUSE_READDIRPLUS: take_entries(session, reply); break;
	case FUSE_READDIR: check_dirents(reply); break;
	case FUSE_INIT:
		/* To a newer guest, the reply only says which version is spoken here. */
		memcpy(&init, exchange->arguments, sizeof(init));
		if (init.major == FUSE_KERNEL_VERSION)
			session_begin(session, session->share);
		break;
	case FUSE_DESTROY: session_begin(session, session->share); break;
	default: break;
	}
}

/* FORGET has no answer: what it took is what was sent, as far as it was sent whole. */
static void learn_forgets(struct session *session, const struct exchange *exchange)
{
	struct fuse_batch_forget_in batch;
	struct fuse_forget_in one;
	size_t sent = exchange->header.len < exchange->sent ? exchange->header.len : exchange->sent;

	if (sent < sizeof(exchange->header) + sizeof(one) || exchange->header.len > exchange->sent)
		return;
	if (exchange->header.opcode == FUSE_FORGET) {
		memcpy(&one, exchange->arguments, sizeof(one));
		session_forgot(session, exchange->header.nodeid, one.nlookup);
		return;
	}
	memcpy(&batch, exchange->arguments, sizeof(batch));
	sent -= sizeof(exchange->header) + sizeof(batch);
	for (uint32_t i = 0; i < batch.count && sent >= sizeof(struct fuse_forget_one); i++) {
		struct fuse_forget_one forget;

		memcpy(&forget, exchange->arguments + sizeof(batch) + i * sizeof(forget),
		       sizeof(forget));
		session_forgot(session, forget.nodeid, forget.nlookup);
		sent -= sizeof(forget);
	}
}

static void check_success(struct session *session, const struct exchange *exchange,
			  const struct reply *reply)
{
	ssize_t size = payload_size(exchange->header.opcode);
	struct fuse_getxattr_in xattr;

	/* How long the value is. */
	memcpy(&xattr, exchange->arguments, sizeof(xattr));
	if ((exchange->header.opcode == FUSE_GETXATTR ||
	     exchange->header.opcode == FUSE_LISTXATTR) &&
	    !xattr.size)
		size = sizeof(struct fuse_getxattr_out);
	insist(size < 0 || reply->size == (size_t)size, "opcode %u: %zu bytes of payload",
	       exchange->header.opcode, reply->size);
	insist(!memmem(reply->payload, reply->size, FIXTURE_SECRET, strlen(FIXTURE_SECRET)),
	       "what is outside of the share was told");
	learn(session, exchange, reply);
}

static bool has_no_reply(uint32_t opcode)
{
	return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT;
}

/* Returns the reply's error, 0 too if there was none. */
static int check_answer(struct session *session, struct exchange *exchange)
{
	static struct reply reply;
	static uint8_t bytes[70016];
	bool headed = exchange->sent >= sizeof(struct fuse_in_header);

	insist(exchange->len <= exchange->room, "%zu bytes are said to be written, of %zu",
	       exchange->len, exchange->room);
	if (!exchange->len) {
		if (has_no_reply(exchange->header.opcode))
			learn_forgets(session, exchange);
		else
			session->lost = true;
		return 0;
	}
	/* Where the pieces were: the request's own list of them was used up. */
	memcpy(bytes, exchange->reply, exchange->len);
	insist(exchange->len >= sizeof(reply.header), "half a header");
	memcpy(&reply.header, bytes, sizeof(reply.header));
	reply.size = exchange->len - sizeof(reply.header);
	memcpy(reply.payload, bytes + sizeof(reply.header), reply.size);
	insist(reply.header.len == exchange->len, "the reply says that it has %u bytes of %zu",
	       reply.header.len, exchange->len);
	insist(!headed || reply.header.unique == exchange->header.unique, "another's reply");
	insist(reply.header.error <= 0 && reply.header.error > -4096, "error %d",
	       reply.header.error);
	insist(!reply.header.error || !reply.size, "an error with a payload");
	if (!reply.header.error)
		check_success(session, exchange, &reply);
	/* It was done, and there was no room to say so. */
	if (reply.header.error == -EIO)
		session->lost = true;
	return reply.header.error;
}

/* ---- A step ------------------------------------------------------------------------------------------ */

static bool tree_is_changed;
static bool is_traced; /* each step is told on stderr: to see what an input does */

static bool may_change(uint32_t opcode, int err)
{
	switch (err) {
	case -ESTALE:
	case -EBADF:
	case -EROFS:
	case -ENOSYS: return false;
	default: break;
	}
	switch (opcode) {
	case FUSE_SETATTR:
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_LINK:
	case FUSE_WRITE:
	case FUSE_SETXATTR:
	case FUSE_REMOVEXATTR:
	case FUSE_CREATE:
	case FUSE_FALLOCATE:
	case FUSE_COPY_FILE_RANGE:
	case FUSE_OPEN: return true;
	default: return false;
	}
}

static void step_request(struct session *session, const struct step *step)
{
	struct exchange *exchange = &exchanges[n_exchanges++];
	struct iovec out[PIECES];
	unsigned int n_out;
	int err;

	send_request(session, step, exchange);
	n_out = exchange->request.out.n;
	memcpy(out, exchange->out, sizeof(out));
	n_lately = 0;
	watch_reads(exchange->in[0].iov_base,
		    (size_t)((uint8_t *)out[0].iov_base - (uint8_t *)exchange->in[0].iov_base),
		    was_read);
	serve(&exchange->request);
	watch_reads(NULL, 0, NULL);
	served++;
	/* It waits for a lock. */
	if (!atomic_load(&exchange->answers)) {
		insist(exchange->header.opcode == FUSE_SETLKW, "no answer to opcode %u",
		       exchange->header.opcode);
		return;
	}
	exchange->reply = memory_piece(exchange->room);
	collect(out, n_out, exchange->reply);
	err = check_answer(session, exchange);
	if (is_traced)
		fprintf(stderr,
			"%s (%u) of nodeid %#llx: %zu bytes sent, %zu of %zu replied, error %d\n",
			serve_opcode_name(exchange->header.opcode), exchange->header.opcode,
			(unsigned long long)exchange->header.nodeid, exchange->sent, exchange->len,
			exchange->room, err);
	if (may_change(exchange->header.opcode, err))
		tree_is_changed = true;
}

/* ---- The end of a session -------------------------------------------------------------------------------- */

static void simple_request(struct session *session, uint32_t opcode, uint64_t nodeid,
			   const void *arguments, size_t size)
{
	struct exchange *exchange = &exchanges[STEPS_MAX + 32];
	static uint8_t bytes[256], room[4096];
	struct fuse_out_header reply;

	exchange->header =
		(struct fuse_in_header){.len = (uint32_t)(sizeof(exchange->header) + size),
					.opcode = opcode,
					.nodeid = nodeid,
					.unique = 77};
	memcpy(bytes, &exchange->header, sizeof(exchange->header));
	if (size)
		memcpy(bytes + sizeof(exchange->header), arguments, size);
	exchange->in[0] = (struct iovec){bytes, exchange->header.len};
	exchange->out[0] = (struct iovec){room, sizeof(room)};
	exchange->request = (struct request){
		.share = session->share,
		.in = {exchange->in, 1, exchange->header.len},
		.out = {exchange->out, 1, sizeof(room)},
		.done = done,
		.transport = exchange,
	};
	atomic_store(&exchange->answers, 0);
	serve(&exchange->request);
	insist(atomic_load(&exchange->answers) == 1, "%u answers to opcode %u",
	       atomic_load(&exchange->answers), opcode);
	memcpy(&reply, room, sizeof(reply));
	insist(has_no_reply(opcode) || !reply.error, "opcode %u at the end: error %d", opcode,
	       reply.error);
}

/* A guest that gives back all that it was given leaves nothing. */
static void give_back(struct session *session)
{
	while (session->n_files) {
		const struct open_file file = session->files[0];
		const struct fuse_release_in in = {.fh = file.fh};

		simple_request(session, file.is_dir ? FUSE_RELEASEDIR : FUSE_RELEASE, file.nodeid,
			       &in, sizeof(in));
		session_released(session, file.fh);
	}
	while (session->n_nodes > 1) {
		const struct node node = session->nodes[1];
		const struct fuse_forget_in in = {.nlookup = node.lookups};

		simple_request(session, FUSE_FORGET, node.id, &in, sizeof(in));
		session_forgot(session, node.id, node.lookups);
	}
}

static bool is_waiting(void)
{
	for (unsigned int i = 0; i < n_exchanges; i++) {
		if (!atomic_load(&exchanges[i].answers))
			return true;
	}
	return false;
}

static void end_session(struct session *session, bool gives_back)
{
	struct share *share = session->share;

	if (gives_back && !session->lost && !is_waiting() && atomic_load(&share->initialized)) {
		if (share->window)
			window_clear(share->window);
		give_back(session);
		insist(inode_count(share) == 1, "%llu inodes are known that the guest forgot",
		       (unsigned long long)inode_count(share) - 1);
	}
	simple_request(session, FUSE_DESTROY, 0, NULL, 0);
	insist(inode_count(share) == 1, "DESTROY leaves inodes behind");
	for (unsigned int i = 0; i < n_exchanges; i++)
		insist(atomic_load(&exchanges[i].answers) == 1, "%u answers to opcode %u",
		       atomic_load(&exchanges[i].answers), exchanges[i].header.opcode);
}

/* ---- A session ---------------------------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fixture_begin();
	is_traced = getenv("FSDAX_FUZZ_TRACE");
	return 0;
}

/* The head: which share, how it ends, and what the INIT says, as in a step. */
static void begin(struct session *session, const uint8_t *head)
{
	struct step init = {.op = FUSE_INIT, .other = 1, .name = 1, .room = 1};

	fuse_attach(session->share, head[1] % 8);
	session_begin(session, session->share);
	memcpy(&init.flags, head + 4, 4);
	memcpy(&init.big, head + 8, 8);
	/* Mostly one that agrees with the daemon, for all else is refused without. */
	if (head[2] >= 0xf0) {
		init.name = head[2];
		init.cut = head[3];
		init.room = (uint8_t)(head[3] / 4);
	} else {
		init.flags |= head[2] % 2 ? UINT32_MAX : 0;
	}
	step_request(session, &init);
}

static void run(const uint8_t *data, size_t size)
{
	static struct session session;
	struct step step;

	session.share = fixture_share(data[0]);
	fuse_host_reset();
	begin(&session, data);
	for (size_t at = HEAD; at + sizeof(step) <= size && n_exchanges <= STEPS_MAX;
	     at += sizeof(step)) {
		memcpy(&step, data + at, sizeof(step));
		if (step.op >= HOST_EVENTS && is_traced)
			fprintf(stderr, "host event %u\n", step.op % 8);
		if (step.op >= HOST_EVENTS)
			tree_is_changed |= fuse_host_event(&session, &step);
		else
			step_request(&session, &step);
	}
	fuse_host_reset();
	end_session(&session, data[1] & 16);
	fuse_attach(session.share, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int home = -1;

	if (size < HEAD)
		return -1;
	if (home < 0) {
		thread_begin("fuzz", 0);
		home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	confined_fds_before();
	n_exchanges = 0;
	memory_reset();
	run(data, size);
	fixture_check();
	confined_fds_after();
	if (tree_is_changed)
		fixture_restore();
	tree_is_changed = false;
	/* The operations leave the thread somewhere else. */
	return fchdir(home);
}
