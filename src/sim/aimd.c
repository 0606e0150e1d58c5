/* SPDX-License-Identifier: MIT */
#include "sim/aimd.h"

/* RFC 5681 section 3.1 and 3.2, RFC 6298 section 2; the least timeout is that of common systems. */
enum { WINDOW_FIRST = 2, WINDOW_LEAST = 2, REORDERED = 3 };
#define RTO_FIRST IK_NS_PER_S
#define RTO_LEAST (200 * IK_NS_PER_MS)
#define RTO_MOST (60 * IK_NS_PER_S)

void ik_aimd_init(struct ik_aimd *a)
{
    *a = (struct ik_aimd){.window = WINDOW_FIRST, .threshold = IK_AIMD_RING, .rto = RTO_FIRST};
}

bool ik_aimd_may_send(const struct ik_aimd *a)
{
    return a->in_flight < a->window && a->next - a->first < IK_AIMD_RING;
}

uint32_t ik_aimd_sent(struct ik_aimd *a, ik_ns now)
{
    const uint32_t number = a->next++;
    a->sent_at[number % IK_AIMD_RING] = now;
    a->flying[number % IK_AIMD_RING] = true;
    if (++a->in_flight >= a->window)
        a->limited = a->next;
    return number;
}

static void measure(struct ik_aimd *a, ik_ns rtt)
{
    if (!a->srtt) {
        a->srtt = rtt > 0 ? rtt : 1;
        a->rttvar = rtt / 2;
    } else {
        const ik_ns off = a->srtt > rtt ? a->srtt - rtt : rtt - a->srtt;
        a->rttvar += (off - a->rttvar) / 4;
        a->srtt += (rtt - a->srtt) / 8;
    }
    a->rto = a->srtt + 4 * a->rttvar;
    a->rto = a->rto < RTO_LEAST ? RTO_LEAST : a->rto;
    a->rto = a->rto > RTO_MOST ? RTO_MOST : a->rto;
}

static void halve(struct ik_aimd *a, ik_ns now)
{
    a->threshold = a->window / 2 > WINDOW_LEAST ? a->window / 2 : WINDOW_LEAST;
    a->window = a->threshold;
    a->grown = 0;
    a->recover = a->next;
    a->cut_at = now;
}

/* Only a window that was used may grow (RFC 7661). */
static void grow(struct ik_aimd *a, uint32_t number)
{
    if ((int32_t)(number - a->limited) >= 0 || a->window >= IK_AIMD_RING)
        return;
    if (a->window < a->threshold) {
        a->window++;
    } else if (++a->grown >= a->window) {
        a->window++;
        a->grown = 0;
    }
}

static void settle(struct ik_aimd *a)
{
    while (a->first != a->next && !a->flying[a->first % IK_AIMD_RING])
        a->first++;
}

/* Packets that three later ones overtook are lost. */
static void give_up_before(struct ik_aimd *a, ik_ns now, uint32_t number)
{
    for (uint32_t i = a->first; number - i >= REORDERED && number - i <= IK_AIMD_RING; i++) {
        if (!a->flying[i % IK_AIMD_RING])
            continue;
        a->flying[i % IK_AIMD_RING] = false;
        a->in_flight--;
        a->losses++;
        if ((int32_t)(i - a->recover) >= 0)
            halve(a, now);
    }
}

bool ik_aimd_acked(struct ik_aimd *a, ik_ns now, uint32_t number)
{
    if (number - a->first >= a->next - a->first || !a->flying[number % IK_AIMD_RING])
        return false;
    measure(a, now - a->sent_at[number % IK_AIMD_RING]);
    grow(a, number);
    a->flying[number % IK_AIMD_RING] = false;
    a->in_flight--;
    give_up_before(a, now, number);
    settle(a);
    return true;
}

void ik_aimd_quenched(struct ik_aimd *a, ik_ns now)
{
    if (!a->cut_at || now - a->cut_at >= a->srtt)
        halve(a, now);
}

ik_ns ik_aimd_deadline(const struct ik_aimd *a)
{
    return a->in_flight ? a->sent_at[a->first % IK_AIMD_RING] + a->rto : IK_NEVER;
}

void ik_aimd_expired(struct ik_aimd *a, ik_ns now)
{
    a->losses += a->in_flight;
    for (uint32_t i = a->first; i != a->next; i++)
        a->flying[i % IK_AIMD_RING] = false;
    a->in_flight = 0;
    a->first = a->next;
    halve(a, now);
    a->window = 1;
    a->rto = 2 * a->rto < RTO_MOST ? 2 * a->rto : RTO_MOST;
}
