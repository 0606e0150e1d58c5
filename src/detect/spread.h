/* SPDX-License-Identifier: MIT
 * Whether an address stands for many hosts: multicast and broadcast (RFC 919, RFC 1122 section
 * 3.2.1.3). */
#pragma once

#include "detect/part.h"

/* False for most addresses that are of one host, at a glance: a network with a broadcast address
 * has two bits for hosts at least (RFC 3021). */
static inline bool ik_spread_is_likely(const struct ik_addr *a)
{
    const uint8_t last = a->bytes[3] & 3;
    return a->family == 4 ? last == 0 || last == 3 || a->bytes[0] >= 0xe0 : a->bytes[0] == 0xff;
}
/* The same of a source, of which more is not told: without knowing our networks there are fewer. */
static inline bool ik_spread_is_likely_src(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    return cfg->n_home ? ik_spread_is_likely(a) : a->bytes[0] >= 0xe0;
}

/* What the destination of the packet is: for the sight, which keeps it. */
enum ik_spread ik_spread_of_dst(const struct ik_sight *s);
/* What its source is: never MAYBE or LINK, for frames do not come from all hosts. */
enum ik_spread ik_spread_of_src(const struct ik_sight *s);
/* The network of ours whose broadcast or network address it is; NULL: of none. */
const struct ik_prefix *ik_spread_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a);
