/* SPDX-License-Identifier: MIT
 * Four words at once, and which of them are alike: for sets of four, of which nobody can foresee
 * which one it is, so that no branch should. */
#pragma once

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef uint32_t ik_four __attribute__((vector_size(16)));
typedef int32_t ik_four_signed __attribute__((vector_size(16)));

static inline ik_four ik_four_load(const uint32_t words[4])
{
    ik_four v;
    memcpy(&v, words, sizeof(v));
    return v;
}

/* The same word four times. */
static inline ik_four ik_four_of(uint32_t word)
{
    return (ik_four){word, word, word, word};
}

/* Bit i where word i of a comparison (all ones, or zero) is true. */
static inline unsigned ik_four_bits(ik_four truth)
{
#if defined(__SSE2__)
    return (unsigned)_mm_movemask_ps(_mm_castsi128_ps((__m128i)truth)); /* one instruction of it */
#else
    const ik_four bits = {1, 2, 4, 8};
    uint64_t half[2];
    truth &= bits;
    memcpy(half, &truth, sizeof(half));
    half[0] |= half[1];
    return (unsigned)(half[0] | half[0] >> 32);
#endif
}

/* Bit i where word i equals `word`. */
static inline unsigned ik_four_same(const uint32_t words[4], uint32_t word)
{
    return ik_four_bits((ik_four)(ik_four_load(words) == ik_four_of(word)));
}

/* Word by word the smaller one of two; all are below 2^31. */
static inline ik_four ik_four_least(ik_four a, ik_four b)
{
    const ik_four less = (ik_four)((ik_four_signed)a < (ik_four_signed)b);
    return (a & less) | (b & ~less);
}

/* The smallest of all, below 2^31. */
static inline uint32_t ik_four_least_of(ik_four v)
{
    v = ik_four_least(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
    v = ik_four_least(v, __builtin_shufflevector(v, v, 1, 0, 3, 2));
    return v[0];
}
