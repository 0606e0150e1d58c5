/* SPDX-License-Identifier: MIT
 * Token bucket. */
#include "net/bucket.h"

struct ik_bucket_rate ik_bucket_rate_of(uint32_t rate_per_s, uint32_t burst)
{
    const uint32_t second = (uint32_t)IK_NS_PER_S;
    if (rate_per_s == 0 || rate_per_s > second)
        return (struct ik_bucket_rate){0};
    return (struct ik_bucket_rate){.cost = (second + rate_per_s - 1) / rate_per_s,
                                   .burst = burst ? burst : 1};
}

static ik_ns later(ik_ns a, ik_ns b)
{
    return a > b ? a : b;
}

bool ik_bucket_rate_take(const struct ik_bucket_rate *r, ik_ns *full_at, ik_ns now)
{
    if (r->cost == 0)
        return true;
    const ik_ns from = later(*full_at, now);
    if (from - now > (ik_ns)(r->burst - 1) * r->cost)
        return false;
    *full_at = from + r->cost;
    return true;
}

void ik_bucket_init(struct ik_bucket *b, uint32_t rate_per_s, uint32_t burst)
{
    *b =
        (struct ik_bucket){.rate = ik_bucket_rate_of(rate_per_s, burst), .full_at = IK_BUCKET_FULL};
}

bool ik_bucket_take(struct ik_bucket *b, ik_ns now)
{
    return ik_bucket_rate_take(&b->rate, &b->full_at, now);
}

void ik_bucket_drain(struct ik_bucket *b, ik_ns now, uint32_t n)
{
    const ik_ns cost = b->rate.cost;
    const ik_ns empty = now + (ik_ns)b->rate.burst * cost;
    const ik_ns wanted = later(b->full_at, now) + (ik_ns)n * cost;
    b->full_at = wanted < empty ? wanted : empty;
}
