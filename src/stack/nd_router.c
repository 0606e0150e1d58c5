/* SPDX-License-Identifier: MIT
 * Router discovery of IPv6, both sides (RFC 4861 sections 6.2, 6.3).
 *
 * A host solicits where its options say so, and listens always: it takes default routers and
 * on-link prefixes, and makes itself no addresses (RFC 4862 section 5.5): those are configured. */
#include "stack/nd_int.h"

#include "net/neigh.h"

/* RFC 4861 section 10. */
enum {
    SOLICITATIONS = 3,       /* MAX_RTR_SOLICITATIONS */
    FIRST_ADVERTISEMENTS = 3 /* MAX_INITIAL_RTR_ADVERTISEMENTS */
};
static const ik_ns solicitation_delay = IK_NS_PER_S;        /* MAX_RTR_SOLICITATION_DELAY */
static const ik_ns solicitation_interval = 4 * IK_NS_PER_S; /* RTR_SOLICITATION_INTERVAL */
static const ik_ns answer_delay = IK_NS_PER_S / 2;          /* MAX_RA_DELAY_TIME */
static const ik_ns answer_distance = 3 * IK_NS_PER_S;       /* MIN_DELAY_BETWEEN_RAS */
static const ik_ns first_interval = 16 * IK_NS_PER_S;       /* MAX_INITIAL_RTR_ADVERT_INTERVAL */
static const ik_ns default_interval = 600 * IK_NS_PER_S;    /* MaxRtrAdvInterval */
enum { VALID_S = 2592000, PREFERRED_S = 604800 };           /* AdvValidLifetime and the other */

/* Uniform in 0 .. bound. */
static ik_ns chance(struct ik_stack *s, ik_ns bound)
{
    /* the generator gives 32 bits: microseconds, or finer where the bound allows */
    const ik_ns unit = bound > (ik_ns)UINT32_MAX ? IK_NS_PER_US : 1;
    return unit * (ik_ns)ik_rng_below(&s->rng, (uint64_t)(bound / unit) + 1);
}

/* ---- what a host knows ----------------------------------------------------------------------- */

static bool prefix_holds(const uint8_t *prefix, unsigned bits, const uint8_t *addr)
{
    const unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(prefix, addr, whole) != 0)
        return false;
    return rest == 0 || (prefix[whole] ^ addr[whole]) >> (8 - rest) == 0;
}

/* The row of that address, or else the one that ends first; a full table forgets that one. */
static struct ik_nd_router *row_for(struct ik_nd_router *rows, unsigned n, uint8_t port,
                                    const struct ik_addr *addr, uint8_t bits)
{
    struct ik_nd_router *best = rows;
    for (unsigned i = 0; i < n; i++) {
        if (rows[i].port == port && rows[i].bits == bits &&
            memcmp(rows[i].addr, addr->bytes, sizeof(rows[i].addr)) == 0)
            return &rows[i];
        if (rows[i].until < best->until)
            best = &rows[i];
    }
    return best;
}

/* `lifetime_s` 0 takes it away, UINT32_MAX holds for ever. */
static void keep(struct ik_stack *s, struct ik_nd_router *rows, unsigned n, uint8_t port,
                 const struct ik_addr *addr, uint8_t bits, uint32_t lifetime_s)
{
    if (n == 0)
        return;
    struct ik_nd_router *row = row_for(rows, n, port, addr, bits);
    const bool known = row->port == port && row->bits == bits &&
                       memcmp(row->addr, addr->bytes, sizeof(row->addr)) == 0;
    if (lifetime_s == 0 && !known)
        return;
    memcpy(row->addr, addr->bytes, sizeof(row->addr));
    row->port = port;
    row->bits = bits;
    row->until = lifetime_s == UINT32_MAX ? IK_NEVER : s->now.mono + lifetime_s * IK_NS_PER_S;
}

void ik_nd_router_forget(struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    for (unsigned i = 0; i < s->nd->rows; i++) {
        struct ik_nd_router *r = &s->nd->routers[i];
        if (r->port == port && r->until > s->now.mono &&
            memcmp(r->addr, addr->bytes, sizeof(r->addr)) == 0) {
            r->until = 0;
            ik_stack_redirect_forget(s, port, addr);
            ik_stack_event_say(s, "state", IK_RULE_NONE, NULL, "a default router is none any more");
        }
    }
}

static void hop_set(const struct ik_stack *s, uint8_t port, const uint8_t *next, bool on_link,
                    struct ik_stack_hop *out)
{
    *out = (struct ik_stack_hop){
        .kind = IK_STACK_ROUTE_VIA,
        .port = port,
        .on_link = on_link,
        .is_default = !on_link,
        .next = {.family = 6},
        .mtu = s->ifaces[port].mtu,
    };
    memcpy(out->next.bytes, next, sizeof(out->next.bytes));
}

/* Those whose link-layer address is known go first: the others may be gone (section 6.3.6). */
bool ik_stack_nd_router(struct ik_stack *s, const struct ik_addr *dst, struct ik_stack_hop *out)
{
    bool found = false;
    uint8_t mac[6];
    for (unsigned i = 0; i < s->nd->rows; i++) {
        const struct ik_nd_router *r = &s->nd->prefixes[i];
        if (r->until > s->now.mono && s->ports[r->port].up &&
            prefix_holds(r->addr, r->bits, dst->bytes)) {
            hop_set(s, r->port, dst->bytes, true, out);
            return true;
        }
    }
    for (unsigned i = 0; i < s->nd->rows; i++) {
        const struct ik_nd_router *r = &s->nd->routers[i];
        if (r->until <= s->now.mono || !s->ports[r->port].up)
            continue;
        struct ik_stack_hop hop;
        hop_set(s, r->port, r->addr, false, &hop);
        const bool answers = ik_stack_nbr_find(s, r->port, &hop.next, mac);
        if (!found || answers)
            *out = hop;
        found = true;
        if (answers)
            break;
    }
    return found;
}

/* ---- host: soliciting and listening ---------------------------------------------------------- */

static void solicit(struct ik_stack *s, uint8_t port)
{
    struct ik_nd_port *np = &s->nd->ports[port];
    const struct ik_addr src = ik_nd_link_local(s, port);
    struct ik_addr routers = ik_nd_all_nodes();
    uint8_t options[8];
    struct ik_wr w;
    routers.bytes[15] = 2;
    ik_wr_init(&w, options, sizeof(options));
    if (!ik_addr_is_any(&src))
        ik_nd_put_link(s, port, IK_NDOPT_SOURCE_LINK, &w);
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_ROUTER_SOL,
        .kind = IK_ICMP_ROUTER_SOL,
        .router_sol = {.options = {options, w.used}},
    };
    np->solicits_left--;
    np->solicit_at = np->solicits_left ? s->now.mono + solicitation_interval : IK_NEVER;
    ik_nd_send(s, port, &src, &routers, &msg);
}

static void take_prefix(struct ik_stack *s, const struct ik_pkt *p, const struct ik_nd_prefix *pi)
{
    struct ik_addr prefix = pi->prefix;
    if (!(pi->flags & IK_ND_PREFIX_ON_LINK) || pi->prefix_bits > 128 ||
        ik_addr_is_link_local(&prefix) || ik_addr_is_multicast(&prefix))
        return;
    for (unsigned bit = pi->prefix_bits; bit < 128; bit++)
        prefix.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    keep(s, s->nd->prefixes, s->nd->rows, p->port, &prefix, pi->prefix_bits, pi->valid_s);
}

/* Less than every link carries, or more than this one does, is nonsense (section 6.3.4). */
static void take_mtu(struct ik_stack *s, uint8_t port, uint32_t mtu)
{
    enum { LEAST = 1280 };
    if (mtu >= LEAST && mtu <= s->ifaces[port].mtu)
        s->nd->ports[port].mtu = mtu;
}

uint32_t ik_stack_nd_mtu(const struct ik_stack *s, uint8_t port, uint32_t mtu)
{
    const uint32_t told = s->nd ? s->nd->ports[port].mtu : 0;
    return told && told < mtu ? told : mtu;
}

static void take_options(struct ik_stack *s, const struct ik_pkt *p, struct ik_rd options)
{
    struct ik_ndopt option;
    struct ik_ndopt_view view;
    while (ik_ndopt_take(&options, &option, NULL) == IK_OK) {
        if (ik_ndopt_decode(&view, &option, NULL) != IK_OK)
            continue;
        if (view.kind == IK_NDOPT_KIND_PREFIX)
            take_prefix(s, p, &view.prefix);
        else if (view.kind == IK_NDOPT_KIND_MTU)
            take_mtu(s, p->port, view.mtu.mtu);
    }
}

/* Zero says nothing (section 6.3.4). An hour is what AdvReachableTime may be at most; what would
 * make this node flood its link, or never give up, is not obeyed. */
static void take_times(struct ik_stack *s, const struct ik_icmp_router_adv *ra)
{
    enum { REACHABLE_MOST_MS = 3600000, RETRANSMIT_MOST_MS = 60000, RETRANSMIT_LEAST_MS = 100 };
    if (ra->reachable_ms != 0 && ra->reachable_ms <= REACHABLE_MOST_MS)
        ik_stack_nbr_table(s)->reachable = ra->reachable_ms * IK_NS_PER_MS;
    if (ra->retransmit_ms >= RETRANSMIT_LEAST_MS && ra->retransmit_ms <= RETRANSMIT_MOST_MS)
        ik_stack_nbr_table(s)->retrans = ra->retransmit_ms * IK_NS_PER_MS;
}

void ik_nd_router_adv(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const struct ik_icmp_router_adv *ra = &m->router_adv;
    if (ik_stack_is_router(s)) {
        ik_stack_event_say(s, "delivered", IK_RULE_R4861_6_1_2_01, p, "advertisement of another");
        return;
    }
    s->nd->ports[p->port].solicit_at = IK_NEVER; /* section 6.3.7: answered */
    keep(s, s->nd->routers, s->nd->rows, p->port, &p->ip.src, 128, ra->lifetime_s);
    if (ra->lifetime_s == 0)
        ik_stack_redirect_forget(s, p->port, &p->ip.src);
    const uint8_t *mac = ik_nd_find_link(ra->options, IK_NDOPT_SOURCE_LINK);
    ik_nd_learn_source(s, p, &(struct ik_neigh_news){.mac = mac, .router = true});
    take_options(s, p, ra->options);
    take_times(s, ra);
    ik_stack_event_say(s, "state", IK_RULE_R4861_6_1_2_01, p,
                       ra->lifetime_s ? "a default router" : "a router that is no default");
}

/* ---- router: advertising --------------------------------------------------------------------- */

static ik_ns interval_of(const struct ik_stack *s)
{
    return s->opt->advertise_interval ? s->opt->advertise_interval : default_interval;
}

static uint16_t lifetime_of(const struct ik_stack *s)
{
    enum { MOST = 9000 };
    if (s->opt->advertise_lifetime)
        return s->opt->advertise_lifetime;
    const ik_ns three = 3 * (interval_of(s) / IK_NS_PER_S);
    return (uint16_t)(three < MOST ? three : MOST);
}

static void put_prefix(const struct ik_stack *s, const struct ik_stack_ifaddr *a, struct ik_wr *w)
{
    const uint8_t own = s->opt->advertise_prefix_bits ? s->opt->advertise_prefix_bits : a->bits;
    struct ik_addr prefix = a->addr;
    for (unsigned bit = own; bit < 128; bit++)
        prefix.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
    const struct ik_ndopt_view view = {
        .type = IK_NDOPT_PREFIX,
        .kind = IK_NDOPT_KIND_PREFIX,
        .prefix = {.prefix_bits = own,
                   .flags =
                       (uint8_t)(IK_ND_PREFIX_ON_LINK | (own == 64 ? IK_ND_PREFIX_AUTONOMOUS : 0)),
                   .valid_s = VALID_S,
                   .preferred_s = PREFERRED_S,
                   .prefix = prefix},
    };
    ik_nd_put_option(&view, w);
}

static void put_mtu(const struct ik_stack *s, uint8_t port, struct ik_wr *w)
{
    const struct ik_ndopt_view view = {
        .type = IK_NDOPT_MTU,
        .kind = IK_NDOPT_KIND_MTU,
        .mtu = {.mtu = s->ifaces[port].mtu},
    };
    ik_nd_put_option(&view, w);
}

static void send_advertisement(struct ik_stack *s, uint8_t port, uint16_t lifetime_s,
                               struct ik_rd options)
{
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_ROUTER_ADV,
        .kind = IK_ICMP_ROUTER_ADV,
        .router_adv = {.hop_limit = s->opt->ttl ? s->opt->ttl : 64,
                       .lifetime_s = lifetime_s,
                       .options = options},
    };
    const struct ik_addr src = ik_nd_link_local(s, port), all = ik_nd_all_nodes();
    if (!ik_addr_is_any(&src))
        ik_nd_send(s, port, &src, &all, &msg);
}

/* What does not fit into one message goes into the next: none may be fragmented (RFC 6980 section
 * 5). */
static void advertise(struct ik_stack *s, uint8_t port, uint16_t lifetime_s)
{
    enum { HEAD = IK_IP6_BYTES + 16, PREFIX_BYTES = 32 };
    const struct ik_stack_iface *iface = &s->ifaces[port];
    uint8_t options[IK_ND_BYTES_MAX - HEAD];
    struct ik_wr w;
    ik_wr_init(&w, options, sizeof(options));
    ik_nd_put_link(s, port, IK_NDOPT_SOURCE_LINK, &w);
    put_mtu(s, port, &w);
    for (unsigned i = 0; i < iface->n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &iface->addrs[i];
        if (a->addr.family != 6 || ik_addr_is_link_local(&a->addr))
            continue;
        if (w.cap - w.used < PREFIX_BYTES) {
            send_advertisement(s, port, lifetime_s, (struct ik_rd){options, w.used});
            ik_wr_init(&w, options, sizeof(options));
        }
        put_prefix(s, a, &w);
    }
    send_advertisement(s, port, lifetime_s, (struct ik_rd){options, w.used});
}

static void advertise_due(struct ik_stack *s, uint8_t port)
{
    struct ik_nd_port *np = &s->nd->ports[port];
    const ik_ns most = interval_of(s), least = most / 3;
    ik_ns wait = least + chance(s, most - least);
    advertise(s, port, lifetime_of(s));
    np->advertised_at = s->now.mono;
    np->solicited = false;
    if (np->first_left > 0) {
        np->first_left--;
        wait = wait < first_interval ? wait : first_interval;
    }
    np->advertise_at = s->now.mono + wait;
}

/* One advertisement to all answers everybody who asked meanwhile: after a random delay, and never
 * sooner than 3 s after the last (section 6.2.6). */
void ik_nd_router_sol(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_nd_port *np = &s->nd->ports[p->port];
    if (!ik_stack_is_router(s)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_R4861_6_1_1_01, p,
                            "solicits routers, of which this is none");
        return;
    }
    const uint8_t *mac = ik_nd_find_link(m->router_sol.options, IK_NDOPT_SOURCE_LINK);
    if (!ik_addr_is_any(&p->ip.src))
        ik_nd_learn_source(s, p, &(struct ik_neigh_news){.mac = mac, .host = true});
    if (!s->opt->advertise6 || np->solicited)
        return;
    ik_ns at = s->now.mono + chance(s, answer_delay);
    if (at < np->advertised_at + answer_distance)
        at = np->advertised_at + answer_distance + chance(s, answer_delay);
    np->solicited = true;
    if (at < np->advertise_at)
        np->advertise_at = at;
    ik_stack_arm(s, np->advertise_at);
}

/* A lifetime of 0 says goodbye (section 6.2.5). */
void ik_stack_nd_stop(struct ik_stack *s)
{
    for (uint8_t i = 0; s->nd && i < s->n_ifaces; i++)
        if (s->nd->ports[i].advertise_at != IK_NEVER)
            advertise(s, i, 0);
}

/* ---- time ------------------------------------------------------------------------------------ */

void ik_nd_router_start(struct ik_stack *s, uint8_t port)
{
    struct ik_nd_port *np = &s->nd->ports[port];
    if (ik_stack_is_router(s) && s->opt->advertise6) {
        np->first_left = FIRST_ADVERTISEMENTS;
        np->advertise_at = s->now.mono + chance(s, answer_delay);
        ik_stack_arm(s, np->advertise_at);
    }
    if (!ik_stack_is_router(s) && s->opt->solicit6) {
        np->solicits_left = SOLICITATIONS;
        np->solicit_at = s->now.mono + chance(s, solicitation_delay);
        ik_stack_arm(s, np->solicit_at);
    }
}

ik_ns ik_nd_router_timeout(struct ik_stack *s)
{
    ik_ns next = IK_NEVER;
    for (uint8_t i = 0; i < s->n_ifaces; i++) {
        struct ik_nd_port *np = &s->nd->ports[i];
        if (np->solicit_at <= s->now.mono)
            solicit(s, i);
        if (np->advertise_at <= s->now.mono)
            advertise_due(s, i);
        next = np->solicit_at < next ? np->solicit_at : next;
        next = np->advertise_at < next ? np->advertise_at : next;
    }
    return next;
}
