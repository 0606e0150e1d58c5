/* SPDX-License-Identifier: MIT
 * Frames in flight: slots of equal size in memory taken once, handed out last given first, so that
 * what is in use stays in the cache and what was never used is never touched. */
#pragma once

#include "icmpkit/base.h"

#define IK_FLIGHT_NONE UINT32_MAX

/* One slot; `at`, `order` and `channel` are the link's. */
struct ik_flight {
    ik_ns at;
    uint64_t order;
    uint32_t next, bytes, channel;
};

struct ik_flights {
    struct ik_flight *list;
    uint8_t *mem;
    size_t stride;
    uint32_t cap, frame_bytes, fresh, used, free;
};

/* IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes);
void ik_flight_fini(struct ik_flights *f);
/* A slot with a copy of the bytes, or IK_FLIGHT_NONE when none is free or they are too many. */
uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes);
void ik_flight_give(struct ik_flights *f, uint32_t i);
static inline uint8_t *ik_flight_at(const struct ik_flights *f, uint32_t i)
{
    return f->mem + f->stride * i;
}
static inline struct ik_rd ik_flight_rd(const struct ik_flights *f, uint32_t i)
{
    return (struct ik_rd){ik_flight_at(f, i), f->list[i].bytes};
}

/* Slots one after another, by their `next`. */
struct ik_flight_queue {
    uint32_t first, last, n;
};
void ik_flight_queue_init(struct ik_flight_queue *q);
void ik_flight_queue_put(struct ik_flights *f, struct ik_flight_queue *q, uint32_t i);
/* IK_FLIGHT_NONE when empty. */
uint32_t ik_flight_queue_take(struct ik_flights *f, struct ik_flight_queue *q);
