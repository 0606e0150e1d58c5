/* SPDX-License-Identifier: MIT
 * Redirects. A host remembers which gateway to use for a destination (both families), and judges
 * the redirects of IPv4; a router sends them, ever more seldom to a host that does not listen. */
#include "stack/stack_int.h"

#include "net/scope.h"
#include "net/ways.h"

/* A router tells one host of it, waits twice as long before each next one, and is silent after
 * SENDS_MAX until nothing was misrouted for SILENCE (what Linux does). */
enum { SENDS_MAX = 9 };
#define FIRST_WAIT (20 * IK_NS_PER_MS)
#define SILENCE (FIRST_WAIT << 10)

/* Host: the way to a destination. */
struct way {
    struct ik_addr gateway; /* family 0: the destination is on the link */
    uint8_t port;
};

/* `ways`: a host's by destination, `at` when it was last used; a router's by the host that is told,
 * `at` when that was last told or ignored. */
struct ik_redirects {
    struct ik_ways ways;
    bool any;       /* host: it was redirected once, so looking is worth while */
    struct way *to; /* host; NULL: nothing is made yet */
    uint8_t *told;  /* router: how often in a row */
};

static uint32_t bound_of(const struct ik_stack_options *o)
{
    return o->destinations_max ? o->destinations_max : 64;
}

static size_t row_bytes(const struct ik_stack_options *o)
{
    return o->kind == IK_STACK_ROUTER ? sizeof(uint8_t) : sizeof(struct way);
}

size_t ik_stack_redirect_bytes(const struct ik_stack_cfg *cfg)
{
    if (cfg->options->no_redirects)
        return 0;
    return sizeof(struct ik_redirects) + ik_ways_rows(bound_of(cfg->options)) *
                                             (sizeof(struct ik_ways_row) + row_bytes(cfg->options));
}

void ik_stack_redirect_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (cfg->options->no_redirects)
        return;
    s->redirects = mem;
}

/* Made with the first redirect that is obeyed or sent. */
static struct ik_redirects *made(struct ik_stack *s)
{
    struct ik_redirects *r = s->redirects;
    if (r->to)
        return r;
    const uint32_t bound = bound_of(s->opt);
    struct ik_ways_row *rows = (void *)(r + 1);
    void *more = rows + ik_ways_rows(bound);
    *r = (struct ik_redirects){.to = more, .told = more};
    ik_ways_init(&r->ways, rows, bound);
    return r;
}

void ik_stack_redirect_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_redirect_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

static uint64_t id_of(const struct ik_stack *s, const struct ik_addr *a)
{
    return ik_ways_id(s->key, a, 8 * (unsigned)ik_addr_bytes(a->family));
}

/* ---- what a host remembers ------------------------------------------------------------------- */

bool ik_stack_redirect_find(struct ik_stack *s, const struct ik_addr *dst, struct ik_stack_hop *out)
{
    struct ik_redirects *r = s->redirects;
    if (!r || !r->any || ik_stack_is_router(s))
        return false;
    const uint32_t i = ik_ways_find(&r->ways, id_of(s, dst));
    if (i == IK_WAYS_NONE || !s->ports[r->to[i].port].up)
        return false;
    r->ways.rows[i].at = s->now.mono;
    const struct way *w = &r->to[i];
    *out = (struct ik_stack_hop){
        .kind = IK_STACK_ROUTE_VIA,
        .port = w->port,
        .on_link = w->gateway.family == 0,
        .next = w->gateway.family ? w->gateway : *dst,
        .mtu = s->ifaces[w->port].mtu,
    };
    return true;
}

void ik_stack_redirect_learn(struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                             const struct ik_addr *gateway)
{
    if (!s->redirects || ik_stack_is_router(s))
        return;
    struct ik_redirects *r = made(s);
    const uint32_t i = ik_ways_take(&r->ways, id_of(s, dst));
    r->any = true;
    r->ways.rows[i].at = s->now.mono;
    r->to[i] = (struct way){.port = port};
    if (!ik_addr_same_host(gateway, dst))
        r->to[i].gateway = *gateway;
}

void ik_stack_redirect_forget(struct ik_stack *s, uint8_t port, const struct ik_addr *gateway)
{
    struct ik_redirects *r = s->redirects;
    if (!r || !r->any || ik_stack_is_router(s))
        return;
    const uint32_t n = ik_ways_rows(bound_of(s->opt));
    for (uint32_t i = 0; i < n; i++)
        if (r->ways.rows[i].id && r->to[i].port == port &&
            ik_addr_same_host(&r->to[i].gateway, gateway))
            r->ways.rows[i] = (struct ik_ways_row){.at = INT64_MIN};
}

/* ---- redirects of IPv4 that a host receives -------------------------------------------------- */

static bool is_ours(const struct ik_stack *s, const struct ik_addr *a)
{
    return ik_stack_local_kind(s, IK_STACK_UPPER, a) == IK_LOCAL_UNICAST;
}

/* Why the redirect is not obeyed, NULL when it is (RFC 1122 section 3.2.2.2). All four codes are
 * for the one destination that is quoted (section 3.3.1.2, RFC 1349 section 6.2). */
static const char *refusal(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m,
                           const struct ik_quote *q, enum ik_rule *rule)
{
    const struct ik_addr *gateway = &m->error.gateway, *dst = &q->ip.dst;
    struct ik_stack_hop hop;
    *rule = IK_RULE_R1122_3_2_2_2_02;
    if (m->code > IK_ICMP4_REDIRECT_TOS_HOST)
        return "an unknown code";
    if (!is_ours(s, &q->ip.src) || !ik_scope_is_single_host(dst) || is_ours(s, dst))
        return "quotes a packet that this node never sent";
    *rule = IK_RULE_R1122_3_2_2_2_03;
    if (!ik_stack_local_on_link(s, p->port, gateway) || is_ours(s, gateway) ||
        !ik_scope_is_single_host(gateway) || ik_stack_local_is_broadcast4(s, p->port, gateway))
        return "names a gateway that is not on the subnet it came from";
    *rule = IK_RULE_R1122_3_2_2_2_04;
    if (!ik_stack_route_find(s, dst, ik_stack_route_hash(s, &q->ip), q->ip.tos, &hop) ||
        hop.kind != IK_STACK_ROUTE_VIA || hop.port != p->port ||
        !ik_addr_same_host(&hop.next, &p->ip.src))
        return "is not from the first hop to that destination";
    return NULL;
}

static void tell_new_way(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst,
                         const struct ik_addr *gateway)
{
    char text[IK_ADDR_TEXT];
    struct ik_wr *w = ik_stack_event_begin(s, "decided", IK_RULE_R1122_3_2_2_2_02, p);
    if (!w)
        return;
    ik_fmt_put_text(w, "to ");
    ik_fmt_put_text(w, ik_addr_text(dst, text));
    ik_fmt_put_text(w, " by ");
    ik_fmt_put_text(w, ik_addr_text(gateway, text));
    ik_fmt_put_text(w, " from now on");
    ik_stack_event_end(s);
}

void ik_stack_redirect4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct ik_quote q;
    enum ik_rule rule;
    if (p->own || p->local != IK_LOCAL_UNICAST)
        return;
    if (!s->redirects || ik_stack_is_router(s)) {
        ik_stack_event_say(s, "decided",
                           ik_stack_is_router(s) ? IK_RULE_R1812_4_3_3_2_01 : IK_RULE_NONE, p,
                           "redirects are not obeyed here");
        return;
    }
    if (ik_quote_decode(&q, m->error.quote, NULL) || q.ip.version != 4)
        return;
    const char *why = refusal(s, p, m, &q, &rule);
    if (why) {
        ik_stack_event_say(s, "decided", rule, p, why);
        return;
    }
    ik_stack_redirect_learn(s, p->port, &q.ip.dst, &m->error.gateway);
    tell_new_way(s, p, &q.ip.dst, &m->error.gateway);
}

/* ---- redirects of IPv4 that a router sends --------------------------------------------------- */

static bool may_tell(struct ik_stack *s, const struct ik_addr *host)
{
    struct ik_redirects *r = made(s);
    const ik_ns now = s->now.mono;
    const uint64_t id = id_of(s, host);
    uint32_t i = ik_ways_find(&r->ways, id);
    if (i == IK_WAYS_NONE || now - r->ways.rows[i].at > SILENCE) {
        i = ik_ways_take(&r->ways, id);
        r->told[i] = 0;
    }
    const uint8_t n = r->told[i];
    if (n >= SENDS_MAX) {
        r->ways.rows[i].at = now; /* ignored once more: the pause begins anew */
        return false;
    }
    if (n > 0 && now - r->ways.rows[i].at < FIRST_WAIT << n)
        return false;
    r->ways.rows[i].at = now;
    r->told[i]++;
    return true;
}

/* Source and next hop in one of the nets of that port. */
static bool share_subnet(const struct ik_stack *s, uint8_t port, const struct ik_addr *a,
                         const struct ik_addr *b)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_stack_ifaddr *own = &f->addrs[i];
        if (own->addr.family == a->family && ik_scope_common_bits(&own->addr, a) >= own->bits &&
            ik_scope_common_bits(&own->addr, b) >= own->bits)
            return true;
    }
    return false;
}

void ik_stack_redirect4_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop)
{
    if (!s->redirects || !ik_stack_is_router(s) || s->opt->forwarding_off || p->own ||
        p->port == IK_STACK_UPPER || hop->port != p->port)
        return;
    /* RFC 1812 section 5.2.7.2: all three, and a host that can be told. */
    if (p->source_routed || ik_stack_ip4opt_has_route(&p->ip) ||
        !share_subnet(s, p->port, &p->ip.src, &hop->next))
        return;
    const struct ik_stack_error e = {
        .type = IK_ICMP4_REDIRECT,
        .code = IK_ICMP4_REDIRECT_HOST, /* never 0 or 2; 1 stands for 3 */
        .gateway = hop->next,
        .rule = IK_RULE_R1812_5_2_7_2_02,
        .has_out_port = true,
        .out_port = hop->port,
    };
    if (ik_stack_error_forbidden(s, p, &e) == IK_RULE_NONE && may_tell(s, &p->ip.src))
        ik_stack_error_send(s, p, &e);
}
