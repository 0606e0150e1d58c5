/* SPDX-License-Identifier: MIT
 * Departures of one socket, in batches, and the frames that could not leave. */
#pragma once

#include "link/errq.h"

struct ik_outq_fail {
    uint32_t key, mtu;
    enum ik_err err;
};

struct ik_outq {
    int fd;
    uint8_t family;
    enum ik_medium medium;
    bool stamps;     /* the kernel stamps what leaves */
    bool takes_ids;  /* it takes the identifier of a stamp with the frame (Linux 6.13) */
    bool ids;        /* it gets them: since the first failure, its own count being uncertain */
    bool pending;    /* an error about an earlier frame may fail a send (RECVERR, connected) */
    int stamp_flags; /* of SO_TIMESTAMPING, to have the kernel count anew */
    uint32_t scope;  /* interface for addresses that need one and have none; 0 none */
    uint32_t flow_label;
    struct ik_errq *errq; /* of the same socket */
    /* The path MTU towards an address, 0 unknown; asked when a frame was too big for it. */
    uint32_t (*path_mtu)(void *ctx, const struct ik_addr *dst);
    void *ctx;
    struct mmsghdr msgs[IK_BATCH];
    struct iovec iov[IK_BATCH];
    union ik_sa to[IK_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[IK_BATCH][IK_CMSG_OUT];
    struct ik_outq_fail fails[IK_BATCH];
    size_t n_fails, fails_at;
};

void ik_outq_init(struct ik_outq *q);
/* Sends; returns how many of n were taken: they left, or their failure will be told. Fewer when the
 * kernel has no room now. */
size_t ik_outq_send(struct ik_outq *q, struct ik_now now, const struct ik_frame *in, size_t n);
/* Tells failures as IK_EV_FAILED. */
size_t ik_outq_tell(struct ik_outq *q, struct ik_event *out, size_t cap);
