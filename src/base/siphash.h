/* SPDX-License-Identifier: MIT
 * SipHash (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012): the keyed hash of tokens
 * and of every table that strangers can fill. A header of its own so that BPF programs share it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The last n < 8 bytes, without a loop: of a length that is known only some loads are left. */
static inline uint64_t ik_siphash_tail(const uint8_t *p, size_t n)
{
    uint64_t w = 0;
    unsigned bits = 0;
    if (n & 4) {
        w = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        p += 4;
        bits = 32;
    }
    if (n & 2) {
        w |= ((uint64_t)p[0] | (uint64_t)p[1] << 8) << bits;
        p += 2;
        bits += 16;
    }
    if (n & 1)
        w |= (uint64_t)p[0] << bits;
    return w;
}

/* Spelled out because compilers make one load of it, and none of the loop above. */
static inline uint64_t ik_siphash_word8(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

static inline uint64_t ik_siphash_rotl(uint64_t x, unsigned b)
{
    return x << b | x >> (64 - b);
}

static inline void ik_siphash_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = ik_siphash_rotl(v[1], 13) ^ v[0];
    v[0] = ik_siphash_rotl(v[0], 32);
    v[2] += v[3];
    v[3] = ik_siphash_rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ik_siphash_rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ik_siphash_rotl(v[1], 17) ^ v[2];
    v[2] = ik_siphash_rotl(v[2], 32);
}

static inline void ik_siphash_absorb(uint64_t v[4], uint64_t m, int rounds)
{
    v[3] ^= m;
    for (int i = 0; i < rounds; i++)
        ik_siphash_round(v);
    v[0] ^= m;
}

static inline __attribute__((always_inline)) uint64_t
ik_siphash_rounds(const uint8_t key[16], const void *data, size_t n, int each, int last)
{
    const uint8_t *p = data;
    const uint64_t k0 = ik_siphash_word8(key), k1 = ik_siphash_word8(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8)
        ik_siphash_absorb(v, ik_siphash_word8(p), each);
    ik_siphash_absorb(v, (uint64_t)(n & 0xff) << 56 | ik_siphash_tail(p, left), each);
    v[2] ^= 0xff;
    for (int i = 0; i < last; i++)
        ik_siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The 64-bit hash of n bytes under a 128-bit key; the same on every byte order. This is
 * SipHash-2-4, of which strangers may see results. */
static inline uint64_t ik_siphash(const uint8_t key[16], const void *data, size_t n)
{
    return ik_siphash_rounds(key, data, n, 2, 4);
}

/* SipHash-1-3, nearly twice as fast: for tables whose hashes nobody sees, where no more is asked of
 * it than that a stranger cannot aim at a bucket. */
static inline uint64_t ik_siphash13(const uint8_t key[16], const void *data, size_t n)
{
    return ik_siphash_rounds(key, data, n, 1, 3);
}
