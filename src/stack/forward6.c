/* SPDX-License-Identifier: MIT
 * Forwarding of IPv6 (RFC 8200, RFC 4291 section 2.5, RFC 4443 section 3). */
#include "stack/stack_int.h"

enum { HOP_LIMIT_AT = 7 };

/* Discards p and tells its source why. */
static void refuse(struct ik_stack *s, const struct ik_pkt *p, enum ik_stack_count why,
                   const struct ik_stack_error *e, const char *what)
{
    ik_stack_event_drop(s, why, e->rule, p, what);
    ik_stack_error_send(s, p, e);
}

static void refuse_unreachable(struct ik_stack *s, const struct ik_pkt *p, uint8_t code,
                               enum ik_rule rule, const char *what)
{
    const struct ik_stack_error e = {.type = IK_ICMP6_UNREACHABLE, .code = code, .rule = rule};
    refuse(s, p, IK_STACK_NO_ROUTE, &e, what);
}

/* What is never forwarded, and about which nothing is said: nobody's packets, and those for a link.
 */
static bool may_travel(struct ik_stack *s, const struct ik_pkt *p)
{
    if (ik_addr_is_any(&p->ip.src)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R4291_2_5_2_01, p,
                            "an unspecified source does not travel");
        return false;
    }
    if (ik_addr_is_link_local(&p->ip.dst)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R4291_2_5_6_01, p,
                            "a link-local destination does not travel");
        return false;
    }
    return true;
}

static bool has_hops_left(struct ik_stack *s, const struct ik_pkt *p,
                          const struct ik_stack_hop *hop)
{
    const unsigned least = s->opt->odd & IK_ODD_ZERO_TTL ? 1 : 2;
    if (p->ip.ttl >= least || s->opt->mpls_hides)
        return true;
    const struct ik_stack_error e = {
        .type = IK_ICMP6_TIME_EXCEEDED,
        .code = IK_ICMP6_TIME_EXCEEDED_HOP_LIMIT,
        .rule = IK_RULE_R4443_3_3_01,
        .has_out_port = true,
        .out_port = hop->port,
    };
    refuse(s, p, IK_STACK_EXPIRED, &e, "hop limit exceeded");
    return false;
}

/* The way, or false: told. */
static bool find_way(struct ik_stack *s, const struct ik_pkt *p, struct ik_stack_hop *hop)
{
    const bool group = ik_addr_is_multicast(&p->ip.dst);
    const bool found = ik_stack_route_of(s, &p->ip, hop);
    if (!found || (group && hop->is_default)) {
        refuse_unreachable(s, p, IK_ICMP6_UNREACHABLE_NO_ROUTE, IK_RULE_R4443_3_1_03, "no route");
        return false;
    }
    switch (hop->kind) {
    case IK_STACK_ROUTE_DROP:
        ik_stack_event_drop(s, IK_STACK_NO_ROUTE, IK_RULE_NONE, p, "a route into nowhere");
        return false;
    case IK_STACK_ROUTE_UNREACHABLE:
        refuse_unreachable(s, p, IK_ICMP6_UNREACHABLE_NO_ROUTE, IK_RULE_R4443_3_1_03,
                           "an unreachable route");
        return false;
    case IK_STACK_ROUTE_REJECT:
        refuse_unreachable(s, p, IK_ICMP6_UNREACHABLE_REJECT_ROUTE, IK_RULE_R4443_3_1_04,
                           "a reject route");
        return false;
    default:
        return true;
    }
}

/* True when the packet may leave by that way: its source's scope ends at the link, and what a
 * point-to-point link brought for an address of that link that nobody has would bounce on it. */
static bool may_leave(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    if (hop->port != p->port) {
        if (!ik_addr_is_link_local(&p->ip.src))
            return true;
        refuse_unreachable(s, p, IK_ICMP6_UNREACHABLE_BEYOND_SCOPE, IK_RULE_R4443_3_1_05,
                           "a link-local source does not travel");
        return false;
    }
    if (hop->on_link && s->ifaces[p->port].point_to_point) {
        refuse_unreachable(s, p, IK_ICMP6_UNREACHABLE_ADDRESS, IK_RULE_R4443_3_1_07,
                           "an unassigned address of a point-to-point link");
        return false;
    }
    if (ik_addr_is_multicast(&p->ip.dst)) {
        ik_stack_event_drop(s, IK_STACK_NO_ROUTE, IK_RULE_NONE, p, "a group where it came from");
        return false;
    }
    return true;
}

/* Routers never fragment; this is told for groups too (RFC 4443 section 3.2). */
static bool fits(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    if (p->l3.left <= hop->mtu)
        return true;
    const struct ik_stack_error e = {
        .type = IK_ICMP6_PACKET_TOO_BIG,
        .info = hop->mtu,
        .rule = IK_RULE_R4443_3_2_01,
        .has_out_port = true,
        .out_port = hop->port,
    };
    refuse(s, p, IK_STACK_TOO_BIG, &e, "packet too big");
    return false;
}

static bool is_permitted(struct ik_stack *s, const struct ik_pkt *p)
{
    return s->opt->n_filter == 0 || ik_stack_filter_pass(s, p, 1);
}

static void send_on(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    struct ik_buf *b = ik_stack_pool_take(s, p->l3.left);
    if (!b)
        return;
    uint8_t *at = ik_buf_at(b);
    memcpy(at, p->l3.p, p->l3.left);
    b->len = (uint32_t)p->l3.left;
    if (!s->opt->mpls_hides)
        at[HOP_LIMIT_AT]--;
    ik_stack_tally(s, IK_STACK_FORWARDED);
    if (s->events)
        ik_stack_event_forwarded(s, p, hop);
    if (hop->port == p->port)
        ik_stack_redirect6_consider(s, p, hop);
    const struct ik_stack_how how = {.who = IK_WHO_FORWARDED, .about = p, .hop = hop};
    ik_stack_output_ip(s, b, &how);
}

void ik_stack_forward6(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_stack_hop hop;
    p->forwarded = true;
    if (may_travel(s, p) && find_way(s, p, &hop) && is_permitted(s, p) &&
        has_hops_left(s, p, &hop) && may_leave(s, p, &hop) && fits(s, p, &hop))
        send_on(s, p, &hop);
}
