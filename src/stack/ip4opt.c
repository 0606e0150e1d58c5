/* SPDX-License-Identifier: MIT
 * IPv4 options at input, in transit and in answers. */
#include "stack/stack_int.h"

bool ik_stack_ip4opt_check(struct ik_stack *s, struct ik_pkt *p)
{
    (void)s, (void)p;
    return true;
}

bool ik_stack_ip4opt_apply(struct ik_stack *s, const struct ik_pkt *p, uint8_t *header,
                           uint8_t out_port)
{
    (void)s, (void)p, (void)header, (void)out_port;
    return true;
}

size_t ik_stack_ip4opt_reply(struct ik_stack *s, const struct ik_pkt *p, bool echo,
                             uint8_t out[static 40], struct ik_addr *dst)
{
    (void)s, (void)p, (void)echo, (void)out, (void)dst;
    return 0;
}
