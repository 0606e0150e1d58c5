/* SPDX-License-Identifier: MIT
 * Neighbour discovery: solicitations and advertisements of neighbours, verification of our own
 * addresses (RFC 4861 sections 6.1, 7, 8.1; RFC 4862 section 5.4).
 *
 * Addresses are used from the start, as optimistic ones (RFC 4429): each is solicited once from
 * nobody within the first second; whoever answers, or solicits it likewise within the second after,
 * owns it, and it is not used any more. */
#include "stack/nd_int.h"

#include "net/neigh.h"
#include "net/scope.h"

enum { HOP_LIMIT = 255, MAC_BYTES = 6 };

/* RFC 4861 section 10: MAX_RTR_SOLICITATION_DELAY, RETRANS_TIMER. */
static const ik_ns first_delay = IK_NS_PER_S, verify_time = IK_NS_PER_S;

/* ---- our own addresses ----------------------------------------------------------------------- */

bool ik_nd_is_used(const struct ik_stack_iface *iface)
{
    for (unsigned i = 0; i < iface->n_addrs; i++)
        if (iface->addrs[i].addr.family == 6)
            return true;
    return false;
}

bool ik_nd_addr(const struct ik_stack *s, uint8_t port, unsigned i, struct ik_addr *out)
{
    const struct ik_stack_iface *iface = &s->ifaces[port];
    unsigned n = 0;
    for (unsigned k = 0; k < iface->n_addrs; k++) {
        if (iface->addrs[k].addr.family != 6)
            continue;
        if (n++ == i) {
            *out = iface->addrs[k].addr;
            return true;
        }
    }
    if (n == 0 || i > n)
        return false;
    *out = ik_scope_link_local(iface->mac);
    return true;
}

/* The number of an address of the port, or IK_ND_ADDRS. */
static unsigned find_addr(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    struct ik_addr have;
    for (unsigned i = 0; i < IK_ND_ADDRS && ik_nd_addr(s, port, i, &have); i++)
        if (ik_addr_same_host(&have, addr))
            return i;
    return IK_ND_ADDRS;
}

static bool is_duplicate(const struct ik_nd_port *np, unsigned i)
{
    return i < IK_ND_VERIFIED && np->duplicate >> i & 1;
}

/* True until the address has been solicited and nobody spoke up in time. */
static bool is_tentative(const struct ik_stack *s, const struct ik_nd_port *np)
{
    return np->verify_at != IK_NEVER || s->now.mono < np->verified_at;
}

bool ik_stack_nd_usable(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    if (!s->nd || port >= s->n_ifaces || !s->nd->ports[port].duplicate)
        return true;
    const unsigned i = find_addr(s, port, addr);
    return i == IK_ND_ADDRS || !is_duplicate(&s->nd->ports[port], i);
}

struct ik_addr ik_nd_link_local(const struct ik_stack *s, uint8_t port)
{
    struct ik_addr have;
    for (unsigned i = 0; i < IK_ND_ADDRS && ik_nd_addr(s, port, i, &have); i++)
        if (ik_addr_is_link_local(&have) && !is_duplicate(&s->nd->ports[port], i))
            return have;
    return (struct ik_addr){.family = 6};
}

struct ik_addr ik_nd_all_nodes(void)
{
    return (struct ik_addr){.family = 6, .bytes = {[0] = 0xff, [1] = 2, [15] = 1}};
}

/* True when a solicitation on that port may ask us for the address: one of the interface, or of the
 * prefixes that this host stands for. */
static bool is_owned(const struct ik_stack *s, uint8_t port, const struct ik_addr *target)
{
    const unsigned i = find_addr(s, port, target);
    if (i < IK_ND_ADDRS)
        return !is_duplicate(&s->nd->ports[port], i);
    return ik_stack_local_port(s, target) == IK_STACK_UPPER &&
           ik_stack_local_kind(s, port, target) == IK_LOCAL_UNICAST;
}

/* ---- sending --------------------------------------------------------------------------------- */

void ik_nd_put_option(const struct ik_ndopt_view *view, struct ik_wr *w)
{
    size_t len = 0;
    if (w->overflow || ik_ndopt_encode(view, w->p + w->used, w->cap - w->used, &len) != IK_OK)
        w->overflow = true;
    else
        w->used += len;
}

void ik_nd_put_link(const struct ik_stack *s, uint8_t port, uint8_t type, struct ik_wr *w)
{
    const struct ik_ndopt_view view = {
        .type = type,
        .kind = IK_NDOPT_KIND_LINK,
        .link = {.addr = {s->ifaces[port].mac, MAC_BYTES}},
    };
    ik_nd_put_option(&view, w);
}

const uint8_t *ik_nd_find_link(struct ik_rd options, uint8_t type)
{
    struct ik_ndopt option;
    while (ik_ndopt_take(&options, &option, NULL) == IK_OK)
        if (option.type == type && option.body.left >= MAC_BYTES && !(option.body.p[0] & 1))
            return option.body.p;
    return NULL;
}

void ik_nd_learn_source(struct ik_stack *s, const struct ik_pkt *p,
                        const struct ik_neigh_news *what)
{
    struct ik_neigh_news news = *what;
    news.addr = p->ip.src;
    news.port = p->port;
    if (ik_stack_nbr_learn(s, &news, news.mac))
        ik_nd_router_forget(s, p->port, &p->ip.src);
}

void ik_nd_send(struct ik_stack *s, uint8_t port, const struct ik_addr *src,
                const struct ik_addr *dst, const struct ik_icmp *msg)
{
    uint8_t bytes[IK_ND_BYTES_MAX - IK_IP6_BYTES];
    size_t len;
    const struct ik_icmp_ctx ctx = {.family = 6, .src = src, .dst = dst};
    if (ik_icmp_encode(msg, &ctx, false, bytes, sizeof(bytes), &len) != IK_OK)
        return; /* cannot be: every message here is built to fit */
    struct ik_ip ip = ik_stack_output_ip6(s, src, dst, IK_PROTO_ICMP6);
    ip.ttl = HOP_LIMIT;
    ip.payload = (struct ik_rd){bytes, len};
    const struct ik_stack_hop hop = {
        .kind = IK_STACK_ROUTE_VIA,
        .port = port,
        .on_link = true,
        .next = *dst,
        .mtu = s->ifaces[port].mtu,
    };
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.hop = &hop});
}

static void send_solicitation(struct ik_stack *s, uint8_t port, const struct ik_addr *src,
                              const struct ik_addr *dst, const struct ik_addr *target)
{
    uint8_t options[8];
    struct ik_wr w;
    ik_wr_init(&w, options, sizeof(options));
    if (!ik_addr_is_any(src))
        ik_nd_put_link(s, port, IK_NDOPT_SOURCE_LINK, &w);
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_NEIGHBOR_SOL,
        .kind = IK_ICMP_NEIGHBOR_SOL,
        .neighbor_sol = {.target = *target, .options = {options, w.used}},
    };
    ik_nd_send(s, port, src, dst, &msg);
}

void ik_stack_nd_ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                     const uint8_t *mac)
{
    if (!s->nd)
        return;
    const struct ik_addr group = ik_scope_solicited_node(target);
    const struct ik_addr src = ik_stack_local_of_port(s, port, 6, target);
    /* from nobody it would claim the address instead of asking for it (RFC 4862 section 5.4.3) */
    if (src.family != 0)
        send_solicitation(s, port, &src, mac ? target : &group, target);
}

static void send_advertisement(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                               const struct ik_addr *to)
{
    uint8_t options[8];
    struct ik_wr w;
    ik_wr_init(&w, options, sizeof(options));
    ik_nd_put_link(s, port, IK_NDOPT_TARGET_LINK, &w);
    const bool solicited = !ik_addr_is_any(to);
    const bool router = ik_stack_is_router(s) && !s->opt->forwarding_off;
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_NEIGHBOR_ADV,
        .kind = IK_ICMP_NEIGHBOR_ADV,
        .neighbor_adv = {.flags = (uint8_t)(IK_NA_OVERRIDE | (solicited ? IK_NA_SOLICITED : 0) |
                                            (router ? IK_NA_ROUTER : 0)),
                         .target = *target,
                         .options = {options, w.used}},
    };
    const struct ik_addr all = ik_nd_all_nodes();
    ik_nd_send(s, port, target, solicited ? to : &all, &msg);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static enum ik_rule rule_of(uint8_t type)
{
    switch (type) {
    case IK_ICMP6_ROUTER_SOL:
        return IK_RULE_R4861_6_1_1_02;
    case IK_ICMP6_ROUTER_ADV:
        return IK_RULE_R4861_6_1_2_01;
    case IK_ICMP6_NEIGHBOR_SOL:
        return IK_RULE_R4861_7_1_1_01;
    case IK_ICMP6_NEIGHBOR_ADV:
        return IK_RULE_R4861_7_1_2_01;
    default:
        return IK_RULE_R4861_8_1_01;
    }
}

/* What makes a message invalid (RFC 4861 sections 6.1, 7.1, 8.1); the rest of what the decoder can
 * find fault with is ignored on receipt. A list that ran over may lack any of these. */
static bool is_valid(const struct ik_faults *faults)
{
    for (unsigned i = 0; i < faults->n; i++) {
        switch (faults->list[i].what) {
        case IK_FLAW_BAD_HOP_LIMIT:
        case IK_FLAW_BAD_CODE:
        case IK_FLAW_BAD_SOURCE:
        case IK_FLAW_BAD_TARGET:
        case IK_FLAW_BAD_VALUE:
        case IK_FLAW_OPTION_UNEXPECTED:
            return false;
        default:
            break;
        }
    }
    return faults->more == 0;
}

/* Somebody else has, or wants, this address of ours. */
static void note_duplicate(struct ik_stack *s, const struct ik_pkt *p, unsigned i)
{
    struct ik_nd_port *np = &s->nd->ports[p->port];
    np->duplicate |= UINT64_C(1) << i;
    ik_stack_event_say(s, "state", IK_RULE_NONE, p, "an address of this node is a duplicate");
}

static void solicitation_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const struct ik_addr *target = &m->neighbor_sol.target;
    const bool verifies = ik_addr_is_any(&p->ip.src);
    if (!is_owned(s, p->port, target)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_NONE, p, "asks for somebody else");
        return;
    }
    const unsigned i = find_addr(s, p->port, target);
    if (verifies && i < IK_ND_VERIFIED && is_tentative(s, &s->nd->ports[p->port])) {
        note_duplicate(s, p, i);
        return;
    }
    const uint8_t *mac = ik_nd_find_link(m->neighbor_sol.options, IK_NDOPT_SOURCE_LINK);
    if (!verifies && mac)
        ik_nd_learn_source(s, p, &(struct ik_neigh_news){.mac = mac});
    ik_stack_event_say(s, "decided", IK_RULE_R4861_7_1_1_01, p, "neighbour advertisement");
    send_advertisement(s, p->port, target, &p->ip.src);
}

static void advertisement_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    const struct ik_icmp_neighbor_adv *na = &m->neighbor_adv;
    const unsigned i = find_addr(s, p->port, &na->target);
    if (i < IK_ND_ADDRS) {
        if (i < IK_ND_VERIFIED && is_tentative(s, &s->nd->ports[p->port]))
            note_duplicate(s, p, i);
        return;
    }
    const struct ik_neigh_news news = {
        .addr = na->target,
        .port = p->port,
        .mac = ik_nd_find_link(na->options, IK_NDOPT_TARGET_LINK),
        .solicited = na->flags & IK_NA_SOLICITED,
        .override = na->flags & IK_NA_OVERRIDE,
        .router = na->flags & IK_NA_ROUTER,
        .host = !(na->flags & IK_NA_ROUTER),
    };
    if (ik_stack_nbr_confirm(s, &news))
        ik_nd_router_forget(s, p->port, &na->target);
}

void ik_stack_nd_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                       const struct ik_faults *faults)
{
    if (!s->nd || p->own || p->port >= s->n_ifaces)
        return; /* discovery is between the nodes of a link */
    if (!is_valid(faults)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, rule_of(m->type), p, "discovery that is invalid");
        return;
    }
    switch (m->type) {
    case IK_ICMP6_ROUTER_SOL:
        ik_nd_router_sol(s, p, m);
        break;
    case IK_ICMP6_ROUTER_ADV:
        ik_nd_router_adv(s, p, m);
        break;
    case IK_ICMP6_NEIGHBOR_SOL:
        solicitation_input(s, p, m);
        break;
    case IK_ICMP6_NEIGHBOR_ADV:
        advertisement_input(s, p, m);
        break;
    default:
        ik_nd_redirect(s, p, m);
        break;
    }
}

/* ---- memory and time ------------------------------------------------------------------------- */

static bool is_used(const struct ik_stack_cfg *cfg)
{
    for (unsigned i = 0; i < cfg->n_ifaces; i++)
        if (ik_nd_is_used(&cfg->ifaces[i]))
            return true;
    return false;
}

static uint8_t rows_of(const struct ik_stack_cfg *cfg)
{
    if (cfg->options->kind != IK_STACK_HOST)
        return 0;
    for (uint32_t i = 0; i < cfg->n_routes; i++)
        if (cfg->routes[i].prefix.addr.family == 6 && cfg->routes[i].prefix.bits == 0)
            return 0;
    return IK_ND_ROWS;
}

static size_t ports_end(const struct ik_stack_cfg *cfg)
{
    return sizeof(struct ik_nd) + cfg->n_ifaces * sizeof(struct ik_nd_port);
}

size_t ik_stack_nd_bytes(const struct ik_stack_cfg *cfg)
{
    return is_used(cfg) ? ports_end(cfg) : 0;
}

size_t ik_stack_nd_rows_bytes(const struct ik_stack_cfg *cfg)
{
    return is_used(cfg) ? 2u * rows_of(cfg) * sizeof(struct ik_nd_router) : 0;
}

void ik_stack_nd_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!is_used(cfg))
        return;
    memset(mem, 0, ik_stack_nd_bytes(cfg));
    s->nd = mem;
    for (unsigned i = 0; i < cfg->n_ifaces; i++) {
        struct ik_nd_port *np = &s->nd->ports[i];
        np->used = ik_nd_is_used(&cfg->ifaces[i]);
        np->solicit_at = np->advertise_at = np->verify_at = IK_NEVER;
        np->advertised_at = INT64_MIN / 2; /* long ago, and still to be subtracted from */
    }
}

/* All zero is free. */
void ik_stack_nd_rows_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!is_used(cfg))
        return;
    s->nd->rows = rows_of(cfg);
    s->nd->routers = mem;
    s->nd->prefixes = s->nd->routers + s->nd->rows;
}

void ik_stack_nd_rows_start(struct ik_stack *s)
{
    (void)s;
}

/* Rows end when they are asked for. */
ik_ns ik_stack_nd_rows_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* The first packet of an interface waits a random part of a second, so that nodes that start
 * together do not shout together; reports of the groups come before (RFC 4862 section 5.4.2). */
void ik_stack_nd_port_up(struct ik_stack *s, uint8_t port)
{
    if (!s->nd || !s->nd->ports[port].used)
        return;
    struct ik_nd_port *np = &s->nd->ports[port];
    const uint64_t half = (uint64_t)first_delay / 2;
    np->duplicate = 0; /* it may be another link, without whoever claimed them */
    np->verify_at = s->now.mono + (ik_ns)half + ik_rng_below(&s->rng, half);
    ik_stack_arm(s, np->verify_at);
    ik_stack_mld_port_up(s, port);
    ik_nd_router_start(s, port);
}

void ik_stack_nd_start(struct ik_stack *s)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++) {
        if (!s->opt->settled)
            ik_stack_nd_port_up(s, i);
        else if (s->nd && s->nd->ports[i].used)
            ik_nd_router_start(s, i);
    }
}

static void verify(struct ik_stack *s, uint8_t port)
{
    struct ik_nd_port *np = &s->nd->ports[port];
    const struct ik_addr nobody = {.family = 6};
    struct ik_addr own;
    np->verify_at = IK_NEVER;
    np->verified_at = s->now.mono + verify_time;
    for (unsigned i = 0; i < IK_ND_VERIFIED && ik_nd_addr(s, port, i, &own); i++) {
        const struct ik_addr group = ik_scope_solicited_node(&own);
        if (!is_duplicate(np, i))
            send_solicitation(s, port, &nobody, &group, &own);
    }
}

ik_ns ik_stack_nd_timeout(struct ik_stack *s)
{
    if (!s->nd)
        return IK_NEVER;
    ik_ns next = ik_nd_router_timeout(s);
    for (uint8_t i = 0; i < s->n_ifaces; i++) {
        struct ik_nd_port *np = &s->nd->ports[i];
        if (np->verify_at <= s->now.mono)
            verify(s, i);
        if (np->verify_at < next)
            next = np->verify_at;
    }
    return next;
}
