/* SPDX-License-Identifier: MIT
 * What an extended echo request deserves before anything is looked up (RFC 8335 sections 4, 8). */
#pragma once

#include "icmpkit/stack.h"
#include "icmpkit/wire.h"

enum ik_stack_extecho_verdict {
    IK_EXTECHO_SILENT,    /* not enabled for that source and question */
    IK_EXTECHO_MALFORMED, /* answered with code 1 */
    IK_EXTECHO_LOOK_UP,   /* *ident says what is asked about */
};

/* The source is one host, the destination this node. The L bit decides first who may ask, then the
 * way the interface is named, which cannot be known of a malformed request: whoever may use its L
 * bit is told so. */
enum ik_stack_extecho_verdict ik_stack_extecho_judge(const struct ik_stack_probe_cfg *cfg,
                                                     const struct ik_addr *src,
                                                     const struct ik_icmp_ext_echo *request,
                                                     struct ik_ifident *ident);
