/* SPDX-License-Identifier: MIT
 * Forwarding of IPv4 (RFC 1812 section 5.2): may it pass, where to, one TTL less, one copy. */
#include "net/scope.h"
#include "stack/stack_int.h"

static void drop_with(struct ik_stack *s, const struct ik_pkt *p, enum ik_stack_count why,
                      const struct ik_stack_error *e, const char *what)
{
    ik_stack_event_drop(s, why, e->rule, p, what);
    ik_stack_error_send(s, p, e);
}

static struct ik_stack_error unreachable(uint8_t code, enum ik_rule rule)
{
    return (struct ik_stack_error){.type = IK_ICMP4_UNREACHABLE, .code = code, .rule = rule};
}

/* A host forwards nothing, but source routes where it was told to (RFC 1122 section 3.3.5). */
static bool node_forwards(struct ik_stack *s, const struct ik_pkt *p)
{
    const bool allowed = ik_stack_is_router(s) ? !(p->source_routed && s->opt->no_source_routes)
                                               : p->source_routed && s->opt->source_routes;
    if (!allowed) {
        const struct ik_stack_error e =
            unreachable(IK_ICMP4_UNREACHABLE_SOURCE_ROUTE, IK_RULE_R1122_3_3_5_03);
        drop_with(s, p, IK_STACK_FILTERED, &e, "this node forwards no such packets");
        return false;
    }
    if (s->opt->forwarding_off) {
        const struct ik_stack_error e =
            unreachable(IK_ICMP4_UNREACHABLE_HOST, IK_RULE_R1812_5_3_12_1_01);
        drop_with(s, p, IK_STACK_FILTERED, &e, "forwarding is off");
        return false;
    }
    return true;
}

/* RFC 1812 section 5.3.7, RFC 3927 section 2.7. */
static bool addresses_may_pass(struct ik_stack *s, const struct ik_pkt *p,
                               const struct ik_addr *dst)
{
    if (ik_scope_is_single_host(dst) && !ik_addr_is_link_local(dst) &&
        ik_scope_is_single_host(&p->ip.src) && !ik_addr_is_link_local(&p->ip.src))
        return true;
    ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1812_5_3_7_01, p,
                        "an address that is not forwarded");
    return false;
}

/* The code that says why there is no way (RFC 1812 sections 4.3.3.1, 5.2.4.3). */
static struct ik_stack_error no_way(const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    if (p->source_routed)
        return unreachable(IK_ICMP4_UNREACHABLE_SOURCE_ROUTE, IK_RULE_R1812_5_2_4_3_01);
    if (hop->tos_mismatch)
        return unreachable(hop->on_link ? IK_ICMP4_UNREACHABLE_HOST_TOS
                                        : IK_ICMP4_UNREACHABLE_NET_TOS,
                           IK_RULE_R1812_4_3_3_1_03);
    return unreachable(IK_ICMP4_UNREACHABLE_NET, IK_RULE_R1812_4_3_3_1_01);
}

static bool way_is_open(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    struct ik_stack_error e;
    switch (hop->kind) {
    case IK_STACK_ROUTE_VIA:
        return true;
    case IK_STACK_ROUTE_DROP:
        ik_stack_event_drop(s, IK_STACK_NO_ROUTE, IK_RULE_NONE, p, "the route says: drop");
        return false;
    case IK_STACK_ROUTE_UNREACHABLE:
        e = unreachable(IK_ICMP4_UNREACHABLE_HOST, IK_RULE_R1812_5_2_7_1_01);
        break;
    default:
        e = unreachable(IK_ICMP4_UNREACHABLE_PROHIBITED, IK_RULE_R1812_5_2_7_1_03);
    }
    drop_with(s, p, IK_STACK_NO_ROUTE, &e, "the route says: unreachable");
    return false;
}

static bool find_way(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst,
                     struct ik_stack_hop *hop)
{
    struct ik_ip onward;
    bool found;
    if (p->source_routed) {
        onward = p->ip;
        onward.dst = *dst;
        found = ik_stack_route_of(s, &onward, hop);
    } else {
        found = ik_stack_route_of(s, &p->ip, hop);
    }
    if (found)
        return way_is_open(s, p, hop);
    const struct ik_stack_error e = no_way(p, hop);
    drop_with(s, p, IK_STACK_NO_ROUTE, &e, "no route");
    return false;
}

/* ---- permission ------------------------------------------------------------------------------ */

/* Errors pass every precedence rule: the sender needs them to learn of it (RFC 1812 section
 * 5.3.3.3). */
static bool is_cut_off(const struct ik_stack *s, const struct ik_pkt *p)
{
    if (p->ip.tos >> 5 >= s->opt->precedence_cutoff)
        return false;
    return p->ip.proto != IK_PROTO_ICMP4 || p->ip.offset_bytes || p->ip.payload.left == 0 ||
           !ik_icmp_is_error(4, p->ip.payload.p[0]);
}

static bool is_closed_broadcast(const struct ik_stack *s, const struct ik_addr *dst,
                                const struct ik_stack_hop *hop)
{
    return hop->on_link && ik_stack_local_is_broadcast4(s, hop->port, dst) &&
           !s->opt->directed_broadcast;
}

static bool is_permitted(struct ik_stack *s, const struct ik_pkt *p, const struct ik_addr *dst,
                         const struct ik_stack_hop *hop)
{
    if (is_cut_off(s, p)) {
        const struct ik_stack_error e =
            unreachable(IK_ICMP4_UNREACHABLE_PRECEDENCE_CUTOFF, IK_RULE_R1812_5_3_3_3_02);
        drop_with(s, p, IK_STACK_FILTERED, &e, "its precedence is below the cutoff");
        return false;
    }
    if (is_closed_broadcast(s, dst, hop)) {
        ik_stack_event_drop(s, IK_STACK_FILTERED, IK_RULE_NONE, p,
                            "directed broadcasts are not forwarded");
        return false;
    }
    return s->opt->n_filter == 0 || ik_stack_filter_pass(s, p, 1);
}

static bool ttl_lasts(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    const unsigned least = s->opt->odd & IK_ODD_ZERO_TTL ? 1 : 2;
    if (p->ip.ttl >= least || s->opt->mpls_hides)
        return true;
    const struct ik_stack_error e = {.type = IK_ICMP4_TIME_EXCEEDED,
                                     .code = IK_ICMP4_TIME_EXCEEDED_TTL,
                                     .rule = IK_RULE_R1812_5_2_7_3_01,
                                     .has_out_port = true,
                                     .out_port = hop->port};
    drop_with(s, p, IK_STACK_EXPIRED, &e, "TTL ran out");
    return false;
}

/* ---- the copy -------------------------------------------------------------------------------- */

enum { TTL_AT = 8, CHECKSUM_AT = 10 };

/* The header as it leaves; false when an option cannot be served. */
static bool header_update(struct ik_stack *s, const struct ik_pkt *p, uint8_t *h, uint8_t out_port)
{
    if (!s->opt->mpls_hides) {
        const uint16_t was = ik_load_be16(h + TTL_AT);
        h[TTL_AT]--;
        ik_store_be16(h + CHECKSUM_AT, ik_cksum_update(ik_load_be16(h + CHECKSUM_AT), was,
                                                       ik_load_be16(h + TTL_AT)));
    }
    if (p->ip.options.left == 0)
        return true;
    if (!ik_stack_ip4opt_apply(s, p, h, out_port))
        return false;
    ik_store_be16(h + CHECKSUM_AT, 0);
    ik_store_be16(h + CHECKSUM_AT,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, p->ip.header_bytes})));
    return true;
}

static void pass_on(struct ik_stack *s, const struct ik_pkt *p, const struct ik_stack_hop *hop)
{
    struct ik_buf *b = ik_stack_pool_take(s, p->l3.left);
    if (!b)
        return;
    memcpy(ik_buf_at(b), p->l3.p, p->l3.left);
    b->len = (uint32_t)p->l3.left;
    if (!header_update(s, p, ik_buf_at(b), hop->port) ||
        (s->opt->nat && !ik_stack_nat_outbound(s, p, b, hop->port))) {
        ik_stack_pool_give(s, b);
        return;
    }
    ik_stack_tally(s, IK_STACK_FORWARDED);
    if (s->events)
        ik_stack_event_forwarded(s, p, hop);
    ik_stack_output_ip(s, b,
                       &(struct ik_stack_how){.who = IK_WHO_FORWARDED, .about = p, .hop = hop});
}

void ik_stack_forward4(struct ik_stack *s, struct ik_pkt *p)
{
    const struct ik_addr dst = p->source_routed ? p->next : p->ip.dst;
    struct ik_stack_hop hop;
    p->forwarded = true;
    if (!node_forwards(s, p) || !addresses_may_pass(s, p, &dst) || !find_way(s, p, &dst, &hop) ||
        !is_permitted(s, p, &dst, &hop) || !ttl_lasts(s, p, &hop))
        return;
    if (hop.port == p->port && ik_stack_is_router(s))
        ik_stack_redirect4_consider(s, p, &hop);
    pass_on(s, p, &hop);
}
