/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost.h - the numbers and layouts of the vhost-user protocol, as far as a front-end of a
 * virtiofs device needs them. Little-endian hosts only, as the protocol has native order.
 */
#ifndef FRONTEND_VHOST_H
#define FRONTEND_VHOST_H

#include <stdint.h>

enum vhost_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_GET_QUEUE_NUM = 17,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_SET_BACKEND_REQ_FD = 21,
	VHOST_GET_CONFIG = 24,
	VHOST_GET_INFLIGHT_FD = 31,
	VHOST_SET_INFLIGHT_FD = 32,
	VHOST_GET_MAX_MEM_SLOTS = 36,
	VHOST_ADD_MEM_REG = 37,
	VHOST_REM_MEM_REG = 38,
	VHOST_GET_SHMEM_CONFIG = 44,
};

/* What the back-end asks of the front-end, on a socket of its own. */
enum vhost_backend_request {
	VHOST_BACKEND_SHARED_OBJECT_REMOVE = 7,
	VHOST_BACKEND_SHMEM_MAP = 9,
	VHOST_BACKEND_SHMEM_UNMAP = 10,
};

/* Protocol features, as bits. */
#define VHOST_F_MQ (1ull << 0)
#define VHOST_F_REPLY_ACK (1ull << 3)
#define VHOST_F_BACKEND_REQ (1ull << 5)
#define VHOST_F_CONFIG (1ull << 9)
#define VHOST_F_BACKEND_SEND_FD (1ull << 10)
#define VHOST_F_INFLIGHT (1ull << 12)
#define VHOST_F_MEM_SLOTS (1ull << 15)
#define VHOST_F_SHARED_OBJECT (1ull << 18)
#define VHOST_F_SHMEM (1ull << 22)

/* Virtio features, as bits. */
#define VIRTIO_INDIRECT_DESC (1ull << 28)
#define VIRTIO_EVENT_IDX (1ull << 29)
#define VHOST_PROTOCOL_FEATURES (1ull << 30)
#define VIRTIO_VERSION_1 (1ull << 32)

#define VHOST_VERSION 1u
#define VHOST_REPLY (1u << 2)
#define VHOST_NEED_REPLY (1u << 3)

#define VHOST_MAX_FDS 8
#define VHOST_MAX_PAYLOAD 4096
#define VHOST_MAX_SHMEM 256

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct vhost_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vhost_mem_table {
	uint32_t n;
	uint32_t padding;
	struct vhost_region regions[8];
};

struct vhost_mem_region {
	uint64_t padding;
	struct vhost_region region;
};

struct vhost_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vhost_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t data[256];
};
#define VHOST_CONFIG_HEADER 12

struct vhost_shmem_config {
	uint32_t n;
	uint32_t padding;
	uint64_t size[VHOST_MAX_SHMEM];
};

struct vhost_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t n_queues;
	uint16_t queue_size;
};

struct vhost_mmap {
	uint8_t shmid;
	uint8_t padding[7];
	uint64_t fd_offset;
	uint64_t shm_offset;
	uint64_t len;
	uint64_t flags;
};

#endif
