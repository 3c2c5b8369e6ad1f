/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_aio.c - several reads or writes that are under way at a time, by io_submit(2): a file that is
 * open with O_DIRECT answers them when it likes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "truth.h"

enum { MOST_PIECES = 8 };

/* Of one call. */
struct aio {
	struct iocb pieces[MOST_PIECES];
	unsigned int n;
	long long results[MOST_PIECES];
};

/* Where they end must not depend on which comes first. */
static unsigned int n_pieces(int fd, bool write, size_t size, int64_t seed)
{
	uint64_t wanted = 1 + (uint64_t)seed % MOST_PIECES;

	if (size < DATA_BLOCK || (write && fcntl(fd, F_GETFL) & O_APPEND))
		return 1;
	return (unsigned int)(wanted < size / DATA_BLOCK ? wanted : size / DATA_BLOCK);
}

static void cut(struct aio *aio, int fd, uint16_t opcode, char *data, size_t size, int64_t offset)
{
	size_t part = size / aio->n / DATA_BLOCK * DATA_BLOCK;

	for (unsigned int i = 0; i < aio->n; i++) {
		size_t at = i * part;

		aio->pieces[i] = (struct iocb){
			.aio_data = i,
			.aio_lio_opcode = opcode,
			.aio_fildes = (uint32_t)fd,
			.aio_buf = (uintptr_t)(data + at),
			.aio_nbytes = i + 1 < aio->n ? part : size - at,
			.aio_offset = offset + (int64_t)at,
		};
	}
}

/* Returns how many were taken, or -1. */
static long submit(struct aio *aio)
{
	struct iocb *pieces[MOST_PIECES];
	struct io_event events[MOST_PIECES];
	aio_context_t context = 0;
	long taken, done = 0;
	int err;

	if (syscall(SYS_io_setup, MOST_PIECES, &context))
		return -1;
	for (unsigned int i = 0; i < aio->n; i++)
		pieces[i] = &aio->pieces[i];
	taken = syscall(SYS_io_submit, context, (long)aio->n, pieces);
	err = errno;
	if (taken > 0)
		done = syscall(SYS_io_getevents, context, taken, taken, events, NULL);
	for (long i = 0; i < done; i++)
		aio->results[events[i].data] = events[i].res;
	syscall(SYS_io_destroy, context);
	errno = err;
	return taken;
}

static void say_pieces(struct text *out, const struct aio *aio, long taken)
{
	if (say_result(out, taken) <= 0)
		return;
	for (long i = 0; i < taken; i++) {
		const struct iocb *piece = &aio->pieces[i];
		long long result = aio->results[i];

		if (result < 0)
			say(out, " %s", errno_name((int)-result));
		else
			say(out, " %lld", result);
		if (result > 0 && piece->aio_lio_opcode == IOCB_CMD_PREAD)
			say(out, " data %016llx",
			    (unsigned long long)hash_bytes(
				    0, (const char *)(uintptr_t)piece->aio_buf, (size_t)result));
	}
}

static void transfer(int fd, uint16_t opcode, size_t size, int64_t offset, int64_t seed,
		     struct text *out)
{
	bool write = opcode == IOCB_CMD_PWRITE;
	struct aio aio = {.n = n_pieces(fd, write, size, seed)};

	if (!whole_blocks(fd, offset, size, out))
		return;
	cut(&aio, fd, opcode, data_fill(write ? size : 0, seed), size, offset);
	say_pieces(out, &aio, submit(&aio));
}

/* Half of them with O_DIRECT, and whole blocks: that is what can be under way together. */
static void run(struct actor *actor, const int64_t *arg, uint16_t opcode, struct text *out)
{
	int fd = slot_fd(actor, arg[0]), flags = fcntl(fd, F_GETFL);
	size_t size = data_size(arg[1]);

	if (arg[3] / MOST_PIECES % 2 == 0 || flags < 0) {
		transfer(fd, opcode, size, arg[2], arg[3], out);
		return;
	}
	if (fcntl(fd, F_SETFL, flags | O_DIRECT))
		say(out, "%s, ", errno_name(errno));
	transfer(fd, opcode, size + -size % DATA_BLOCK, arg[2] / DATA_BLOCK * DATA_BLOCK, arg[3],
		 out);
	fcntl(fd, F_SETFL, flags);
}

static void do_aioread(struct actor *actor, const int64_t *arg, struct text *out)
{
	run(actor, arg, IOCB_CMD_PREAD, out);
}

static void do_aiowrite(struct actor *actor, const int64_t *arg, struct text *out)
{
	run(actor, arg, IOCB_CMD_PWRITE, out);
}

static void do_aiosync(struct actor *actor, const int64_t *arg, struct text *out)
{
	struct aio aio = {
		.pieces[0] = {.aio_lio_opcode = arg[1] % 2 ? IOCB_CMD_FSYNC : IOCB_CMD_FDSYNC,
			      .aio_fildes = (uint32_t)slot_fd(actor, arg[0])},
		.n = 1,
	};

	say_pieces(out, &aio, submit(&aio));
}

const struct call AIO_CALLS[] = {
	{"aioread", 8, do_aioread, {SLOT, LENGTH, OFFSET, SEED}},
	{"aiowrite", 12, do_aiowrite, {SLOT, LENGTH, OFFSET, SEED}},
	{"aiosync", 2, do_aiosync, {SLOT, SEED}},
};
const unsigned int N_AIO_CALLS = sizeof(AIO_CALLS) / sizeof(*AIO_CALLS);
