/* SPDX-License-Identifier: MIT */
#include "sha1.h"

#include <assert.h>
#include <string.h>

enum { WORDS = 16, ROUNDS = 80 };

static uint32_t rotate(uint32_t v, unsigned by)
{
    return v << by | v >> (32 - by);
}

/* Section 4.1.1, and the constants of section 4.2.1. */
static uint32_t mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5a827999;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    default:
        return (b ^ c ^ d) + 0xca62c1d6;
    }
}

static void schedule(const uint8_t block[static 64], uint32_t w[static ROUNDS])
{
    for (unsigned i = 0; i < WORDS; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    for (unsigned t = WORDS; t < ROUNDS; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
}

void ik_sha1_short(const uint8_t *bytes, size_t n, uint8_t out[static IK_SHA1_BYTES])
{
    assert(n <= IK_SHA1_MOST);
    uint8_t block[64] = {0};
    uint32_t w[ROUNDS];
    const uint32_t first[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint32_t s[5];
    memcpy(s, first, sizeof s);
    memcpy(block, bytes, n);
    block[n] = 0x80;
    block[62] = (uint8_t)(n >> 5);
    block[63] = (uint8_t)(n << 3);
    schedule(block, w);
    for (unsigned t = 0; t < ROUNDS; t++) {
        const uint32_t next = rotate(s[0], 5) + mix(t, s[1], s[2], s[3]) + s[4] + w[t];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotate(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (unsigned i = 0; i < IK_SHA1_BYTES; i++)
        out[i] = (uint8_t)((first[i / 4] + s[i / 4]) >> (24 - 8 * (i % 4)));
}
