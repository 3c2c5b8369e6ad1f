/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost_proto.h - the vhost-user protocol as it goes over the socket: numbers and structures,
 * named as in its specification.
 */
#ifndef DAEMON_VHOST_PROTO_H
#define DAEMON_VHOST_PROTO_H

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
	VHOST_SET_CONFIG = 25,
	VHOST_GET_INFLIGHT_FD = 31,
	VHOST_SET_INFLIGHT_FD = 32,
	VHOST_RESET_DEVICE = 34,
	VHOST_GET_SHMEM_CONFIG = 44,
	VHOST_REQUESTS = 45,
};

/* What the back-end asks of the front-end. */
enum vhost_backend_request {
	VHOST_BACKEND_SHARED_OBJECT_REMOVE = 7,
	VHOST_BACKEND_SHMEM_MAP = 9,
	VHOST_BACKEND_SHMEM_UNMAP = 10,
};

/* Bits of struct vhost_header.flags. */
enum {
	VHOST_VERSION = 0x1,
	VHOST_VERSION_MASK = 0x3,
	VHOST_REPLY = 0x4,
	VHOST_NEED_REPLY = 0x8,
};

/* Virtio features. */
#define VHOST_F_INDIRECT_DESC (1ull << 28)
#define VHOST_F_EVENT_IDX (1ull << 29)
#define VHOST_F_PROTOCOL_FEATURES (1ull << 30)
#define VHOST_F_VERSION_1 (1ull << 32)

/* Protocol features. */
#define VHOST_PROTOCOL_MQ (1ull << 0)
#define VHOST_PROTOCOL_REPLY_ACK (1ull << 3)
#define VHOST_PROTOCOL_BACKEND_REQ (1ull << 5)
#define VHOST_PROTOCOL_CONFIG (1ull << 9)
#define VHOST_PROTOCOL_BACKEND_SEND_FD (1ull << 10)
#define VHOST_PROTOCOL_INFLIGHT (1ull << 12)
#define VHOST_PROTOCOL_RESET_DEVICE (1ull << 13)
#define VHOST_PROTOCOL_SHARED_OBJECT (1ull << 18)
#define VHOST_PROTOCOL_SHMEM (1ull << 22)

enum {
	VHOST_MAX_FDS = 8,
	VHOST_MAX_REGIONS = 8,
	VHOST_CONFIG_MAX = 256,
	VHOST_SHMEM_REGIONS = 256,
	VHOST_VRING_INDEX_MASK = 0xff,
	VHOST_VRING_NO_FD = 0x100,
};

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload, bytes */
};

struct vhost_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vhost_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc; /* these are addresses of the front-end */
	uint64_t used;
	uint64_t avail;
	uint64_t log;
};

struct vhost_memory_region {
	uint64_t guest_address;
	uint64_t size;
	uint64_t user_address; /* of the front-end */
	uint64_t mmap_offset;
};

struct vhost_memory {
	uint32_t n_regions;
	uint32_t padding;
	struct vhost_memory_region regions[VHOST_MAX_REGIONS];
};

struct vhost_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t bytes[VHOST_CONFIG_MAX];
};

struct vhost_shmem_config {
	uint32_t n_regions;
	uint32_t padding;
	uint64_t sizes[VHOST_SHMEM_REGIONS];
};

struct vhost_mmap {
	uint8_t shmid;
	uint8_t padding[7];
	uint64_t fd_offset;
	uint64_t shm_offset;
	uint64_t len;
	uint64_t flags; /* 1: writable */
};

struct vhost_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t n_queues;
	uint16_t queue_size;
};

struct vhost_shared_object {
	uint8_t uuid[16];
};

union vhost_payload {
	uint64_t u64;
	struct vhost_vring_state state;
	struct vhost_vring_addr addr;
	struct vhost_memory memory;
	struct vhost_config config;
	struct vhost_shmem_config shmem;
	struct vhost_mmap mmap;
	struct vhost_shared_object object;
	struct vhost_inflight inflight;
};

#endif
