/* SPDX-License-Identifier: MIT
 * Whether an address stands for many hosts: multicast and broadcast (RFC 919, RFC 1122 section
 * 3.2.1.3). */
#pragma once

#include "detect/part.h"

/* The last octet of most IPv4 addresses tells that they are of one host: a network with a broadcast
 * address has two bits for hosts at least (RFC 3021), and without knowing our networks it is only
 * those that end as most broadcast addresses do. */
static inline bool ik_spread_ends_so(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    const uint32_t hosts = cfg->n_home ? 3 : 255; /* all ones or none */
    return ((a->bytes[3] + 1u) & hosts) <= 1;
}

/* False for most destinations that are one host, at a glance and without a branch that depends on
 * the address. */
static inline bool ik_spread_is_likely_dst(const struct ik_sight *s)
{
    const struct ik_addr *dst = &s->p->ip.dst;
    if (dst->family != 4)
        return dst->bytes[0] == 0xff;
    const unsigned many = dst->bytes[0] >= 0xe0, frame = s->p->layers.dst_mac[0] == 0xff;
    return many | frame | (unsigned)ik_spread_ends_so(s->cfg, dst);
}

/* The same of a source, of which more is not told: without knowing our networks there are fewer. */
static inline bool ik_spread_is_likely_src(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    if (a->family != 4)
        return a->bytes[0] == 0xff;
    return a->bytes[0] >= 0xe0 || (cfg->n_home && ik_spread_ends_so(cfg, a));
}

/* What the destination of the packet is: for the sight, which keeps it. */
enum ik_spread ik_spread_of_dst(const struct ik_sight *s);
/* What its source is: never MAYBE or LINK, for frames do not come from all hosts. */
enum ik_spread ik_spread_of_src(const struct ik_sight *s);
/* The network of ours whose broadcast or network address it is; NULL: of none. */
const struct ik_prefix *ik_spread_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a);
