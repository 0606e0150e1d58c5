/* SPDX-License-Identifier: MIT
 * Path MTU discovery (RFC 1191, RFC 8201). */
#include "stack/stack_int.h"

size_t ik_stack_pmtu_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_pmtu_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_pmtu_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_pmtu_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

void ik_stack_pmtu_input4(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    (void)s, (void)p, (void)m;
}

uint32_t ik_stack_pmtu_find(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu)
{
    (void)s, (void)dst;
    return mtu;
}

void ik_stack_pmtu_learn(struct ik_stack *s, const struct ik_addr *dst, uint32_t mtu,
                         uint32_t packet_bytes)
{
    (void)s, (void)dst, (void)mtu, (void)packet_bytes;
}
