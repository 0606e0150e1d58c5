/* SPDX-License-Identifier: MIT
 * The packet filter of a node. */
#include "stack/stack_int.h"

bool ik_stack_filter_pass(struct ik_stack *s, const struct ik_pkt *p, uint8_t direction)
{
    (void)s, (void)p, (void)direction;
    return true;
}
