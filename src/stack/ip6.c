/* SPDX-License-Identifier: MIT
 * IPv6 at input. */
#include "stack/stack_int.h"

void ik_stack_ip6_input(struct ik_stack *s, struct ik_pkt *p, struct ik_rd l3)
{
    (void)l3;
    ik_stack_event_drop(s, IK_STACK_BAD_FRAME, IK_RULE_NONE, p, "IPv6");
}

void ik_stack_ip6_reassembled(struct ik_stack *s, struct ik_pkt *p)
{
    (void)s, (void)p;
}
