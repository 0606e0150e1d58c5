/* SPDX-License-Identifier: MIT
 * A bounded cache by address. */
#include "net/ways.h"

#include "base/siphash.h"

#include <string.h>

uint64_t ik_ways_id(const uint8_t key[static 16], const struct ik_addr *addr, unsigned bits)
{
    uint8_t text[17] = {addr->family};
    memcpy(text + 1, addr->bytes, bits / 8);
    const uint64_t id = ik_siphash(key, text, 1 + bits / 8);
    return id ? id : 1;
}

uint32_t ik_ways_rows(uint32_t bound)
{
    uint32_t n = IK_WAYS_FULL;
    if (bound <= n)
        return bound;
    while (n < bound)
        n *= 2;
    return n;
}

void ik_ways_init(struct ik_ways *w, struct ik_ways_row *rows, uint32_t bound)
{
    const uint32_t n = ik_ways_rows(bound);
    const uint32_t ways = n < IK_WAYS_FULL ? n : IK_WAYS_FULL;
    *w = (struct ik_ways){.rows = rows, .set_mask = n / ways - 1, .ways = ways};
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (struct ik_ways_row){.at = INT64_MIN};
}

static uint32_t set_of(const struct ik_ways *w, uint64_t id)
{
    return ((uint32_t)id & w->set_mask) * w->ways;
}

uint32_t ik_ways_find_few(const struct ik_ways *w, uint64_t id)
{
    const uint32_t first = set_of(w, id);
    for (uint32_t i = first; i < first + w->ways; i++)
        if (w->rows[i].id == id)
            return i;
    return IK_WAYS_NONE;
}

uint32_t ik_ways_guess_few(const struct ik_ways *w, uint64_t id)
{
    const uint32_t first = set_of(w, id), found = ik_ways_find_few(w, id);
    uint32_t best = first;
    for (uint32_t i = first + 1; i < first + w->ways; i++)
        if (w->rows[i].at < w->rows[best].at)
            best = i;
    return found != IK_WAYS_NONE ? found : best;
}

uint32_t ik_ways_take(struct ik_ways *w, uint64_t id)
{
    const uint32_t row = ik_ways_guess(w, id);
    if (w->rows[row].id != id)
        w->rows[row] = (struct ik_ways_row){.id = id, .at = INT64_MIN};
    return row;
}
