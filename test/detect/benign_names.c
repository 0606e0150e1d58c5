/* SPDX-License-Identifier: MIT
 * Talks of a benign network: names, paths, a scan of our own, neighbours; and the table of all. */
#include "benign_talks.h"

/* ---- names, and datagrams in general --------------------------------------------------------- */

enum { UDP_ASK, UDP_ANSWER, UDP_REFUSE, UDP_CLOSED, UDP_REDIRECT };

static void dns_begin(struct world *w, struct talk *t)
{
    t->sport = (uint16_t)(1024 + benign_below(w, 64000));
    t->dport = 53;
    t->fate = (uint8_t)benign_below(w, 100);
    benign_expect(w, t, 0, UDP_ASK, 0, 0);
}

static void redirect(struct world *w, struct talk *t)
{
    if (t->v6)
        return;
    const struct ik_addr gateway = {.family = 4, .bytes = {10, 0, 0, 1}};
    struct ik_icmp m = {.family = 4, .type = IK_ICMP4_REDIRECT, .code = 1, .kind = IK_ICMP_ERROR};
    m.error.gateway = (struct ik_addr){.family = 4, .bytes = {10, 0, 0, 254}};
    m.error.rest = 0x0a0000fe;
    m.error.quote = (struct ik_rd){t->last, t->n_last < 28 ? t->n_last : 28};
    m.error.extensions = (struct ik_rd){t->last, 0};
    benign_send_icmp(w, NULL, &gateway, &t->near, 64, &m);
}

static void dns_happen(struct world *w, struct talk *t, const struct event *e)
{
    switch (e->what) {
    case UDP_ASK:
        benign_send_udp(w, t, false, 64, false, 40);
        if (t->fate < 2)
            benign_expect(w, t, t->rtt, UDP_REFUSE, 0, 0);
        else if (t->fate < 4)
            benign_expect(w, t, MS, UDP_REDIRECT, 0, 0);
        if (t->fate >= 2)
            benign_expect(w, t, t->rtt, UDP_ANSWER, 0, 0);
        break;
    case UDP_ANSWER:
        benign_send_udp(w, t, true, 55, false, t->fate < 8 ? 3000 : 100 + 3 * t->fate);
        if (t->fate > 95) /* who asked is gone already */
            benign_expect(w, t, MS, UDP_CLOSED, 0, 0);
        break;
    case UDP_REFUSE:
        benign_trouble(w, t, &t->far, &t->near, NO_PORT);
        break;
    case UDP_CLOSED:
        benign_trouble(w, t, &t->near, &t->far, NO_PORT);
        break;
    case UDP_REDIRECT:
        redirect(w, t);
        break;
    default:
        break;
    }
}

/* tracepath: datagrams that may not be fragmented, as long as they fit. */
static void path_begin(struct world *w, struct talk *t)
{
    t->sport = (uint16_t)(32768 + benign_below(w, 28000));
    t->dport = 44444;
    t->hops = (uint8_t)(5 + benign_below(w, 10));
    t->mtu = 1492;
    t->size = MTU;
    benign_expect(w, t, 0, UDP_ASK, 1, 0);
}

static void path_happen(struct world *w, struct talk *t, const struct event *e)
{
    const struct ik_addr by = benign_router(t, e->a);
    if (e->what == UDP_ASK) {
        benign_send_udp(w, t, false, (uint8_t)e->a, true, t->size - 8u - (t->v6 ? 40 : 20));
        benign_expect(w, t, 20 * MS, UDP_ANSWER, e->a, 0);
        return;
    }
    if (t->size > t->mtu && e->a >= 3) {
        benign_trouble(w, t, &by, &t->near, TOO_BIG);
        t->size = t->mtu;
        benign_expect(w, t, 20 * MS, UDP_ASK, e->a, 0);
    } else if (e->a < t->hops) {
        benign_trouble(w, t, &by, &t->near, EXPIRED);
        benign_expect(w, t, 20 * MS, UDP_ASK, e->a + 1, 0);
    } else {
        benign_trouble(w, t, &t->far, &t->near, NO_PORT);
    }
}

/* A scan of our own for open datagram ports: the target's limit is one error a second or more. */
static void scan_begin(struct world *w, struct talk *t)
{
    t->near = benign_host(t->v6, 2);
    t->sport = (uint16_t)(32768 + benign_below(w, 28000));
    t->left = 200 + benign_below(w, 800);
    t->every = benign_chance(w, 500) ? 2 * MS : 50 * MS;
    benign_expect(w, t, 0, UDP_ASK, 1 + benign_below(w, 60000), 0);
}

static void scan_happen(struct world *w, struct talk *t, const struct event *e)
{
    t->dport = (uint16_t)(1 + e->a % 65535);
    benign_send_udp(w, t, false, 64, false, 0);
    if (benign_chance(w, t->every == 2 * MS ? 20 : 800))
        benign_trouble(w, t, &t->far, &t->near, NO_PORT);
    if (--t->left)
        benign_expect(w, t, t->every, UDP_ASK, e->a + 7919, 0);
}

/* ---- neighbours ------------------------------------------------------------------------------ */

enum { ND_DAD, ND_RS, ND_SOLICIT, ND_ADVERTISE };

static const struct ik_addr all_nodes = {.family = 6, .bytes = {0xff, 2, [15] = 1}};
static const struct ik_addr all_routers = {.family = 6, .bytes = {0xff, 2, [15] = 2}};
static const struct ik_addr reports = {.family = 6, .bytes = {0xff, 2, [15] = 0x16}};
static const struct ik_addr gateway6 = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}};
static const struct ik_addr nobody = {.family = 6};

static struct ik_addr link_local(const struct ik_addr *a)
{
    struct ik_addr l = {.family = 6, .bytes = {0xfe, 0x80}};
    memcpy(l.bytes + 8, a->bytes + 8, 8);
    return l;
}

static struct ik_addr solicited(const struct ik_addr *a)
{
    struct ik_addr g = {.family = 6, .bytes = {0xff, 2, [11] = 1, [12] = 0xff}};
    memcpy(g.bytes + 13, a->bytes + 13, 3);
    return g;
}

static size_t link_option(uint8_t type, const struct ik_addr *a, uint8_t *out)
{
    out[0] = type;
    out[1] = 1;
    benign_mac_of(a, out + 2);
    return 8;
}

static void advertise(struct world *w, const struct ik_addr *dst)
{
    uint8_t options[64] = {IK_NDOPT_PREFIX, 4, 64, 0xc0};
    struct ik_icmp m = {.family = 6, .type = IK_ICMP6_ROUTER_ADV, .kind = IK_ICMP_ROUTER_ADV};
    size_t n = 32;
    ik_store_be32(options + 4, 86400);
    ik_store_be32(options + 8, 14400);
    ik_store_be32(options + 16, 0x20010db8);
    n += link_option(IK_NDOPT_SOURCE_LINK, &gateway6, options + n);
    memcpy(options + n, "\x19\x03\0\0\0\0\7\x08\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 24);
    n += 24;
    m.router_adv.lifetime_s = 1800;
    m.router_adv.hop_limit = 64;
    m.router_adv.options = (struct ik_rd){options, n};
    benign_send_icmp(w, NULL, &gateway6, dst, 255, &m);
}

static void solicit(struct world *w, const struct ik_addr *src, const struct ik_addr *target)
{
    uint8_t option[8];
    const struct ik_addr group = solicited(target);
    struct ik_icmp m = {.family = 6, .type = IK_ICMP6_NEIGHBOR_SOL, .kind = IK_ICMP_NEIGHBOR_SOL};
    m.neighbor_sol.target = *target;
    m.neighbor_sol.options = (struct ik_rd){
        option, ik_addr_is_any(src) ? 0 : link_option(IK_NDOPT_SOURCE_LINK, src, option)};
    benign_send_icmp(w, NULL, src, &group, 255, &m);
}

static void nd_begin(struct world *w, struct talk *t)
{
    t->near = benign_host(true, benign_below(w, HOSTS));
    t->left = 20;
    benign_expect(w, t, 0, ND_DAD, 0, 0);
}

static void report(struct world *w, const struct ik_addr *src, const struct ik_addr *group)
{
    uint8_t bytes[8 + 8 + 28] = {IK_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0}, *m = bytes + 8;
    struct ik_ip ip = benign_ip_of(w, src, &reports, IK_PROTO_HOPOPTS, 1);
    m[0] = IK_ICMP6_MLD2_REPORT;
    m[7] = 1;
    m[8] = 4; /* joins */
    memcpy(m + 12, group->bytes, 16);
    const uint64_t sum = ik_cksum_add_pseudo(0, src, &reports, IK_PROTO_ICMP6, 28);
    ik_store_be16(m + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){m, 28})));
    ip.payload = (struct ik_rd){bytes, 8 + 28};
    benign_send(w, NULL, &ip);
}

static void nd_happen(struct world *w, struct talk *t, const struct event *e)
{
    uint8_t option[8];
    const struct ik_addr own = link_local(&t->near), group = solicited(&t->near);
    struct ik_icmp m = {.family = 6};
    switch (e->what) {
    case ND_DAD:
        solicit(w, &nobody, &own);
        report(w, &nobody, &group);
        benign_expect(w, t, S, ND_RS, 0, 0);
        break;
    case ND_RS:
        m.type = IK_ICMP6_ROUTER_SOL;
        m.kind = IK_ICMP_ROUTER_SOL;
        m.router_sol.options =
            (struct ik_rd){option, link_option(IK_NDOPT_SOURCE_LINK, &own, option)};
        benign_send_icmp(w, NULL, &own, &all_routers, 255, &m);
        advertise(w, benign_chance(w, 500) ? &own : &all_nodes);
        report(w, &own, &group);
        benign_expect(w, t, S, ND_SOLICIT, 0, 0);
        break;
    case ND_SOLICIT:
        solicit(w, benign_chance(w, 500) ? &own : &t->near, &gateway6);
        benign_expect(w, t, MS, ND_ADVERTISE, 0, 0);
        break;
    default:
        m.type = IK_ICMP6_NEIGHBOR_ADV;
        m.kind = IK_ICMP_NEIGHBOR_ADV;
        m.neighbor_adv.flags = IK_NA_ROUTER | IK_NA_SOLICITED | IK_NA_OVERRIDE;
        m.neighbor_adv.target = gateway6;
        m.neighbor_adv.options =
            (struct ik_rd){option, link_option(IK_NDOPT_TARGET_LINK, &gateway6, option)};
        benign_send_icmp(w, NULL, &gateway6, &own, 255, &m);
        if (benign_chance(w, 20))
            advertise(w, &all_nodes);
        if (--t->left)
            benign_expect(w, t, benign_between(w, 20 * S, 40 * S), ND_SOLICIT, 0, 0);
        break;
    }
}
const struct kind benign_kinds[] = {
    {"ping", 250, benign_ping_begin, benign_ping_happen},
    {"monitor", 30, benign_monitor_begin, benign_ping_happen},
    {"trace", 100, benign_trace_begin, benign_trace_happen},
    {"tcp", 330, benign_tcp_begin, benign_tcp_happen},
    {"dns", 200, dns_begin, dns_happen},
    {"tracepath", 20, path_begin, path_happen},
    {"scan", 2, scan_begin, scan_happen},
    {"nd", 68, nd_begin, nd_happen},
};
