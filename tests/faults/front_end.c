/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * front_end.c - front-ends that go away in every way there is, one after the other, to one daemon
 * that serves all of them (--reconnect). TAP on standard output.
 *
 *	faults-front_end SOCKET PID CONNECTIONS
 *
 * First one that hangs up behind each byte of what it has to say; then some that read nothing; then
 * some that go while requests are under way; then as many as told that do nothing wrong. After
 * each kind the daemon, whose process is PID, serves; and at the end it has no more memory and no
 * more descriptors than it had after the first hundred.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

enum { STREAM = 2048, PATIENCE_MS = 20000, N_BUSY = 24 };

struct daemon {
	const char *socket;
	int pid;
};

/* ---- The daemon ---------------------------------------------------------------------------------- */

static int connect_once(const struct daemon *daemon)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, daemon->socket, sizeof(address.sun_path) - 1);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	printf("Bail out! can't connect: %s\n", strerror(errno));
	exit(1);
}

/* A guest that mounts, looks around, and leaves as it should, or just vanishes. */
static bool visit(const struct daemon *daemon, bool politely)
{
	const struct frontend_options options = {
		.socket = daemon->socket, .window = true, .timeout_ms = PATIENCE_MS};
	struct fuse_attr attr;
	struct frontend fe;
	struct client client = {0};
	int err = frontend_start(&fe, &options);

	if (!err)
		err = client_open(&client, &fe);
	if (!err)
		err = client_init(&client, &(struct client_init){0});
	if (!err)
		err = client_getattr(&client, FUSE_ROOT_ID, CLIENT_NO_FH, &attr);
	if (!err && politely)
		err = client_destroy(&client);
	if (err)
		printf("# a front-end is not served: %s %s\n", strerror(-err), client.problem);
	if (!politely)
		frontend_hang_up(&fe);
	client_close(&client);
	frontend_stop(&fe);
	return !err;
}

/* ---- Those that hang up -------------------------------------------------------------------------- */

struct stream {
	unsigned char bytes[STREAM];
	size_t size;
};

static void add(struct stream *stream, uint32_t request, const void *payload, uint32_t size)
{
	const struct vhost_header header = {request, VHOST_VERSION, size};

	memcpy(stream->bytes + stream->size, &header, sizeof(header));
	if (size)
		memcpy(stream->bytes + stream->size + sizeof(header), payload, size);
	stream->size += sizeof(header) + size;
}

static struct stream all_to_say(void)
{
	const uint64_t features = VIRTIO_VERSION_1 | VHOST_PROTOCOL_FEATURES;
	const uint64_t protocol = VHOST_F_MQ | VHOST_F_REPLY_ACK | VHOST_F_CONFIG;
	const struct vhost_config config = {.size = 44};
	const struct vhost_vring_state state = {0, 8};
	const struct vhost_vring_addr addr = {0};
	struct stream stream = {.size = 0};

	add(&stream, VHOST_GET_FEATURES, NULL, 0);
	add(&stream, VHOST_GET_PROTOCOL_FEATURES, NULL, 0);
	add(&stream, VHOST_SET_PROTOCOL_FEATURES, &protocol, sizeof(protocol));
	add(&stream, VHOST_GET_QUEUE_NUM, NULL, 0);
	add(&stream, VHOST_SET_OWNER, NULL, 0);
	add(&stream, VHOST_GET_CONFIG, &config, VHOST_CONFIG_HEADER + 44);
	add(&stream, VHOST_GET_SHMEM_CONFIG, NULL, 0);
	add(&stream, VHOST_SET_FEATURES, &features, sizeof(features));
	add(&stream, VHOST_SET_VRING_NUM, &state, sizeof(state));
	add(&stream, VHOST_SET_VRING_BASE, &state, sizeof(state));
	add(&stream, VHOST_SET_VRING_ADDR, &addr, sizeof(addr));
	add(&stream, VHOST_SET_VRING_ENABLE, &state, sizeof(state));
	add(&stream, VHOST_GET_VRING_BASE, &state, sizeof(state));
	return stream;
}

static void hang_up_behind_each_byte(const struct daemon *daemon)
{
	const struct stream stream = all_to_say();

	for (size_t n = 0; n <= stream.size; n++) {
		int fd = connect_once(daemon);

		if (send(fd, stream.bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
			printf("# byte %zu: the daemon hung up first\n", n);
		close(fd);
	}
	ok(visit(daemon, true), "front-ends that hang up behind each byte");
}

static void read_nothing(const struct daemon *daemon)
{
	const struct vhost_header header = {VHOST_GET_SHMEM_CONFIG, VHOST_VERSION, 0};

	for (int i = 0; i < 5; i++) {
		int fd = connect_once(daemon);

		/* Until there is room neither for questions nor for answers. */
		for (int n = 0, waited = 0; n < 100000 && waited < 50; n++) {
			if (send(fd, &header, sizeof(header), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
				continue;
			nanosleep(&(struct timespec){0, 1000000}, NULL);
			waited++;
		}
		close(fd);
	}
	ok(visit(daemon, true), "front-ends that read nothing");
}

/* ---- Those that go while they are served --------------------------------------------------------- */

static bool go_amid_requests(const struct daemon *daemon)
{
	const struct frontend_options options = {
		.socket = daemon->socket, .window = true, .timeout_ms = PATIENCE_MS};
	struct fuse_read_in in = {.size = 128 << 10};
	struct request *requests[N_BUSY] = {0};
	struct client client = {0};
	struct fuse_entry_out entry;
	struct frontend fe;
	int err = frontend_start(&fe, &options);

	if (!err)
		err = client_open(&client, &fe);
	if (!err)
		err = client_init(&client, &(struct client_init){0});
	if (!err)
		err = client_lookup(&client, FUSE_ROOT_ID, "big", &entry);
	if (!err)
		err = client_open_file(&client, entry.nodeid, 0, &in.fh);
	for (int i = 0; i < N_BUSY && !err; i++) {
		requests[i] = request_new(&fe, 4096, (128 << 10) + 4096);
		err = requests[i] ? client_start(&client, requests[i], FUSE_READ, entry.nodeid,
						 (struct iovec[]){{&in, sizeof(in)}}, 1, 128 << 10)
				  : -ENOMEM;
	}
	if (err)
		printf("# no requests: %s\n", strerror(-err));
	frontend_hang_up(&fe);
	for (int i = 0; i < N_BUSY; i++)
		request_free(requests[i]);
	client_close(&client);
	frontend_stop(&fe);
	return !err;
}

static void go(const struct daemon *daemon)
{
	bool good = true;

	for (int i = 0; i < 20 && good; i++)
		good = go_amid_requests(daemon);
	ok(good && visit(daemon, true), "front-ends that go amid requests");
}

/* ---- Many ---------------------------------------------------------------------------------------- */

static bool come_and_go(const struct daemon *daemon, int n)
{
	bool good = true;

	for (int i = 0; i < n && good; i++)
		good = visit(daemon, i % 2);
	return good;
}

static void count_what_is_kept(const struct daemon *daemon, int n)
{
	bool good = come_and_go(daemon, 100);
	int descriptors = descriptors_of(daemon->pid);
	long kb = kib_of(daemon->pid);

	good = good && come_and_go(daemon, n);
	ok(good, "front-ends that come and go");
	/* One may not have been buried yet. */
	nanosleep(&(struct timespec){0, 300 * 1000 * 1000}, NULL);
	printf("# after 100 and %d more: %d and %d descriptors, %ld and %ld KiB\n", n, descriptors,
	       descriptors_of(daemon->pid), kb, kib_of(daemon->pid));
	ok(descriptors_of(daemon->pid) <= descriptors, "no descriptor is kept of them");
	/* What the allocator has not given back grows a little at first, and not with their number. */
	ok(kib_of(daemon->pid) <= kb + 4096 + kb / 10, "and no memory");
}

int main(int argc, char **argv)
{
	struct daemon daemon;

	if (argc != 4) {
		fprintf(stderr, "usage: %s SOCKET PID CONNECTIONS\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	daemon = (struct daemon){argv[1], atoi(argv[2])};
	hang_up_behind_each_byte(&daemon);
	read_nothing(&daemon);
	go(&daemon);
	count_what_is_kept(&daemon, atoi(argv[3]));
	return done();
}
