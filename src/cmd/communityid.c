/* SPDX-License-Identifier: MIT */
#include "communityid.h"

#include "sha1.h"

#include <icmpkit/wire.h>

#include <string.h>

enum { DIGITS = (IK_SHA1_BYTES + 2) / 3 * 4 };

/* Types that ask and answer each other, as the reference implementation has them. */
static const uint8_t pairs4[][2] = {{8, 0}, {13, 14}, {15, 16}, {10, 9}, {17, 18}};
static const uint8_t pairs6[][2] = {{128, 129}, {133, 134}, {135, 136},
                                    {130, 131}, {139, 140}, {144, 145}};

/* The type that stands for the other port; -1: the message goes one way. */
static int partner(uint8_t family, uint8_t type)
{
    const uint8_t(*list)[2] = family == 4 ? pairs4 : pairs6;
    const size_t n = family == 4 ? sizeof pairs4 / sizeof *pairs4 : sizeof pairs6 / sizeof *pairs6;
    for (size_t i = 0; i < n; i++) {
        if (list[i][0] == type)
            return list[i][1];
        if (list[i][1] == type)
            return list[i][0];
    }
    return -1;
}

static void put_base64(const uint8_t in[static IK_SHA1_BYTES], char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < DIGITS; i++) {
        const unsigned bit = 6 * i, byte = bit / 8;
        const unsigned two = (unsigned)(byte < IK_SHA1_BYTES ? in[byte] : 0) << 8 |
                             (byte + 1 < IK_SHA1_BYTES ? in[byte + 1] : 0);
        out[i] = byte < IK_SHA1_BYTES ? digits[two >> (10 - bit % 8) & 63] : '=';
    }
    out[DIGITS] = 0;
}

const char *ik_communityid(uint8_t family, const struct ik_addr *src, const struct ik_addr *dst,
                           uint8_t type, uint8_t code, char buf[static IK_COMMUNITYID_TEXT])
{
    const size_t n = ik_addr_bytes(family);
    buf[0] = 0;
    if (!n || src->family != family || dst->family != family)
        return buf;
    const int other = partner(family, type);
    unsigned sport = type, dport = other < 0 ? code : (unsigned)other;
    const int order = memcmp(src->bytes, dst->bytes, n);
    if (other >= 0 && (order > 0 || (order == 0 && sport > dport))) {
        const struct ik_addr *swap = src;
        src = dst;
        dst = swap;
        sport = dport;
        dport = type;
    }
    /* Seed, addresses, protocol, padding, ports: all in network order. */
    uint8_t text[2 + 2 * 16 + 2 + 4] = {0}, digest[IK_SHA1_BYTES];
    uint8_t *at = text + 2;
    memcpy(at, src->bytes, n);
    memcpy(at + n, dst->bytes, n);
    at += 2 * n;
    at[0] = family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
    at[3] = (uint8_t)sport;
    at[5] = (uint8_t)dport;
    ik_sha1_short(text, (size_t)(at + 6 - text), digest);
    memcpy(buf, "1:", 2);
    put_base64(digest, buf + 2);
    return buf;
}
