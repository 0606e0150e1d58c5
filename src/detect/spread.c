/* SPDX-License-Identifier: MIT
 * Multicast and broadcast addresses. */
#include "detect/spread.h"

#include "base/bytes.h"

#include <string.h>

enum {
    LONGEST = 30, /* bits of a network that has a broadcast address (RFC 3021) */
    LAST_255 = 255,
    SMALL = 7, /* host bits, all ones, of the smallest network that is looked for without knowing */
};

const struct ik_prefix *ik_spread_home(const struct ik_detect_cfg *cfg, const struct ik_addr *a)
{
    const uint32_t address = ik_load_be32(a->bytes);
    if (a->family != 4 || ((address & 3) != 3 && (address & 3) != 0))
        return NULL;
    for (size_t i = 0; i < cfg->n_home; i++) {
        const struct ik_prefix *home = &cfg->home[i];
        if (home->addr.family != 4 || home->bits > LONGEST)
            continue;
        const uint32_t hosts = UINT32_MAX >> home->bits, net = ik_load_be32(home->addr.bytes);
        if (address == net || address == (net | hosts))
            return home;
    }
    return NULL;
}

static enum ik_spread certain(const struct ik_sight *s, const struct ik_addr *a)
{
    if (ik_addr_is_multicast(a))
        return IK_SPREAD_MULTICAST;
    if (a->family != 4)
        return IK_SPREAD_ONE;
    if (ik_load_be32(a->bytes) == UINT32_MAX)
        return IK_SPREAD_LIMITED;
    return ik_spread_home(s->cfg, a) ? IK_SPREAD_HOME : IK_SPREAD_ONE;
}

enum ik_spread ik_spread_of_src(const struct ik_sight *s)
{
    return certain(s, &s->p->ip.src);
}

enum ik_spread ik_spread_of_dst(const struct ik_sight *s)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
    const struct ik_addr *dst = &s->p->ip.dst;
    const enum ik_spread sure = certain(s, dst);
    if (sure != IK_SPREAD_ONE || dst->family != 4)
        return sure;
    const uint8_t last = dst->bytes[3];
    const bool ends_so = last == 0 || (last & SMALL) == SMALL;
    if (ends_so && !memcmp(s->p->layers.dst_mac, all, sizeof(all)))
        return IK_SPREAD_LINK;
    return last == 0 || last == LAST_255 ? IK_SPREAD_MAYBE : IK_SPREAD_ONE;
}
