/* SPDX-License-Identifier: MIT
 * A bounded table of pairs of hosts by keyed hash: sets of four neighbours, and in a full set one
 * gives way that was not looked for again since it came (second chance). So many pairs that show up
 * once push out each other, not those that go on talking.
 *
 * What they are known by, 30 bits of the hash beside those that choose the set, stands apart from
 * the entries: whoever is not there costs one cache line to look for, and the one that gives way.
 */
#pragma once

#include "base/four.h"
#include "icmpkit/base.h"

enum { IK_PAIRS_WAYS = 4 };

struct ik_pairs {
    uint8_t *entries;
    uint32_t *tags; /* 0: nobody; lowest bit: looked for since it came, or was last spared */
    uint32_t each_bytes, mask; /* mask + 1 entries */
    uint64_t evicted;
};

/* Memory for `entries` (a power of two, at least IK_PAIRS_WAYS). */
size_t ik_pairs_bytes(uint32_t entries, size_t each_bytes);
/* An empty table in `mem`, which is zeroed, and aligned to 64 bytes where speed matters. */
void ik_pairs_init(struct ik_pairs *t, void *mem, uint32_t entries, size_t each_bytes);

/* The number of the first entry of the set of that hash. */
static inline uint32_t ik_pairs_first(const struct ik_pairs *t, uint64_t hash)
{
    return (uint32_t)hash & t->mask & ~(uint32_t)(IK_PAIRS_WAYS - 1);
}

/* As it stands there when it was looked for again. */
static inline uint32_t ik_pairs_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) | 3;
}

/* Fetches ahead what guess needs of that hash. */
static inline void ik_pairs_expect(const struct ik_pairs *t, uint64_t hash)
{
    __builtin_prefetch(&t->tags[ik_pairs_first(t, hash)], 1);
}

/* Of a set, the way that gives way to that hash. */
uint32_t ik_pairs_victim(const uint32_t tags[IK_PAIRS_WAYS], uint64_t hash);

/* The number of the entry that take_at would give, without taking it. */
static inline uint32_t ik_pairs_guess(const struct ik_pairs *t, uint64_t hash)
{
    const uint32_t first = ik_pairs_first(t, hash);
    const ik_four tags = ik_four_load(t->tags + first) | ik_four_of(1);
    const unsigned ways = ik_four_bits((ik_four)(tags == ik_four_of(ik_pairs_tag(hash))));
    return first + (ways ? (uint32_t)__builtin_ctz(ways) : ik_pairs_victim(t->tags + first, hash));
}

static inline void *ik_pairs_at(const struct ik_pairs *t, uint32_t number)
{
    return t->entries + (size_t)number * t->each_bytes;
}

/* The entry of that hash. *anew: it is a new one, and has what was there before, zeros where nobody
 * was: the caller's to look at, and to begin anew. */
void *ik_pairs_take(struct ik_pairs *t, uint64_t hash, bool *anew);

/* The same, found at once where `guess` holds, which ik_pairs_guess gave for that hash some time
 * ago. */
static inline void *ik_pairs_take_at(struct ik_pairs *t, uint64_t hash, uint32_t guess, bool *anew)
{
    uint32_t *tag = &t->tags[guess];
    if ((*tag | 1) != ik_pairs_tag(hash))
        return ik_pairs_take(t, hash, anew);
    *anew = false;
    *tag |= 1;
    return ik_pairs_at(t, guess);
}

/* An entry that only counts. */
struct ik_pairs_tally {
    ik_ns since;   /* begin of the window */
    uint64_t last; /* the owner's: what was counted last */
    uint32_t n, changes;
    uint8_t way; /* the owner's: lasts as long as the entry */
};
_Static_assert(sizeof(struct ik_pairs_tally) == 32, "small");
/* Counts one in the entry of that hash, in a table of struct ik_pairs_tally: from the start once
 * the window is over, so that a count is of at most so long. */
struct ik_pairs_tally *ik_pairs_count(struct ik_pairs *t, uint64_t hash, ik_ns now, ik_ns window);
