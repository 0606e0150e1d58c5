/* SPDX-License-Identifier: MIT
 * The sum of the checksum, inline where every packet is summed. Words are read with their first
 * byte as the lowest: byte order only swaps the bytes of the result (RFC 1071 section 2 (B)), and
 * of a sum that is right it changes nothing. */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* Of words of 8 bytes. A carry out of 64 bits stands for 2^64, which is 1 in this arithmetic:
 * carries are counted beside. Compilers make an add and an add-with-carry of it. */
struct ik_cksum {
    uint64_t sum, carries;
};

static inline void ik_cksum_put8(struct ik_cksum *c, uint64_t word)
{
    c->sum += word;
    c->carries += c->sum < word;
}

/* Fewer than 8 bytes. An odd one at the end is the high one of its word: a zero follows it. */
static inline uint64_t ik_cksum_few(const uint8_t *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)p[i] << 8 * i;
    return word;
}

/* Adds n bytes; only those that are added last may be of an odd number. */
static inline void ik_cksum_put(struct ik_cksum *c, const uint8_t *p, size_t n)
{
    if (n < 8) {
        ik_cksum_put8(c, ik_cksum_few(p, n));
        return;
    }
    const uint8_t *last = p + n - 8;
    for (; n >= 32; p += 32, n -= 32) {
        ik_cksum_put8(c, ik_load_le64(p));
        ik_cksum_put8(c, ik_load_le64(p + 8));
        ik_cksum_put8(c, ik_load_le64(p + 16));
        ik_cksum_put8(c, ik_load_le64(p + 24));
    }
    if (n & 16) {
        ik_cksum_put8(c, ik_load_le64(p));
        ik_cksum_put8(c, ik_load_le64(p + 8));
        p += 16;
    }
    if (n & 8)
        ik_cksum_put8(c, ik_load_le64(p));
    /* Of the last 8 bytes those that are not in it yet; without a branch, for lengths are many. */
    ik_cksum_put8(c, ik_load_le64(last) >> 8 >> (56 - 8 * (n & 7)));
}

/* Halves added to each other, whichever way round: the carry of the lower sum enters the upper. */
static inline uint16_t ik_cksum_halves(uint64_t sum)
{
    const uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
    return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* All of it, never 0 but for zeros. */
static inline uint64_t ik_cksum_sum(const struct ik_cksum *c)
{
    const uint64_t sum = c->sum + c->carries;
    return sum + (sum < c->carries);
}

/* The same in 16 bits, their bytes swapped. */
static inline uint16_t ik_cksum_folded(const struct ik_cksum *c)
{
    return ik_cksum_halves(ik_cksum_sum(c));
}

/* Whether it folds to 0xffff, as a sum does that the checksum is in: then it is a multiple of that,
 * and not 0. */
static inline bool ik_cksum_is_all_ones(const struct ik_cksum *c)
{
    const uint64_t sum = ik_cksum_sum(c);
    return sum % 0xffff == 0 && sum != 0;
}

/* Whether n bytes, which carry their checksum, verify. */
static inline bool ik_cksum_verifies(const uint8_t *p, size_t n)
{
    struct ik_cksum c = {0, 0};
    ik_cksum_put(&c, p, n);
    return ik_cksum_is_all_ones(&c);
}
