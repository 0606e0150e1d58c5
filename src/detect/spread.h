/* SPDX-License-Identifier: MIT
 * Whether an address stands for many hosts: multicast and broadcast (RFC 919, RFC 1122 section
 * 3.2.1.3). */
#pragma once

#include "detect/part.h"

enum ik_spread {
    IK_SPREAD_ONE,
    IK_SPREAD_MAYBE,     /* it ends as the broadcast addresses of most networks do; nobody knows */
    IK_SPREAD_LINK,      /* the same, in a frame to all hosts of the link */
    IK_SPREAD_HOME,      /* the broadcast or network address of one of our networks */
    IK_SPREAD_LIMITED,   /* 255.255.255.255 */
    IK_SPREAD_MULTICAST, /* 224.0.0.0/4, ff00::/8 */
};

/* What the destination of the packet is. */
enum ik_spread ik_spread_of_dst(const struct ik_sight *s);
/* What its source is: never MAYBE or LINK, for frames do not come from all hosts. */
enum ik_spread ik_spread_of_src(const struct ik_sight *s);
/* The network of ours whose broadcast or network address it is; NULL: of none. */
const struct ik_prefix *ik_spread_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a);
