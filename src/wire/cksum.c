/* SPDX-License-Identifier: MIT
 * The Internet checksum, the only one of the project (RFC 1071, RFC 1624). */
#include "icmpkit/wire.h"

#include "base/bytes.h"

#include <string.h>

/* The running sum is of 16-bit words in host order; 64 bits hold 2^48 of them without a carry. */

static uint16_t fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static uint64_t load_native(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return w;
}

/* The last n < 8 bytes. An odd one is the high one of its word: a zero follows it. */
static uint64_t tail_native(const uint8_t *p, size_t n)
{
    uint64_t sum = 0;
    if (n & 4) {
        uint32_t w;
        memcpy(&w, p, sizeof(w));
        sum += w;
        p += 4;
    }
    if (n & 2) {
        uint16_t w;
        memcpy(&w, p, sizeof(w));
        sum += w;
        p += 2;
    }
    if (n & 1) {
        const uint8_t last[2] = {*p, 0};
        uint16_t w;
        memcpy(&w, last, sizeof(w));
        sum += w;
    }
    return sum;
}

/* Sum of words as this machine reads them: byte order only swaps the bytes of the result (RFC 1071
 * section 2 (B)), so it is put right once at the end. Each 64-bit word goes in as two halves, which
 * leaves carries room, and the four sums do not wait for each other. */
static uint64_t sum_native(const uint8_t *p, size_t n)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; n >= 16; p += 16, n -= 16) {
        const uint64_t v = load_native(p), w = load_native(p + 8);
        a += v & 0xffffffff;
        b += v >> 32;
        c += w & 0xffffffff;
        d += w >> 32;
    }
    if (n & 8) {
        const uint64_t v = load_native(p);
        a += v & 0xffffffff;
        b += v >> 32;
        p += 8;
    }
    return a + b + c + d + tail_native(p, n & 7);
}

uint64_t ik_cksum_add(uint64_t sum, struct ik_rd bytes)
{
    const uint16_t native = fold(sum_native(bytes.p, bytes.left));
    uint8_t wire[2];
    memcpy(wire, &native, sizeof(wire));
    return sum + ik_load_be16(wire);
}

uint64_t ik_cksum_add_pseudo(uint64_t sum, const struct ik_addr *src, const struct ik_addr *dst,
                             uint8_t proto, uint32_t len_bytes)
{
    const size_t n = src->family == 6 ? 16 : 4;
    sum = ik_cksum_add(sum, (struct ik_rd){src->bytes, n});
    sum = ik_cksum_add(sum, (struct ik_rd){dst->bytes, n});
    return sum + (len_bytes >> 16) + (len_bytes & 0xffff) + proto;
}

uint16_t ik_cksum_fold(uint64_t sum)
{
    return (uint16_t)~fold(sum);
}

uint16_t ik_cksum_update(uint16_t checksum, uint16_t was, uint16_t is)
{
    const uint64_t sum = (uint64_t)(uint16_t)~checksum + (uint16_t)~was + is;
    return (uint16_t)~fold(sum);
}
