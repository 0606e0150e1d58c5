/* SPDX-License-Identifier: MIT
 * The user of the node: what it sends, and what it is given, as through a raw socket. */
#include "stack/stack_int.h"

/* ---- to the user ----------------------------------------------------------------------------- */

static void meta_fill(const struct ik_stack *s, const struct ik_pkt *p, struct ik_meta *m)
{
    *m = (struct ik_meta){.known = IK_KNOW_SRC | IK_KNOW_DST | IK_KNOW_TTL | IK_KNOW_TCLASS,
                          .src = p->ip.src,
                          .dst = p->ip.dst,
                          .ttl = p->ip.ttl,
                          .tclass = p->ip.tos};
    if (p->port >= s->n_ifaces)
        return;
    m->known |= IK_KNOW_IFINDEX;
    m->ifindex = ik_stack_local_index(s, p->port);
    if (ik_addr_is_link_local(&m->src) && m->src.family == 6)
        m->src.scope = m->ifindex;
}

void ik_stack_to_upper(struct ik_stack *s, const struct ik_pkt *p)
{
    if (!s->opt->upper)
        return;
    const bool icmp6 = p->ip.version == 6 && p->ip.proto == IK_PROTO_ICMP6;
    const struct ik_rd bytes = icmp6 ? p->ip.payload : p->l3;
    struct ik_buf *b = ik_stack_pool_take(s, bytes.left);
    if (!b)
        return;
    memcpy(ik_buf_at(b), bytes.p, bytes.left);
    b->len = (uint32_t)bytes.left;
    b->port = IK_STACK_UPPER;
    b->medium = icmp6 ? IK_MEDIUM_ICMP6 : IK_MEDIUM_IP;
    meta_fill(s, p, &b->meta);
    ik_bufs_put(&s->out, b);
}

/* ---- from the user --------------------------------------------------------------------------- */

static uint8_t port_of_index(const struct ik_stack *s, uint32_t index)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        if (ik_stack_local_index(s, i) == index)
            return i;
    return IK_STACK_UPPER;
}

/* The way that the frame names by its interface: the destination is then on that link. */
static const struct ik_stack_hop *hop_of(const struct ik_stack *s, const struct ik_meta *m,
                                         struct ik_stack_hop *hop)
{
    const uint8_t port = m->known & IK_KNOW_IFINDEX ? port_of_index(s, m->ifindex) : IK_STACK_UPPER;
    if (port == IK_STACK_UPPER ||
        !(ik_addr_is_multicast(&m->dst) || ik_addr_is_link_local(&m->dst)))
        return NULL;
    *hop = (struct ik_stack_hop){.kind = IK_STACK_ROUTE_VIA,
                                 .port = port,
                                 .on_link = true,
                                 .next = m->dst,
                                 .mtu = s->ifaces[port].mtu};
    return hop;
}

static struct ik_addr source_for(struct ik_stack *s, const struct ik_meta *m,
                                 const struct ik_stack_hop *hop)
{
    if (m->known & IK_KNOW_SRC)
        return m->src;
    if (ik_stack_local_kind(s, IK_STACK_UPPER, &m->dst) == IK_LOCAL_UNICAST)
        return m->dst;
    struct ik_addr src = hop ? ik_stack_local_of_port(s, hop->port, m->dst.family, &m->dst)
                             : ik_stack_source(s, &m->dst);
    /* Without a way there is still somebody who hears that there is none. */
    for (uint8_t i = 0; i < s->n_ifaces && src.family == 0; i++)
        src = ik_stack_local_of_port(s, i, m->dst.family, &m->dst);
    return src;
}

/* RFC 1112 section 6.1: a group is the local network's unless more is asked for. */
static uint8_t ttl_for(const struct ik_stack *s, const struct ik_meta *m)
{
    if (m->known & IK_KNOW_TTL)
        return m->ttl;
    return ik_addr_is_multicast(&m->dst) ? 1 : ik_stack_output_ttl(s);
}

/* Path MTU discovery as a socket does it: what fits the path says "do not fragment", so that a
 * narrower one is told of. */
static bool df_for(struct ik_stack *s, const struct ik_ip *ip)
{
    struct ik_stack_hop hop;
    if (s->opt->no_pmtud || !ik_stack_route_of(s, ip, &hop) || hop.kind != IK_STACK_ROUTE_VIA)
        return false;
    const uint32_t mtu = s->pmtu ? ik_stack_pmtu_find(s, &ip->dst, hop.mtu) : hop.mtu;
    return IK_IP4_BYTES + ip->payload.left <= mtu;
}

static void icmp4_from(struct ik_stack *s, const struct ik_frame *f)
{
    struct ik_stack_hop hop;
    const struct ik_stack_how how = {
        .who = IK_WHO_UPPER, .hop = hop_of(s, &f->meta, &hop), .key = f->key};
    const struct ik_addr src = source_for(s, &f->meta, how.hop);
    struct ik_ip ip = ik_stack_output_ip4(s, &src, &f->meta.dst, IK_PROTO_ICMP4);
    ip.ttl = ttl_for(s, &f->meta);
    ip.tos = f->meta.known & IK_KNOW_TCLASS ? f->meta.tclass : 0;
    ip.payload = f->bytes;
    ip.df = df_for(s, &ip);
    ik_stack_output_view(s, &ip, &how);
}

/* RFC 3542 section 3.1: the checksum of ICMPv6 is made here, for the user does not know the source
 * address. */
static void icmp6_from(struct ik_stack *s, const struct ik_frame *f)
{
    enum { CHECKSUM_AT = 2 };
    struct ik_stack_hop hop;
    const struct ik_stack_how how = {
        .who = IK_WHO_UPPER, .hop = hop_of(s, &f->meta, &hop), .key = f->key};
    const struct ik_addr src = source_for(s, &f->meta, how.hop);
    struct ik_buf *b = ik_stack_pool_take(s, IK_IP6_BYTES + f->bytes.left);
    if (!b)
        return;
    uint8_t *msg = ik_buf_at(b) + IK_IP6_BYTES;
    memcpy(msg, f->bytes.p, f->bytes.left);
    const struct ik_rd in = {msg, f->bytes.left};
    ik_store_be16(msg + CHECKSUM_AT, 0);
    const uint64_t sum =
        ik_cksum_add_pseudo(0, &src, &f->meta.dst, IK_PROTO_ICMP6, (uint32_t)in.left);
    ik_store_be16(msg + CHECKSUM_AT, ik_cksum_fold(ik_cksum_add(sum, in)));
    struct ik_ip ip = ik_stack_output_ip6(s, &src, &f->meta.dst, IK_PROTO_ICMP6);
    ip.ttl = ttl_for(s, &f->meta);
    ip.tos = f->meta.known & IK_KNOW_TCLASS ? f->meta.tclass : 0;
    ip.payload = in;
    size_t len;
    if (ik_ip_encode(&ip, false, ik_buf_at(b), b->cap - b->start, &len) != IK_OK) {
        ik_stack_pool_give(s, b);
        return;
    }
    b->len = (uint32_t)len;
    ik_stack_output_encoded(s, b, &ip, &how);
}

/* What a raw socket with its own header fills in (ip(7), IP_HDRINCL): source, identification,
 * lengths and header checksum. */
static void ip4_fill(struct ik_stack *s, const struct ik_frame *f, struct ik_buf *b)
{
    enum { TOTAL_AT = 2, ID_AT = 4, CHECKSUM_AT = 10, SRC_AT = 12 };
    uint8_t *h = ik_buf_at(b);
    const size_t head = (size_t)(h[0] & 0xf) * 4;
    struct ik_meta m = f->meta;
    m.dst = (struct ik_addr){.family = 4};
    memcpy(m.dst.bytes, h + 16, 4);
    m.known &= (uint32_t)~IK_KNOW_SRC;
    if (ik_load_be32(h + SRC_AT) == 0) {
        const struct ik_addr src = source_for(s, &m, NULL);
        memcpy(h + SRC_AT, src.bytes, 4);
    }
    if (ik_load_be16(h + ID_AT) == 0)
        ik_store_be16(h + ID_AT, ik_stack_output_id(s));
    if (ik_load_be16(h + TOTAL_AT) == 0)
        ik_store_be16(h + TOTAL_AT, (uint16_t)b->len);
    ik_store_be16(h + CHECKSUM_AT, 0);
    ik_store_be16(h + CHECKSUM_AT, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, head})));
}

/* RFC 1122 section 3.2.1.8: never more than one source route in a header. */
static bool routes_twice(struct ik_rd header)
{
    struct ik_rd options = {header.p + IK_IP4_BYTES, header.left - IK_IP4_BYTES};
    struct ik_ipopt option;
    unsigned n = 0;
    while (ik_ipopt_take(&options, &option, NULL) == IK_OK)
        n += option.type == IK_IPOPT_LSRR || option.type == IK_IPOPT_SSRR;
    return n > 1;
}

static void ip_from(struct ik_stack *s, const struct ik_frame *f)
{
    const size_t len = f->bytes.left;
    const unsigned version = len ? f->bytes.p[0] >> 4 : 0;
    const size_t head = version == 4 ? (size_t)(f->bytes.p[0] & 0xf) * 4 : (size_t)IK_IP6_BYTES;
    if ((version != 4 && version != 6) || head < IK_IP4_BYTES || len < head ||
        len > IK_IP_BYTES_MAX) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, NULL, "no IP packet from upper");
        return;
    }
    if (version == 4 && routes_twice((struct ik_rd){f->bytes.p, head})) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_R1122_3_2_1_8_04, NULL,
                            "two source routes from upper");
        return;
    }
    struct ik_buf *b = ik_stack_pool_take(s, len);
    if (!b)
        return;
    memcpy(ik_buf_at(b), f->bytes.p, len);
    b->len = (uint32_t)len;
    if (version == 4)
        ip4_fill(s, f, b);
    ik_stack_output_ip(s, b, &(struct ik_stack_how){.who = IK_WHO_UPPER, .key = f->key});
}

void ik_stack_upper_input(struct ik_stack *s, const struct ik_frame *f)
{
    const bool to_4 = f->meta.known & IK_KNOW_DST && f->meta.dst.family == 4;
    const bool to_6 = f->meta.known & IK_KNOW_DST && f->meta.dst.family == 6;
    if (f->medium == IK_MEDIUM_IP)
        ip_from(s, f);
    else if (f->medium == IK_MEDIUM_ICMP4 && to_4 && f->bytes.left >= 4)
        icmp4_from(s, f);
    else if (f->medium == IK_MEDIUM_ICMP6 && to_6 && f->bytes.left >= 4)
        icmp6_from(s, f);
    else
        ik_stack_event_drop(s, IK_STACK_BAD_FRAME, IK_RULE_NONE, NULL, "no message from upper");
}
