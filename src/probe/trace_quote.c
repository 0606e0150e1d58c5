/* SPDX-License-Identifier: MIT
 * What a quoted packet says of a candidate: whether it is that probe, and how sure that is. Routers
 * cut and extend quotes, NATs rewrite them; what they leave alone has to do. */
#include "probe/trace_quote.h"

#include "base/rd.h"
#include "probe/trace_packet.h"

#include <string.h>

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };
enum { TSVAL_AT = 28 }; /* in our SYN */

/* ---- checksums behind NAT -------------------------------------------------------------------- */

static uint16_t ones_add(uint16_t a, uint16_t b)
{
    const uint32_t sum = (uint32_t)a + b;
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* Moves a checksum from our addresses and source port to those in the quote (RFC 3022 section 4.1):
 * what it is when a NAT rewrote the packet and left its quote alone. */
static uint16_t checksum_translated(const struct trace_target *tt, const struct trace_probe *p,
                                    const struct ik_quote *q)
{
    uint16_t sum = p->checksum;
    for (size_t i = 0; i < ik_addr_bytes(tt->addr.family); i += 2) {
        sum = ik_cksum_update(sum, ik_load_be16(tt->source.bytes + i),
                              ik_load_be16(q->ip.src.bytes + i));
        sum = ik_cksum_update(sum, ik_load_be16(tt->addr.bytes + i),
                              ik_load_be16(q->ip.dst.bytes + i));
    }
    sum = ik_cksum_update(sum, tt->sport, q->sport);
    return ik_cksum_update(sum, p->dport, q->dport);
}

/* What a quoted UDP checksum says: 16 when it confirms the probe, 0 when it says nothing, -1 when
 * too many different shifts were seen already for this to be another NAT. */
static int checksum_bits(struct trace_target *tt, const struct trace_probe *p,
                         const struct ik_quote *q, bool *nat)
{
    const uint16_t got = q->transport_checksum;
    if (got == p->checksum)
        return 16;
    *nat = true;
    if (got == checksum_translated(tt, p, q))
        return 16;
    const uint16_t shift = ones_add(got, (uint16_t)~p->checksum);
    for (size_t i = 0; i < tt->shifts; i++)
        if (tt->shift[i] == shift)
            return 16;
    if (tt->shifts == TRACE_SHIFTS)
        return -1;
    tt->shift[tt->shifts++] = shift;
    return 0;
}

/* ---- the quoted packet ----------------------------------------------------------------------- */

int ik_trace_quote_token(const struct trace_probe *p, struct ik_rd data)
{
    uint8_t ours[TRACE_TOKEN_BYTES];
    ik_store_be64(ours, p->token);
    const struct ik_rd head = ik_rd_head(data, sizeof(ours));
    if (head.left && memcmp(head.p, ours, head.left) != 0)
        return -1;
    return (int)head.left * 8;
}

static bool addresses_differ(const struct trace_target *tt, const struct ik_ip *ip)
{
    return (tt->source.family && !ik_addr_same_host(&tt->source, &ip->src)) ||
           !ik_addr_same_host(&tt->addr, &ip->dst);
}

/* A candidate for a quoted UDP probe: its bits, or -1. */
static int confirm_udp(struct trace_target *tt, const struct trace_probe *p,
                       const struct ik_quote *q, bool extended, bool *nat)
{
    const uint32_t need = IK_QUOTE_PORTS | IK_QUOTE_UDP_SUM;
    if ((q->has & need) != need)
        return -1;
    const int token = ik_trace_quote_token(p, q->data);
    if (token < 0)
        return -1;
    const bool ports = q->dport == p->dport && q->sport == tt->sport;
    *nat = !ports;
    int sum = checksum_bits(tt, p, q, nat);
    if (token == 64)
        return 64;
    /* Quoted transport checksums never reject where the quote is cut or extended (RFC 4884 section
     * 5.1), unless strangers try their luck. */
    if (sum < 0 && extended)
        sum = 0;
    const bool translated = sum == 16 && q->transport_checksum == checksum_translated(tt, p, q);
    if (sum < 0 || (!ports && !translated))
        return -1;
    const int ident = tt->addr.family == 4 && q->ip.id == p->mark ? 16 : 0;
    return ident + sum ? ident + sum + token : -1;
}

/* A quoted echo: identifier and sequence, unless the payload says it all. */
static int confirm_icmp(const struct trace_target *tt, const struct trace_probe *p,
                        const struct ik_quote *q, bool *nat)
{
    const uint8_t echo = tt->addr.family == 6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO;
    if (!(q->has & IK_QUOTE_ICMP_ECHO) || q->icmp_type != echo || q->icmp_seq != p->mark)
        return -1;
    const int token = ik_trace_quote_token(p, q->data);
    if (token < 0)
        return -1;
    *nat = q->icmp_id != tt->sport;
    if (token == 64)
        return 64;
    if (*nat)
        return -1;
    /* A datagram socket's identifier was matched by the kernel and is no secret of ours. */
    return tt->medium == IK_MEDIUM_IP ? 32 : 16;
}

/* A quoted SYN: ports and sequence number. Firewalls that rewrite sequence numbers leave the
 * identification. */
static int confirm_tcp(const struct trace_target *tt, const struct trace_probe *p,
                       const struct ik_quote *q, bool *nat)
{
    const uint32_t need = IK_QUOTE_PORTS | IK_QUOTE_TCP_SEQ;
    if ((q->has & need) != need || q->dport != p->dport || q->sport != tt->sport)
        return -1;
    const bool seq = q->tcp_seq == ik_trace_packet_seq(p->token);
    *nat = !seq;
    if (!seq)
        return tt->addr.family == 4 && q->ip.id == p->mark ? 32 : -1;
    const bool tsval = q->transport.left >= TSVAL_AT + 4 &&
                       ik_load_be32(q->transport.p + TSVAL_AT) == ik_trace_packet_tsval(p->token);
    return tsval ? 64 : 48;
}

int ik_trace_quote_confirm(struct ik_trace *t, uint32_t slot, const struct ik_quote *q,
                           bool extended, bool *nat)
{
    struct trace_target *tt = ik_trace_target_of(t, slot);
    const struct trace_probe *p = &t->probes[slot];
    int bits = -1;
    switch (t->cfg.method) {
    case IK_TRACE_UDP:
        bits = confirm_udp(tt, p, q, extended, nat);
        break;
    case IK_TRACE_ICMP:
        bits = confirm_icmp(tt, p, q, nat);
        break;
    case IK_TRACE_TCP:
        bits = confirm_tcp(tt, p, q, nat);
        break;
    }
    *nat |= addresses_differ(tt, &q->ip);
    return bits;
}

size_t ik_trace_quote_marks(const struct ik_trace *t, const struct ik_quote *q,
                            uint16_t marks[static TRACE_QUOTE_MARKS])
{
    size_t n = 0;
    if (t->cfg.method == IK_TRACE_UDP && q->data.left >= 2)
        marks[n++] = ik_load_be16(q->data.p);
    if (t->cfg.method == IK_TRACE_ICMP && (q->has & IK_QUOTE_ICMP_ECHO))
        marks[n++] = q->icmp_seq;
    if (t->cfg.method == IK_TRACE_TCP && (q->has & IK_QUOTE_TCP_SEQ))
        marks[n++] = (uint16_t)q->tcp_seq;
    if (q->ip.version == 4) {
        marks[n++] = (uint16_t)q->ip.id;
        marks[n++] = (uint16_t)((q->ip.id & 0xff) << 8 | q->ip.id >> 8);
    } else if (t->cfg.method == IK_TRACE_UDP && (q->has & IK_QUOTE_UDP_SUM)) {
        marks[n++] = q->transport_checksum;
    }
    return n;
}

uint8_t ik_trace_quote_proto(enum ik_trace_method method, uint8_t family)
{
    if (method == IK_TRACE_UDP)
        return PROTO_UDP;
    if (method == IK_TRACE_TCP)
        return PROTO_TCP;
    return family == 6 ? PROTO_ICMP6 : PROTO_ICMP;
}
