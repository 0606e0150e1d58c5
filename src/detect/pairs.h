/* SPDX-License-Identifier: MIT
 * A bounded table of pairs of hosts by keyed hash: sets of four neighbours, and in a full set one
 * gives way that was not looked for again since it came (second chance). So many pairs that show up
 * once push out each other, not those that go on talking. */
#pragma once

#include "icmpkit/base.h"

enum { IK_PAIRS_WAYS = 4 };

/* The first member of each entry. */
struct ik_pairs_head {
    uint64_t hash; /* 0: nobody */
    bool again;    /* it was looked for after it came, or after it was last spared */
};

struct ik_pairs {
    uint8_t *entries;
    uint32_t each_bytes, mask; /* mask + 1 entries */
    uint64_t evicted;
};

/* Memory for `entries` (a power of two, at least IK_PAIRS_WAYS). */
size_t ik_pairs_bytes(uint32_t entries, size_t each_bytes);
/* An empty table in `mem`, which is zeroed, and aligned to 64 bytes where speed matters. */
void ik_pairs_init(struct ik_pairs *t, void *mem, uint32_t entries, size_t each_bytes);
/* Fetches ahead what the others need of that hash. */
void ik_pairs_expect(const struct ik_pairs *t, uint64_t hash);
/* The entry of that hash; NULL: there is none. */
void *ik_pairs_find(struct ik_pairs *t, uint64_t hash);
/* The entry of that hash; where there is none, a new one, zeroed after its head. gave_way, where
 * not NULL, gets a look at the entry that is about to be lost. */
void *ik_pairs_take(struct ik_pairs *t, uint64_t hash, void (*gave_way)(void *ctx, const void *old),
                    void *ctx);

/* An entry that only counts. */
struct ik_pairs_tally {
    struct ik_pairs_head head;
    ik_ns since;   /* begin of the window */
    uint64_t last; /* the owner's: what was counted last */
    uint32_t n, changes;
    uint8_t way; /* the owner's: lasts as long as the entry */
};
_Static_assert(sizeof(struct ik_pairs_tally) == 48, "small");
/* Counts one in the entry of that hash, in a table of struct ik_pairs_tally: from the start once
 * the window is over, so that a count is of at most so long. */
struct ik_pairs_tally *ik_pairs_count(struct ik_pairs *t, uint64_t hash, ik_ns now, ik_ns window);
