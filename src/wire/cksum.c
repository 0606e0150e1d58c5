/* SPDX-License-Identifier: MIT
 * The Internet checksum, the only one of the project (RFC 1071, RFC 1624). */
#include "wire/cksum_int.h"

#include "base/bytes.h"

/* The running sum is of 16-bit words in host order; 64 bits hold 2^48 of them without a carry. */

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

/* A carry out of 64 bits stands for 2^64, which is 1 in this arithmetic: carries are counted
 * beside. Compilers make an add and an add-with-carry of it. */
struct wide {
    uint64_t sum, carries;
};

static inline void add_word(struct wide *a, const uint8_t *p)
{
    const uint64_t w = ik_cksum_load8(p);
    a->sum += w;
    a->carries += a->sum < w;
}

/* Sum of words as this machine reads them: byte order only swaps the bytes of the result (RFC 1071
 * section 2 (B)), so it is put right once at the end. */
static uint64_t sum_native(const uint8_t *p, size_t n)
{
    struct wide a = {0, 0};
    for (; n >= 32; p += 32, n -= 32) {
        add_word(&a, p);
        add_word(&a, p + 8);
        add_word(&a, p + 16);
        add_word(&a, p + 24);
    }
    for (; n >= 8; p += 8, n -= 8)
        add_word(&a, p);
    return (a.sum & 0xffffffff) + (a.sum >> 32) + a.carries + tail_native(p, n);
}

uint64_t ik_cksum_add(uint64_t sum, struct ik_rd bytes)
{
    const uint16_t native = ik_cksum_halves(sum_native(bytes.p, bytes.left));
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

bool ik_cksum_is_right(struct ik_rd bytes)
{
    return ik_cksum_halves(sum_native(bytes.p, bytes.left)) == 0xffff; /* in either byte order */
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
