/* SPDX-License-Identifier: MIT
 * Neighbour discovery (RFC 4861). */
#include "stack/stack_int.h"

size_t ik_stack_nd_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_nd_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_nd_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_nd_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

bool ik_stack_nd_router(struct ik_stack *s, const struct ik_addr *dst, struct ik_stack_hop *out)
{
    (void)s, (void)dst, (void)out;
    return false;
}

void ik_stack_nd_ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                     const uint8_t *mac)
{
    (void)s, (void)port, (void)target, (void)mac;
}

bool ik_stack_nd_usable(const struct ik_stack *s, uint8_t port, const struct ik_addr *addr)
{
    (void)s, (void)port, (void)addr;
    return true;
}

void ik_stack_nd_stop(struct ik_stack *s)
{
    (void)s;
}

void ik_stack_nd_port_up(struct ik_stack *s, uint8_t port)
{
    (void)s, (void)port;
}
