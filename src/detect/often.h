/* SPDX-License-Identifier: MIT
 * How often something happened within a window, for as many causes as are likely to matter at once:
 * 512, in sets of eight. A new cause takes the place of the one with the smallest count, so that
 * many causes of one event each do not displace one of many. */
#pragma once

#include "icmpkit/base.h"

enum { IK_OFTEN_SETS = 64, IK_OFTEN_WAYS = 8 };

struct ik_often_row {
    uint64_t key;
    ik_ns since, latest;
    uint32_t n;       /* 0: nobody */
    uint32_t seconds; /* in which something happened */
};

/* Zeros are an empty one. */
struct ik_often {
    uint64_t evicted; /* that were still counting */
    struct ik_often_row rows[IK_OFTEN_SETS][IK_OFTEN_WAYS];
};

/* Counts one more of `key` (a keyed hash). The count begins anew when its first is older than
 * `window`. The row is the caller's to read until the next call. */
const struct ik_often_row *ik_often_add(struct ik_often *t, uint64_t key, ik_ns now, ik_ns window);
