/* SPDX-License-Identifier: MIT
 * Space saving in sets. */
#include "detect/heavy.h"

size_t ik_heavy_bytes(void)
{
    return sizeof(struct ik_heavy);
}

struct ik_heavy *ik_heavy_init(void *mem)
{
    return mem;
}

/* The way with the smallest count, the first of several: counts with their ways below them, so that
 * nothing has to be foreseen. */
static unsigned least(const uint32_t n[IK_HEAVY_WAYS])
{
    const ik_four low = {0, 1, 2, 3}, high = {2, 3, 4, 5};
    return ik_four_least_of(
               ik_four_least(ik_four_load(n) << 3 | low, ik_four_load(n + 2) << 3 | high)) &
           7;
}

uint32_t ik_heavy_replace(struct ik_heavy_set *s, uint32_t tag)
{
    const unsigned i = least(s->n);
    /* All six sent so many in this second: another one has to wait for the next. */
    if (s->n[i] > UINT16_MAX)
        return 0;
    s->over[i] = (uint16_t)s->n[i];
    s->tag[i] = tag;
    s->n[i]++;
    return 1;
}
