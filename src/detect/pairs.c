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

static struct ik_pairs_head *at(const struct ik_pairs *t, uint32_t slot)
{
    return (struct ik_pairs_head *)(void *)(t->entries + (size_t)(slot & t->mask) * t->each_bytes);
}

/* The four of a set, the first by more bits of the hash: most are found where they are looked for
 * first, so that a find costs one cache line. */
static uint32_t way(uint64_t hash, uint32_t i)
{
    const uint32_t first = (uint32_t)hash;
    return (first & ~(uint32_t)(IK_PAIRS_WAYS - 1)) | ((first + i) & (IK_PAIRS_WAYS - 1));
}

void ik_pairs_expect(const struct ik_pairs *t, uint64_t hash)
{
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++)
        __builtin_prefetch(at(t, way(hash, i)), 1);
}

void *ik_pairs_find(struct ik_pairs *t, uint64_t hash)
{
    hash += !hash; /* 0 stands for nobody */
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++) {
        struct ik_pairs_head *e = at(t, way(hash, i));
        if (e->hash != hash)
            continue;
        e->again = true;
        return e;
    }
    return NULL;
}

/* Who gives way, or a place that is free. */
static struct ik_pairs_head *victim(struct ik_pairs *t, uint64_t hash)
{
    struct ik_pairs_head *spare = NULL;
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++) {
        struct ik_pairs_head *e = at(t, way(hash, i));
        if (!e->hash)
            return e;
        if (!e->again && !spare)
            spare = e;
    }
    if (spare)
        return spare;
    for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++)
        at(t, way(hash, i))->again = false;
    return at(t, way(hash, 0));
}

void *ik_pairs_take(struct ik_pairs *t, uint64_t hash, void (*gave_way)(void *ctx, const void *old),
                    void *ctx)
{
    struct ik_pairs_head *e = ik_pairs_find(t, hash);
    if (e)
        return e;
    hash += !hash;
    e = victim(t, hash);
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
