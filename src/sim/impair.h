/* SPDX-License-Identifier: MIT
 * What a link does to one frame: whether it arrives, when, and what became of it. Pure. */
#pragma once

#include "base/rng.h"
#include "icmpkit/sim.h"

/* When the frames that wait at a limited rate begin to leave: a ring. */
struct ik_impair_queue {
    uint32_t cap, first, n;
    ik_ns begins[];
};

/* One sender on one link: what is known of the frames before. */
struct ik_impair_line {
    ik_ns last_at;                 /* arrival of the latest in order */
    ik_ns busy_until;              /* the rate lets the next frame begin */
    struct ik_impair_queue *queue; /* NULL: never had a rate */
    bool bad;                      /* state of Gilbert and Elliott */
};

struct ik_impair_result {
    enum ik_sim_fate fate;
    ik_ns at; /* CARRIED: arrival */
    bool overtakes, duplicate, corrupt;
    uint32_t bit; /* corrupt: of the bytes after the Ethernet header, from the first */
};

/* A frame of `bytes`, Ethernet header included, sent at `now`. A rate above 0 needs line->queue
 * with room for im->queue. */
void ik_impair_apply(const struct ik_sim_impair *im, struct ik_impair_line *line,
                     struct ik_rng *rng, ik_ns now, size_t bytes, struct ik_impair_result *out);
/* It only delays: each frame arrives `delay` later, but not before the one before it. */
bool ik_impair_is_plain(const struct ik_sim_impair *im);
/* Frames that may wait. */
static inline uint32_t ik_impair_queue_frames(const struct ik_sim_impair *im)
{
    return im->queue ? im->queue : 100;
}
/* How long a frame holds the wire: preamble, padding, check sequence and gap included. */
ik_ns ik_impair_serial(size_t bytes, uint64_t rate_bps);
