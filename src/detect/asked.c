/* SPDX-License-Identifier: MIT
 * Questions that wait, as a number for each pair of hosts, in sets of four that are a cache line.
 * The key of a pair is a keyed hash. A pair for which nothing waits gives way first, then the one
 * that waits longest; an answer that comes soon after one gave way may be to it. */
#include "detect/asked.h"

#include <string.h>

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

struct pair {
    uint64_t id;
    uint32_t when; /* the last question */
    uint32_t waiting;
};

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
    _Alignas(64) struct pair pairs[SETS][WAYS];
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

/* Without a branch a way: nobody can foresee which it is. */
static struct pair *find(struct ik_asked *a, uint64_t id)
{
    struct pair *set = a->pairs[id % SETS];
    const unsigned ways = (unsigned)(set[0].id == id) | (unsigned)(set[1].id == id) << 1 |
                          (unsigned)(set[2].id == id) << 2 | (unsigned)(set[3].id == id) << 3;
    return ways ? &set[__builtin_ctz(ways)] : NULL;
}

static bool waits(const struct pair *p, uint32_t now)
{
    return p->waiting && now - p->when < OVER;
}

static struct pair *place(struct ik_asked *a, uint64_t id, uint32_t now)
{
    struct pair *set = a->pairs[id % SETS], *worst = &set[0];
    uint32_t most = 0;
    for (int i = 0; i < WAYS; i++) {
        const uint32_t age = waits(&set[i], now) ? now - set[i].when : UINT32_MAX;
        worst = age > most ? &set[i] : worst;
        most = age > most ? age : most;
    }
    if (waits(worst, now)) {
        a->evicted += now - worst->when < SOON;
        a->lost = now;
    }
    *worst = (struct pair){.id = id};
    return worst;
}

static void note(struct ik_asked *a, const struct ik_sight *s, uint32_t now)
{
    struct pair *p = find(a, s->pair_hash);
    if (!p)
        p = place(a, s->pair_hash, now);
    p->waiting = waits(p, now) && p->waiting < UINT32_MAX ? p->waiting + 1 : 1;
    p->when = now;
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
    __builtin_prefetch(a->pairs[s->pair_hash % SETS], 1);
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
    struct pair *p = find(a, s->pair_hash);
    if (p && waits(p, now)) {
        p->waiting--;
        return IK_ANSWER_ASKED;
    }
    if (asked_many(a, &s->p->ip.dst, now))
        return IK_ANSWER_ASKED;
    const bool lost = a->lost && now - a->lost < SOON;
    return lost || now < SOON ? IK_ANSWER_UNOBSERVED : IK_ANSWER_UNASKED;
}
