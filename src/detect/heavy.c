/* SPDX-License-Identifier: MIT
 * Space saving in sets. */
#include "detect/heavy.h"

#include "base/four.h"
#include "look/index.h"

#include <string.h>

_Static_assert((int)IK_HEAVY_WAYS == (int)IK_INDEX_WAYS, "as many as are compared at once");

enum { SETS = IK_HEAVY_COUNTERS / IK_HEAVY_WAYS, COUNT_MAX = (1 << 28) - 1 };

/* Two cache lines; of a sender that is counted already only the first is needed, and one word. */
struct set {
    /* Tags (0: nobody), and of each how many: 0 where there is nobody, so that they give way first.
     */
    struct ik_index_bucket counts;
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
    __builtin_prefetch(&s->counts, 1);
    __builtin_prefetch(s->over, 1);
}

/* The way with the smallest count, the first of several: counts with their ways below them, so that
 * nothing has to be foreseen. */
static unsigned least(const uint32_t n[IK_HEAVY_WAYS])
{
    const ik_four low = {0, 1, 2, 3}, high = {4, 5, 6, 7};
    return ik_four_least_of(
               ik_four_least(ik_four_load(n) << 3 | low, ik_four_load(n + 4) << 3 | high)) &
           7;
}

uint32_t ik_heavy_add(struct ik_heavy *h, uint64_t hash, uint32_t bin)
{
    struct set *s = &h->sets[hash % SETS];
    const uint64_t who = hash | (uint64_t)1 << 32; /* its tag is not 0 */
    uint32_t *n = s->counts.what;
    if (s->bin != bin) {
        memset(s, 0, sizeof(*s));
        s->bin = bin;
    }
    const unsigned ways = ik_index_match(&s->counts, who);
    const unsigned i = ways ? (unsigned)__builtin_ctz(ways) : least(n);
    if (!ways) {
        s->over[i] = n[i];
        ik_index_set(&s->counts, (int)i, who, n[i]);
    }
    n[i] += n[i] < COUNT_MAX;
    return n[i] - s->over[i];
}
