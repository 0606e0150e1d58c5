/* SPDX-License-Identifier: MIT
 * ICMPv4 for this node: is it sound, and whose it is. The user of the node has it already. */
#include "stack/stack_int.h"

static void drop(struct ik_stack *s, const struct ik_pkt *p, enum ik_rule rule, const char *why)
{
    ik_stack_event_drop(s, IK_STACK_BAD_ICMP, rule, p, why);
}

/* Who does not know its own address yet may ask for the mask (RFC 950) and for routers (RFC 1256);
 * nothing else from 0.0.0.0 has a meaning (RFC 1812 section 4.2.2.11). */
static bool source_may_be_unknown(uint8_t type)
{
    return type == IK_ICMP4_MASK || type == IK_ICMP4_ROUTER_SOL;
}

static void unreachable(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (m->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED)
        ik_stack_pmtu_input4(s, p, m);
}

bool ik_stack_icmp4_role_twice(const struct ik_icmp *m)
{
    enum { CLASS_IFINFO = 2, ROLE_SHIFT = 6 };
    struct ik_rd objects;
    struct ik_ext_object object;
    unsigned seen = 0;
    if (m->kind != IK_ICMP_ERROR || m->error.extensions.left == 0 ||
        ik_ext_open(&objects, m->error.extensions, NULL) != IK_OK)
        return false;
    while (ik_ext_take(&objects, &object, NULL) == IK_OK) {
        const unsigned role = 1U << (object.ctype >> ROLE_SHIFT);
        if (object.class_num != CLASS_IFINFO)
            continue;
        if (seen & role)
            return true;
        seen |= role;
    }
    return false;
}

static void dispatch(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m)
{
    switch (m->type) {
    case IK_ICMP4_ECHO:
        ik_stack_echo4_input(s, p);
        break;
    case IK_ICMP4_UNREACHABLE:
        unreachable(s, p, m);
        break;
    case IK_ICMP4_SOURCE_QUENCH:
        ik_stack_quench_input(s, p, m);
        break;
    case IK_ICMP4_REDIRECT:
        ik_stack_redirect4_input(s, p, m);
        break;
    case IK_ICMP4_ROUTER_ADV:
    case IK_ICMP4_ROUTER_SOL:
        ik_stack_rdisc4_input(s, p, m);
        break;
    case IK_ICMP4_TIMESTAMP:
    case IK_ICMP4_MASK:
    case IK_ICMP4_MASK_REPLY:
        ik_stack_query4_input(s, p, m);
        break;
    case IK_ICMP4_EXT_ECHO:
        ik_stack_answers_input(s, p, m);
        break;
    default: /* replies and errors are the user's; unknown types are nobody's (RFC 1122 section
                3.2.2) */
        break;
    }
}

void ik_stack_icmp4_input(struct ik_stack *s, struct ik_pkt *p)
{
    enum { ICMP_BYTES_MIN = 8 };
    const struct ik_rd in = p->ip.payload;
    if (in.left < ICMP_BYTES_MIN) {
        drop(s, p, IK_RULE_R792_Formats_04, "shorter than 8 bytes");
        return;
    }
    if (!ik_cksum_is_right(in)) {
        drop(s, p, IK_RULE_R792_Formats_04, "bad ICMP checksum");
        return;
    }
    if (ik_addr_is_any(&p->ip.src) && !source_may_be_unknown(in.p[0])) {
        ik_stack_event_drop(s, IK_STACK_BAD_ADDRESS, IK_RULE_R1812_4_2_2_11_01, p, "from 0.0.0.0");
        return;
    }
    struct ik_icmp m;
    if (in.p[0] == IK_ICMP4_ECHO) { /* needs nothing that decoding would tell */
        ik_stack_echo4_input(s, p);
        return;
    }
    ik_stack_fast_forget(s);
    const struct ik_icmp_ctx ctx = {
        .family = 4, .checksum_verified = true, .src = &p->ip.src, .dst = &p->ip.dst};
    if (ik_icmp_decode(&m, in, &ctx, NULL) != IK_OK)
        drop(s, p, IK_RULE_R792_Formats_04, "the body is not what its type needs");
    else if (ik_stack_icmp4_role_twice(&m))
        drop(s, p, IK_RULE_R5837_4_5_02, "two objects of one role");
    else
        dispatch(s, p, &m);
}
