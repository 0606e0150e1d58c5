/* SPDX-License-Identifier: MIT
 * What is remembered for each address by the tables that strangers can fill: a bounded cache of
 * rows, up to four to a set. A row is known by the keyed 64-bit hash of its address, whose low bits
 * choose the set; so nobody without the key can find two addresses that share a set (what CVE-2021-
 * 20322 used), and one full set says nothing of another. In a full set the row with the earliest
 * instant goes. */
#pragma once

#include "icmpkit/base.h"

#define IK_WAYS_NONE UINT32_MAX

/* `at` is the owner's; it decides which row goes first. */
struct ik_ways_row {
    uint64_t id; /* 0: free */
    ik_ns at;
};

struct ik_ways {
    struct ik_ways_row *rows;
    uint32_t set_mask;
    uint32_t ways;
};

/* The hash of an address, of its family and first `bits` bits (a multiple of 8), never 0. The scope
 * is not part of it. */
uint64_t ik_ways_id(const uint8_t key[static 16], const struct ik_addr *addr, unsigned bits);

/* How many rows there are for that bound (1 .. 2^24): the bound itself up to four, else the next
 * power of two. */
uint32_t ik_ways_rows(uint32_t bound);
/* Starts empty in `rows`, which are ik_ways_rows(bound). */
void ik_ways_init(struct ik_ways *w, struct ik_ways_row *rows, uint32_t bound);
/* Begins to fetch the rows where that id is looked for. */
static inline void ik_ways_expect(const struct ik_ways *w, uint64_t id)
{
    __builtin_prefetch(&w->rows[((uint32_t)id & w->set_mask) * w->ways], 1);
}

enum { IK_WAYS_FULL = 4 };

/* What find does in a table of less than four rows. */
uint32_t ik_ways_find_few(const struct ik_ways *w, uint64_t id);

/* The row of that id, or IK_WAYS_NONE. Four are compared at once where there are four, which is
 * what tables but tiny ones have. */
static inline uint32_t ik_ways_find(const struct ik_ways *w, uint64_t id)
{
    const uint32_t first = ((uint32_t)id & w->set_mask) * w->ways;
    const struct ik_ways_row *r = w->rows + first;
    if (w->ways != IK_WAYS_FULL)
        return ik_ways_find_few(w, id);
    const unsigned ways = (unsigned)(r[0].id == id) | (unsigned)(r[1].id == id) << 1 |
                          (unsigned)(r[2].id == id) << 2 | (unsigned)(r[3].id == id) << 3;
    return ways ? first + (uint32_t)__builtin_ctz(ways) : IK_WAYS_NONE;
}

/* What guess does in a table of less than four rows. */
uint32_t ik_ways_guess_few(const struct ik_ways *w, uint64_t id);

/* The row that ik_ways_take would give, without taking it. A free row has the earliest instant
 * there is, so it is the first to go. Without a branch a row: nobody can foresee which it is. */
static inline uint32_t ik_ways_guess(const struct ik_ways *w, uint64_t id)
{
    if (w->ways != IK_WAYS_FULL)
        return ik_ways_guess_few(w, id);
    const uint32_t first = ((uint32_t)id & w->set_mask) * IK_WAYS_FULL;
    const struct ik_ways_row *r = w->rows + first;
    const uint32_t low = r[1].at < r[0].at, high = 2 + (r[3].at < r[2].at);
    uint32_t way = r[high].at < r[low].at ? high : low;
    way = r[0].id == id ? 0 : way;
    way = r[1].id == id ? 1 : way;
    way = r[2].id == id ? 2 : way;
    way = r[3].id == id ? 3 : way;
    return first + way;
}
/* The row of that id; a new one has `at` INT64_MIN and takes the place of the earliest of its set
 * when that is full. */
uint32_t ik_ways_take(struct ik_ways *w, uint64_t id);
/* The same, found at once where `guess` holds, which ik_ways_guess gave for that id some time ago.
 */
static inline uint32_t ik_ways_take_at(struct ik_ways *w, uint64_t id, uint32_t guess)
{
    return w->rows[guess].id == id ? guess : ik_ways_take(w, id);
}
