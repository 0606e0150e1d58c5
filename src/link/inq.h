/* SPDX-License-Identifier: MIT
 * Arrivals of one socket, in batches: read into buffers first, told later. */
#pragma once

#include "link/cmsg.h"

struct ik_inq {
    int fd;
    uint8_t family;
    enum ik_medium medium;
    bool stamps, hardware; /* the kernel's, the card's are given */
    size_t n, at;          /* batch read, and how many of it were told */
    bool full;             /* the last batch was full: more may wait */
    int error;             /* errno that the last read met, 0 none */
    uint32_t buffer_bytes;
    uint8_t *buffers; /* IK_BATCH x buffer_bytes */
    struct mmsghdr msgs[IK_BATCH];
    struct iovec iov[IK_BATCH];
    union ik_sa from[IK_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[IK_BATCH][IK_CMSG_IN];
};

/* Bytes of buffers for messages of at most max_bytes (0: the least) on that medium. */
uint32_t ik_inq_buffer_bytes(uint32_t max_bytes);
/* Prepares headers over the buffers; fd, family, medium, buffers and buffer_bytes are set. */
void ik_inq_init(struct ik_inq *q);
/* Reads a batch; only when all of the last was told. Sets n, full and error. */
void ik_inq_read(struct ik_inq *q);
/* Tells at most cap of the batch; the events borrow the buffers. Returns how many. */
size_t ik_inq_tell(struct ik_inq *q, const struct ik_offset *offset, struct ik_now now,
                   struct ik_event *out, size_t cap);
