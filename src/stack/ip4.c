/* SPDX-License-Identifier: MIT
 * IPv4 at input: is it a packet, may it have that source, is it for us (RFC 1122 section 3.2.1, RFC
 * 1812 section 5.2.2). */
#include "net/scope.h"
#include "stack/stack_int.h"

/* RFC 1812 section 5.2.2: a packet shorter than it says. Its header verified, so the source can be
 * told; but not when it is forged to be ourselves, for a translator would pass that on inside. */
static void truncated(struct ik_stack *s, const struct ik_pkt *p)
{
    enum { TOTAL_LENGTH_AT = 2 };
    const struct ik_stack_error e = {.type = IK_ICMP4_PARAMETER_PROBLEM,
                                     .code = 0,
                                     .info = TOTAL_LENGTH_AT,
                                     .rule = IK_RULE_R1812_5_2_2_03};
    ik_stack_event_drop(s, IK_STACK_BAD_HEADER, e.rule, p, "shorter than its total length");
    if (ik_stack_is_router(s) && ik_stack_local_port(s, &p->ip.src) == IK_STACK_UPPER)
        ik_stack_error_send(s, p, &e);
}

/* Decodes the header into p; false when it is none: dropped in silence, for nothing in it can be
 * trusted. */
static bool header_is_good(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3)
{
    if (ik_ip_decode(&p->ip, l3, NULL) != IK_OK || p->ip.version != 4) {
        p->ip.version = 0;
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_R1812_5_2_2_01, p,
                            "no IPv4 header: version, header length or total length");
        return false;
    }
    p->l3 = ik_rd_head(l3, p->ip.total_bytes);
    if (!p->ip.checksum_ok) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_R1122_3_2_1_2_01, p,
                            "bad header checksum");
        return false;
    }
    return true;
}

/* What the source may not be, and a frame to all with a packet for one (RFC 1122 section 3.3.6, RFC
 * 1812 section 5.3.4). */
static bool addresses_are_good(struct ik_stack *s, struct ik_pkt *p)
{
    if (p->own)
        return true;
    /* The answer would go to all hosts of that net, whichever of ours it is. */
    if (ik_stack_local_bad_source(s, p->port, &p->ip.src) ||
        (p->local != IK_LOCAL_NONE && !ik_addr_is_any(&p->ip.src) &&
         ik_stack_local_is_broadcast4_any(s, &p->ip.src))) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1122_3_2_1_3_02, p,
                            "the source is no single host");
        return false;
    }
    if (ik_scope_is_loopback(&p->ip.dst)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1812_5_3_7_01, p,
                            "a loopback address from outside");
        return false;
    }
    if (p->cast != IK_CAST_UNICAST && p->local != IK_LOCAL_BROADCAST &&
        !ik_addr_is_multicast(&p->ip.dst)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1122_3_3_6_01, p,
                            "for one host, in a frame to many");
        return false;
    }
    return true;
}

/* Nobody else has our address: it is forged, and an answer would go to ourselves. Old systems never
 * came back from that (LAND). */
static bool is_from_ourselves(struct ik_stack *s, const struct ik_pkt *p)
{
    if (p->own || ik_stack_local_port(s, &p->ip.src) == IK_STACK_UPPER)
        return false;
    enum { FLAGS_AT = 13 };
    const struct ik_rd tcp = p->ip.payload;
    if (s->opt->legacy & IK_LEGACY_LAND && p->ip.proto == IK_PROTO_TCP && !p->ip.offset_bytes &&
        ik_addr_same_host(&p->ip.src, &p->ip.dst) && tcp.left > FLAGS_AT &&
        tcp.p[FLAGS_AT] & IK_TCP_SYN) {
        s->down = "a SYN from its own address to itself (bytes 12 to 19 of the IP header): LAND, "
                  "CVE-1999-0016";
        ik_stack_event_say(s, "state", IK_RULE_NONE, p, s->down);
    }
    ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_NONE, p, "from our own address");
    return true;
}

static void deliver(struct ik_stack *s, struct ik_pkt *p)
{
    if (s->opt->n_filter && !ik_stack_filter_pass(s, p, 2))
        return;
    if (p->ip.fragment)
        ik_stack_reass_input(s, p);
    else
        ik_stack_deliver(s, p);
}

static void not_for_us(struct ik_stack *s, struct ik_pkt *p)
{
    if (ik_stack_is_router(s) && !ik_addr_is_multicast(&p->ip.dst) && !p->own) {
        ik_stack_forward4(s, p);
        return;
    }
    ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1122_3_2_1_3_01, p, "not for this node");
}

void ik_stack_ip4_input(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3)
{
    if (!header_is_good(s, p, l3))
        return;
    p->local = ik_stack_local_kind(s, p->port, &p->ip.dst);
    if (!addresses_are_good(s, p) || is_from_ourselves(s, p))
        return;
    if (p->ip.truncated) {
        truncated(s, p);
        return;
    }
    if (p->ip.options.left && !ik_stack_ip4opt_check(s, p))
        return;
    if (p->source_routed) {
        ik_stack_forward4(s, p);
        return;
    }
    if (s->opt->nat && p->local == IK_LOCAL_UNICAST && ik_stack_nat_inbound(s, p))
        return;
    if (p->local == IK_LOCAL_NONE)
        not_for_us(s, p);
    else
        deliver(s, p);
}
