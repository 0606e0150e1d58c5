/* SPDX-License-Identifier: MIT
 * Keyed hashes of addresses, multilinear (Lemire, Kaser: Strongly universal string hashing is fast,
 * 2014): of two addresses that were chosen without knowledge of the key, so many bits of the hashes
 * are the same with the chance that so many tossed coins are; for a tenth of what SipHash costs. It
 * is for what never leaves us: whoever sees hashes learns the key. */
#pragma once

#include "base/bytes.h"
#include "base/siphash.h"

#include "icmpkit/base.h"

enum { IK_KEYED_WORDS = 5 }; /* four of IPv6, one of IPv4 */

/* Two sums, of which the upper halves are strongly universal. */
struct ik_keyed {
    uint64_t add[2], times[IK_KEYED_WORDS][2];
};

static inline void ik_keyed_init(struct ik_keyed *h, const uint8_t secret[16])
{
    for (uint8_t half = 0; half < 2; half++) {
        h->add[half] = ik_siphash(secret, (const uint8_t[3]){'a', half, 0}, 3);
        for (uint8_t i = 0; i < IK_KEYED_WORDS; i++)
            h->times[i][half] = ik_siphash(secret, (const uint8_t[3]){'t', half, i}, 3);
    }
}

/* The end of splitmix64, which spreads what is there over all bits and loses none. */
static inline uint64_t ik_keyed_spread(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Of the first n words of an address (as in the packet), the first of them number `from` of the
 * key. */
static inline uint64_t ik_keyed_words(const struct ik_keyed *h, const uint8_t *bytes, int from,
                                      int n)
{
    uint64_t low = h->add[0], high = h->add[1];
    for (int i = 0; i < n; i++) {
        const uint64_t word = ik_load_be32(bytes + 4 * i);
        low += h->times[from + i][0] * word;
        high += h->times[from + i][1] * word;
    }
    return ik_keyed_spread(low >> 32 | (high & 0xffffffff00000000u));
}

static inline uint64_t ik_keyed_of4(const struct ik_keyed *h, const struct ik_addr *a)
{
    return ik_keyed_words(h, a->bytes, 4, 1);
}

static inline uint64_t ik_keyed_of6(const struct ik_keyed *h, const struct ik_addr *a)
{
    return ik_keyed_words(h, a->bytes, 0, 4);
}

static inline uint64_t ik_keyed_of(const struct ik_keyed *h, const struct ik_addr *a)
{
    return a->family == 4 ? ik_keyed_of4(h, a) : ik_keyed_of6(h, a);
}

/* Of two hosts in either order: the hashes are secret, so that nobody can choose two with the same
 * sum. */
static inline uint64_t ik_keyed_pair(uint64_t a, uint64_t b)
{
    return ik_keyed_spread(a + b);
}
