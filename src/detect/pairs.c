/* SPDX-License-Identifier: MIT
 * A bounded table of pairs of hosts. */
#include "detect/pairs.h"

#include <string.h>

size_t ik_pairs_bytes(uint32_t entries, size_t each_bytes)
{
    return entries * each_bytes;
}

void ik_pairs_init(struct ik_pairs *t, void *mem, uint32_t entries, size_t each_bytes)
{
    *t = (struct ik_pairs){.entries = mem, .each_bytes = (uint32_t)each_bytes, .mask = entries - 1};
}

/* The first entry of the set of that hash. */
static uint8_t *set_of(const struct ik_pairs *t, uint64_t hash)
{
    const uint32_t first = (uint32_t)hash & t->mask & ~(uint32_t)(IK_PAIRS_WAYS - 1);
    return t->entries + (size_t)first * t->each_bytes;
}

/* The four of a set, the first by more bits of the hash: most are found where they are looked for
 * first, so that a find costs one cache line. */
static struct ik_pairs_head *at(const struct ik_pairs *t, uint8_t *set, uint64_t hash, uint32_t i)
{
    const uint32_t way = ((uint32_t)hash + i) & (IK_PAIRS_WAYS - 1);
    return (struct ik_pairs_head *)(void *)(set + way * t->each_bytes);
}

void ik_pairs_expect(const struct ik_pairs *t, uint64_t hash)
{
    const uint8_t *set = set_of(t, hash);
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++)
        __builtin_prefetch(set + i * t->each_bytes, 1);
}

/* The entry of that hash, not 0, which stands for nobody. NULL: there is none, and *victim gives
 * way: a place that is free, or who was not looked for again; NULL: there is neither. */
static struct ik_pairs_head *find(const struct ik_pairs *t, uint8_t *set, uint64_t hash,
                                  struct ik_pairs_head **victim)
{
    struct ik_pairs_head *empty = NULL, *spare = NULL;
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++) {
        struct ik_pairs_head *e = at(t, set, hash, i);
        if (e->hash == hash) {
            e->again = true;
            return e;
        }
        if (!e->hash)
            empty = empty ? empty : e;
        else if (!e->again)
            spare = spare ? spare : e;
    }
    *victim = empty ? empty : spare;
    return NULL;
}

void *ik_pairs_find(struct ik_pairs *t, uint64_t hash)
{
    struct ik_pairs_head *victim;
    return find(t, set_of(t, hash + !hash), hash + !hash, &victim);
}

/* All were looked for again: none is spared the next time. */
static struct ik_pairs_head *first_of(const struct ik_pairs *t, uint8_t *set, uint64_t hash)
{
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++)
        at(t, set, hash, i)->again = false;
    return at(t, set, hash, 0);
}

void *ik_pairs_take(struct ik_pairs *t, uint64_t hash, void (*gave_way)(void *ctx, const void *old),
                    void *ctx)
{
    hash += !hash;
    uint8_t *set = set_of(t, hash);
    struct ik_pairs_head *victim, *e = find(t, set, hash, &victim);
    if (e)
        return e;
    e = victim ? victim : first_of(t, set, hash);
    if (e->hash) {
        t->evicted++;
        if (gave_way)
            gave_way(ctx, e);
    }
    memset(e, 0, t->each_bytes);
    e->hash = hash;
    return e;
}

struct ik_pairs_tally *ik_pairs_count(struct ik_pairs *t, uint64_t hash, ik_ns now, ik_ns window)
{
    struct ik_pairs_tally *e = ik_pairs_take(t, hash, NULL, NULL);
    if (!e->n || now - e->since > window) {
        e->since = now;
        e->n = e->changes = 0;
    }
    e->n += e->n < UINT32_MAX;
    return e;
}
