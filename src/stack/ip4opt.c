/* SPDX-License-Identifier: MIT
 * IPv4 options at input, in transit and in answers: what ipopt.c makes of the octets, with the
 * addresses, routes and policy of this node. */
#include "stack/stack_int.h"

#include "net/scope.h"
#include "stack/ipopt.h"
#include "stack/query4.h"

enum { DST_AT = 16 }; /* the destination in an IPv4 header */

static struct ik_rd header_of(const struct ik_pkt *p)
{
    return ik_rd_head(p->l3, p->ip.header_bytes);
}

static bool is_ours(const struct ik_stack *s, const struct ik_addr *a)
{
    return ik_stack_local_kind(s, IK_STACK_UPPER, a) == IK_LOCAL_UNICAST;
}

static bool refuse(struct ik_stack *s, const struct ik_pkt *p, enum ik_stack_count why,
                   const struct ik_stack_error *e, const char *what)
{
    ik_stack_event_drop(s, why, e->rule, p, what);
    ik_stack_error_send(s, p, e);
    return false;
}

static bool refuse_pointer(struct ik_stack *s, const struct ik_pkt *p, uint8_t pointer,
                           enum ik_rule rule, const char *what)
{
    const struct ik_stack_error e = {
        .type = IK_ICMP4_PARAMETER_PROBLEM, .info = pointer, .rule = rule};
    return refuse(s, p, IK_STACK_BAD_HEADER, &e, what);
}

static bool refuse_route(struct ik_stack *s, const struct ik_pkt *p, enum ik_stack_count why,
                         enum ik_rule rule, const char *what)
{
    const struct ik_stack_error e = {
        .type = IK_ICMP4_UNREACHABLE, .code = IK_ICMP4_UNREACHABLE_SOURCE_ROUTE, .rule = rule};
    return refuse(s, p, why, &e, what);
}

/* Takes the steps of a source route that lead through this node again, so that what is left leads
 * away, or has ended here. Each step moves the pointer, of which there are at most nine. */
static void walk_own(const struct ik_stack *s, uint8_t *header, size_t n,
                     struct ik_ipopt_scan *scan)
{
    uint8_t unused;
    while (scan->route && !scan->ended && is_ours(s, &scan->next)) {
        const struct ik_addr here = scan->next;
        ik_ipopt_advance(header, scan, &here);
        if (ik_ipopt_scan((struct ik_rd){header, n}, scan, &unused))
            return;
    }
}

/* A route that goes on from here: may this node, and can it, take the next step? */
static bool check_next(struct ik_stack *s, struct ik_pkt *p, const struct ik_ipopt_scan *scan)
{
    if (!ik_stack_is_router(s) && !s->opt->source_routes)
        return refuse_route(s, p, IK_STACK_FILTERED, IK_RULE_R1122_3_3_5_03,
                            "a host does not forward source routes");
    struct ik_stack_hop hop;
    const bool way = ik_stack_route_find(s, &scan->next, 0, p->ip.tos, &hop);
    if (!way || hop.kind == IK_STACK_ROUTE_UNREACHABLE)
        return refuse_route(s, p, IK_STACK_NO_ROUTE, IK_RULE_R1812_5_2_4_3_01,
                            "no route to the next address of the source route");
    if (scan->strict && !hop.on_link)
        return refuse_route(s, p, IK_STACK_NO_ROUTE, IK_RULE_R1812_5_2_4_3_02,
                            "the next address of a strict source route is no neighbour");
    p->source_routed = true;
    p->next = scan->next;
    return true;
}

/* An option in error, which the parameter problem points at. */
static bool refuse_option(struct ik_stack *s, const struct ik_pkt *p, uint8_t pointer)
{
    if (ik_ipopt_is_full_count(p->l3.p, pointer))
        return refuse_pointer(s, p, pointer, IK_RULE_R791_3_1_11,
                              "a timestamp option that is full has counted 15 nodes more, and can "
                              "count no further");
    return refuse_pointer(
        s, p, pointer, ik_stack_is_router(s) ? IK_RULE_R1812_4_3_3_5_01 : IK_RULE_R1122_3_2_2_5_01,
        "an option is in error");
}

bool ik_stack_ip4opt_check(struct ik_stack *s, struct ik_pkt *p)
{
    if (p->local == IK_LOCAL_NONE && !ik_stack_is_router(s) && !p->own)
        return true; /* not for this host, which drops it without a word */
    struct ik_rd h = header_of(p);
    struct ik_ipopt_scan scan;
    uint8_t pointer;
    if (ik_ipopt_scan(h, &scan, &pointer))
        return refuse_option(s, p, pointer);
    if (!scan.route || p->own)
        return true;
    if (s->opt->no_source_routes) {
        ik_stack_event_drop(s, IK_STACK_FILTERED, IK_RULE_R1812_5_3_13_4_01, p,
                            "source-routed packets are dropped here");
        return false;
    }
    if (scan.strict && p->local == IK_LOCAL_NONE)
        return refuse_pointer(s, p, DST_AT, IK_RULE_R1812_5_2_2_04,
                              "a strict source route, and not for this router");
    if (scan.ended || p->local != IK_LOCAL_UNICAST)
        return true;
    uint8_t header[IK_IPOPT_FIXED + IK_IPOPT_ROOM];
    memcpy(header, h.p, h.left);
    walk_own(s, header, h.left, &scan);
    return scan.ended || check_next(s, p, &scan);
}

/* Who this node is in the options of p: where it leaves, or where it was spoken to. */
static struct ik_addr self_addr(const struct ik_stack *s, const struct ik_pkt *p, uint8_t out_port)
{
    if (out_port == IK_STACK_UPPER)
        return p->local == IK_LOCAL_UNICAST ? p->ip.dst
                                            : ik_stack_local_of_port(s, p->port, 4, &p->ip.src);
    const struct ik_addr *to = p->source_routed ? &p->next : &p->ip.dst;
    struct ik_addr a = ik_stack_local_of_port(s, out_port, 4, to);
    return a.family || p->local != IK_LOCAL_UNICAST ? a : p->ip.dst;
}

bool ik_stack_ip4opt_apply(struct ik_stack *s, const struct ik_pkt *p, uint8_t *header,
                           uint8_t out_port)
{
    const size_t n = p->ip.header_bytes;
    struct ik_ipopt_scan scan;
    uint8_t pointer;
    if (ik_ipopt_scan((struct ik_rd){header, n}, &scan, &pointer))
        return refuse_pointer(s, p, pointer, IK_RULE_R1812_4_3_3_5_01, "an option is in error");
    const struct ik_ipopt_self self = {
        .addr = self_addr(s, p, out_port),
        .ms = ik_stack_query4_ms(s),
        .asked = scan.asks && is_ours(s, &scan.asked),
    };
    if (p->source_routed && out_port != IK_STACK_UPPER) {
        walk_own(s, header, n, &scan);
        ik_ipopt_advance(header, &scan, &self.addr);
    }
    ik_ipopt_enter(header, &scan, &self);
    return true;
}

/* How many addresses at the end of the recorded route are ours: those that we entered ourselves, in
 * a packet that is on its way out. */
static uint8_t own_steps(const struct ik_stack *s, struct ik_rd header,
                         const struct ik_ipopt_scan *scan)
{
    uint8_t n = 0;
    while (n < scan->passed) {
        const struct ik_addr a = ik_ipopt_passed(header, scan, n);
        if (!is_ours(s, &a))
            break;
        n++;
    }
    return n;
}

bool ik_stack_ip4opt_has_route(const struct ik_ip *ip)
{
    struct ik_rd rest = ip->options;
    struct ik_ipopt opt;
    while (ik_ipopt_take(&rest, &opt, NULL) == IK_OK)
        if (opt.type == IK_IPOPT_LSRR || opt.type == IK_IPOPT_SSRR)
            return true;
    return false;
}

size_t ik_stack_ip4opt_reply(struct ik_stack *s, const struct ik_pkt *p, bool echo,
                             uint8_t out[static 40], struct ik_addr *dst)
{
    struct ik_rd h = header_of(p);
    uint8_t header[IK_IPOPT_FIXED + IK_IPOPT_ROOM];
    struct ik_ipopt_scan scan;
    struct ik_ipopt_back back;
    uint8_t unused;
    *dst = p->ip.src;
    memcpy(header, h.p, h.left);
    h.p = header;
    /* An option in error is not reflected (RFC 1812 section 4.3.2.6). */
    if (ik_ipopt_scan(h, &scan, &unused) ||
        (echo && !ik_stack_ip4opt_apply(s, p, header, IK_STACK_UPPER)))
        return 0;
    ik_ipopt_back(h, &scan, echo, own_steps(s, h, &scan), &back);
    /* Anybody can write a record: one that leads to many or to nobody is not followed. */
    if (!ik_scope_is_single_host(&back.first) || ik_stack_local_is_broadcast4_any(s, &back.first))
        return 0;
    memcpy(out, back.bytes, back.n);
    *dst = back.first;
    return back.n;
}
