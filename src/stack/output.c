/* SPDX-License-Identifier: MIT
 * Sending: route, what the link takes, fragments, and what becomes of a packet that cannot go. */
#include "net/scope.h"
#include "stack/stack_int.h"

/* RFC 1122 section 3.3.3: what may go off-link without knowledge of the path. */
enum { UNKNOWN_PATH_BYTES = 576, LEAST_MTU6 = 1280 };

/* ---- headers of our own ---------------------------------------------------------------------- */

/* A permutation of a counter (Feistel, four rounds keyed by chance): unique over 65,536 datagrams
 * as RFC 6864 section 4.3 wants, and the next one cannot be told from the last, so nobody counts
 * what the node sends (idle scan). */
static inline uint8_t id_round(const uint8_t key[static 4], uint8_t half)
{
    const uint32_t k = ik_load_be32(key);
    return (uint8_t)((half ^ (k >> 24)) * (k | 1) >> 16);
}

uint16_t ik_stack_output_id(struct ik_stack *s)
{
    uint8_t left = (uint8_t)(s->ip_id >> 8), right = (uint8_t)s->ip_id;
    s->ip_id++;
    left ^= id_round(s->key, right);
    right ^= id_round(s->key + 4, left);
    left ^= id_round(s->key + 8, right);
    right ^= id_round(s->key + 12, left);
    return (uint16_t)(left << 8 | right);
}

uint8_t ik_stack_output_ttl(const struct ik_stack *s)
{
    return s->opt->ttl ? s->opt->ttl : 64;
}

struct ik_ip ik_stack_output_ip4(struct ik_stack *s, const struct ik_addr *src,
                                 const struct ik_addr *dst, uint8_t proto)
{
    return (struct ik_ip){.version = 4,
                          .ttl = ik_stack_output_ttl(s),
                          .proto = proto,
                          .id = ik_stack_output_id(s),
                          .header_bytes = IK_IP4_BYTES,
                          .src = *src,
                          .dst = *dst};
}

struct ik_ip ik_stack_output_ip6(struct ik_stack *s, const struct ik_addr *src,
                                 const struct ik_addr *dst, uint8_t proto)
{
    return (struct ik_ip){.version = 6,
                          .ttl = ik_stack_output_ttl(s),
                          .proto = proto,
                          .next_header = proto,
                          .header_bytes = IK_IP6_BYTES,
                          .src = *src,
                          .dst = *dst};
}

/* ---- packets that cannot go ------------------------------------------------------------------ */

/* Its user hears of a packet of the node as of one that failed in the network. Only as much is made
 * as an error quotes. */
static void tell_upper(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_error *e)
{
    struct ik_buf *b = ik_stack_pool_take(s, ik_stack_pool_room(s->pool));
    if (!b)
        return;
    struct ik_ip cut = *ip;
    const size_t head =
        ip->version == 4 ? IK_IP4_BYTES + ip->options.left : IK_IP6_BYTES + ip->options.left;
    cut.length_field = (uint16_t)(ip->payload.left + head - (ip->version == 4 ? 0 : IK_IP6_BYTES));
    cut.header_bytes = (uint32_t)head;
    cut.payload = ik_rd_head(ip->payload, ik_stack_pool_room(s->pool) - head);
    size_t len;
    struct ik_pkt p = {.port = IK_STACK_UPPER, .own = true};
    if (ik_ip_encode(&cut, true, ik_buf_at(b), ik_stack_pool_room(s->pool), &len) == IK_OK) {
        uint8_t *h = ik_buf_at(b);
        if (ip->version == 4) {
            ik_store_be16(h + 10, 0);
            ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, head})));
        }
        p.l3 = (struct ik_rd){h, len};
        if (ik_ip_decode_quoted(&p.ip, p.l3, NULL) == IK_OK)
            ik_stack_error_send(s, &p, e);
    }
    ik_stack_pool_give(s, b);
}

static void fail(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_how *how,
                 const struct ik_stack_error *e)
{
    if (how->who == IK_WHO_FORWARDED)
        ik_stack_error_send(s, how->about, e);
    else if (how->who == IK_WHO_UPPER)
        tell_upper(s, ip, e);
}

static void fail_too_big(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_how *how,
                         const struct ik_stack_hop *hop, uint32_t mtu)
{
    const bool v4 = ip->version == 4;
    const struct ik_stack_error e = {
        .type = v4 ? (uint8_t)IK_ICMP4_UNREACHABLE : (uint8_t)IK_ICMP6_PACKET_TOO_BIG,
        .code = v4 ? IK_ICMP4_UNREACHABLE_FRAG_NEEDED : 0,
        .info = mtu,
        .rule = v4 ? IK_RULE_R1812_5_2_7_1_05 : IK_RULE_R4443_3_2_01,
        .has_out_port = true,
        .out_port = hop->port,
    };
    ik_stack_event_drop(s, IK_STACK_TOO_BIG, e.rule, how->about, "too big for the link");
    fail(s, ip, how, &e);
}

/* The error about a packet that has no way. */
static struct ik_stack_error no_way(uint8_t version, const struct ik_stack_hop *hop)
{
    if (version == 4) {
        struct ik_stack_error e = {.type = IK_ICMP4_UNREACHABLE,
                                   .code = IK_ICMP4_UNREACHABLE_NET,
                                   .rule = IK_RULE_R1812_4_3_3_1_01};
        if (hop && hop->kind == IK_STACK_ROUTE_UNREACHABLE)
            e.code = IK_ICMP4_UNREACHABLE_HOST;
        if (hop && hop->kind == IK_STACK_ROUTE_REJECT)
            e.code = IK_ICMP4_UNREACHABLE_PROHIBITED;
        return e;
    }
    struct ik_stack_error e = {.type = IK_ICMP6_UNREACHABLE,
                               .code = IK_ICMP6_UNREACHABLE_NO_ROUTE,
                               .rule = IK_RULE_R4443_3_1_01};
    if (hop && hop->kind == IK_STACK_ROUTE_REJECT)
        e.code = IK_ICMP6_UNREACHABLE_REJECT_ROUTE;
    return e;
}

/* ---- the way --------------------------------------------------------------------------------- */

/* Nothing with a loopback address leaves the node (RFC 1122 section 3.2.1.3 (g), RFC 4291 section
 * 2.5.3), and nothing with TTL 0 (RFC 1122 section 3.2.1.7). */
static bool may_leave(const struct ik_ip *ip)
{
    return !ik_scope_is_loopback(&ip->src) && !ik_scope_is_loopback(&ip->dst) && ip->ttl != 0;
}

/* Where a packet of our own goes; false when it goes nowhere, which is counted and told. */
static bool own_way(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_how *how,
                    struct ik_stack_hop *hop)
{
    if (!may_leave(ip)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1122_3_2_1_3_04, NULL,
                            "a loopback address, or TTL 0, may not leave the node");
        return false;
    }
    if (how->hop) {
        *hop = *how->hop;
        return true;
    }
    const bool found = ik_stack_route_of(s, ip, hop);
    if (found && hop->kind == IK_STACK_ROUTE_VIA)
        return true;
    ik_stack_event_drop(s, IK_STACK_NO_ROUTE, IK_RULE_NONE, NULL, "no route");
    const struct ik_stack_error e = no_way(ip->version, found ? hop : NULL);
    if (!found || hop->kind != IK_STACK_ROUTE_DROP)
        fail(s, ip, how, &e);
    return false;
}

static uint32_t own_mtu(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_hop *hop)
{
    /* what every link carries fits every path */
    if (ip->version == 6 && ip->options.left + ip->payload.left <= LEAST_MTU6 - IK_IP6_BYTES)
        return hop->mtu;
    if (s->opt->no_pmtud && ip->version == 4)
        return hop->on_link || hop->mtu < UNKNOWN_PATH_BYTES ? hop->mtu : UNKNOWN_PATH_BYTES;
    const uint32_t mtu = ip->version == 6 ? ik_stack_nd_mtu(s, hop->port, hop->mtu) : hop->mtu;
    return s->pmtu ? ik_stack_pmtu_find(s, &ip->dst, mtu) : mtu;
}

/* A packet that fits, on its way. What path MTU discovery hears of those of our own, it believes.
 */
static void pass(struct ik_stack *s, struct ik_buf *b, const struct ik_stack_how *how,
                 const struct ik_stack_hop *hop)
{
    if (how->who != IK_WHO_FORWARDED)
        ik_stack_pmtu_sent(s, ik_buf_rd(b));
    ik_stack_nbr_send(s, b, hop);
}

/* Cuts the packet for a link of that MTU; the fragments leave in order (RFC 1812 section 4.2.2.7).
 */
static void cut(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_how *how,
                const struct ik_stack_hop *hop, uint32_t mtu)
{
    struct ik_frag f;
    const uint32_t id = ip->version == 6 ? (uint32_t)ik_rng_next(&s->rng) : ip->id;
    if (ik_frag_init(&f, ip, mtu, id) != IK_OK) {
        fail_too_big(s, ip, how, hop, mtu);
        return;
    }
    for (uint32_t key = how->key;; key = 0) {
        struct ik_buf *b = ik_stack_pool_take(s, mtu);
        if (!b)
            return;
        size_t len;
        if (ik_frag_take(&f, ik_buf_at(b), mtu, &len) != IK_OK) {
            ik_stack_pool_give(s, b);
            return;
        }
        b->len = (uint32_t)len;
        b->who = (uint8_t)how->who;
        b->port = how->about ? how->about->port : IK_STACK_UPPER;
        b->source_routed = how->about && how->about->source_routed;
        b->cast = how->about ? (uint8_t)how->about->cast : 0;
        b->key = key;
        pass(s, b, how, hop);
    }
}

static bool filter_passes(struct ik_stack *s, const struct ik_ip *ip, struct ik_rd l3,
                          const struct ik_stack_how *how)
{
    if (s->opt->n_filter == 0 || how->refuses)
        return true;
    const struct ik_pkt p = {.port = IK_STACK_UPPER, .own = true, .l3 = l3, .ip = *ip};
    return ik_stack_filter_pass(s, &p, 3);
}

/* ---- whole packets in a buffer --------------------------------------------------------------- */

static void say_sent(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_hop *hop)
{
    if (s->events)
        ik_stack_event_sent(s, ip, hop);
}

void ik_stack_output_encoded(struct ik_stack *s, struct ik_buf *b, const struct ik_ip *ip,
                             const struct ik_stack_how *how)
{
    struct ik_stack_hop hop;
    b->who = (uint8_t)how->who;
    b->key = how->key;
    b->port = IK_STACK_UPPER;
    if (ik_stack_local_kind(s, IK_STACK_UPPER, &ip->dst) == IK_LOCAL_UNICAST) {
        ik_bufs_put(&s->loop, b);
        return;
    }
    if (!filter_passes(s, ip, ik_buf_rd(b), how) || !own_way(s, ip, how, &hop)) {
        ik_stack_pool_give(s, b);
        return;
    }
    if (s->quench && !how->held && !how->hop && ik_stack_quench_hold(s, b))
        return;
    say_sent(s, ip, &hop);
    const uint32_t mtu = own_mtu(s, ip, &hop);
    if (ik_stack_fast_watched(s))
        ik_stack_fast_watched(s)->own_mtu = mtu;
    if (b->len <= mtu) {
        pass(s, b, how, &hop);
        return;
    }
    cut(s, ip, how, &hop, mtu);
    ik_stack_pool_give(s, b);
}

void ik_stack_output_ip(struct ik_stack *s, struct ik_buf *b, const struct ik_stack_how *how)
{
    b->who = (uint8_t)how->who;
    b->port = how->about ? how->about->port : IK_STACK_UPPER;
    b->source_routed = how->about && how->about->source_routed;
    b->cast = how->about ? (uint8_t)how->about->cast : 0;
    if (how->who == IK_WHO_FORWARDED && b->len <= how->hop->mtu) {
        ik_stack_nbr_send(s, b, how->hop);
        return;
    }
    struct ik_ip ip;
    if (ik_ip_decode(&ip, ik_buf_rd(b), NULL) != IK_OK) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, NULL, "no IP packet");
        ik_stack_pool_give(s, b);
    } else if (how->who == IK_WHO_FORWARDED) {
        if (ip.version == 4)
            cut(s, &ip, how, how->hop, how->hop->mtu);
        else /* RFC 8200 section 4.5: routers never fragment */
            fail_too_big(s, &ip, how, how->hop, how->hop->mtu);
        ik_stack_pool_give(s, b);
    } else {
        ik_stack_output_encoded(s, b, &ip, how);
    }
}

/* ---- packets that lie elsewhere -------------------------------------------------------------- */

/* One that no buffer holds is cut from where it lies. */
static void view_cut(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_how *how)
{
    struct ik_stack_hop hop;
    if (!filter_passes(s, ip, ip->payload, how) || !own_way(s, ip, how, &hop))
        return;
    say_sent(s, ip, &hop);
    cut(s, ip, how, &hop, own_mtu(s, ip, &hop));
}

void ik_stack_output_view(struct ik_stack *s, const struct ik_ip *ip,
                          const struct ik_stack_how *how)
{
    const size_t head =
        (ip->version == 4 ? (size_t)IK_IP4_BYTES : (size_t)IK_IP6_BYTES) + ip->options.left;
    const size_t total = head + ip->payload.left;
    const bool to_us = ik_stack_local_kind(s, IK_STACK_UPPER, &ip->dst) == IK_LOCAL_UNICAST;
    if (total > IK_IP_BYTES_MAX + (ip->version == 6 ? (size_t)IK_IP6_BYTES : 0)) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, NULL, "no header can hold it");
        return;
    }
    if (total > ik_stack_pool_room(s->pool) && !to_us) {
        view_cut(s, ip, how);
        return;
    }
    struct ik_buf *b = ik_stack_pool_take(s, total);
    if (!b)
        return;
    size_t len;
    if (ik_ip_encode(ip, false, ik_buf_at(b), total, &len) != IK_OK) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, NULL, "no header can hold it");
        ik_stack_pool_give(s, b);
        return;
    }
    b->len = (uint32_t)len;
    struct ik_ip whole;
    if (ik_ip_decode(&whole, ik_buf_rd(b), NULL) != IK_OK) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, NULL, "no IP packet");
        ik_stack_pool_give(s, b);
        return;
    }
    whole.src.scope = ip->src.scope; /* the link of fe80::/10 stands in no header */
    whole.dst.scope = ip->dst.scope;
    ik_stack_output_encoded(s, b, &whole, how);
}
