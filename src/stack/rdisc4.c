/* SPDX-License-Identifier: MIT
 * Router discovery of IPv4 (RFC 1256). */
#include "stack/stack_int.h"

size_t ik_stack_rdisc4_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_rdisc4_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_rdisc4_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_rdisc4_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

bool ik_stack_rdisc4_router(struct ik_stack *s, struct ik_stack_hop *out)
{
    (void)s, (void)out;
    return false;
}

void ik_stack_rdisc4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}

void ik_stack_rdisc4_stop(struct ik_stack *s)
{
    (void)s;
}

void ik_stack_rdisc4_port_up(struct ik_stack *s, uint8_t port)
{
    (void)s, (void)port;
}
