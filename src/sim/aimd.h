/* SPDX-License-Identifier: MIT
 * A congestion-controlled sender, pure: slow start, then a packet more each round trip; half at a
 * loss; from one again when nothing is acknowledged (RFC 5681, counted in packets). Each packet is
 * sent once and acknowledged by its number. */
#pragma once

#include "icmpkit/base.h"

/* Packets that may be in flight. */
enum { IK_AIMD_RING = 1024 };

struct ik_aimd {
    uint32_t window, threshold, grown; /* packets; acknowledgements towards the next one more */
    uint32_t first, next;              /* the oldest packet not settled, the next number */
    uint32_t in_flight;
    uint32_t recover; /* a loss before this one was paid for already */
    uint32_t limited; /* those before it were sent when the window was used up */
    uint32_t losses;
    ik_ns srtt, rttvar, rto; /* srtt 0: not measured yet */
    ik_ns cut_at;            /* when the window was last halved */
    ik_ns sent_at[IK_AIMD_RING];
    bool flying[IK_AIMD_RING];
};

void ik_aimd_init(struct ik_aimd *a);
bool ik_aimd_may_send(const struct ik_aimd *a);
/* The number of the packet that is sent now. */
uint32_t ik_aimd_sent(struct ik_aimd *a, ik_ns now);
/* False when that packet is not in flight: acknowledged twice, or after it was given up. */
bool ik_aimd_acked(struct ik_aimd *a, ik_ns now, uint32_t number);
/* Source quench: half, once a round trip. */
void ik_aimd_quenched(struct ik_aimd *a, ik_ns now);
/* When the oldest packet is given up, IK_NEVER when none is in flight. */
ik_ns ik_aimd_deadline(const struct ik_aimd *a);
/* At or after the deadline: all in flight is lost. */
void ik_aimd_expired(struct ik_aimd *a, ik_ns now);
