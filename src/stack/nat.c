/* SPDX-License-Identifier: MIT
 * Address and port translation. */
#include "stack/stack_int.h"

size_t ik_stack_nat_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_nat_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_nat_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_nat_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

bool ik_stack_nat_inbound(struct ik_stack *s, const struct ik_pkt *p)
{
    (void)s, (void)p;
    return false;
}

bool ik_stack_nat_outbound(struct ik_stack *s, const struct ik_pkt *p, struct ik_buf *b,
                           uint8_t out_port)
{
    (void)s, (void)p, (void)b, (void)out_port;
    return true;
}

void ik_stack_nat_error(struct ik_stack *s, const struct ik_addr *dst, uint8_t *msg, size_t len)
{
    (void)s, (void)dst, (void)msg, (void)len;
}
