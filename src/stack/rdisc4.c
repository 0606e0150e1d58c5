/* SPDX-License-Identifier: MIT
 * Router discovery of IPv4, both sides (RFC 1256).
 *
 * A router: on each port   first advertisement at once -> two more at most 16 s apart -> one every
 *   0.75 to 1 interval; a solicitation brings the next one nearer, to at most 2 s from now.
 * A host: on each port   up to three solicitations, 3 s apart, until somebody advertises. */
#include "stack/stack_int.h"

#include "net/scope.h"

/* RFC 1256 section 5.1 and 4.1. */
enum { SOLICITATIONS_MAX = 3, INITIAL_MAX = 3, ROUTERS_MAX = 8, LIFETIME_MOST = 9000 };
#define SOLICIT_DELAY (1 * IK_NS_PER_S)
#define SOLICIT_WAIT (3 * IK_NS_PER_S)
#define INITIAL_WAIT (16 * IK_NS_PER_S)
#define RESPONSE_DELAY (2 * IK_NS_PER_S)
#define INTERVAL (600 * IK_NS_PER_S)
#define INTERVAL_LEAST (3 * IK_NS_PER_S)

enum { HEAD_BYTES = 8, ENTRY_WORDS = 2, ENTRY_BYTES = 4 * ENTRY_WORDS, ENTRIES_MAX = 60 };

static const struct ik_addr all_systems = {.family = 4, .bytes = {224, 0, 0, 1}};
static const struct ik_addr all_routers = {.family = 4, .bytes = {224, 0, 0, 2}};

/* A router that was heard of: its preference holds until `until`. */
struct router {
    struct ik_addr addr; /* family 0: free */
    ik_ns until;
    int32_t preference;
    uint8_t port;
};

struct timer {
    ik_ns next;
    uint8_t sent;   /* of the first few, which come faster; solicitations */
    bool answering; /* `next` is for who asked already */
};

struct ik_rdisc4 {
    struct router routers[ROUTERS_MAX]; /* host */
    struct timer ports[];
};

static bool advertises(const struct ik_stack_options *o)
{
    return o->kind == IK_STACK_ROUTER && o->advertise4 && !o->forwarding_off && !o->silent;
}

static bool discovers(const struct ik_stack_options *o)
{
    return o->kind == IK_STACK_HOST && o->solicit4;
}

size_t ik_stack_rdisc4_bytes(const struct ik_stack_cfg *cfg)
{
    if (!advertises(cfg->options) && !discovers(cfg->options))
        return 0;
    return sizeof(struct ik_rdisc4) + cfg->n_ifaces * sizeof(struct timer);
}

void ik_stack_rdisc4_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!advertises(cfg->options) && !discovers(cfg->options))
        return;
    s->rdisc4 = mem;
    *s->rdisc4 = (struct ik_rdisc4){0};
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        s->rdisc4->ports[i] = (struct timer){.next = IK_NEVER};
}

static ik_ns chance(struct ik_stack *s, ik_ns most)
{
    return (ik_ns)(ik_rng_next(&s->rng) % ((uint64_t)most + 1));
}

static void set_timer(struct ik_stack *s, uint8_t port, ik_ns at)
{
    s->rdisc4->ports[port].next = at;
    ik_stack_arm(s, at);
}

/* A port comes to life: the router says so at once, a host asks after a moment of its own, be it
 * without an address (section 3: from 0.0.0.0). */
void ik_stack_rdisc4_port_up(struct ik_stack *s, uint8_t port)
{
    const bool addressed = s->rdisc4 && ik_stack_local_of_port(s, port, 4, NULL).family != 0;
    if (!s->rdisc4 || (!addressed && ik_stack_is_router(s)))
        return;
    s->rdisc4->ports[port].sent = 0;
    s->rdisc4->ports[port].answering = false;
    set_timer(s, port, s->now.mono + (ik_stack_is_router(s) ? 0 : chance(s, SOLICIT_DELAY)));
}

void ik_stack_rdisc4_start(struct ik_stack *s)
{
    for (uint8_t i = 0; i < s->n_ifaces; i++)
        ik_stack_rdisc4_port_up(s, i);
}

/* Multicast with TTL 1 (section 3), by that port alone. */
static void send(struct ik_stack *s, uint8_t port, const struct ik_addr *dst, struct ik_rd msg)
{
    struct ik_addr src = ik_stack_local_of_port(s, port, 4, NULL);
    src.family = 4;
    struct ik_ip ip = ik_stack_output_ip4(s, &src, dst, IK_PROTO_ICMP4);
    ip.ttl = 1;
    ip.payload = msg;
    const struct ik_stack_hop hop = {.kind = IK_STACK_ROUTE_VIA,
                                     .port = port,
                                     .on_link = true,
                                     .next = *dst,
                                     .mtu = s->ifaces[port].mtu};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.hop = &hop});
}

/* ---- routers --------------------------------------------------------------------------------- */

static ik_ns interval(const struct ik_stack *s)
{
    return s->opt->advertise_interval ? s->opt->advertise_interval : INTERVAL;
}

/* RFC 1256 section 4.1: not below the interval, lest hosts forget a router that still advertises.
 */
static uint16_t lifetime(const struct ik_stack *s)
{
    const ik_ns least = (interval(s) + IK_NS_PER_S - 1) / IK_NS_PER_S;
    const ik_ns wanted = s->opt->advertise_lifetime ? s->opt->advertise_lifetime : 3 * least;
    const ik_ns chosen = wanted < least ? least : wanted;
    return (uint16_t)(chosen < LIFETIME_MOST ? chosen : LIFETIME_MOST);
}

/* Every address of the port, all with the same preference. */
static void advertise(struct ik_stack *s, uint8_t port, uint16_t lifetime_s)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    uint8_t entries[ENTRIES_MAX * ENTRY_BYTES], msg[HEAD_BYTES + sizeof(entries)];
    struct ik_wr w;
    size_t len;
    ik_wr_init(&w, entries, sizeof(entries));
    for (uint8_t i = 0; i < f->n_addrs && w.used < w.cap; i++) {
        if (f->addrs[i].addr.family != 4)
            continue;
        ik_wr_put(&w, (struct ik_rd){f->addrs[i].addr.bytes, 4});
        ik_wr_put32(&w, (uint32_t)s->opt->preference4);
    }
    const struct ik_icmp m = {
        .family = 4,
        .type = IK_ICMP4_ROUTER_ADV,
        .kind = IK_ICMP_ROUTER_ADV4,
        .router_adv4 = {.count = (uint8_t)(w.used / ENTRY_BYTES),
                        .entry_words = ENTRY_WORDS,
                        .lifetime_s = lifetime_s,
                        .entries = {entries, w.used}},
    };
    ik_stack_event_say(s, "timer", IK_RULE_R1812_4_3_3_10_01, NULL, "advertises itself as router");
    if (ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len) == IK_OK)
        send(s, port, &all_systems, (struct ik_rd){msg, len});
}

static void router_timeout(struct ik_stack *s, uint8_t port)
{
    struct timer *t = &s->rdisc4->ports[port];
    const ik_ns most = interval(s);
    const ik_ns least = most * 3 / 4 < INTERVAL_LEAST ? INTERVAL_LEAST : most * 3 / 4;
    ik_ns wait = least + chance(s, most - least);
    if (t->sent < INITIAL_MAX)
        t->sent++;
    if (t->sent < INITIAL_MAX && wait > INITIAL_WAIT)
        wait = INITIAL_WAIT;
    t->next = s->now.mono + wait;
    t->answering = false;
    if (s->ports[port].up)
        advertise(s, port, lifetime(s));
}

static void solicited(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (m->code != 0 ||
        (!ik_addr_is_any(&p->ip.src) && !ik_stack_local_on_link(s, p->port, &p->ip.src))) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_R1256_4_2_01, p,
                            "a solicitation that is not valid");
        return;
    }
    /* By multicast to all that may wait for it, however many ask; each of them would else be one
     * more chance of a short delay. */
    struct timer *t = &s->rdisc4->ports[p->port];
    if (t->answering)
        return;
    const ik_ns at = s->now.mono + chance(s, RESPONSE_DELAY);
    t->answering = true;
    if (at < t->next)
        set_timer(s, p->port, at);
}

void ik_stack_rdisc4_stop(struct ik_stack *s)
{
    for (uint8_t i = 0; s->rdisc4 && ik_stack_is_router(s) && i < s->n_ifaces; i++) {
        struct timer *t = &s->rdisc4->ports[i];
        if (t->next != IK_NEVER && s->ports[i].up)
            advertise(s, i, 0);
        t->next = IK_NEVER;
    }
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static void host_timeout(struct ik_stack *s, uint8_t port)
{
    struct timer *t = &s->rdisc4->ports[port];
    const struct ik_icmp m = {
        .family = 4, .type = IK_ICMP4_ROUTER_SOL, .kind = IK_ICMP_ROUTER_SOL4};
    uint8_t msg[HEAD_BYTES];
    size_t len;
    t->next = ++t->sent < SOLICITATIONS_MAX ? s->now.mono + SOLICIT_WAIT : IK_NEVER;
    if (!s->ports[port].up || ik_icmp_encode(&m, NULL, false, msg, sizeof(msg), &len) != IK_OK)
        return;
    ik_stack_event_say(s, "timer", IK_RULE_R1256_5_3_02, NULL, "asks for routers");
    send(s, port, &all_routers, (struct ik_rd){msg, len});
}

static struct router *known(struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    for (int i = 0; i < ROUTERS_MAX; i++) {
        struct router *r = &s->rdisc4->routers[i];
        if (r->port == port && ik_addr_equal(&r->addr, addr))
            return r;
    }
    return NULL;
}

static bool is_free(const struct ik_stack *s, const struct router *r)
{
    return r->addr.family == 0 || r->until <= s->now.mono;
}

/* Room for a new router: free, or that of the one liked least if it is liked less. */
static struct router *room_for(struct ik_stack *s, int32_t preference)
{
    struct router *worst = NULL;
    for (int i = 0; i < ROUTERS_MAX; i++) {
        struct router *r = &s->rdisc4->routers[i];
        if (is_free(s, r))
            return r;
        if (!worst || r->preference < worst->preference)
            worst = r;
    }
    return worst->preference < preference ? worst : NULL;
}

static void tell_router(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *router,
                        const char *what)
{
    char text[IK_ADDR_TEXT];
    struct ik_wr *w = ik_stack_event_begin(s, "decided", IK_RULE_R1256_5_3_03, p);
    if (!w)
        return;
    ik_fmt_put_text(w, ik_addr_text(router, text));
    ik_fmt_put_text(w, what);
    ik_stack_event_end(s);
}

static void learn(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp_router *r,
                  uint16_t lifetime_s)
{
    if (!ik_stack_local_on_link(s, p->port, &r->addr) || !ik_scope_is_single_host(&r->addr) ||
        ik_stack_local_is_broadcast4(s, p->port, &r->addr) ||
        ik_stack_local_port(s, &r->addr) != IK_STACK_UPPER) {
        ik_stack_event_say(s, "decided", IK_RULE_R1256_5_3_01, p,
                           "an advertised address is not on this subnet");
        return;
    }
    struct router *at = known(s, p->port, &r->addr);
    if (lifetime_s == 0) {
        if (at) {
            *at = (struct router){0};
            tell_router(s, p, &r->addr, " is no router any more");
        }
        return;
    }
    if (!at)
        at = room_for(s, r->preference);
    if (!at)
        return;
    *at = (struct router){.addr = r->addr,
                          .until = s->now.mono + lifetime_s * IK_NS_PER_S,
                          .preference = r->preference,
                          .port = p->port};
    tell_router(s, p, &r->addr,
                r->preference == INT32_MIN ? " is never a default router"
                                           : " may be the default router");
}

/* RFC 1256 section 5.2; length and checksum were judged by the decoder. */
static bool is_valid(const struct ik_icmp *m)
{
    const struct ik_icmp_router_adv4 *a = &m->router_adv4;
    return m->code == 0 && a->count >= 1 && a->entry_words >= ENTRY_WORDS &&
           a->entries.left == (size_t)a->count * a->entry_words * 4;
}

static void advertised(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (!is_valid(m)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_R1256_5_2_01, p,
                            "an advertisement that is not valid");
        return;
    }
    s->rdisc4->ports[p->port].next = IK_NEVER;
    struct ik_rd entries = m->router_adv4.entries;
    struct ik_icmp_router r;
    while (ik_icmp_list_take_router(&entries, m->router_adv4.entry_words, &r) == IK_OK)
        learn(s, p, &r, m->router_adv4.lifetime_s);
}

bool ik_stack_rdisc4_router(struct ik_stack *s, struct ik_stack_hop *out)
{
    const struct router *best = NULL;
    if (!s->rdisc4)
        return false;
    for (int i = 0; i < ROUTERS_MAX; i++) {
        const struct router *r = &s->rdisc4->routers[i];
        if (is_free(s, r) || r->preference == INT32_MIN || !s->ports[r->port].up)
            continue;
        if (!best || r->preference > best->preference)
            best = r;
    }
    if (!best)
        return false;
    *out = (struct ik_stack_hop){
        .kind = IK_STACK_ROUTE_VIA, .port = best->port, .is_default = true, .next = best->addr};
    return true;
}

/* ---- both ------------------------------------------------------------------------------------ */

ik_ns ik_stack_rdisc4_timeout(struct ik_stack *s)
{
    ik_ns next = IK_NEVER;
    for (uint8_t i = 0; s->rdisc4 && i < s->n_ifaces; i++) {
        struct timer *t = &s->rdisc4->ports[i];
        if (t->next <= s->now.mono) {
            if (ik_stack_is_router(s))
                router_timeout(s, i);
            else
                host_timeout(s, i);
        }
        next = t->next < next ? t->next : next;
    }
    return next;
}

void ik_stack_rdisc4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (!s->rdisc4 || p->port >= s->n_ifaces || p->own)
        return;
    if (m->type == IK_ICMP4_ROUTER_SOL && ik_stack_is_router(s))
        solicited(s, p, m);
    else if (m->type == IK_ICMP4_ROUTER_ADV && !ik_stack_is_router(s) &&
             m->kind == IK_ICMP_ROUTER_ADV4)
        advertised(s, p, m);
}
