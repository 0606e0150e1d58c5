/* SPDX-License-Identifier: MIT
 * Redirects of IPv6 (RFC 4861 section 8). */
#include "stack/stack_int.h"

void ik_stack_redirect6_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop)
{
    (void)s, (void)p, (void)hop;
}
