/* SPDX-License-Identifier: MIT
 * Frames in flight: slots in memory taken once, handed out last given first, so that what is in use
 * stays in the cache and what was never used is never touched. Most frames are short: slots come in
 * two sizes, each as many as there may be frames, and a few of a third for whole datagrams. */
#pragma once

#include "icmpkit/base.h"

#include <string.h>

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
    IK_FLIGHT_LINE = 64,
    IK_FLIGHT_SLOT = 256, /* a short one, with what is known of it */
    IK_FLIGHT_SHORT = IK_FLIGHT_SLOT - offsetof(struct ik_flight, bytes),
    IK_FLIGHT_DATAGRAM = 65536,
    IK_FLIGHT_DATAGRAMS = 64,
    IK_FLIGHT_SIZES = 3
};

/* The slots of one size, from the smallest, each by the number of its first line: those from
 * `fresh` to `end` were never used; a list of those given back. */
struct ik_flight_size {
    uint32_t lines, fresh, end, free;
};

struct ik_flights {
    uint8_t *mem;
    uint32_t cap, frame_bytes, used;
    struct ik_flight_size sizes[IK_FLIGHT_SIZES];
};

/* `frames` slots; frame_bytes: of the longest that is no whole datagram, not less than
 * IK_FLIGHT_SHORT. The number of a slot is less than 2^31. IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes);
void ik_flight_fini(struct ik_flights *f);

static inline struct ik_flight *ik_flight_of(const struct ik_flights *f, uint32_t i)
{
    return (struct ik_flight *)(void *)(f->mem + (size_t)i * IK_FLIGHT_LINE); /* it is aligned so */
}
static inline struct ik_rd ik_flight_rd(const struct ik_flights *f, uint32_t i)
{
    const struct ik_flight *at = ik_flight_of(f, i);
    return (struct ik_rd){at->bytes, at->left};
}
/* A slot with a copy of the bytes, or IK_FLIGHT_NONE when none of that size is free or they are too
 * many. */
static inline uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes)
{
    if (bytes.left > IK_FLIGHT_DATAGRAM || f->used == f->cap)
        return IK_FLIGHT_NONE;
    struct ik_flight_size *size =
        &f->sizes[(bytes.left > IK_FLIGHT_SHORT) + (bytes.left > f->frame_bytes)];
    uint32_t i = size->free;
    if (i != IK_FLIGHT_NONE) {
        size->free = ik_flight_of(f, i)->next;
    } else if (size->fresh != size->end) {
        i = size->fresh;
        size->fresh += size->lines;
    } else {
        return IK_FLIGHT_NONE;
    }
    struct ik_flight *at = ik_flight_of(f, i);
    f->used++;
    at->next = IK_FLIGHT_NONE;
    at->left = (uint32_t)bytes.left;
    memcpy(at->bytes, bytes.p, bytes.left);
    return i;
}
static inline void ik_flight_give(struct ik_flights *f, uint32_t i)
{
    struct ik_flight_size *size = &f->sizes[(i >= f->sizes[0].end) + (i >= f->sizes[1].end)];
    ik_flight_of(f, i)->next = size->free;
    size->free = i;
    f->used--;
}
/* The slot will be used soon. A macro, for GCC 12 takes a function that only prefetches for one
 * without effect, and drops its calls. */
#define IK_FLIGHT_EXPECT(f, i)                                    \
    do {                                                          \
        const uint8_t *at_ = (const uint8_t *)ik_flight_of(f, i); \
        __builtin_prefetch(at_);                                  \
        __builtin_prefetch(at_ + IK_FLIGHT_LINE);                 \
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
