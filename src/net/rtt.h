/* SPDX-License-Identifier: MIT
 * Round trips: from which two stamps one is taken, and the running sums of many. */
#pragma once

#include "icmpkit/base.h"

/* Longer than this (a day) is no round trip but a clock in trouble; no sum can overflow with less.
 */
#define IK_RTT_MAX (86400 * IK_NS_PER_S)

/* What is known of one probe and its answer. `handed` and `read` are readings of the loop's
 * monotonic clock: when the probe was handed to the link, when the answer was taken from it. */
struct ik_rtt_stamps {
    struct ik_stamp sent, arrived;
    ik_ns handed, read;
};

/* The round trip from two stamps of one source; where the sources differ, one is missing, or the
 * two cannot be true (negative, longer than the probe was out by our own clock, beyond IK_RTT_MAX),
 * between `handed` and `read` (clock USER). False when that cannot be true either; *clock is set
 * even then. */
bool ik_rtt_between(const struct ik_rtt_stamps *s, ik_ns *rtt, enum ik_clock *clock);
/* How long the probe waited in this machine before it left (for a neighbour's address, or in a
 * queue): IK_NEVER below 100 us, or where the departure stamp is on another scale. */
ik_ns ik_rtt_wait(const struct ik_rtt_stamps *s);

/* Sums of many; zeroed is empty. The sum of squares has 128 bits. */
struct ik_rtt_sums {
    uint64_t n, sum, sum2_hi, sum2_lo;
    ik_ns min, max;
};

/* Adds one of 0 .. IK_RTT_MAX. */
void ik_rtt_add(struct ik_rtt_sums *s, ik_ns rtt);
/* Average, truncated; IK_NEVER when there is none. */
ik_ns ik_rtt_avg(const struct ik_rtt_sums *s);
/* Standard deviation over all samples (iputils' mdev), exact but for truncation; IK_NEVER when
 * there is none. */
ik_ns ik_rtt_mdev(const struct ik_rtt_sums *s);
/* The moving average after one more round trip, kept as eight times its microseconds as iputils
 * does; 0 when there was none before. Weight 1/8. */
uint32_t ik_rtt_ewma(uint32_t ewma8_us, ik_ns rtt);
