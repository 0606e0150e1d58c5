/* SPDX-License-Identifier: MIT
 * Questions that wait, as a number for each pair of hosts, in sets of four that are a cache line.
 * The key of a pair is a keyed hash. A pair for which nothing waits gives way first, then the one
 * that waits longest; an answer that comes soon after one gave way may be to it. */
#include "detect/asked.h"

#include "base/four.h"

enum {
    SETS = 4096,
    WAYS = 4,
    GROUPS = 16,     /* who asked many at once, lately */
    UNIT_SHIFT = 24, /* of times: 17 ms */
};

#define UNITS(ns) ((uint32_t)((ns) >> UNIT_SHIFT))
/* An answer comes within it, nearly always: what matters here is a rate. */
#define SOON UNITS(2 * IK_NS_PER_S)
/* Nothing is expected any more (ping waits for 10 s, other tools less). */
#define OVER UNITS(10 * IK_NS_PER_S)

/* Four pairs, in one cache line: what they are known by (0: nobody), when the last question was
 * asked, and how many wait. */
struct set {
    _Alignas(64) uint32_t tag[WAYS];
    uint32_t when[WAYS], waiting[WAYS];
};
_Static_assert(sizeof(struct set) == 64, "a cache line");

struct group {
    struct ik_addr asker;
    uint32_t when;
};

struct ik_asked {
    bool begun;
    ik_ns start;
    uint32_t lost; /* when a pair gave way for which something waited; 0: never */
    uint64_t evicted;
    uint32_t next_group;
    struct group groups[GROUPS];
    struct set sets[SETS];
};

size_t ik_asked_bytes(void)
{
    return sizeof(struct ik_asked);
}

struct ik_asked *ik_asked_init(void *mem)
{
    return mem;
}

uint64_t ik_asked_evicted(const struct ik_asked *a)
{
    return a->evicted;
}

/* From 1, so that 0 is never. */
static uint32_t units_at(struct ik_asked *a, ik_ns now)
{
    if (!a->begun) {
        a->begun = true;
        a->start = now;
    }
    return UNITS(now - a->start) + 1;
}

static struct set *set_of(struct ik_asked *a, uint64_t hash)
{
    return &a->sets[hash % SETS];
}

/* A bit for the way of that pair; 0: it has none. */
static unsigned find(const struct set *set, uint64_t hash)
{
    return ik_four_same(set->tag, (uint32_t)(hash >> 32) | 1);
}

static bool waits(const struct set *set, unsigned way, uint32_t now)
{
    return set->waiting[way] && now - set->when[way] < OVER;
}

/* Bits of the ways for which something waits. Times are years below 2^31. */
static unsigned waiting(const struct set *set, uint32_t now)
{
    const ik_four_signed age = (ik_four_signed)(ik_four_of(now) - ik_four_load(set->when));
    const ik_four_signed over = (ik_four_signed)ik_four_of(OVER);
    const ik_four none = (ik_four)(ik_four_load(set->waiting) == ik_four_of(0));
    return ik_four_bits((ik_four)(age < over) & ~none);
}

/* The way that was asked first. */
static unsigned oldest(const struct set *set)
{
    unsigned way = 0;
    for (unsigned i = 1; i < WAYS; i++)
        way = set->when[i] < set->when[way] ? i : way;
    return way;
}

static unsigned place(struct ik_asked *a, struct set *set, uint64_t hash, uint32_t now)
{
    const unsigned idle = ~waiting(set, now) & ((1u << WAYS) - 1);
    const unsigned way = idle ? (unsigned)__builtin_ctz(idle) : oldest(set);
    if (!idle) {
        a->evicted += now - set->when[way] < SOON;
        a->lost = now;
    }
    set->tag[way] = (uint32_t)(hash >> 32) | 1;
    set->waiting[way] = 0;
    return way;
}

static void note(struct ik_asked *a, const struct ik_sight *s, uint32_t now)
{
    struct set *set = set_of(a, s->pair_hash);
    const unsigned ways = find(set, s->pair_hash);
    const unsigned way = ways ? (unsigned)__builtin_ctz(ways) : place(a, set, s->pair_hash, now);
    uint32_t *n = &set->waiting[way];
    *n = waits(set, way, now) && *n < UINT32_MAX ? *n + 1 : 1;
    set->when[way] = now;
    if (s->dst_spread == IK_SPREAD_ONE)
        return;
    a->groups[a->next_group] = (struct group){.asker = s->p->ip.src, .when = now};
    a->next_group = (a->next_group + 1) % GROUPS;
}

static bool asked_many(const struct ik_asked *a, const struct ik_addr *asker, uint32_t now)
{
    for (int i = 0; i < GROUPS; i++) {
        const struct group *g = &a->groups[i];
        if (g->when && now - g->when < OVER && ik_addr_same_host(&g->asker, asker))
            return true;
    }
    return false;
}

void ik_asked_expect(const struct ik_asked *a, const struct ik_sight *s)
{
    __builtin_prefetch(&a->sets[s->pair_hash % SETS], 1);
}

enum ik_answer ik_asked_judge(struct ik_asked *a, const struct ik_sight *s)
{
    const uint32_t now = units_at(a, s->now);
    switch (s->query) {
    case IK_QUERY_ASKS:
        note(a, s, now);
        return IK_ANSWER_NONE;
    case IK_QUERY_NONE:
        return IK_ANSWER_NONE;
    case IK_QUERY_ANSWERS:
        break;
    }
    struct set *set = set_of(a, s->pair_hash);
    const unsigned ways = find(set, s->pair_hash) & waiting(set, now);
    if (ways) {
        set->waiting[__builtin_ctz(ways)]--;
        return IK_ANSWER_ASKED;
    }
    if (asked_many(a, &s->p->ip.dst, now))
        return IK_ANSWER_ASKED;
    const bool lost = a->lost && now - a->lost < SOON;
    return lost || now < SOON ? IK_ANSWER_UNOBSERVED : IK_ANSWER_UNASKED;
}
