/* SPDX-License-Identifier: MIT
 * UDP as a target: closed ports answer, open ones are silent. */
#include "stack/stack_int.h"

bool ik_stack_udp_is_listed(const uint16_t *ports, uint16_t n, uint16_t port)
{
    for (uint16_t i = 0; i < n; i++)
        if (ports[i] == port)
            return true;
    return false;
}

/* RFC 768: zero means none, which IPv6 does not allow (RFC 8200 section 8.1). */
static bool checksum_is_good(const struct ik_ip *ip, const struct ik_udp *udp)
{
    if (udp->checksum == 0)
        return ip->version == 4;
    const uint32_t len = udp->len_bytes;
    const uint64_t sum = ik_cksum_add_pseudo(0, &ip->src, &ip->final_dst, IK_PROTO_UDP, len);
    return ik_cksum_fold(ik_cksum_add(sum, ik_rd_head(ip->payload, len))) == 0;
}

void ik_stack_udp_input(struct ik_stack *s, struct ik_pkt *p)
{
    struct ik_udp udp;
    if (ik_udp_decode(&udp, p->ip.payload, NULL) != IK_OK || udp.len_bytes < 8 ||
        udp.len_bytes > p->ip.payload.left || !checksum_is_good(&p->ip, &udp)) {
        ik_stack_event_drop(s, IK_STACK_BAD_HEADER, IK_RULE_NONE, p, "bad UDP length or checksum");
        return;
    }
    const struct ik_stack_options *o = s->opt;
    if (o->udp_open_all || ik_stack_udp_is_listed(o->udp_open, o->n_udp_open, udp.dport)) {
        ik_stack_event_say(s, "decided", IK_RULE_NONE, p, "the port is open: no answer");
        return;
    }
    const bool v4 = p->ip.version == 4;
    const struct ik_stack_error e = {
        .type = v4 ? (uint8_t)IK_ICMP4_UNREACHABLE : (uint8_t)IK_ICMP6_UNREACHABLE,
        .code = v4 ? (uint8_t)IK_ICMP4_UNREACHABLE_PORT : (uint8_t)IK_ICMP6_UNREACHABLE_PORT,
        .rule = v4 ? IK_RULE_R1122_3_2_2_1_02 : IK_RULE_R4443_3_1_08,
    };
    ik_stack_error_send(s, p, &e);
}
