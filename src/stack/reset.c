/* SPDX-License-Identifier: MIT
 * The reset that answers a TCP segment nobody takes. */
#include "stack/reset.h"

#include "stack/stack_int.h"

bool ik_stack_reset_make(const struct ik_tcp *segment, uint32_t data_bytes, struct ik_tcp *out)
{
    if (segment->flags & IK_TCP_RST)
        return false;
    const struct ik_rd none = ik_rd_head(segment->data, 0);
    *out = (struct ik_tcp){.sport = segment->dport,
                           .dport = segment->sport,
                           .flags = IK_TCP_RST,
                           .options = none,
                           .data = none};
    if (segment->flags & IK_TCP_ACK) {
        out->seq = segment->ack;
        return true;
    }
    /* SYN and FIN take a sequence number each. */
    out->flags |= IK_TCP_ACK;
    out->ack = segment->seq + data_bytes + !!(segment->flags & IK_TCP_SYN) +
               !!(segment->flags & IK_TCP_FIN);
    return true;
}

static bool verifies(const struct ik_ip *ip)
{
    const struct ik_rd segment = ip->payload;
    const uint64_t sum =
        ik_cksum_add_pseudo(0, &ip->src, &ip->final_dst, IK_PROTO_TCP, (uint32_t)segment.left);
    return ik_cksum_fold(ik_cksum_add(sum, segment)) == 0;
}

bool ik_stack_reset_send(struct ik_stack *s, const struct ik_pkt *p)
{
    if (p->ip.proto != IK_PROTO_TCP || p->ip.fragment)
        return false;
    if (ik_stack_error_forbidden(s, p, &(struct ik_stack_error){0}) != IK_RULE_NONE)
        return true; /* for many, or from nobody: as of errors, so of resets */
    struct ik_tcp segment, reset;
    uint8_t bytes[20];
    size_t len;
    if (ik_tcp_decode(&segment, p->ip.payload, NULL) || !verifies(&p->ip) ||
        !ik_stack_reset_make(&segment, (uint32_t)segment.data.left, &reset))
        return true;
    if (ik_tcp_encode(&reset, &p->ip.final_dst, &p->ip.src, bytes, sizeof(bytes), &len))
        return true;
    struct ik_ip ip = p->ip.version == 4
                          ? ik_stack_output_ip4(s, &p->ip.final_dst, &p->ip.src, IK_PROTO_TCP)
                          : ik_stack_output_ip6(s, &p->ip.final_dst, &p->ip.src, IK_PROTO_TCP);
    ip.payload = (struct ik_rd){bytes, len};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.who = IK_WHO_NODE, .refuses = true});
    return true;
}
