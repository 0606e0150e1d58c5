/* SPDX-License-Identifier: MIT
 * Token bucket. What it has is kept as one instant, the one at which it will be full again, so a
 * bucket is 8 bytes beside its rate and a table of buckets shares one rate.
 * Over any time T at most burst + T * rate are taken. */
#pragma once

#include "icmpkit/base.h"

/* A take costs `cost` ns of waiting; at most `burst` takes are saved up. cost 0: unlimited. */
struct ik_bucket_rate {
    uint32_t cost; /* ns */
    uint32_t burst;
};

struct ik_bucket {
    struct ik_bucket_rate rate;
    ik_ns full_at;
};

/* The instant that makes a bucket full, whatever `now` is. */
#define IK_BUCKET_FULL INT64_MIN

/* A rate a second, 0 for unlimited; a burst of 0 means 1, for nothing could be taken else. The cost
 * is rounded up, so the rate is never exceeded; above a thousand million it is unlimited. */
struct ik_bucket_rate ik_bucket_rate_of(uint32_t rate_per_s, uint32_t burst);
/* Takes one of the bucket that is full at *full_at and has that rate; false, nothing changed, when
 * it has none. */
bool ik_bucket_rate_take(const struct ik_bucket_rate *r, ik_ns *full_at, ik_ns now);

/* A full bucket; see ik_bucket_rate_of. */
void ik_bucket_init(struct ik_bucket *b, uint32_t rate_per_s, uint32_t burst);
/* Takes one; false, nothing changed, when there is none. */
bool ik_bucket_take(struct ik_bucket *b, ik_ns now);
/* Throws up to n away; it never has less than nothing. */
void ik_bucket_drain(struct ik_bucket *b, ik_ns now, uint32_t n);
