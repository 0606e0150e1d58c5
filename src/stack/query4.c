/* SPDX-License-Identifier: MIT
 * Timestamp and address mask. */
#include "stack/stack_int.h"

void ik_stack_query4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}
