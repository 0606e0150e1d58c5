/* SPDX-License-Identifier: MIT
 * Who sends much, among more senders than can be counted: Space-Saving (Metwally, Agrawal, El
 * Abbadi 2005) in sets of six, each a cache line, anew each second. A sender is known by a keyed
 * hash, which chooses its set; a newcomer to a full set takes over the smallest of its counts, as
 * the error of its own. What is counted for certain is the rest. Many small sets know who sends
 * much as exactly as one table of all: no heap, and nothing to be cleared when a second ends. */
#pragma once

#include "base/four.h"
#include "base/keep.h"

#include <stddef.h>
#include <stdint.h>

enum {
    IK_HEAVY_WAYS = 6,
    IK_HEAVY_SETS = 1024,
    IK_HEAVY_COUNTERS = IK_HEAVY_WAYS * IK_HEAVY_SETS,
    IK_HEAVY_MAX = (1 << 28) - 1 /* no count is higher */
};

/* Tags (0: nobody), how many of each, of which so many were of others; 0 where there is nobody, so
 * that they give way first. */
struct ik_heavy_set {
    _Alignas(64) uint32_t bin;
    uint32_t tag[IK_HEAVY_WAYS], n[IK_HEAVY_WAYS];
    uint16_t over[IK_HEAVY_WAYS];
};
_Static_assert(sizeof(struct ik_heavy_set) == 64, "a cache line");

struct ik_heavy {
    struct ik_heavy_set sets[IK_HEAVY_SETS];
};

size_t ik_heavy_bytes(void);
/* `mem` is zeroed, and aligned to 64 bytes. */
struct ik_heavy *ik_heavy_init(void *mem);
/* What add does for who has no count in that set. */
uint32_t ik_heavy_replace(struct ik_heavy_set *s, uint32_t tag);

/* Fetches ahead what add needs. */
static inline void ik_heavy_expect(const struct ik_heavy *h, uint64_t hash)
{
    __builtin_prefetch(&h->sets[hash % IK_HEAVY_SETS], 1);
}

/* Counts one in second number `bin`; returns how many the sender sent in it for certain, however
 * many others there are. */
static inline uint32_t ik_heavy_add(struct ik_heavy *h, uint64_t hash, uint32_t bin)
{
    struct ik_heavy_set *s = ik_keep(&h->sets[hash % IK_HEAVY_SETS]);
    const uint32_t tag = (uint32_t)(hash >> 32) | 1;
    if (s->bin != bin)
        *s = (struct ik_heavy_set){.bin = bin};
    /* Four and, of the same six, the last four. */
    const unsigned ways = ik_four_same(s->tag, tag) | ik_four_same(s->tag + 2, tag) << 2;
    if (!ways)
        return ik_heavy_replace(s, tag);
    const unsigned i = (unsigned)__builtin_ctz(ways);
    s->n[i] += s->n[i] < IK_HEAVY_MAX;
    return s->n[i] - s->over[i];
}
