/* SPDX-License-Identifier: MIT
 * IP headers of both versions, as received and as quoted (RFC 791 section 3.1, RFC 8200). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "base/wr.h"
#include "wire/cksum_int.h"
#include "wire/fault.h"
#include "wire/ip_int.h"
#include "wire/payload.h"

#include <string.h>

enum { RF = 0x8000, DF = 0x4000, MF = 0x2000, OFFSET = 0x1fff };

/* Where a header was found, which decides how far its length is believed. */
enum place { RECEIVED, QUOTED, CAPTURED };

/* The decoders below run for every packet. They write member by member, in place: a struct that is
 * initialised as a whole is cleared and copied first, which took half of their time. */

static inline void fill_addr4(struct ik_addr *restrict a, const uint8_t *restrict p)
{
    memset(a, 0, sizeof(*a));
    a->family = 4;
    memcpy(a->bytes, p, 4);
}

/* What comes after the last byte is cleared with it, the gap before the scope too. */
static inline void fill_addr6(struct ik_addr *restrict a, const uint8_t *restrict p)
{
    enum { LAST = offsetof(struct ik_addr, bytes) + 15 };
    memset((uint8_t *)a + LAST, 0, sizeof(*a) - LAST);
    a->family = 6;
    memcpy(a->bytes, p, 16);
}

static enum ik_err reject(struct ik_faults *faults, enum ik_flaw what, size_t at, enum ik_err err)
{
    ik_fault_add(faults, what, at);
    return err;
}

static bool all_zero(struct ik_rd r)
{
    uint8_t any = 0;
    for (size_t i = 0; i < r.left; i++)
        any |= r.p[i];
    return any == 0;
}

/* What follows the fixed header (IPv4: and options) of a quoted packet. Some systems hand the total
 * length on with its bytes swapped, or without the header; others pad the quote with zeros (RFC
 * 4884 section 4). A length that the bytes disprove is not believed. */
static struct ik_rd quoted_rest(struct ik_ip *ip, struct ik_rd in, struct ik_faults *faults)
{
    const struct ik_rd rest = ik_rd_from(in, ip->header_bytes);
    const size_t fixed = ip->version == 4 ? 0 : IK_IP6_BYTES;
    const size_t at = ip->version == 4 ? IK_IP4_LENGTH_AT : IK_IP6_LENGTH_AT;
    const uint16_t swapped = (uint16_t)(ip->length_field << 8 | ip->length_field >> 8);
    if (ip->total_bytes != in.left && fixed + swapped == in.left && rest.left) {
        ik_fault_add(faults, IK_FLAW_QUOTED_LENGTH_ORDER, at);
        ip->truncated = false;
        return rest;
    }
    if (ip->total_bytes >= in.left)
        return rest;
    if (ip->total_bytes >= ip->header_bytes && all_zero(ik_rd_from(in, ip->total_bytes)))
        return ik_rd_from(ik_rd_head(in, ip->total_bytes), ip->header_bytes);
    ik_fault_add(faults, IK_FLAW_QUOTED_LENGTH, at);
    return rest;
}

static void check_fragment4(const struct ik_ip *ip, struct ik_faults *faults)
{
    if (ip->mf && (ip->total_bytes - ip->header_bytes) % 8)
        ik_fault_add(faults, IK_FLAW_FRAGMENT_LENGTH, IK_IP4_LENGTH_AT);
    if (ip->offset_bytes + ip->total_bytes > IK_IP_PACKET_MAX) /* ping of death */
        ik_fault_add(faults, IK_FLAW_FRAGMENT_PAST_END, 6);
}

/* `flags` with the offset; of what the caller knows of it nothing is computed. */
static inline void fill4(struct ik_ip *restrict ip, const uint8_t *restrict h, uint16_t flags,
                         uint32_t header, bool truncated)
{
    const uint16_t total = ik_load_be16(h + IK_IP4_LENGTH_AT);
    ip->version = 4;
    ip->tos = h[1];
    ip->ttl = h[8];
    ip->proto = h[9];
    ip->next_header = h[9];
    ip->df = flags & DF;
    ip->length_field = total;
    ip->header_bytes = header;
    ip->total_bytes = total;
    ip->id = ik_load_be16(h + 4);
    ip->flow = 0;
    ip->offset_bytes = (uint16_t)(8 * (flags & OFFSET));
    ip->reserved_flag = flags & RF;
    ip->mf = flags & MF;
    ip->fragment = flags & (MF | OFFSET);
    ip->truncated = truncated;
    ip->final_dst_known = false;
    ip->checksum_ok = true;
    ip->checksum = ik_load_be16(h + 10);
    fill_addr4(&ip->src, h + 12);
    fill_addr4(&ip->dst, h + 16);
    fill_addr4(&ip->final_dst, h + 16);
}

/* Without faults only what callers act upon is looked at. */
static void judge4(struct ik_ip *ip, const uint8_t *h, struct ik_faults *faults)
{
    ip->checksum_ok = ik_cksum_is_right((struct ik_rd){h, ip->header_bytes});
    if (!faults)
        return;
    if (!ip->checksum_ok)
        ik_fault_add(faults, IK_FLAW_BAD_CHECKSUM, 10);
    if (ip->truncated)
        ik_fault_add(faults, IK_FLAW_TRUNCATED, IK_IP4_LENGTH_AT);
    if (ip->reserved_flag)
        ik_fault_add(faults, IK_FLAW_RESERVED, 6);
    if (ip->fragment)
        check_fragment4(ip, faults);
    if (ip->options.left == 0)
        return;
    const uint32_t was = ik_fault_down(faults, IK_IP4_BYTES);
    ik_ipopt_check(ip->options, faults);
    ik_fault_up(faults, was);
}

static enum ik_err decode4(struct ik_ip *out, struct ik_rd in, enum place place,
                           struct ik_faults *faults)
{
    const bool quoted = place == QUOTED;
    if (in.left < IK_IP4_BYTES)
        return reject(faults, IK_FLAW_SHORT, in.left, IK_E_SHORT);
    const size_t header = 4u * (in.p[0] & 0xf);
    if (header < IK_IP4_BYTES)
        return reject(faults, IK_FLAW_BAD_LENGTH, 0, IK_E_LENGTH);
    if (!quoted && header > in.left)
        return reject(faults, IK_FLAW_SHORT, 0, IK_E_SHORT);
    const uint16_t total = ik_load_be16(in.p + 2);
    const bool left_open = place == CAPTURED && total == 0;
    if (!quoted && !left_open && total < header)
        return reject(faults, IK_FLAW_BAD_LENGTH, IK_IP4_LENGTH_AT, IK_E_LENGTH);
    fill4(out, in.p, ik_load_be16(in.p + 6), (uint32_t)header, total > in.left);
    if (left_open)
        out->total_bytes = (uint32_t)in.left;
    out->options = ik_rd_from(ik_rd_head(in, header), IK_IP4_BYTES);
    if (quoted) {
        out->payload = quoted_rest(out, in, faults);
        return IK_OK;
    }
    out->payload = ik_rd_from(ik_rd_head(in, out->total_bytes), header);
    judge4(out, in.p, faults);
    return IK_OK;
}

/* `after`: bytes after the fixed header. What depends on the chain is as if there were none. */
static inline void fill6(struct ik_ip *restrict ip, const uint8_t *restrict h, uint32_t after,
                         bool truncated)
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
    ip->offset_bytes = 0;
    ip->reserved_flag = false;
    ip->mf = false;
    ip->fragment = false;
    ip->truncated = truncated;
    ip->final_dst_known = false;
    ip->checksum_ok = true;
    ip->checksum = 0;
    fill_addr6(&ip->src, h + 8);
    fill_addr6(&ip->dst, h + 24);
    fill_addr6(&ip->final_dst, h + 24);
}

static enum ik_err decode6(struct ik_ip *out, struct ik_rd in, bool quoted,
                           struct ik_faults *faults)
{
    if (in.left < IK_IP6_BYTES)
        return reject(faults, IK_FLAW_SHORT, in.left, IK_E_SHORT);
    uint32_t after = ik_load_be16(in.p + 4);
    if (after == 0 && in.p[6] == IK_PROTO_HOPOPTS && in.left > IK_IP6_BYTES) {
        after = ik_ip6chain_jumbo_bytes(ik_rd_from(in, IK_IP6_BYTES));
        if (after == 0 && !quoted) /* RFC 2675 section 3 */
            ik_fault_add(faults, IK_FLAW_JUMBO, IK_IP6_LENGTH_AT);
    }
    fill6(out, in.p, after, after > in.left - IK_IP6_BYTES);
    struct ik_rd rest = ik_rd_from(ik_rd_head(in, out->total_bytes), IK_IP6_BYTES);
    if (quoted)
        rest = quoted_rest(out, in, faults);
    else if (out->truncated)
        ik_fault_add(faults, IK_FLAW_TRUNCATED, IK_IP6_LENGTH_AT);
    ik_ip6chain_follow(out, rest, faults);
    return IK_OK;
}

static enum ik_err decode(struct ik_ip *out, struct ik_rd in, enum place place,
                          struct ik_faults *faults)
{
    if (in.left == 0)
        return reject(faults, IK_FLAW_SHORT, 0, IK_E_SHORT);
    switch (in.p[0] >> 4) {
    case 4:
        return decode4(out, in, place, faults);
    case 6:
        return decode6(out, in, place == QUOTED, faults);
    default:
        return reject(faults, IK_FLAW_BAD_VERSION, 0, IK_E_VERSION);
    }
}

/* Whether a length, `fixed` and `field`, is such that nothing is to be said of it: that of a quote
 * may exceed what is there, and is not what has its bytes swapped. */
static inline bool is_plain_length(uint32_t fixed, uint16_t field, size_t there, enum place place)
{
    const uint32_t total = fixed + field;
    const uint16_t swapped = (uint16_t)(field << 8 | field >> 8);
    if (place != QUOTED)
        return total <= there;
    return total == there || (total > there && fixed + swapped != there);
}

/* What most packets are: whole, without options, no fragment, and nothing wrong with them. */
static inline bool decode_plain4(struct ik_ip *out, struct ik_rd in, enum place place)
{
    if (in.p[6] & ~(DF >> 8) || in.p[7])
        return false;
    const uint16_t total = ik_load_be16(in.p + IK_IP4_LENGTH_AT);
    if (total < IK_IP4_BYTES || !is_plain_length(0, total, in.left, place))
        return false;
    if (place != QUOTED && !ik_cksum_verifies(in.p, IK_IP4_BYTES))
        return false;
    const bool cut = place == QUOTED && total > in.left;
    fill4(out, in.p, (uint16_t)((in.p[6] & DF >> 8) << 8), IK_IP4_BYTES, cut);
    out->options = (struct ik_rd){in.p + IK_IP4_BYTES, 0};
    out->payload =
        (struct ik_rd){in.p + IK_IP4_BYTES, (cut ? in.left : (size_t)total) - IK_IP4_BYTES};
    return true;
}

/* The same of IPv6, with a payload that is no extension header. */
static inline bool decode_plain6(struct ik_ip *out, struct ik_rd in, enum place place)
{
    if (in.left < IK_IP6_BYTES)
        return false;
    const uint8_t next = in.p[6];
    const uint16_t after = ik_load_be16(in.p + IK_IP6_LENGTH_AT);
    if ((next != IK_PROTO_ICMP6 && next != IK_PROTO_TCP && next != IK_PROTO_UDP) ||
        !is_plain_length(IK_IP6_BYTES, after, in.left, place))
        return false;
    const size_t rest = in.left - IK_IP6_BYTES;
    const bool cut = place == QUOTED && after > rest;
    fill6(out, in.p, after, cut);
    out->options = (struct ik_rd){in.p + IK_IP6_BYTES, 0};
    out->payload = (struct ik_rd){in.p + IK_IP6_BYTES, cut ? rest : after};
    return true;
}

/* Fills *out as decode() does, with no question asked twice. False: it is no such packet. */
static inline bool decode_plain(struct ik_ip *out, struct ik_rd in, enum place place)
{
    if (in.left < IK_IP4_BYTES)
        return false;
    return in.p[0] == 0x45 ? decode_plain4(out, in, place)
                           : in.p[0] >> 4 == 6 && decode_plain6(out, in, place);
}

enum ik_err ik_ip_decode(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return decode_plain(out, in, RECEIVED) ? IK_OK : decode(out, in, RECEIVED, faults);
}

enum ik_err ik_ip_decode_captured(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return decode_plain(out, in, CAPTURED) ? IK_OK : decode(out, in, CAPTURED, faults);
}

enum ik_err ik_ip_decode_quoted(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return decode_plain(out, in, QUOTED) ? IK_OK : decode(out, in, QUOTED, faults);
}

/* Header length to write; 0 when the view contradicts itself. A quoted header may have been cut
 * inside its options: then nothing can follow. */
static size_t header_bytes4(const struct ik_ip *ip, bool exact)
{
    const size_t with_options = IK_IP4_BYTES + ip->options.left;
    if (!exact)
        return with_options <= IK_IP4_MAX_BYTES ? (with_options + 3) & ~(size_t)3 : 0;
    const bool whole = ip->header_bytes == with_options;
    const bool cut = ip->header_bytes > with_options && ip->payload.left == 0;
    const bool fits = ip->header_bytes % 4 == 0 && ip->header_bytes <= IK_IP4_MAX_BYTES;
    return fits && (whole || cut) ? ip->header_bytes : 0;
}

static enum ik_err encode4(const struct ik_ip *ip, bool exact, struct ik_wr *w)
{
    const size_t header = header_bytes4(ip, exact), total = header + ip->payload.left;
    if (header == 0 || ip->id > UINT16_MAX || ip->offset_bytes % 8)
        return IK_E_VALUE;
    if (!exact && total > IK_IP_PACKET_MAX)
        return IK_E_TOO_BIG;
    uint8_t *h = ik_wr_room(w, IK_IP4_BYTES);
    ik_wr_put(w, ip->options);
    if (!exact)
        ik_wr_zero(w, header - IK_IP4_BYTES - ip->options.left);
    ik_payload_put(w, ip->payload);
    if (w->overflow)
        return IK_E_FULL;
    h[0] = (uint8_t)(0x40 | header / 4);
    h[1] = ip->tos;
    ik_store_be16(h + 2, exact ? ip->length_field : (uint16_t)total);
    ik_store_be16(h + 4, (uint16_t)ip->id);
    ik_store_be16(h + 6, (uint16_t)((ip->reserved_flag ? RF : 0) | (ip->df ? DF : 0) |
                                    (ip->mf ? MF : 0) | ip->offset_bytes / 8));
    h[8] = ip->ttl;
    h[9] = ip->proto;
    ik_store_be16(h + 10, exact ? ip->checksum : 0);
    memcpy(h + 12, ip->src.bytes, 4);
    memcpy(h + 16, ip->dst.bytes, 4);
    if (!exact)
        ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, header})));
    return IK_OK;
}

static enum ik_err encode6(const struct ik_ip *ip, bool exact, struct ik_wr *w)
{
    const size_t after = ip->options.left + ip->payload.left;
    if (ip->flow > 0xfffff)
        return IK_E_VALUE;
    if (!exact && after > UINT16_MAX)
        return IK_E_TOO_BIG;
    uint8_t *h = ik_wr_room(w, IK_IP6_BYTES);
    ik_wr_put(w, ip->options);
    ik_payload_put(w, ip->payload);
    if (w->overflow)
        return IK_E_FULL;
    ik_store_be32(h, 6u << 28 | (uint32_t)ip->tos << 20 | ip->flow);
    ik_store_be16(h + 4, exact ? ip->length_field : (uint16_t)after);
    h[6] = exact || ip->options.left ? ip->next_header : ip->proto;
    h[7] = ip->ttl;
    memcpy(h + 8, ip->src.bytes, 16);
    memcpy(h + 24, ip->dst.bytes, 16);
    return IK_OK;
}

enum ik_err ik_ip_encode(const struct ik_ip *ip, bool exact, uint8_t *out, size_t cap, size_t *len)
{
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    if (ip->version != 4 && ip->version != 6)
        return IK_E_VERSION;
    if (ip->src.family != ip->version || ip->dst.family != ip->version)
        return IK_E_VALUE;
    const enum ik_err err = ip->version == 4 ? encode4(ip, exact, &w) : encode6(ip, exact, &w);
    if (err == IK_OK)
        *len = w.used;
    return err;
}
