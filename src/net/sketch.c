/* SPDX-License-Identifier: MIT
 * The histogram behind percentiles. */
#include "net/sketch.h"

enum { STEP_BITS = 6, LOW_BITS = 10, HIGH_BITS = 37 };

static unsigned bucket(ik_ns v)
{
    uint64_t u = v > 0 ? (uint64_t)v : 0;
    if (u >> HIGH_BITS)
        u = (UINT64_C(1) << HIGH_BITS) - 1;
    if (u >> LOW_BITS == 0)
        return (unsigned)(u >> (LOW_BITS - STEP_BITS));
    const unsigned octave = 63 - (unsigned)__builtin_clzll(u);
    const unsigned step = (unsigned)(u >> (octave - STEP_BITS)) & 63;
    return 64 * (octave - LOW_BITS + 1) + step;
}

static ik_ns middle(unsigned b)
{
    if (b < 64)
        return (ik_ns)b * 16 + 8;
    const unsigned shift = b / 64 - 1 + LOW_BITS - STEP_BITS;
    return (ik_ns)(64 + b % 64) * (1 << shift) + (1 << shift) / 2;
}

void ik_sketch_add(struct ik_sketch *s, ik_ns v)
{
    uint32_t *count = &s->count[bucket(v)];
    *count += *count != UINT32_MAX;
}

ik_ns ik_sketch_quantile(const struct ik_sketch *s, unsigned percent)
{
    uint64_t n = 0, seen = 0;
    for (unsigned b = 0; b < IK_SKETCH_BUCKETS; b++)
        n += s->count[b];
    /* n * percent / 100 rounded up, without a product that could overflow. */
    const uint64_t rank = n / 100 * percent + (n % 100 * percent + 99) / 100;
    for (unsigned b = 0; b < IK_SKETCH_BUCKETS; b++) {
        seen += s->count[b];
        if (seen && seen >= rank)
            return middle(b);
    }
    return IK_NEVER;
}
