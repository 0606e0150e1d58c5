/* SPDX-License-Identifier: MIT
 * Space saving in sets. */
#include "detect/heavy.h"

#include <string.h>

enum { SETS = IK_HEAVY_COUNTERS / IK_HEAVY_WAYS };

/* Two cache lines; of a sender that is counted already only the first is needed, and one word. */
struct set {
    uint32_t tag[IK_HEAVY_WAYS]; /* 0: nobody */
    uint32_t n[IK_HEAVY_WAYS];   /* 0 where there is nobody, so that they give way first */
    uint32_t over[IK_HEAVY_WAYS];
    uint32_t bin, unused[7];
};
_Static_assert(sizeof(struct set) == 128, "two cache lines");

struct ik_heavy {
    struct set sets[SETS];
};

size_t ik_heavy_bytes(void)
{
    return sizeof(struct ik_heavy);
}

struct ik_heavy *ik_heavy_init(void *mem)
{
    return mem;
}

void ik_heavy_expect(const struct ik_heavy *h, uint64_t hash)
{
    const struct set *s = &h->sets[hash % SETS];
    __builtin_prefetch(s->tag, 1);
    __builtin_prefetch(s->over, 1);
}

/* The way of that tag, or IK_HEAVY_WAYS. Without a branch a way: nobody can foresee which it is. */
static unsigned find(const struct set *s, uint32_t tag)
{
    unsigned ways = 1u << IK_HEAVY_WAYS;
    for (unsigned i = 0; i < IK_HEAVY_WAYS; i++)
        ways |= (unsigned)(s->tag[i] == tag) << i;
    return (unsigned)__builtin_ctz(ways);
}

static unsigned least(const struct set *s)
{
    unsigned way = 0;
    for (unsigned i = 1; i < IK_HEAVY_WAYS; i++)
        way = s->n[i] < s->n[way] ? i : way;
    return way;
}

uint32_t ik_heavy_add(struct ik_heavy *h, uint64_t hash, uint32_t bin)
{
    struct set *s = &h->sets[hash % SETS];
    const uint32_t tag = (uint32_t)(hash >> 32) | 1;
    if (s->bin != bin) {
        memset(s, 0, sizeof(*s));
        s->bin = bin;
    }
    unsigned i = find(s, tag);
    if (i == IK_HEAVY_WAYS) {
        i = least(s);
        s->tag[i] = tag;
        s->over[i] = s->n[i];
    }
    s->n[i] += s->n[i] < UINT32_MAX;
    return s->n[i] - s->over[i];
}
