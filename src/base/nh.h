/* SPDX-License-Identifier: MIT
 * NH (Black, Halevi, Krawczyk, Krovetz, Rogaway: UMAC, 1999): a keyed sum of products that tells
 * content apart at a fraction of what SipHash costs. Two contents of one length that were chosen
 * without knowledge of the key have the same sum with a chance of 2^-32. It is for what never
 * leaves us: whoever sees sums learns the key; tables and tokens want base/siphash.h. */
#pragma once

#include "base/siphash.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { IK_NH_MAX = 256 }; /* bytes of content */

struct ik_nh {
    uint32_t key[IK_NH_MAX / 4];
    uint64_t last; /* odd: brings a sum down to 32 bits */
};

/* Makes the key out of a short one. */
static inline void ik_nh_init(struct ik_nh *h, const uint8_t secret[16])
{
    for (uint8_t i = 0; i < IK_NH_MAX / 4; i++)
        h->key[i] = (uint32_t)ik_siphash(secret, (const uint8_t[2]){'n', i}, 2);
    h->last = ik_siphash(secret, "nh", 2) | 1;
}

static inline uint64_t ik_nh_product(const uint32_t key[2], uint64_t word)
{
    return (uint64_t)((uint32_t)word + key[0]) * (uint32_t)((uint32_t)(word >> 32) + key[1]);
}

/* The sum of n bytes that stand `at` bytes (a multiple of 8) into the content; at + n is at most
 * IK_NH_MAX. Sums of parts are added up. */
static inline uint64_t ik_nh_sum(const struct ik_nh *h, size_t at, const uint8_t *p, size_t n)
{
    const uint32_t *key = h->key + at / 4;
    uint64_t sum = 0;
    size_t i = 0;
#ifdef __SSE2__
    /* The same sum, two products at a time. */
    __m128i sums = _mm_setzero_si128();
    for (; i + 16 <= n; i += 16) {
        const __m128i words =
            _mm_add_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p + i)),
                          _mm_loadu_si128((const __m128i *)(const void *)(key + i / 4)));
        sums = _mm_add_epi64(sums, _mm_mul_epu32(words, _mm_srli_epi64(words, 32)));
    }
    sum = (uint64_t)_mm_cvtsi128_si64(_mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums)));
#else
    for (; i + 16 <= n; i += 16)
        sum += ik_nh_product(key + i / 4, ik_siphash_word8(p + i)) +
               ik_nh_product(key + i / 4 + 2, ik_siphash_word8(p + i + 8));
#endif
    i = n & ~(size_t)15;
    if (n & 8) {
        sum += ik_nh_product(key + i / 4, ik_siphash_word8(p + i));
        i += 8;
    }
    if (n & 7)
        sum += ik_nh_product(key + i / 4, ik_siphash_tail(p + i, n & 7));
    return sum;
}

/* 32 bits of a sum, which keep two sums apart with a chance of 2^-31. */
static inline uint32_t ik_nh_small(const struct ik_nh *h, uint64_t sum)
{
    return (uint32_t)(sum * h->last >> 32);
}
