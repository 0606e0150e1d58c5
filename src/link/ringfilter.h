/* SPDX-License-Identifier: MIT
 * Programs of classic BPF for the ring: from frames as we give them to frames as the kernel has
 * them when it asks. Pure. */
#pragma once

#include "icmpkit/link.h"

#include <linux/filter.h>

struct ik_ringfilter {
    bool cooked; /* frames are given with a cooked header, which the kernel's have not */
    enum ik_capture_direction direction;
    uint32_t snap_bytes; /* 0: all */
};

/* What goes before a program at most; the kernel takes BPF_MAXINSNS in all. */
enum { IK_RINGFILTER_HEAD = 8 };

/* Writes a program that lets through, of the direction that is wanted, all that `program` (n
 * instructions, at most BPF_MAXINSNS) does, and more where the kernel cannot judge: frames with a
 * tag, which it keeps beside the frame, and every frame when the program asks what we alone know (a
 * length with our header, say). A packet that goes out by a loopback interface comes in again and
 * is taken then, unless only what goes out is wanted. Returns how many instructions. */
size_t ik_ringfilter_make(struct sock_filter out[static BPF_MAXINSNS],
                          const struct ik_ringfilter *f, const struct sock_filter *program,
                          size_t n);
