/* SPDX-License-Identifier: MIT
 * Rewriting IPv4 packets in place. */
#include "stack/natpkt.h"

#include "base/bytes.h"

enum {
    IP_ID_AT = 4,
    IP_SUM_AT = 10,
    IP_SRC_AT = 12,
    UDP_SUM_AT = 6,
    TCP_SUM_AT = 16,
    ICMP_SUM_AT = 2,
    ICMP_ID_AT = 4,
};

enum ik_err ik_natpkt_open(struct ik_natpkt *n, uint8_t *bytes, size_t len, bool quoted)
{
    *n = (struct ik_natpkt){.bytes = bytes, .len = len, .quoted = quoted};
    const enum ik_err err = ik_quote_decode(&n->view, (struct ik_rd){bytes, len}, NULL);
    if (err)
        return err;
    if (n->view.ip.version != 4)
        return IK_E_VERSION;
    return n->view.ip.header_bytes > len ? IK_E_SHORT : IK_OK;
}

bool ik_natpkt_is_sound(const struct ik_natpkt *n)
{
    const struct ik_rd header = {n->bytes, n->view.ip.header_bytes};
    return ik_cksum_is_right(header);
}

bool ik_natpkt_port(const struct ik_natpkt *n, enum ik_natpkt_side side, uint16_t *port)
{
    if (n->view.has & IK_QUOTE_ICMP_ECHO)
        *port = n->view.icmp_id;
    else if (n->view.has & IK_QUOTE_PORTS)
        *port = side == IK_NATPKT_SRC ? n->view.sport : n->view.dport;
    else
        return false;
    return true;
}

/* A checksum in the packet; absent where the packet ends before it, or it is not used. */
struct sum {
    uint8_t *at;
    bool zero_is_none;
};

static struct sum transport_sum(const struct ik_natpkt *n)
{
    const struct ik_ip *ip = &n->view.ip;
    const size_t left = ip->offset_bytes ? 0 : n->view.transport.left;
    uint8_t *transport = n->bytes + ip->header_bytes;
    size_t at;
    switch (ip->proto) {
    case IK_PROTO_UDP:
        at = UDP_SUM_AT;
        break;
    case IK_PROTO_TCP:
        at = TCP_SUM_AT;
        break;
    case IK_PROTO_ICMP4:
        at = ICMP_SUM_AT;
        break;
    default:
        return (struct sum){NULL, false};
    }
    const bool udp = ip->proto == IK_PROTO_UDP;
    if (left < at + 2)
        return (struct sum){NULL, false};
    /* Zero in a quote is padding before extensions rather than a checksum (RFC 5508 section 4.1).
     */
    if ((udp || n->quoted) && ik_load_be16(transport + at) == 0)
        return (struct sum){NULL, false};
    return (struct sum){transport + at, udp};
}

/* One word of what the checksum covers changed. */
static void sum_update(struct sum s, uint16_t was, uint16_t is)
{
    if (!s.at)
        return;
    const uint16_t now = ik_cksum_update(ik_load_be16(s.at), was, is);
    ik_store_be16(s.at, now == 0 && s.zero_is_none ? UINT16_MAX : now);
}

static void word_set(uint8_t *at, uint16_t v, struct sum one, struct sum other)
{
    const uint16_t was = ik_load_be16(at);
    ik_store_be16(at, v);
    sum_update(one, was, v);
    sum_update(other, was, v);
}

void ik_natpkt_set(struct ik_natpkt *n, enum ik_natpkt_side side, uint32_t addr,
                   const uint16_t *port)
{
    const bool icmp = n->view.ip.proto == IK_PROTO_ICMP4;
    const struct sum none = {NULL, false}, header = {n->bytes + IP_SUM_AT, false};
    const struct sum transport = transport_sum(n);
    /* The pseudo-header has the addresses; ICMPv4 has none. */
    const struct sum pseudo = icmp ? none : transport;
    uint8_t *at = n->bytes + IP_SRC_AT + (side == IK_NATPKT_SRC ? 0 : 4);
    word_set(at, (uint16_t)(addr >> 16), header, pseudo);
    word_set(at + 2, (uint16_t)addr, header, pseudo);
    if (!port)
        return;
    at = n->bytes + n->view.ip.header_bytes;
    at += icmp ? ICMP_ID_AT : side == IK_NATPKT_SRC ? 0 : 2;
    word_set(at, *port, transport, none);
}

void ik_natpkt_set_id(struct ik_natpkt *n, uint16_t id)
{
    const struct sum none = {NULL, false}, header = {n->bytes + IP_SUM_AT, false};
    word_set(n->bytes + IP_ID_AT, id, header, none);
}
