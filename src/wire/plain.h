/* SPDX-License-Identifier: MIT
 * What most packets are, each the first branch of its decoder: Ethernet and IP without a tunnel, an
 * IP header of which nothing is to be said, an echo whose checksum is right. Inline for those who
 * look at every packet; what one of these refuses, its decoder takes. They write member by member,
 * in place: a struct that is initialised as a whole is cleared and copied first. */
#pragma once

#include "icmpkit/wire.h"

#include "base/bytes.h"
#include "wire/cksum_int.h"
#include "wire/ip_int.h"

#include <string.h>

/* ---- layers ---------------------------------------------------------------------------------- */

enum { IK_PLAIN_ETHERNET_BYTES = 14 };

/* The same as the walk makes of it, in a tenth of its steps; at least 14 bytes. */
static inline void ik_plain_fill_layers(struct ik_layers *restrict out,
                                        const uint8_t *restrict frame, size_t bytes)
{
    enum { TYPE_AT = 12, MACS = 12 };
    out->n = 1;
    out->more = false;
    out->has_ip = true;
    out->ethertype = ik_load_be16(frame + TYPE_AT);
    out->ip_at_bytes = IK_PLAIN_ETHERNET_BYTES;
    out->ip = (struct ik_rd){frame + IK_PLAIN_ETHERNET_BYTES, bytes - IK_PLAIN_ETHERNET_BYTES};
    memcpy(out->dst_mac, frame, sizeof(out->dst_mac));
    memcpy(out->src_mac, frame + sizeof(out->dst_mac), sizeof(out->src_mac));
    out->list[0].kind = IK_LAYER_ETHERNET;
    out->list[0].at_bytes = 0;
    out->list[0].bytes = IK_PLAIN_ETHERNET_BYTES;
    out->list[0].ident = 0;
    out->list[0].priority = 0;
}

/* As ik_layers_decode. */
static inline bool ik_plain_decode_layers(struct ik_layers *out, uint16_t linktype,
                                          struct ik_rd frame)
{
    if (linktype != IK_LINKTYPE_ETHERNET || frame.left < IK_PLAIN_ETHERNET_BYTES + IK_IP6_BYTES)
        return false;
    const uint8_t *ip = frame.p + IK_PLAIN_ETHERNET_BYTES;
    const uint16_t ethertype = ik_load_be16(ip - 2);
    const bool v4 = ethertype == 0x0800 && ip[0] >> 4 == 4;
    if (!v4 && (ethertype != 0x86dd || ip[0] >> 4 != 6))
        return false;
    const uint8_t proto = v4 ? ip[9] : ip[6];
    if (proto != (v4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6) && proto != IK_PROTO_TCP)
        return false;
    ik_plain_fill_layers(out, frame.p, frame.left);
    return true;
}

/* ---- IP -------------------------------------------------------------------------------------- */

/* Where a header was found, which decides how far its length is believed. */
enum ik_plain_place { IK_PLAIN_RECEIVED, IK_PLAIN_QUOTED, IK_PLAIN_CAPTURED };

enum { IK_PLAIN_RF = 0x8000, IK_PLAIN_DF = 0x4000, IK_PLAIN_MF = 0x2000, IK_PLAIN_OFFSET = 0x1fff };

static inline void ik_plain_fill_addr4(struct ik_addr *restrict a, const uint8_t *restrict p)
{
    memset(a, 0, sizeof(*a));
    a->family = 4;
    memcpy(a->bytes, p, 4);
}

/* What comes after the last byte is cleared with it, the gap before the scope too. */
static inline void ik_plain_fill_addr6(struct ik_addr *restrict a, const uint8_t *restrict p)
{
    enum { LAST = offsetof(struct ik_addr, bytes) + 15 };
    memset((uint8_t *)a + LAST, 0, sizeof(*a) - LAST);
    a->family = 6;
    memcpy(a->bytes, p, 16);
}

/* `flags` with the offset; of what the caller knows of them nothing is computed. */
static inline void ik_plain_fill_ip4(struct ik_ip *restrict ip, const uint8_t *restrict h,
                                     uint16_t flags, uint32_t header, bool truncated)
{
    const uint16_t total = ik_load_be16(h + IK_IP4_LENGTH_AT);
    ip->version = 4;
    ip->tos = h[1];
    ip->ttl = h[8];
    ip->proto = h[9];
    ip->next_header = h[9];
    ip->df = flags & IK_PLAIN_DF;
    ip->length_field = total;
    ip->header_bytes = header;
    ip->total_bytes = total;
    ip->id = ik_load_be16(h + 4);
    ip->flow = 0;
    ip->checksum_ok = true;
    ip->reserved_flag = flags & IK_PLAIN_RF;
    ip->mf = flags & IK_PLAIN_MF;
    ip->fragment = flags & (IK_PLAIN_MF | IK_PLAIN_OFFSET);
    ip->truncated = truncated;
    ip->final_dst_known = false;
    ip->offset_bytes = (uint16_t)(8 * (flags & IK_PLAIN_OFFSET));
    ip->checksum = ik_load_be16(h + 10);
    ik_plain_fill_addr4(&ip->src, h + 12);
    ik_plain_fill_addr4(&ip->dst, h + 16);
    ik_plain_fill_addr4(&ip->final_dst, h + 16);
}

/* `after`: bytes after the fixed header. What depends on the chain is as if there were none. */
static inline void ik_plain_fill_ip6(struct ik_ip *restrict ip, const uint8_t *restrict h,
                                     uint32_t after, bool truncated)
{
    const uint32_t first = ik_load_be32(h);
    ip->version = 6;
    ip->tos = (uint8_t)(first >> 20);
    ip->ttl = h[7];
    ip->proto = h[6];
    ip->next_header = h[6];
    ip->df = false;
    ip->length_field = ik_load_be16(h + IK_IP6_LENGTH_AT);
    ip->header_bytes = IK_IP6_BYTES;
    ip->total_bytes = after < UINT32_MAX - IK_IP6_BYTES ? IK_IP6_BYTES + after : UINT32_MAX;
    ip->id = 0;
    ip->flow = first & 0xfffff;
    ip->checksum_ok = true;
    ip->reserved_flag = false;
    ip->mf = false;
    ip->fragment = false;
    ip->truncated = truncated;
    ip->final_dst_known = false;
    ip->offset_bytes = 0;
    ip->checksum = 0;
    ik_plain_fill_addr6(&ip->src, h + 8);
    ik_plain_fill_addr6(&ip->dst, h + 24);
    ik_plain_fill_addr6(&ip->final_dst, h + 24);
}

/* Whether a length, `fixed` and `field`, is such that nothing is to be said of it: that of a quote
 * may exceed what is there, and is not what has its bytes swapped. */
static inline bool ik_plain_is_length(uint32_t fixed, uint16_t field, size_t there,
                                      enum ik_plain_place place)
{
    const uint32_t total = fixed + field;
    const uint16_t swapped = (uint16_t)(field << 8 | field >> 8);
    if (place != IK_PLAIN_QUOTED)
        return total <= there;
    return total == there || (total > there && fixed + swapped != there);
}

/* Whole, without options, no fragment; `in` begins with 20 bytes, the first of them 0x45. */
static inline bool ik_plain_decode_ip4(struct ik_ip *out, struct ik_rd in,
                                       enum ik_plain_place place)
{
    const uint16_t total = ik_load_be16(in.p + IK_IP4_LENGTH_AT);
    const uint16_t flags = ik_load_be16(in.p + 6);
    if (flags & ~IK_PLAIN_DF || total < IK_IP4_BYTES ||
        !ik_plain_is_length(0, total, in.left, place))
        return false;
    if (place != IK_PLAIN_QUOTED && !ik_cksum_verifies(in.p, IK_IP4_BYTES))
        return false;
    const bool cut = place == IK_PLAIN_QUOTED && total > in.left;
    ik_plain_fill_ip4(out, in.p, flags & IK_PLAIN_DF, IK_IP4_BYTES, cut);
    out->options = (struct ik_rd){in.p + IK_IP4_BYTES, 0};
    out->payload =
        (struct ik_rd){in.p + IK_IP4_BYTES, (cut ? in.left : (size_t)total) - IK_IP4_BYTES};
    return true;
}

/* The same of IPv6, with a payload that is no extension header. */
static inline bool ik_plain_decode_ip6(struct ik_ip *out, struct ik_rd in,
                                       enum ik_plain_place place)
{
    if (in.left < IK_IP6_BYTES)
        return false;
    const uint8_t next = in.p[6];
    const uint16_t after = ik_load_be16(in.p + IK_IP6_LENGTH_AT);
    if ((next != IK_PROTO_ICMP6 && next != IK_PROTO_TCP && next != IK_PROTO_UDP) ||
        !ik_plain_is_length(IK_IP6_BYTES, after, in.left, place))
        return false;
    const size_t rest = in.left - IK_IP6_BYTES;
    const bool cut = place == IK_PLAIN_QUOTED && after > rest;
    ik_plain_fill_ip6(out, in.p, after, cut);
    out->options = (struct ik_rd){in.p + IK_IP6_BYTES, 0};
    out->payload = (struct ik_rd){in.p + IK_IP6_BYTES, cut ? rest : after};
    return true;
}

/* As ik_ip_decode, ik_ip_decode_quoted and ik_ip_decode_captured, with no question asked twice. */
static inline bool ik_plain_decode_ip(struct ik_ip *out, struct ik_rd in, enum ik_plain_place place)
{
    if (in.left < IK_IP4_BYTES)
        return false;
    return in.p[0] == 0x45 ? ik_plain_decode_ip4(out, in, place)
                           : in.p[0] >> 4 == 6 && ik_plain_decode_ip6(out, in, place);
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

enum { IK_PLAIN_ICMP_HEAD = 4, IK_PLAIN_ECHO_BYTES = 8 };

/* Type, code, checksum, and the rest as bytes. */
static inline void ik_plain_fill_icmp(struct ik_icmp *restrict out, const uint8_t *restrict p,
                                      size_t bytes, uint8_t family)
{
    out->family = family;
    out->type = p[0];
    out->code = p[1];
    out->checksum = ik_load_be16(p + 2);
    out->raw = (struct ik_rd){p + IK_PLAIN_ICMP_HEAD, bytes - IK_PLAIN_ICMP_HEAD};
}

static inline void ik_plain_fill_echo(struct ik_icmp *restrict out, const uint8_t *restrict p,
                                      size_t bytes)
{
    const uint32_t ident = ik_load_be32(p + IK_PLAIN_ICMP_HEAD);
    out->kind = IK_ICMP_ECHO;
    out->echo.id = (uint16_t)(ident >> 16);
    out->echo.seq = (uint16_t)ident;
    out->echo.data = (struct ik_rd){p + IK_PLAIN_ECHO_BYTES, bytes - IK_PLAIN_ECHO_BYTES};
}

static inline bool ik_plain_is_echo(uint8_t family, uint8_t type)
{
    return family == 4 ? (type & ~IK_ICMP4_ECHO) == IK_ICMP4_ECHO_REPLY
                       : (type | 1) == IK_ICMP6_ECHO_REPLY;
}

/* RFC 792 (no pseudo-header), RFC 4443 section 2.3 (with one, whose numbers are summed with their
 * bytes swapped, as all words are here). The addresses are for ICMPv6 alone. */
static inline bool ik_plain_verifies(uint8_t family, struct ik_rd message,
                                     const struct ik_addr *src, const struct ik_addr *dst)
{
    const uint64_t length = __builtin_bswap32((uint32_t)message.left);
    struct ik_cksum c = {0, 0};
    if (family == 6) {
        ik_cksum_put(&c, src->bytes, 16);
        ik_cksum_put(&c, dst->bytes, 16);
        ik_cksum_put8(&c, length + (IK_PROTO_ICMP6 << 8));
    }
    ik_cksum_put(&c, message.p, message.left);
    return ik_cksum_is_all_ones(&c);
}

/* As ik_icmp_decode of a message that is whole and whose addresses are known: it has no end of its
 * own, and no field that could be wrong. */
static inline bool ik_plain_decode_echo(struct ik_icmp *out, struct ik_rd in, uint8_t family,
                                        const struct ik_addr *src, const struct ik_addr *dst)
{
    if (in.left < IK_PLAIN_ECHO_BYTES || !ik_plain_is_echo(family, in.p[0]) || in.p[1] != 0 ||
        !ik_plain_verifies(family, in, src, dst))
        return false;
    ik_plain_fill_icmp(out, in.p, in.left, family);
    out->checksum_known = out->checksum_ok = true;
    ik_plain_fill_echo(out, in.p, in.left);
    return true;
}
