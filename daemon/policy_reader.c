/* SPDX-License-Identifier: BSD-3-Clause */
/* policy_reader.c - see policy_reader.h. */
#include "policy_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter.h"
#include "helper.h"
#include "log.h"
#include "privileges.h"
#include "settings.h"

struct policy_reader {
	int socket;
};

/* More than a policy can be is a sign that something is wrong. */
#define LARGEST_BUNDLE (1ll << 30)

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

/* ---- The process ------------------------------------------------------------------ */

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A memfd that nobody can change any more, or -errno. */
static int seal(const void *bytes, size_t size)
{
	int fd = memfd_create("policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, size);
	if (!err && fcntl(fd, F_ADD_SEALS, SEALS))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int read_policy(const char *path)
{
	void *bundle;
	size_t size;
	int fd, err = fsdax_policy_pack(path, NULL, &bundle, &size);

	if (err)
		return err;
	fd = seal(bundle, size);
	free(bundle);
	return fd;
}

static _Noreturn void serve_daemon(int socket, const char *path)
{
	char byte;

	while (recv(socket, &byte, sizeof(byte), 0) == sizeof(byte)) {
		int fd = read_policy(path);
		int32_t result = fd < 0 ? fd : 0;
		int err = helper_send(socket, &result, sizeof(result), fd);

		if (fd >= 0)
			close(fd);
		if (err)
			break;
	}
	_exit(EXIT_SUCCESS);
}

/* To read what is meant to be read, whoever owns it; a link or a folder may be anywhere. */
static _Noreturn void become_reader(int socket, const struct settings *settings)
{
	const uint64_t caps = CAPABILITY(DAC_READ_SEARCH);

	umask(077);
	if (helper_begin("fsdaxd-policy", &socket, 1) || helper_leave_network() ||
	    privileges_drop(caps, caps) || helper_finish(FILTER_POLICY, settings))
		_exit(EXIT_FAILURE);
	serve_daemon(socket, settings->policy);
}

int policy_reader_start(const struct settings *settings, struct policy_reader **reader)
{
	struct policy_reader *made = malloc(sizeof(*made));
	int sockets[2];
	pid_t pid;

	if (!made)
		return -ENOMEM;
	pid = helper_fork(sockets);
	if (pid < 0) {
		log_error("the process that reads policies can't be started: %s", strerror(-pid));
		free(made);
		return pid;
	}
	if (pid == 0)
		become_reader(sockets[1], settings);
	close(sockets[1]);
	made->socket = sockets[0];
	*reader = made;
	return 0;
}

void policy_reader_stop(struct policy_reader *reader)
{
	if (!reader)
		return;
	close(reader->socket);
	free(reader);
}

/* ---- The daemon ------------------------------------------------------------------- */

/* What is not sealed could change while it is parsed, or be cut short under a mapping. */
static int check_bundle(int fd, size_t *size)
{
	struct stat st;

	if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &st) || st.st_size > LARGEST_BUNDLE ||
	    !st.st_size)
		return -EINVAL;
	*size = (size_t)st.st_size;
	return 0;
}

static int load_bundle(int fd, struct fsdax_policy **policy, struct fsdax_report **report)
{
	size_t size;
	void *bytes;
	int err = check_bundle(fd, &size);

	if (err)
		return err;
	bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	err = fsdax_policy_unpack(bytes, size, policy, report);
	munmap(bytes, size);
	return err;
}

int policy_reader_load(struct policy_reader *reader, struct fsdax_policy **policy,
		       struct fsdax_report **report)
{
	int32_t result;
	int fd, err;

	*report = NULL;
	if (send(reader->socket, "", 1, MSG_NOSIGNAL) != 1 ||
	    helper_receive(reader->socket, &result, sizeof(result), &fd))
		return -EPIPE;
	if (fd < 0)
		return result < 0 ? result : -EPIPE;
	err = load_bundle(fd, policy, report);
	close(fd);
	return err;
}
