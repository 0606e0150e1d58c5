/* SPDX-License-Identifier: MIT
 * HyperLogLog with an exact beginning. */
#include "net/distinct.h"

#include "base/four.h"

#include <string.h>

enum { M = IK_DISTINCT_REGISTERS, INDEX_BITS = 6, RANK_MAX = 32 - INDEX_BITS + 1 };

/* 64 * ln(64 / (64 - n)): how many things it takes, on average, until n of 64 places are taken. The
 * last, where it cannot be told, as if half a place were free. */
static const uint16_t taken_by[M + 1] = {
    0,   1,   2,   3,   4,   5,   6,   7,   9,   10,  11,  12,  13,  15,  16, 17, 18,
    20,  21,  23,  24,  25,  27,  28,  30,  32,  33,  35,  37,  39,  40,  42, 44, 46,
    48,  51,  53,  55,  58,  60,  63,  65,  68,  71,  74,  78,  81,  85,  89, 93, 97,
    102, 107, 113, 119, 126, 133, 142, 151, 163, 177, 196, 222, 266, 311,
};

static void mark(struct ik_distinct *d, uint32_t h)
{
    uint8_t *r = &d->registers[h % M];
    const uint32_t rest = h >> INDEX_BITS;
    const int rank = rest ? __builtin_clz(rest) - INDEX_BITS + 1 : RANK_MAX;
    if (rank > *r)
        *r = (uint8_t)rank;
}

/* From the list to registers, which lie in the same memory. */
static void widen(struct ik_distinct *d)
{
    uint32_t list[IK_DISTINCT_EXACT];
    memcpy(list, d->exact, sizeof(list));
    memset(d->exact, 0, sizeof(d->exact));
    for (uint32_t i = 0; i < IK_DISTINCT_EXACT; i++)
        mark(d, list[i]);
}

/* Four at once; behind the last one may stand anything. */
static bool is_listed(const struct ik_distinct *d, uint32_t h)
{
    for (uint32_t i = 0; i < d->n; i += 4) {
        const unsigned same = ik_four_same(d->exact + i, h);
        if (same && i + (unsigned)__builtin_ctz(same) < d->n)
            return true;
    }
    return false;
}

bool ik_distinct_add_other(struct ik_distinct *d, uint64_t hash)
{
    const uint32_t h = (uint32_t)(hash >> 32);
    if (d->n <= IK_DISTINCT_EXACT) {
        if (is_listed(d, h))
            return false;
        if (d->n < IK_DISTINCT_EXACT) {
            d->exact[d->n++] = h;
            return true;
        }
        widen(d);
        d->n++;
        mark(d, h);
        return true;
    }
    const uint8_t before = d->registers[h % M];
    mark(d, h);
    return d->registers[h % M] != before;
}

uint32_t ik_distinct_count(const struct ik_distinct *d)
{
    if (d->n <= IK_DISTINCT_EXACT)
        return d->n;
    uint64_t sum = 0; /* of 2^-register, in units of 2^-RANK_MAX */
    unsigned taken = 0;
    for (int i = 0; i < M; i++) {
        sum += (uint64_t)1 << (RANK_MAX - d->registers[i]);
        taken += d->registers[i] > 0;
    }
    /* alpha * m^2 / sum, alpha 0.709 for 64 registers. */
    const uint64_t many = ((uint64_t)709 * M * M << RANK_MAX) / 1000 / sum;
    const uint32_t few = taken_by[taken];
    const uint32_t n = many > UINT32_MAX ? UINT32_MAX : (uint32_t)many;
    /* The paper's correction for few: below 2.5 m free registers tell more. */
    const uint32_t best = n <= 5 * M / 2 && taken < M ? few : n;
    return best > d->n ? best : d->n;
}

uint32_t ik_distinct_of_bits(uint64_t bits)
{
    return taken_by[__builtin_popcountll(bits)];
}
