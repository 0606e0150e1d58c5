/* SPDX-License-Identifier: MIT
 * The drop counter of a socket, read no more often than it can matter. */
#pragma once

#include "icmpkit/base.h"

/* A drop needs a full receive buffer, and all that filled it is read before the queue is found
 * empty: so where fewer messages were read in a row than a full buffer holds, nothing was dropped
 * and the kernel is not asked. Nor would it be believed: raw ICMPv6 sockets also count messages
 * with a wrong checksum, which anybody can send. */
struct ik_drops {
    int fd;
    uint32_t counter; /* as last read */
    uint32_t read;    /* messages read since then, or since the queue was found empty */
    uint32_t fill;    /* so many may fill the buffer */
    ik_ns asked;      /* mono, when last */
};

/* Begins at the counter's present value. Messages have at most max_bytes. */
void ik_drops_init(struct ik_drops *d, int fd, uint32_t rcvbuf_bytes, uint32_t max_bytes);
/* `messages` were read (answers, stamps, errors: all share the buffer), and more wait when `full`.
 * Returns how many were dropped since the last answer that was not 0. */
uint32_t ik_drops_look(struct ik_drops *d, struct ik_now now, size_t messages, bool full);
