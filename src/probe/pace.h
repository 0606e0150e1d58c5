/* SPDX-License-Identifier: MIT
 * Pacing: no two takes closer than `gap`, except to make up for at most `lag` of lateness, so that
 * over any time T there are at most (T + lag) / gap + 1 of them. */
#pragma once

#include "icmpkit/base.h"

/* `at` is when the next take is due. */
struct ik_pace {
    ik_ns gap, lag, at;
};

/* Due at once. gap 0 paces nothing; lag below gap means that no two are ever closer than gap. */
static inline void ik_pace_init(struct ik_pace *p, ik_ns gap, ik_ns lag, ik_ns now)
{
    *p = (struct ik_pace){.gap = gap, .lag = lag, .at = now};
}

static inline bool ik_pace_ready(const struct ik_pace *p, ik_ns now)
{
    return p->gap == 0 || now >= p->at;
}

/* Takes one at `now`, which is not before it was due. What was not used longer ago than `lag` is
 * forgotten, and lateness below gap is never made up for. */
static inline void ik_pace_take(struct ik_pace *p, ik_ns now)
{
    const ik_ns late = p->lag < p->gap ? 0 : p->lag;
    const ik_ns from = p->at < now - late ? now - late : p->at;
    p->at = from + p->gap;
}
