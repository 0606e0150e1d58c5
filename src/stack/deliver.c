/* SPDX-License-Identifier: MIT
 * A whole datagram for this node: who takes it. */
#include "stack/stack_int.h"

/* Offset of the octet that named the protocol: in the fixed header, or the first of the last
 * extension header (RFC 8200 section 4). */
static uint32_t next_header_at(const struct ik_ip *ip)
{
    enum { NEXT_HEADER_AT = 6 };
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    uint32_t at = NEXT_HEADER_AT;
    struct ik_ip6ext ext;
    while (ik_ip6ext_take(&chain, &proto, &ext, NULL) == IK_OK)
        at = (uint32_t)(IK_IP6_BYTES + (ext.bytes.p - ip->options.p));
    return at;
}

static void protocol_unknown(struct ik_stack *s, const struct ik_pkt *p)
{
    struct ik_stack_error e = {.type = IK_ICMP4_UNREACHABLE,
                               .code = IK_ICMP4_UNREACHABLE_PROTOCOL,
                               .rule = IK_RULE_R1122_3_2_2_1_01};
    if (p->ip.version == 6)
        e = (struct ik_stack_error){.type = IK_ICMP6_PARAMETER_PROBLEM,
                                    .code = IK_ICMP6_PARAMETER_PROBLEM_NEXT_HEADER,
                                    .info = next_header_at(&p->ip),
                                    .rule = IK_RULE_R8200_4_01};
    ik_stack_event_say(s, "dropped", e.rule, p, "no such protocol here");
    ik_stack_error_send(s, p, &e);
}

void ik_stack_deliver(struct ik_stack *s, struct ik_pkt *p)
{
    ik_stack_tally(s, IK_STACK_DELIVERED);
    if (s->events)
        ik_stack_event_say(s, "delivered", IK_RULE_NONE, p, "for this node");
    const uint8_t icmp = p->ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
    /* ICMPv6 is judged before its user sees it (RFC 4443 section 2.4): icmp6.c hands it up. */
    if (s->opt->upper && (p->ip.version == 4 || p->ip.proto != icmp))
        ik_stack_to_upper(s, p);
    if (p->ip.proto == icmp && icmp == IK_PROTO_ICMP4)
        ik_stack_icmp4_input(s, p);
    else if (p->ip.proto == icmp)
        ik_stack_icmp6_input(s, p);
    else if (p->ip.proto == IK_PROTO_UDP)
        ik_stack_udp_input(s, p);
    else if (p->ip.proto == IK_PROTO_TCP)
        ik_stack_tcp_input(s, p);
    else if (p->ip.version == 4 || p->ip.proto != IK_PROTO_NONE)
        protocol_unknown(s, p);
}
