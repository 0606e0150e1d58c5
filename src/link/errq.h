/* SPDX-License-Identifier: MIT
 * The error queue of one socket: stamps of what it sent, and ICMP errors. */
#pragma once

#include "link/cmsg.h"

/* Where the queue is read to. rx and tx have an area each: what tx drains waits, untouched, for the
 * next rx, while what the last rx told is still borrowed. Stamps borrow nothing, so only slots with
 * the bytes of an error are in use: the first `used`. */
struct ik_errq_area {
    size_t used;
    struct mmsghdr msgs[IK_BATCH];
    struct iovec iov[IK_BATCH];
    union ik_sa to[IK_BATCH];
    _Alignas(struct cmsghdr) uint8_t control[IK_BATCH][IK_CMSG_IN];
    uint8_t *buffers; /* IK_BATCH x buffer_bytes */
};

enum { IK_ERRQ_HELD = 4 * IK_BATCH };

struct ik_errq {
    int fd;
    enum ik_medium medium; /* of what ICMP errors bring back */
    bool hardware;         /* stamps are the card's */
    bool bytes;            /* ICMP errors are told (RECVERR), with their bytes */
    uint32_t refused_mtu;  /* the MTU that forbade a frame, 0 none: who uses it clears it */
    bool hint;             /* something may wait though no stamp is awaited */
    uint32_t buffer_bytes;
    size_t read; /* messages, whatever they told; the duct takes them away */
    struct ik_stamps stamps;
    struct ik_offset offset;
    struct ik_errq_area rx, tx;
    struct ik_event held[IK_ERRQ_HELD]; /* drained by tx, to be told by rx */
    size_t n_held, held_at;
};

/* Prepares headers; all set but areas (their buffers are set too, where `bytes`). */
void ik_errq_init(struct ik_errq *q);
/* A new rx begins: what the last one told is no longer borrowed. */
void ik_errq_release(struct ik_errq *q);
/* Tells what tx drained. */
size_t ik_errq_tell_held(struct ik_errq *q, struct ik_event *out, size_t cap);
/* Reads and tells at most cap events; *empty when nothing is left in the kernel. */
size_t ik_errq_tell(struct ik_errq *q, struct ik_now now, struct ik_event *out, size_t cap,
                    bool *empty);
/* Reads what is there into `held`. True when an ICMP error was among it, which explains a failed
 * send. */
bool ik_errq_drain(struct ik_errq *q, struct ik_now now);
/* True when tx can drain no more until rx has told what it drained. */
bool ik_errq_is_full(const struct ik_errq *q);
