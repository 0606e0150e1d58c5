/* SPDX-License-Identifier: MIT
 * A log-linear histogram of round trips: 64 steps an octave, so that a quantile is at most 1/128
 * (0.8%) off from 1 us up, and 8 ns below. Fixed size, 7 KB. */
#pragma once

#include "icmpkit/base.h"

/* 64 steps of 16 ns, then the octaves from 2^10 to 2^37 ns (137 s); beyond counts as the last. */
enum { IK_SKETCH_BUCKETS = 64 + 27 * 64 };

/* Zeroed is empty. */
struct ik_sketch {
    uint32_t count[IK_SKETCH_BUCKETS];
};

/* Counts one; a negative one as 0. */
void ik_sketch_add(struct ik_sketch *s, ik_ns v);
/* The value that `percent` (1 .. 100) of what was counted does not exceed (nearest rank), as the
 * middle of its bucket; IK_NEVER when nothing was counted. */
ik_ns ik_sketch_quantile(const struct ik_sketch *s, unsigned percent);
