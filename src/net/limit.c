/* SPDX-License-Identifier: MIT
 * The rate limiter of ICMP errors. */
#include "net/limit.h"

size_t ik_limit_bytes(const struct ik_limit_cfg *cfg)
{
    return ik_ways_rows(cfg->destinations) * sizeof(struct ik_ways_row);
}

void ik_limit_init(struct ik_limit *l, void *mem, const struct ik_limit_cfg *cfg)
{
    *l = (struct ik_limit){.key = cfg->key, .rng = {cfg->seed}, .drain = cfg->drain};
    l->each = ik_bucket_rate_of(cfg->rate, cfg->burst);
    ik_bucket_init(&l->global, cfg->global_rate, cfg->global_burst);
    ik_ways_init(&l->ways, mem, cfg->destinations);
}

static unsigned bits_of(const struct ik_addr *dst)
{
    if (dst->family == 4)
        return 32;
    return ik_addr_is_link_local(dst) ? 128 : 64;
}

static bool take_own(struct ik_limit *l, ik_ns now, const struct ik_addr *dst)
{
    if (l->each.cost == 0)
        return true;
    const uint32_t i = ik_ways_take(&l->ways, ik_ways_id(l->key, dst, bits_of(dst)));
    return ik_bucket_rate_take(&l->each, &l->ways.rows[i].at, now);
}

bool ik_limit_take(struct ik_limit *l, ik_ns now, const struct ik_addr *dst)
{
    if (!take_own(l, now, dst) || !ik_bucket_take(&l->global, now))
        return false;
    if (l->drain && l->global.rate.cost)
        ik_bucket_drain(&l->global, now, ik_rng_below(&l->rng, (uint64_t)l->drain + 1));
    return true;
}
