/* SPDX-License-Identifier: MIT
 * Redirected destinations of a host, redirects of IPv4 on both sides. */
#include "stack/stack_int.h"

size_t ik_stack_redirect_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_redirect_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_redirect_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_redirect_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

void ik_stack_redirect4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}

bool ik_stack_redirect_find(struct ik_stack *s, const struct ik_addr *dst, struct ik_stack_hop *out)
{
    (void)s, (void)dst, (void)out;
    return false;
}

void ik_stack_redirect_learn(struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                             const struct ik_addr *gateway)
{
    (void)s, (void)port, (void)dst, (void)gateway;
}

void ik_stack_redirect_forget(struct ik_stack *s, uint8_t port, const struct ik_addr *gateway)
{
    (void)s, (void)port, (void)gateway;
}

void ik_stack_redirect4_consider(struct ik_stack *s, const struct ik_pkt *p,
                                 const struct ik_stack_hop *hop)
{
    (void)s, (void)p, (void)hop;
}
