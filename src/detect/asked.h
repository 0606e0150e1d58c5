/* SPDX-License-Identifier: MIT
 * Whether answers were asked for: what two hosts asked each other and was not answered yet. Many
 * answers to one question are one that was asked for, and the rest that were not.
 *
 * Questions that wait are a number for each pair of hosts, in sets of four that are a cache line.
 * The key of a pair is a keyed hash. A pair for which nothing waits gives way first, then the one
 * that waits longest; an answer that comes soon after one gave way may be to it. */
#pragma once

#include "detect/part.h"

#include "base/four.h"
#include "base/keep.h"

enum {
    IK_ASKED_SETS = 4096,
    IK_ASKED_WAYS = 4,
    IK_ASKED_GROUPS = 16,     /* who asked many at once, lately */
    IK_ASKED_UNIT_SHIFT = 24, /* of times: 17 ms */
};

#define IK_ASKED_UNITS(ns) ((uint32_t)((ns) >> IK_ASKED_UNIT_SHIFT))
/* Nothing is expected any more (ping waits for 10 s, other tools less). */
#define IK_ASKED_OVER IK_ASKED_UNITS(10 * IK_NS_PER_S)

/* Four pairs: what they are known by (0: nobody), when the last question was asked, and how many
 * wait. */
struct ik_asked_set {
    _Alignas(64) uint32_t tag[IK_ASKED_WAYS];
    uint32_t when[IK_ASKED_WAYS], waiting[IK_ASKED_WAYS];
};
_Static_assert(sizeof(struct ik_asked_set) == 64, "a cache line");

struct ik_asked {
    ik_ns start;
    uint32_t lost; /* when a pair gave way for which something waited; 0: never */
    uint64_t evicted;
    uint32_t next_group;
    struct ik_asked_group {
        struct ik_addr asker;
        uint32_t when;
    } groups[IK_ASKED_GROUPS];
    struct ik_asked_set sets[IK_ASKED_SETS];
};

size_t ik_asked_bytes(void);
/* `mem` is zeroed and aligned to 64 bytes. */
struct ik_asked *ik_asked_init(void *mem);
/* Before the first packet: watching begins at `now`. */
void ik_asked_begin(struct ik_asked *a, ik_ns now);
/* Questions that gave way before anybody answered. */
uint64_t ik_asked_evicted(const struct ik_asked *a);

/* The way of a pair that had none in the set; nothing waits for it. */
unsigned ik_asked_place(struct ik_asked *a, struct ik_asked_set *set, uint64_t hash, uint32_t now);
/* Notes a question to many. */
void ik_asked_group(struct ik_asked *a, const struct ik_sight *s, uint32_t now);
/* Judges an answer for which nothing waits. */
enum ik_answer ik_asked_judge_alone(const struct ik_asked *a, const struct ik_sight *s);

/* Fetches ahead what is needed of a question or an answer. */
static inline void ik_asked_expect(const struct ik_asked *a, const struct ik_sight *s)
{
    __builtin_prefetch(&a->sets[s->pair_hash % IK_ASKED_SETS], 1);
}

static inline uint32_t ik_asked_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

/* From 1, so that 0 is never. */
static inline uint32_t ik_asked_units(const struct ik_asked *a, ik_ns now)
{
    return IK_ASKED_UNITS(now - a->start) + 1;
}

/* Notes a question. */
static inline void ik_asked_note(struct ik_asked *a, const struct ik_sight *s)
{
    const uint32_t now = ik_asked_units(a, s->now);
    struct ik_asked_set *set = ik_keep(&a->sets[s->pair_hash % IK_ASKED_SETS]);
    const unsigned ways = ik_four_same(set->tag, ik_asked_tag(s->pair_hash));
    const unsigned way =
        ways ? (unsigned)__builtin_ctz(ways) : ik_asked_place(a, set, s->pair_hash, now);
    const uint32_t n = set->waiting[way];
    const bool fresh = now - set->when[way] < IK_ASKED_OVER;
    set->waiting[way] = fresh && n < UINT32_MAX ? n + 1 : 1;
    set->when[way] = now;
    if (s->dst_spread != IK_SPREAD_ONE)
        ik_asked_group(a, s, now);
}

/* True for an answer to a question that waits, which it then does no more; of another one
 * ik_asked_judge_alone tells what it is. */
static inline bool ik_asked_take(struct ik_asked *a, const struct ik_sight *s)
{
    struct ik_asked_set *set = ik_keep(&a->sets[s->pair_hash % IK_ASKED_SETS]);
    const unsigned ways = ik_four_same(set->tag, ik_asked_tag(s->pair_hash));
    if (!ways)
        return false;
    const unsigned way = (unsigned)__builtin_ctz(ways);
    const uint32_t age = ik_asked_units(a, s->now) - set->when[way];
    if (set->waiting[way] == 0 || age >= IK_ASKED_OVER)
        return false;
    set->waiting[way]--;
    return true;
}
