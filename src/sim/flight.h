/* SPDX-License-Identifier: MIT
 * Frames in flight: slots in memory taken once, handed out last given first, so that what is in use
 * stays in the cache and what was never used is never touched. Most frames are short: slots come in
 * two sizes, each as many as there may be frames, and a few of a third for whole datagrams. */
#pragma once

#include "icmpkit/base.h"

#define IK_FLIGHT_NONE UINT32_MAX

/* One slot; `at`, `order` and `channel` are the link's. The frame follows at once, so that what is
 * known of it lies in the cache line of its first bytes. */
struct ik_flight {
    ik_ns at;
    uint64_t order;
    uint32_t next, left, channel;
    uint8_t bytes[]; /* `left` of them */
};

enum {
    IK_FLIGHT_SLOT = 256, /* a short one, with what is known of it */
    IK_FLIGHT_SHORT = IK_FLIGHT_SLOT - offsetof(struct ik_flight, bytes),
    IK_FLIGHT_DATAGRAM = 65536,
    IK_FLIGHT_DATAGRAMS = 64
};

/* The slots of one size: from `fresh` to `end` they were never used; a list of those given back. */
struct ik_flight_size {
    uint32_t fresh, end, free;
};

/* Slots from `cap` on are those of long frames, from twice `cap` on those of datagrams. */
struct ik_flights {
    uint8_t *mem, *long_mem, *datagrams;
    size_t long_stride, datagram_stride;
    uint32_t cap, frame_bytes, used;
    struct ik_flight_size sizes[3];
};

/* frame_bytes: of the longest that is no whole datagram; not less than IK_FLIGHT_SHORT. IK_E_NOMEM.
 */
IK_MUST_USE enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes);
void ik_flight_fini(struct ik_flights *f);
/* A slot with a copy of the bytes, or IK_FLIGHT_NONE when none of that size is free or they are too
 * many. */
uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes);
void ik_flight_give(struct ik_flights *f, uint32_t i);
static inline struct ik_flight *ik_flight_of(const struct ik_flights *f, uint32_t i)
{
    uint8_t *at;
    if (i < f->cap)
        at = f->mem + (size_t)IK_FLIGHT_SLOT * i;
    else if (i < 2 * f->cap)
        at = f->long_mem + f->long_stride * (i - f->cap);
    else
        at = f->datagrams + f->datagram_stride * (i - 2 * f->cap);
    return (struct ik_flight *)(void *)at; /* strides are multiples of its alignment */
}
static inline struct ik_rd ik_flight_rd(const struct ik_flights *f, uint32_t i)
{
    const struct ik_flight *at = ik_flight_of(f, i);
    return (struct ik_rd){at->bytes, at->left};
}
/* The slot will be used soon. A macro, for GCC 12 takes a function that only prefetches for one
 * without effect, and drops its calls. */
#define IK_FLIGHT_EXPECT(f, i)                                    \
    do {                                                          \
        const uint8_t *at_ = (const uint8_t *)ik_flight_of(f, i); \
        __builtin_prefetch(at_);                                  \
        __builtin_prefetch(at_ + 64);                             \
    } while (0)

/* Slots one after another, by their `next`. */
struct ik_flight_queue {
    uint32_t first, last, n;
};
static inline void ik_flight_queue_init(struct ik_flight_queue *q)
{
    *q = (struct ik_flight_queue){.first = IK_FLIGHT_NONE, .last = IK_FLIGHT_NONE};
}
void ik_flight_queue_put(struct ik_flights *f, struct ik_flight_queue *q, uint32_t i);
/* IK_FLIGHT_NONE when empty. */
uint32_t ik_flight_queue_take(struct ik_flights *f, struct ik_flight_queue *q);
