/* SPDX-License-Identifier: MIT
 * Reassembly of both families. */
#include "stack/stack_int.h"

void ik_stack_reass_input(struct ik_stack *s, struct ik_pkt *p)
{
    ik_stack_event_drop(s, IK_STACK_REASSEMBLY_DROPPED, IK_RULE_NONE, p, "a fragment");
}

ik_ns ik_stack_reass_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}
