/* SPDX-License-Identifier: MIT
 * Source quench: historical, off by default (RFC 6633). */
#include "stack/stack_int.h"

size_t ik_stack_quench_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_quench_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_quench_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_quench_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

void ik_stack_quench_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}

void ik_stack_congested(struct ik_stack *s, struct ik_now now, uint8_t port, struct ik_rd frame)
{
    (void)s, (void)now, (void)port, (void)frame;
}
