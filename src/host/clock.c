/* SPDX-License-Identifier: MIT
 * The only reader of clocks. */
#include <icmpkit/host.h>

#include <time.h>

static ik_ns read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return ts.tv_sec * IK_NS_PER_S + ts.tv_nsec;
}

/* The real reading lies between two monotonic ones; their distance bounds how far apart the pair
 * is. Where something came between (an interrupt, another thread of the processor), it is read
 * again. */
struct ik_now ik_clock_now(void)
{
    enum { TRIES = 4 };
    const ik_ns close_enough = IK_NS_PER_US;
    struct ik_now best = {0, 0};
    ik_ns best_spread = IK_NEVER;
    ik_ns before = read_clock(CLOCK_MONOTONIC);
    for (int i = 0; i < TRIES && best_spread > close_enough; i++) {
        const ik_ns real = read_clock(CLOCK_REALTIME), after = read_clock(CLOCK_MONOTONIC);
        if (after - before < best_spread) {
            best_spread = after - before;
            best = (struct ik_now){.mono = before + best_spread / 2, .real = real};
        }
        before = after;
    }
    return best;
}

int32_t ik_clock_utc_offset(ik_ns real)
{
    const time_t seconds = real / IK_NS_PER_S;
    struct tm local;
    return localtime_r(&seconds, &local) ? (int32_t)local.tm_gmtoff : 0;
}
