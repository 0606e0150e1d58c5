/* SPDX-License-Identifier: MIT
 * IP headers of both versions, as received and as quoted (RFC 791 section 3.1, RFC 8200). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "base/wr.h"
#include "wire/fault.h"
#include "wire/ip_int.h"
#include "wire/payload.h"
#include "wire/plain.h"

#include <string.h>

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

static enum ik_err decode4(struct ik_ip *out, struct ik_rd in, enum ik_plain_place place,
                           struct ik_faults *faults)
{
    const bool quoted = place == IK_PLAIN_QUOTED;
    if (in.left < IK_IP4_BYTES)
        return reject(faults, IK_FLAW_SHORT, in.left, IK_E_SHORT);
    const size_t header = 4u * (in.p[0] & 0xf);
    if (header < IK_IP4_BYTES)
        return reject(faults, IK_FLAW_BAD_LENGTH, 0, IK_E_LENGTH);
    if (!quoted && header > in.left)
        return reject(faults, IK_FLAW_SHORT, 0, IK_E_SHORT);
    const uint16_t total = ik_load_be16(in.p + 2);
    const bool left_open = place == IK_PLAIN_CAPTURED && total == 0;
    if (!quoted && !left_open && total < header)
        return reject(faults, IK_FLAW_BAD_LENGTH, IK_IP4_LENGTH_AT, IK_E_LENGTH);
    ik_plain_fill_ip4(out, in.p, ik_load_be16(in.p + 6), (uint32_t)header, total > in.left);
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
    ik_plain_fill_ip6(out, in.p, after, after > in.left - IK_IP6_BYTES);
    struct ik_rd rest = ik_rd_from(ik_rd_head(in, out->total_bytes), IK_IP6_BYTES);
    if (quoted)
        rest = quoted_rest(out, in, faults);
    else if (out->truncated)
        ik_fault_add(faults, IK_FLAW_TRUNCATED, IK_IP6_LENGTH_AT);
    ik_ip6chain_follow(out, rest, faults);
    return IK_OK;
}

static enum ik_err decode(struct ik_ip *out, struct ik_rd in, enum ik_plain_place place,
                          struct ik_faults *faults)
{
    if (in.left == 0)
        return reject(faults, IK_FLAW_SHORT, 0, IK_E_SHORT);
    switch (in.p[0] >> 4) {
    case 4:
        return decode4(out, in, place, faults);
    case 6:
        return decode6(out, in, place == IK_PLAIN_QUOTED, faults);
    default:
        return reject(faults, IK_FLAW_BAD_VERSION, 0, IK_E_VERSION);
    }
}

enum ik_err ik_ip_decode(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return ik_plain_decode_ip(out, in, IK_PLAIN_RECEIVED)
               ? IK_OK
               : decode(out, in, IK_PLAIN_RECEIVED, faults);
}

enum ik_err ik_ip_decode_captured(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return ik_plain_decode_ip(out, in, IK_PLAIN_CAPTURED)
               ? IK_OK
               : decode(out, in, IK_PLAIN_CAPTURED, faults);
}

enum ik_err ik_ip_decode_quoted(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults)
{
    return ik_plain_decode_ip(out, in, IK_PLAIN_QUOTED) ? IK_OK
                                                        : decode(out, in, IK_PLAIN_QUOTED, faults);
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
    ik_store_be16(h + 6,
                  (uint16_t)((ip->reserved_flag ? IK_PLAIN_RF : 0) | (ip->df ? IK_PLAIN_DF : 0) |
                             (ip->mf ? IK_PLAIN_MF : 0) | ip->offset_bytes / 8));
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
