/* SPDX-License-Identifier: MIT
 * A node of a lab as a socket with options: what the kernel does for a raw socket between the
 * verb's message and the packet. */
#pragma once

#include <icmpkit/link.h>

/* A link around `inner` (a user of a node, see ik_sim_link_open) that sends with cfg's TTL, class,
 * source, flow label, path MTU discovery and IP options; whole packets pass as they are. `source`
 * chooses the address to speak from where cfg has none. On success *out is the caller's, ended by
 * ops->close, which leaves `inner` open. IK_E_NOMEM. */
IK_MUST_USE enum ik_err
ik_labsock_open(struct ik_link **out, struct ik_link *inner, const struct ik_link_cfg *cfg,
                struct ik_addr (*source)(void *ctx, const struct ik_addr *dst), void *ctx);
