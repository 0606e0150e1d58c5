/* SPDX-License-Identifier: MIT
 * IPv6 at input: what a packet must be to be looked at at all, whether it is for this node, and the
 * walk along its headers (RFC 8200, RFC 4291 section 2.5, 2.7). */
#include "stack/stack_int.h"

#include "net/scope.h"
#include "stack/ip6walk.h"

/* Nobody else has our address: it is forged, and an answer would go to ourselves. But who does have
 * it, too, says so by an advertisement (RFC 4862 section 5.4.4), and one that turned out to be
 * somebody else's is not ours. */
static bool is_from_ourselves(const struct ik_stack *s, const struct ik_pkt *p)
{
    const uint8_t port = ik_stack_local_port(s, &p->ip.src);
    if (port == IK_STACK_UPPER || !ik_stack_nd_usable(s, port, &p->ip.src))
        return false;
    return p->ip.next_header != IK_PROTO_ICMP6 || p->l3.left == IK_IP6_BYTES ||
           p->l3.p[IK_IP6_BYTES] != IK_ICMP6_NEIGHBOR_ADV;
}

/* Addresses that may not be there, in packets that came from outside. */
static const char *bad_address(const struct ik_stack *s, const struct ik_pkt *p, enum ik_rule *rule)
{
    const struct ik_ip *ip = &p->ip;
    *rule = IK_RULE_R4291_2_7_01;
    if (ik_addr_is_multicast(&ip->src))
        return "a multicast source";
    *rule = IK_RULE_NONE;
    if (ik_addr_is_any(&ip->dst))
        return "no destination";
    if (p->own)
        return NULL;
    *rule = IK_RULE_R4291_2_5_3_01;
    if (ik_scope_is_loopback(&ip->src) || ik_scope_is_loopback(&ip->dst))
        return "a loopback address outside of its node";
    *rule = IK_RULE_NONE;
    if (ik_addr_is_multicast(&ip->dst) && ik_scope_of(&ip->dst) < IK_SCOPE_LINK)
        return "a group that does not leave its node";
    if (ik_stack_local_bad_source(s, p->port, &ip->src))
        return "a source that nobody has";
    if (is_from_ourselves(s, p))
        return "from our own address";
    return NULL;
}

/* Payload length 0 with a hop-by-hop header is a jumbo payload, or meant to be one: then all that
 * the link gave is kept for the walk to judge (RFC 2675 section 3). */
static bool claims_jumbo(const struct ik_ip *ip)
{
    return ip->length_field == 0 && ip->next_header == IK_PROTO_HOPOPTS;
}

static void answer_problem(struct ik_stack *s, const struct ik_pkt *p, const struct ik_ip6walk *w)
{
    const struct ik_stack_error e = {
        .type = IK_ICMP6_PARAMETER_PROBLEM,
        .code = w->code,
        .info = w->pointer,
        .rule = w->rule,
    };
    ik_stack_event_drop(s, IK_STACK_BAD_HEADER, w->rule, p, "a header that cannot be processed");
    ik_stack_error_send(s, p, &e);
}

/* False when the walk stopped the packet; it is counted and answered then. */
static bool may_go_on(struct ik_stack *s, const struct ik_pkt *p, const struct ik_ip6walk *w)
{
    if (w->end == IK_IP6WALK_PROBLEM)
        answer_problem(s, p, w);
    else if (w->end == IK_IP6WALK_SILENT)
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, w->rule, p,
                            "an option asks for it, or it is shorter than it says");
    else
        return true;
    return false;
}

static bool knows_upper(uint8_t proto)
{
    return proto == IK_PROTO_ICMP6 || proto == IK_PROTO_UDP || proto == IK_PROTO_TCP;
}

/* The walk found the upper layer. The decoder also follows headers that no node here knows, so what
 * it made of the chain is replaced. */
static void deliver(struct ik_stack *s, struct ik_pkt *p, struct ik_ip6walk *w)
{
    p->ip.proto = w->proto;
    p->ip.header_bytes = w->at;
    p->ip.options = ik_rd_head(ik_rd_from(p->l3, IK_IP6_BYTES), w->at - IK_IP6_BYTES);
    p->l3 = ik_rd_head(p->l3, w->total);
    p->ip.payload = ik_rd_from(p->l3, w->at);
    if (w->proto == IK_PROTO_NONE) {
        ik_stack_tally(s, IK_STACK_DELIVERED);
        ik_stack_event_say(s, "delivered", IK_RULE_NONE, p, "no next header");
        return;
    }
    if (!knows_upper(w->proto)) {
        if (s->opt->upper)
            ik_stack_to_upper(s, p);
        ik_ip6walk_unknown(w);
        answer_problem(s, p, w);
        return;
    }
    ik_stack_deliver(s, p);
}

/* A packet for this node, all of its headers. */
static void input_local(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_ip6walk w;
    if (s->opt->n_filter && !ik_stack_filter_pass(s, p, 2))
        return;
    ik_ip6walk_final(&w, p->l3);
    if (!may_go_on(s, p, &w))
        return;
    if (w.end == IK_IP6WALK_FRAGMENT)
        ik_stack_reass_input(s, p);
    else
        deliver(s, p, &w);
}

/* What goes to a group of others is nothing to tell of: a card would not have handed it up. */
static void not_ours(struct ik_stack *s, const struct ik_pkt *p, bool group)
{
    if (group)
        ik_stack_tally(s, IK_STACK_BAD_FRAME);
    else
        ik_stack_event_drop(s, IK_STACK_BAD_FRAME, IK_RULE_NONE, p, "not for this node");
}

/* Groups go on too where there is a route for them; what is for a link alone never does. */
static void pass_on(struct ik_stack *s, struct ik_pkt *p)
{
    const bool group = ik_addr_is_multicast(&p->ip.dst);
    if (p->own)
        return;
    if (!ik_stack_is_router(s) || s->opt->forwarding_off) {
        if (p->local == IK_LOCAL_NONE)
            not_ours(s, p, group);
        return;
    }
    if (group && ik_scope_of(&p->ip.dst) <= IK_SCOPE_LINK) {
        if (p->local == IK_LOCAL_NONE)
            not_ours(s, p, group);
        return;
    }
    ik_stack_forward6(s, p);
}

/* What is of one link only is known by that link too, for the answers. */
static void scope_set(const struct ik_stack *s, struct ik_pkt *p)
{
    if (p->port < s->n_ifaces && ik_addr_is_link_local(&p->ip.src))
        p->ip.src.scope = ik_stack_local_index(s, p->port);
}

void ik_stack_ip6_input(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3)
{
    enum ik_rule rule = IK_RULE_NONE;
    if (ik_ip_decode(&p->ip, l3, NULL) != IK_OK || p->ip.version != 6 ||
        (p->ip.truncated && !claims_jumbo(&p->ip))) {
        p->ip.version = 0;
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, rule, p, "no IPv6 packet");
        return;
    }
    scope_set(s, p);
    p->l3 = claims_jumbo(&p->ip) ? l3 : ik_rd_head(l3, p->ip.total_bytes);
    const char *bad = bad_address(s, p, &rule);
    if (bad) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, rule, p, bad);
        return;
    }
    p->local = ik_stack_local_kind(s, p->port, &p->ip.dst);
    /* a host that is no destination looks at nothing */
    const bool transit = p->local != IK_LOCAL_UNICAST && ik_stack_is_router(s) && !p->own;
    struct ik_ip6walk w;
    if (transit) {
        ik_ip6walk_transit(&w, p->l3);
        if (!may_go_on(s, p, &w))
            return;
        p->l3 = ik_rd_head(p->l3, w.total);
    }
    if (p->local != IK_LOCAL_UNICAST)
        pass_on(s, p);
    if (p->local != IK_LOCAL_NONE)
        input_local(s, p);
}

void ik_stack_ip6_reassembled(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_ip6walk w;
    p->reassembled = true;
    scope_set(s, p);
    ik_ip6walk_final(&w, p->l3);
    if (!may_go_on(s, p, &w))
        return;
    if (w.end == IK_IP6WALK_FRAGMENT) {
        ik_stack_event_drop(s, IK_STACK_REASSEMBLY_DROPPED, IK_RULE_NONE, p,
                            "a fragment of a fragment");
        return;
    }
    deliver(s, p, &w);
}
