/* SPDX-License-Identifier: MIT
 * Multicast listener discovery (RFC 2710, RFC 3810). */
#include "stack/stack_int.h"

size_t ik_stack_mld_bytes(const struct ik_stack_cfg *cfg)
{
    (void)cfg;
    return 0;
}

void ik_stack_mld_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    (void)s, (void)mem, (void)cfg;
}

void ik_stack_mld_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_mld_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

bool ik_stack_mld_joined(const struct ik_stack *s, uint8_t port, const struct ik_addr *group)
{
    (void)s, (void)port, (void)group;
    return false;
}
