/* SPDX-License-Identifier: MIT
 * Counts for each pair of hosts. */
#include "detect/tally.h"

enum { TALLIES = 1024 };

struct state {
    struct ik_pairs pairs;
    _Alignas(64) uint8_t tallies[];
};

size_t ik_tally_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct state) + ik_pairs_bytes(TALLIES, sizeof(struct ik_pairs_tally));
}

void ik_tally_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct state *t = state;
    (void)cfg;
    ik_pairs_init(&t->pairs, t->tallies, TALLIES, sizeof(struct ik_pairs_tally));
}

struct ik_pairs_tally *ik_tally_count(void *state, const struct ik_sight *s, uint32_t what)
{
    struct state *t = state;
    const uint64_t hash = s->pair_hash + what * 0x9e3779b97f4a7c15u;
    return ik_pairs_count(&t->pairs, hash, s->now, IK_TALLY_WINDOW);
}

uint64_t ik_tally_evicted(const void *state)
{
    return ((const struct state *)state)->pairs.evicted;
}
