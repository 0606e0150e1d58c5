/* SPDX-License-Identifier: MIT
 * The packet socket behind a capture, and the memory that it shares with the kernel. */
#pragma once

#include "icmpkit/link.h"

#include <linux/filter.h>

enum {
    IK_RING_BLOCK_BYTES = 128 * 1024, /* a frame fits whole: 64 KiB and its description */
    IK_RING_RETIRE_MS = 20,           /* a block that has frames is handed over after so long */
    IK_RING_RESERVE = 16,             /* more bytes than the kernel's own before each frame */
};

struct ik_ringfd {
    int fd;
    enum ik_medium medium; /* of frames as they are to be given */
    uint8_t *map;
    uint32_t blocks;
};

/* Opens and maps, with a filter that lets nothing through, stamps on. Errors are those of
 * ik_link_open_capture. */
IK_MUST_USE enum ik_err ik_ringfd_open(struct ik_ringfd *r, const struct ik_capture_cfg *cfg);
/* Puts a program in the place of the one before, between two frames. IK_E_VALUE, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_ringfd_attach(const struct ik_ringfd *r, const struct sock_filter *code,
                                         size_t n);
void ik_ringfd_close(struct ik_ringfd *r);
