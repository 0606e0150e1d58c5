/* SPDX-License-Identifier: MIT
 * ICMPv6 for this node. */
#include "stack/stack_int.h"

void ik_stack_icmp6_input(struct ik_stack *s, struct ik_pkt *p)
{
    ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_NONE, p, "ICMPv6");
}
