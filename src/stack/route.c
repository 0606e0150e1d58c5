/* SPDX-License-Identifier: MIT
 * Routes: longest match, then type of service, then a share among equals (RFC 1812
 * section 5.2.4.3).
 */
#include "base/siphash.h"
#include "net/lpm.h"
#include "net/scope.h"
#include "stack/query4.h"
#include "stack/stack_int.h"

enum { CONNECTED = 1u << 31, NO_WAY = UINT32_MAX };

/* One route in the chain of its prefix. `what`: a row of s->routes, or CONNECTED and the port. */
struct way {
    uint32_t what, next;
};

struct ik_routes {
    struct ik_lpm lpm;
    struct way *ways;
    uint32_t n_ways, most_ways;
};

/* Prefixes of the interfaces and rows of the configuration, at most. */
static uint32_t ways_most(const struct ik_stack_cfg *cfg)
{
    uint32_t n = cfg->n_routes;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        n += cfg->ifaces[i].n_addrs;
    return n < IK_LPM_MAX ? n : IK_LPM_MAX;
}

/* Addresses of one port in the same net make one prefix: a host of several has one to remember. */
static uint32_t prefixes_most(const struct ik_stack_cfg *cfg)
{
    uint32_t same = 0;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        for (uint8_t k = 1; k < cfg->ifaces[i].n_addrs; k++) {
            const struct ik_stack_ifaddr *a = &cfg->ifaces[i].addrs[k], *b = a - 1;
            same += a->addr.family == b->addr.family && a->bits == b->bits &&
                    ik_scope_common_bits(&a->addr, &b->addr) >= a->bits;
        }
    return ways_most(cfg) - same;
}

static size_t lpm_offset(void)
{
    return (sizeof(struct ik_routes) + 7) & ~(size_t)7;
}

size_t ik_stack_route_bytes(const struct ik_stack_cfg *cfg)
{
    return lpm_offset() + ik_lpm_bytes(prefixes_most(cfg)) + ways_most(cfg) * sizeof(struct way);
}

static void init_tables(struct ik_routes *r, uint32_t bound, uint32_t most_ways)
{
    uint8_t *mem = (uint8_t *)r + lpm_offset();
    ik_lpm_init(&r->lpm, mem, bound);
    r->ways = (struct way *)(void *)(mem + ik_lpm_bytes(bound));
    r->n_ways = 0;
    r->most_ways = most_ways;
}

/* The chain of exactly that prefix, NO_WAY when it is new. */
static uint32_t chain_of(const struct ik_routes *r, const struct ik_prefix *p)
{
    uint32_t value = NO_WAY;
    struct ik_prefix found;
    uint32_t low = 0, high = r->lpm.n;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        ik_lpm_at(&r->lpm, mid, &found, &value);
        int order = (int)found.addr.family - (int)p->addr.family;
        if (order == 0)
            order = memcmp(found.addr.bytes, p->addr.bytes, sizeof(p->addr.bytes));
        if (order == 0)
            order = (int)found.bits - (int)p->bits;
        if (order == 0)
            return value;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NO_WAY;
}

/* Puts a way behind those with its prefix; connected ones stand before all others. */
static void add(struct ik_routes *r, struct ik_prefix p, uint32_t what)
{
    struct ik_prefix clean = p;
    const unsigned bits = p.bits;
    for (unsigned i = 0; i < 16; i++) {
        const unsigned kept = bits <= 8 * i ? 0 : bits - 8 * i < 8 ? bits - 8 * i : 8;
        clean.addr.bytes[i] = (uint8_t)(clean.addr.bytes[i] & 0xff00u >> kept);
    }
    clean.addr.scope = 0;
    const uint32_t at = r->n_ways;
    if (at == r->most_ways)
        return;
    r->ways[at] = (struct way){.what = what, .next = NO_WAY};
    uint32_t last = chain_of(r, &clean);
    if (last == NO_WAY) {
        if (ik_lpm_put(&r->lpm, &clean, at) == IK_OK)
            r->n_ways++;
        return;
    }
    while (r->ways[last].next != NO_WAY)
        last = r->ways[last].next;
    r->ways[last].next = at;
    r->n_ways++;
}

void ik_stack_route_changed(struct ik_stack *s)
{
    struct ik_routes *r = s->route_table;
    init_tables(r, r->lpm.bound, r->most_ways);
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        for (uint8_t k = 0; s->ports[i].up && k < s->ifaces[i].n_addrs; k++) {
            const struct ik_stack_ifaddr *a = &s->ifaces[i].addrs[k];
            add(r, (struct ik_prefix){.addr = a->addr, .bits = ik_stack_query4_bits(s, i, a)},
                CONNECTED | i);
        }
    for (uint32_t i = 0; i < s->n_routes; i++)
        if (s->routes[i].kind != IK_STACK_ROUTE_VIA || s->ports[s->routes[i].port].up)
            add(r, s->routes[i].prefix, i);
}

void ik_stack_route_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    s->route_table = mem;
    init_tables(s->route_table, prefixes_most(cfg), ways_most(cfg));
    ik_stack_route_changed(s);
}

void ik_stack_route_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_route_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* ---- look-up --------------------------------------------------------------------------------- */

static void hop_by_port(const struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                        struct ik_stack_hop *out)
{
    *out = (struct ik_stack_hop){.kind = IK_STACK_ROUTE_VIA,
                                 .port = port,
                                 .on_link = true,
                                 .next = *dst,
                                 .mtu = s->ifaces[port].mtu};
}

/* Whether the way counts in the round: with the packet's own TOS, or without any. */
static bool way_fits(const struct ik_stack *s, const struct way *w, bool with_tos, uint8_t tos)
{
    const struct ik_stack_route *r = &s->routes[w->what];
    return with_tos ? r->has_tos && r->tos == tos : !r->has_tos;
}

/* The way for `hash` among those of the chain that fit; NO_WAY when none does. */
static uint32_t way_choose(const struct ik_stack *s, uint32_t first, uint32_t hash, bool with_tos,
                           uint8_t tos)
{
    const struct way *ways = s->route_table->ways;
    uint32_t n = 0;
    for (uint32_t i = first; i != NO_WAY; i = ways[i].next)
        n += way_fits(s, &ways[i], with_tos, tos);
    if (n == 0)
        return NO_WAY;
    /* The high bits choose: those of a poor hash are the better ones. */
    uint32_t skip = (uint32_t)((uint64_t)hash * n >> 32);
    for (uint32_t i = first;; i = ways[i].next)
        if (way_fits(s, &ways[i], with_tos, tos) && skip-- == 0)
            return i;
}

static void hop_by_row(const struct ik_stack *s, const struct ik_stack_route *r,
                       const struct ik_addr *dst, struct ik_stack_hop *out)
{
    hop_by_port(s, r->kind == IK_STACK_ROUTE_VIA ? r->port : 0, dst, out);
    out->kind = r->kind;
    out->is_default = r->prefix.bits == 0;
    out->on_link = r->via.family == 0;
    if (r->via.family)
        out->next = r->via;
}

/* What is looked up. `ip`: the packet, whose hash is taken when it is needed; NULL: it is `hash`.
 */
struct query {
    const struct ik_addr *dst;
    const struct ik_ip *ip;
    uint32_t hash;
    uint8_t tos;
};

/* By the table; false when it has no way. */
static bool find_static(struct ik_stack *s, const struct query *q, struct ik_stack_hop *out)
{
    const struct ik_addr *dst = q->dst;
    uint32_t first;
    if (!ik_lpm_get(&s->route_table->lpm, dst, &first))
        return false;
    const struct way *w = &s->route_table->ways[first];
    if (w->what & CONNECTED) {
        hop_by_port(s, (uint8_t)w->what, dst, out);
        return true;
    }
    if (w->next != NO_WAY || s->routes[w->what].has_tos) {
        if (ik_stack_fast_watched(s))
            ik_stack_fast_watched(s)->shared = true;
        const uint32_t hash = q->ip ? ik_stack_route_hash(s, q->ip) : q->hash;
        uint32_t at = way_choose(s, first, hash, true, q->tos);
        if (at == NO_WAY)
            at = way_choose(s, first, hash, false, q->tos);
        if (at == NO_WAY) {
            hop_by_row(s, &s->routes[w->what], dst, out);
            out->tos_mismatch = true;
            return false;
        }
        w = &s->route_table->ways[at];
    }
    hop_by_row(s, &s->routes[w->what], dst, out);
    return true;
}

/* Addresses that mean one link: which one, the scope says, else it is the first. */
static bool find_by_scope(const struct ik_stack *s, const struct ik_addr *dst,
                          struct ik_stack_hop *out)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        if (s->ports[i].up && (dst->scope == 0 || dst->scope == ik_stack_local_index(s, i)) &&
            ik_stack_local_of_port(s, i, dst->family, NULL).family) {
            hop_by_port(s, i, dst, out);
            out->is_default = ik_addr_is_multicast(dst);
            return true;
        }
    return false;
}

static bool means_one_link(const struct ik_addr *dst)
{
    return ik_addr_is_multicast(dst) ||
           (dst->family == 4 ? ik_scope_is_limited_broadcast(dst) : ik_addr_is_link_local(dst));
}

/* A group that reaches beyond a link, and may have a route (RFC 4291 section 2.7). */
static bool is_wide_group(const struct ik_addr *dst)
{
    return dst->family == 6 && ik_addr_is_multicast(dst) && dst->scope == 0 &&
           ik_scope_of(dst) > IK_SCOPE_LINK;
}

static bool find(struct ik_stack *s, const struct query *q, struct ik_stack_hop *out)
{
    out->tos_mismatch = false;
    if (is_wide_group(q->dst) && find_static(s, q, out))
        return true;
    if (means_one_link(q->dst))
        return find_by_scope(s, q->dst, out);
    if (s->redirects && ik_stack_redirect_find(s, q->dst, out)) {
        out->mtu = s->ifaces[out->port].mtu;
        return true;
    }
    if (find_static(s, q, out))
        return true;
    const bool found = q->dst->family == 4 ? s->rdisc4 && ik_stack_rdisc4_router(s, out)
                                           : s->nd && ik_stack_nd_router(s, q->dst, out);
    if (found)
        out->mtu = s->ifaces[out->port].mtu;
    return found;
}

bool ik_stack_route_find(struct ik_stack *s, const struct ik_addr *dst, uint32_t hash, uint8_t tos,
                         struct ik_stack_hop *out)
{
    return find(s, &(struct query){.dst = dst, .hash = hash, .tos = tos}, out);
}

/* RFC 1812 section 5.2.4.3: of the octet only the TOS field counts. */
enum { TOS_FIELD = 0x1e };

bool ik_stack_route_of(struct ik_stack *s, const struct ik_ip *ip, struct ik_stack_hop *out)
{
    return find(s, &(struct query){.dst = &ip->dst, .ip = ip, .tos = ip->tos & TOS_FIELD}, out);
}

/* ---- shares ---------------------------------------------------------------------------------- */

/* What tells one flow from another behind the IP header, 4 bytes: ports, or type, code and
 * identifier of a query. Fragments have them in the first only, so none of them counts. */
static uint32_t flow_word(const struct ik_ip *ip)
{
    if (ip->fragment || ip->payload.left < 8)
        return 0;
    const uint8_t *p = ip->payload.p;
    switch (ip->proto) {
    case IK_PROTO_TCP:
    case IK_PROTO_UDP:
        return ik_load_be32(p);
    case IK_PROTO_ICMP4:
    case IK_PROTO_ICMP6:
        return (uint32_t)ik_load_be16(p) << 16 | ik_load_be16(p + 4);
    default:
        return 0;
    }
}

/* A counter with its bits turned round: the values fill the range as evenly at every moment as they
 * can, so equal ways take turns, strictly where they are 2, 4, 8. */
static uint32_t reversed(uint32_t x)
{
    x = (x & 0x55555555) << 1 | (x >> 1 & 0x55555555);
    x = (x & 0x33333333) << 2 | (x >> 2 & 0x33333333);
    x = (x & 0x0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f);
    x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
    return x << 16 | x >> 16;
}

uint32_t ik_stack_route_hash(struct ik_stack *s, const struct ik_ip *ip)
{
    uint8_t in[16 + 16 + 5];
    switch (s->opt->balance) {
    case IK_BALANCE_PACKET:
        return reversed(s->turn++);
    case IK_BALANCE_DESTINATION:
        return (uint32_t)(ik_siphash(s->key, ip->dst.bytes, 16) >> 32);
    default:
        memcpy(in, ip->src.bytes, 16);
        memcpy(in + 16, ip->dst.bytes, 16);
        in[32] = ip->proto;
        ik_store_be32(in + 33, flow_word(ip));
        return (uint32_t)(ik_siphash(s->key, in, sizeof(in)) >> 32);
    }
}
