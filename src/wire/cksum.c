/* SPDX-License-Identifier: MIT
 * The Internet checksum, the only one of the project (RFC 1071, RFC 1624). */
#include "icmpkit/wire.h"

#include "wire/cksum_int.h"

/* The running sum is of 16-bit words in host order; 64 bits hold 2^48 of them without a carry. */

uint64_t ik_cksum_add(uint64_t sum, struct ik_rd bytes)
{
    struct ik_cksum c = {0, 0};
    ik_cksum_put(&c, bytes.p, bytes.left);
    const uint16_t folded = ik_cksum_folded(&c);
    return sum + (uint16_t)(folded << 8 | folded >> 8);
}

uint64_t ik_cksum_add_pseudo(uint64_t sum, const struct ik_addr *src, const struct ik_addr *dst,
                             uint8_t proto, uint32_t len_bytes)
{
    const size_t n = src->family == 6 ? 16 : 4;
    sum = ik_cksum_add(sum, (struct ik_rd){src->bytes, n});
    sum = ik_cksum_add(sum, (struct ik_rd){dst->bytes, n});
    return sum + (len_bytes >> 16) + (len_bytes & 0xffff) + proto;
}

bool ik_cksum_is_right(struct ik_rd bytes)
{
    return ik_cksum_verifies(bytes.p, bytes.left);
}

uint16_t ik_cksum_fold(uint64_t sum)
{
    return (uint16_t)~ik_cksum_halves(sum);
}

uint16_t ik_cksum_update(uint16_t checksum, uint16_t was, uint16_t is)
{
    const uint64_t sum = (uint64_t)(uint16_t)~checksum + (uint16_t)~was + is;
    return (uint16_t)~ik_cksum_halves(sum);
}
