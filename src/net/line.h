/* SPDX-License-Identifier: MIT
 * As ways.h, for tables that every packet asks: sets of four rows, each set a cache line with all
 * that it takes to find one and to choose who goes. A row is known by 31 bits of its keyed hash, of
 * which others choose the set. In a full set the row with the earliest instant goes. */
#pragma once

#include "base/four.h"

#include "icmpkit/base.h"

enum { IK_LINE_WAYS = 4 };

/* `at` and `note` are the owner's; `at` decides which row goes first. */
struct ik_line {
    _Alignas(64) uint32_t tag[IK_LINE_WAYS]; /* 0: free */
    uint32_t note[IK_LINE_WAYS];
    ik_ns at[IK_LINE_WAYS];
};
_Static_assert(sizeof(struct ik_line) == 64, "a cache line");

/* Starts n lines empty. */
void ik_line_init(struct ik_line *lines, uint32_t n);

static inline uint32_t ik_line_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 1;
}

/* The number, of so many lines (a power of two), of that for the hash. */
static inline uint32_t ik_line_number(uint64_t hash, uint32_t lines)
{
    return (uint32_t)hash & (lines - 1);
}

/* A bit for the way of that hash in its line; 0: it has none. */
static inline unsigned ik_line_find(const struct ik_line *l, uint64_t hash)
{
    return ik_four_same(l->tag, ik_line_tag(hash));
}

/* The way that goes first. A free row has the earliest instant there is. Without a branch a row:
 * nobody can foresee which it is. */
static inline unsigned ik_line_oldest(const struct ik_line *l)
{
    const unsigned low = l->at[1] < l->at[0], high = 2 + (l->at[3] < l->at[2]);
    const ik_ns low_at = low ? l->at[1] : l->at[0], high_at = high & 1 ? l->at[3] : l->at[2];
    return high_at < low_at ? high : low;
}

/* The way that ik_line_take would give. */
static inline unsigned ik_line_guess(const struct ik_line *l, uint64_t hash)
{
    const unsigned ways = ik_line_find(l, hash);
    return ways ? (unsigned)__builtin_ctz(ways) : ik_line_oldest(l);
}

/* The way of that hash. *anew: it had none, and got that of who went first: `at` is INT64_MIN then,
 * and `note` what it was. */
static inline unsigned ik_line_take(struct ik_line *l, uint64_t hash, bool *anew)
{
    const unsigned ways = ik_line_find(l, hash);
    *anew = ways == 0;
    if (ways)
        return (unsigned)__builtin_ctz(ways);
    const unsigned way = ik_line_oldest(l);
    l->tag[way] = ik_line_tag(hash);
    l->at[way] = INT64_MIN;
    return way;
}

/* Makes a row free. */
static inline void ik_line_remove(struct ik_line *l, unsigned way)
{
    l->tag[way] = 0;
    l->at[way] = INT64_MIN;
}
