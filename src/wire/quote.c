/* SPDX-License-Identifier: MIT
 * The packet inside an error: as much of it as was quoted (RFC 792, RFC 1812 section 4.3.2.3, RFC
 * 4443 section 2.4). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "wire/fault.h"
#include "wire/ip_int.h"
#include "wire/plain.h"

enum { PORTS_BYTES = 4, LEAST_BYTES = 8 };
enum { PROTO_DCCP = 33, PROTO_SCTP = 132, PROTO_UDPLITE = 136 };

static void take_ports(struct ik_quote *q)
{
    if (q->transport.left < PORTS_BYTES)
        return;
    q->has |= IK_QUOTE_PORTS;
    q->sport = ik_load_be16(q->transport.p);
    q->dport = ik_load_be16(q->transport.p + 2);
}

static void take_udp(struct ik_quote *q)
{
    take_ports(q);
    if (q->transport.left < LEAST_BYTES)
        return;
    q->has |= IK_QUOTE_UDP_SUM;
    q->udp_len_bytes = ik_load_be16(q->transport.p + 4);
    q->transport_checksum = ik_load_be16(q->transport.p + 6);
    q->data = ik_rd_from(q->transport, LEAST_BYTES);
}

static void take_tcp(struct ik_quote *q)
{
    take_ports(q);
    if (q->transport.left < LEAST_BYTES)
        return;
    q->has |= IK_QUOTE_TCP_SEQ;
    q->tcp_seq = ik_load_be32(q->transport.p + 4);
}

/* Types whose octets 4-7 are identifier and sequence number. */
static bool has_ident(uint8_t proto, uint8_t type)
{
    if (proto == IK_PROTO_ICMP6)
        return type == 128 || type == 129;
    return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static void take_icmp(struct ik_quote *q)
{
    if (q->transport.left < 4)
        return;
    const uint8_t *p = q->transport.p;
    q->has |= IK_QUOTE_ICMP;
    q->icmp_type = p[0];
    q->icmp_code = p[1];
    q->transport_checksum = ik_load_be16(p + 2);
    q->data = ik_rd_from(q->transport, LEAST_BYTES);
    if (q->transport.left < LEAST_BYTES || !has_ident(q->ip.proto, p[0]))
        return;
    q->has |= IK_QUOTE_ICMP_ECHO;
    q->icmp_id = ik_load_be16(p + 4);
    q->icmp_seq = ik_load_be16(p + 6);
}

static void take_transport(struct ik_quote *q)
{
    switch (q->ip.proto) {
    case IK_PROTO_UDP:
        take_udp(q);
        break;
    case IK_PROTO_TCP:
        take_tcp(q);
        break;
    case IK_PROTO_ICMP4:
    case IK_PROTO_ICMP6:
        take_icmp(q);
        break;
    case PROTO_DCCP:
    case PROTO_SCTP:
    case PROTO_UDPLITE:
        take_ports(q);
        break;
    default:
        break;
    }
}

/* What UDP says of its own length shows an IP length that was changed on the way, also where the
 * quote is cut. (A UDP length below that of IP is no sign: options may follow, RFC 9868.) */
static void check_udp_length(const struct ik_quote *q, struct ik_faults *faults)
{
    const uint16_t field = q->ip.length_field, swapped = (uint16_t)(field << 8 | field >> 8);
    const uint32_t fixed = q->ip.version == 4 ? 0 : IK_IP6_BYTES;
    const uint32_t need = q->ip.header_bytes + q->udp_len_bytes;
    const size_t at = q->ip.version == 4 ? IK_IP4_LENGTH_AT : IK_IP6_LENGTH_AT;
    if (q->udp_len_bytes < LEAST_BYTES || q->ip.mf || q->ip.total_bytes == need)
        return;
    if (fixed + swapped == need)
        ik_fault_add(faults, IK_FLAW_QUOTED_LENGTH_ORDER, at);
    else if (q->ip.total_bytes < need)
        ik_fault_add(faults, IK_FLAW_QUOTED_LENGTH, at);
}

enum ik_err ik_quote_decode(struct ik_quote *out, struct ik_rd bytes, struct ik_faults *faults)
{
    const uint32_t known = faults ? faults->n + (uint32_t)faults->more : 0;
    if (!ik_plain_decode_ip(&out->ip, bytes, IK_PLAIN_QUOTED)) {
        const enum ik_err err = ik_ip_decode_quoted(&out->ip, bytes, faults);
        if (err)
            return err;
    }
    out->has = 0;
    out->sport = out->dport = out->udp_len_bytes = out->transport_checksum = 0;
    out->tcp_seq = 0;
    out->icmp_type = out->icmp_code = 0;
    out->icmp_id = out->icmp_seq = 0;
    out->transport = out->ip.payload;
    out->data = ik_rd_head(out->transport, 0);
    if (out->ip.offset_bytes) /* a later fragment has no transport header */
        return IK_OK;
    take_transport(out);
    if (out->ip.truncated && out->transport.left < LEAST_BYTES)
        ik_fault_add(faults, IK_FLAW_SHORT, bytes.left);
    if (faults && out->has & IK_QUOTE_UDP_SUM && faults->n + (uint32_t)faults->more == known)
        check_udp_length(out, faults);
    return IK_OK;
}
