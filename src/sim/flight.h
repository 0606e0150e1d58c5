/* SPDX-License-Identifier: MIT
 * Frames in flight: slots in memory taken once, handed out last given first, so that what is in use
 * stays in the cache and what was never used is never touched. Most frames are short: slots come in
 * two sizes, each as many as there may be frames, and a few of a third for whole datagrams. */
#pragma once

#include "icmpkit/base.h"

#define IK_FLIGHT_NONE UINT32_MAX

/* One slot; `at`, `order` and `channel` are the link's. Slots from `cap` on are those of long
 * frames, from twice `cap` on those of datagrams. */
struct ik_flight {
    ik_ns at;
    uint64_t order;
    uint32_t next, bytes, channel;
};

enum { IK_FLIGHT_SHORT = 256, IK_FLIGHT_DATAGRAM = 65536, IK_FLIGHT_DATAGRAMS = 64 };

/* The slots of one size: from `fresh` to `end` they were never used; a list of those
 * given back. */
struct ik_flight_size {
    uint32_t fresh, end, free;
};

struct ik_flights {
    struct ik_flight *list;
    uint8_t *mem, *long_mem, *datagrams;
    size_t long_stride;
    uint32_t cap, frame_bytes, used;
    struct ik_flight_size sizes[3];
};

/* IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes);
void ik_flight_fini(struct ik_flights *f);
/* A slot with a copy of the bytes, or IK_FLIGHT_NONE when none of that size is free or they are too
 * many. */
uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes);
void ik_flight_give(struct ik_flights *f, uint32_t i);
static inline uint8_t *ik_flight_at(const struct ik_flights *f, uint32_t i)
{
    if (i < f->cap)
        return f->mem + (size_t)IK_FLIGHT_SHORT * i;
    return i < 2 * f->cap ? f->long_mem + f->long_stride * (i - f->cap)
                          : f->datagrams + (size_t)IK_FLIGHT_DATAGRAM * (i - 2 * f->cap);
}
static inline struct ik_rd ik_flight_rd(const struct ik_flights *f, uint32_t i)
{
    return (struct ik_rd){ik_flight_at(f, i), f->list[i].bytes};
}
/* The slot will be used soon. A macro, for GCC 12 takes a function that only prefetches for one
 * without effect, and drops its calls. */
#define IK_FLIGHT_EXPECT(f, i)                                 \
    do {                                                       \
        const uint8_t *at_ = ik_flight_at(f, i);               \
        __builtin_prefetch(at_);                               \
        __builtin_prefetch(at_ + 64);                          \
        if ((f)->list[i].next != IK_FLIGHT_NONE)               \
            __builtin_prefetch(&(f)->list[(f)->list[i].next]); \
    } while (0)

/* Slots one after another, by their `next`. */
struct ik_flight_queue {
    uint32_t first, last, n;
};
void ik_flight_queue_init(struct ik_flight_queue *q);
void ik_flight_queue_put(struct ik_flights *f, struct ik_flight_queue *q, uint32_t i);
/* IK_FLIGHT_NONE when empty. */
uint32_t ik_flight_queue_take(struct ik_flights *f, struct ik_flight_queue *q);
