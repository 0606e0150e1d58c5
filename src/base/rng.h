/* SPDX-License-Identifier: MIT
 * The seeded generator: same seed, same numbers, on every machine. Not for secrets (those come from
 * the kernel, through host). splitmix64 (Steele, Lea, Flood 2014). */
#pragma once

#include <stdint.h>

struct ik_rng {
    uint64_t state;
};

static inline uint64_t ik_rng_next(struct ik_rng *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    uint64_t z = r->state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Uniform in 0 .. bound-1, without modulo bias; bound is at least 1 and at most 2^32. */
static inline uint32_t ik_rng_below(struct ik_rng *r, uint64_t bound)
{
    const uint64_t limit = (UINT64_C(1) << 32) / bound * bound;
    uint64_t x;
    do
        x = ik_rng_next(r) >> 32;
    while (x >= limit);
    return (uint32_t)(x % bound);
}
