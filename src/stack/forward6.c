/* SPDX-License-Identifier: MIT
 * Forwarding of IPv6. */
#include "stack/stack_int.h"

void ik_stack_forward6(struct ik_stack *s, const struct ik_pkt *p)
{
    ik_stack_event_drop(s, IK_STACK_NO_ROUTE, IK_RULE_NONE, p, "IPv6");
}
