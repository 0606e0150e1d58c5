/* SPDX-License-Identifier: MIT
 * How much of something is usual in a second, and by how much it is exceeded: a mean that forgets
 * (EWMA) and the sum of what goes beyond twice of it (CUSUM; Page 1954). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Zeroed is a thing that was never seen before; `cold`: it may have been, because watching has only
 * begun. Then what comes in its first second, up to the limit, is taken for its habit. */
struct ik_habit {
    uint32_t bin; /* the second that is being counted */
    uint32_t n;   /* in it */
    float mean;   /* of the seconds before */
    float excess; /* up to the second before */
    bool cold;
};

/* Moves to second `bin`, which never falls: what was counted becomes a part of the habit. */
void ik_habit_turn(struct ik_habit *h, uint32_t bin, float limit);
/* By how many the usual is exceeded in this second when that is the limit (above 0) or more, else
 * 0. Below the limit in one second there is nothing to ask. */
float ik_habit_over(const struct ik_habit *h, float limit);

/* Counts one in second `bin`, which never falls. Returns by how many the usual is exceeded when
 * that is the limit (above 0) or more, else 0. */
static inline float ik_habit_add(struct ik_habit *h, uint32_t bin, float limit)
{
    if (h->bin != bin)
        ik_habit_turn(h, bin, limit);
    h->n++;
    return ik_habit_over(h, limit);
}
