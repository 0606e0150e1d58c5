/* SPDX-License-Identifier: MIT
 * Round trips. 128-bit sums by hand: compilers would call a library for the division, and 32-bit
 * machines have no such type. */
#include "net/rtt.h"

/* How much a stamp of the kernel, carried over to the monotonic clock, may disagree with our own
 * readings before it is not believed. */
#define SLACK (10 * IK_NS_PER_MS)
#define WAIT_MIN (100 * IK_NS_PER_US)

/* From one instant to a later one; false where that is no time that a round trip can take. */
static bool duration(ik_ns from, ik_ns to, ik_ns *out)
{
    ik_ns took;
    if (__builtin_sub_overflow(to, from, &took) || took < 0 || took > IK_RTT_MAX)
        return false;
    *out = took;
    return true;
}

bool ik_rtt_between(const struct ik_rtt_stamps *s, ik_ns *rtt, enum ik_clock *clock)
{
    ik_ns out, took;
    *clock = IK_CLOCK_USER;
    if (__builtin_sub_overflow(s->read, s->handed, &out) || out < 0)
        return false;
    const bool pair = s->sent.clock == s->arrived.clock && s->sent.clock != IK_CLOCK_NONE;
    if (pair && duration(s->sent.mono, s->arrived.mono, &took) && took - SLACK <= out) {
        *clock = s->sent.clock;
        *rtt = took;
        return true;
    }
    /* The kernel stamps the copy of a multicast that it loops back before that leaves, so the
     * answer of this host itself seems to come first. */
    return duration(s->handed, s->read, rtt);
}

ik_ns ik_rtt_wait(const struct ik_rtt_stamps *s)
{
    ik_ns wait;
    if (s->sent.clock == IK_CLOCK_NONE || s->sent.clock == IK_CLOCK_HARDWARE)
        return IK_NEVER;
    if (__builtin_sub_overflow(s->sent.mono, s->handed, &wait) || wait < WAIT_MIN ||
        wait > IK_RTT_MAX)
        return IK_NEVER;
    return wait;
}

struct u128 {
    uint64_t hi, lo;
};

static struct u128 mul(uint64_t a, uint64_t b)
{
    const uint64_t a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
    const uint64_t low = a0 * b0, mid = a1 * b0 + (low >> 32), mid2 = a0 * b1 + (mid & 0xffffffff);
    return (struct u128){a1 * b1 + (mid >> 32) + (mid2 >> 32), mid2 << 32 | (low & 0xffffffff)};
}

static bool below(struct u128 a, struct u128 b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* a - b, or 0 where that would be negative. */
static struct u128 sub(struct u128 a, struct u128 b)
{
    if (below(a, b))
        return (struct u128){0, 0};
    return (struct u128){a.hi - b.hi - (a.lo < b.lo), a.lo - b.lo};
}

/* a / n, bit by bit: summaries are rare. */
static struct u128 divide(struct u128 a, uint64_t n)
{
    struct u128 q = {0, 0};
    uint64_t rest = 0;
    for (int bit = 127; bit >= 0; bit--) {
        const uint64_t in = bit >= 64 ? a.hi >> (bit - 64) & 1 : a.lo >> bit & 1;
        const bool carry = rest >> 63;
        rest = rest << 1 | in;
        if (!carry && rest < n)
            continue;
        rest -= n;
        if (bit >= 64)
            q.hi |= UINT64_C(1) << (bit - 64);
        else
            q.lo |= UINT64_C(1) << bit;
    }
    return q;
}

/* The largest r <= IK_RTT_MAX with r * r <= a. */
static ik_ns root(struct u128 a)
{
    uint64_t r = 0;
    for (uint64_t bit = UINT64_C(1) << 46; bit; bit >>= 1)
        if (!below(a, mul(r | bit, r | bit)))
            r |= bit;
    return (ik_ns)r;
}

void ik_rtt_add(struct ik_rtt_sums *s, ik_ns rtt)
{
    const uint64_t v = (uint64_t)rtt;
    s->min = s->n == 0 || rtt < s->min ? rtt : s->min;
    s->max = s->n == 0 || rtt > s->max ? rtt : s->max;
    s->n++;
    if (__builtin_add_overflow(s->sum, v, &s->sum))
        s->sum = UINT64_MAX;
    const struct u128 square = mul(v, v);
    s->sum2_lo += square.lo;
    s->sum2_hi += square.hi + (s->sum2_lo < square.lo);
}

ik_ns ik_rtt_avg(const struct ik_rtt_sums *s)
{
    return s->n ? (ik_ns)(s->sum / s->n) : IK_NEVER;
}

ik_ns ik_rtt_mdev(const struct ik_rtt_sums *s)
{
    if (!s->n)
        return IK_NEVER;
    /* With sum = a * n + f, the sum of (x - a)^2 is sum2 - a * (sum + f): no rounding of the
     * average gets in, which in nanoseconds would weigh more than the deviation itself. */
    const uint64_t a = s->sum / s->n, f = s->sum % s->n;
    uint64_t sum_f;
    if (__builtin_add_overflow(s->sum, f, &sum_f))
        sum_f = UINT64_MAX;
    const struct u128 squares = sub((struct u128){s->sum2_hi, s->sum2_lo}, mul(a, sum_f));
    return root(divide(squares, s->n));
}

uint32_t ik_rtt_ewma(uint32_t ewma8_us, ik_ns rtt)
{
    uint64_t us = (uint64_t)rtt / 1000;
    us = us > UINT32_MAX / 8 ? UINT32_MAX / 8 : us;
    if (ewma8_us == 0)
        return (uint32_t)us * 8;
    return ewma8_us - ewma8_us / 8 + (uint32_t)us;
}
