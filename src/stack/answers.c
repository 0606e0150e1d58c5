/* SPDX-License-Identifier: MIT
 * PROBE, RFC 8335: extended echo. */
#include "stack/stack_int.h"

size_t ik_stack_answers_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_answers_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_answers_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_answers_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

void ik_stack_answers_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}
