/* SPDX-License-Identifier: MIT
 * The steps of the checksum, and the shortest way to one of an IPv4 header without options, which
 * every packet has. */
#pragma once

#include "icmpkit/wire.h"

#include <string.h>

/* Halves added to each other, whichever way round: the carry of the lower sum enters the upper. */
static inline uint16_t ik_cksum_halves(uint64_t sum)
{
    const uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);
    return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

/* Bytes as this machine reads them. */
static inline uint64_t ik_cksum_load8(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return w;
}

/* The same as ik_cksum_is_right of 20 bytes. */
static inline bool ik_cksum_is_right_header(const uint8_t *p)
{
    const uint64_t a = ik_cksum_load8(p), b = ik_cksum_load8(p + 8);
    uint32_t c;
    memcpy(&c, p + 16, sizeof(c));
    const uint64_t sum = (a & UINT32_MAX) + (a >> 32) + (b & UINT32_MAX) + (b >> 32) + c;
    return ik_cksum_halves(sum) == 0xffff;
}
