/* SPDX-License-Identifier: MIT
 * Ancillary data: read once into a struct, written at fixed places. */
#pragma once

#include "link/sa.h"
#include "link/stamp.h"

#include <linux/errqueue.h>
#include <sys/socket.h>

/* What came beside a message. */
struct ik_cmsg {
    struct ik_meta meta; /* dst, ttl, tclass, ifindex as far as given */
    ik_ns software;      /* real time; 0 none */
    ik_ns hardware;      /* the card's time; 0 none */
    /* Error queue only. */
    bool has_error;
    struct sock_extended_err error;
    struct ik_addr offender;
};

/* The most that the kernel puts beside a message of ours. */
enum { IK_CMSG_IN = 320, IK_CMSG_OUT = 160 };

void ik_cmsg_take(struct ik_cmsg *out, struct msghdr *msg);
/* The arrival: hardware where given and `hardware` says so, else the kernel's stamp where it can be
 * trusted, else the reading of the batch. */
struct ik_stamp ik_cmsg_stamp(const struct ik_cmsg *c, const struct ik_offset *offset,
                              struct ik_now now, bool hardware);

/* Writes what `meta` asks for beside the destination (ttl, tclass, source, interface), and the
 * identifier of the stamp when id is not NULL. msg->msg_control is room for IK_CMSG_OUT bytes.
 * Sets msg_controllen, and msg_control to NULL when there is nothing. */
void ik_cmsg_put(struct msghdr *msg, void *control, uint8_t family, const struct ik_meta *meta,
                 const uint32_t *id);
