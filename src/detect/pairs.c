/* SPDX-License-Identifier: MIT
 * A bounded table of pairs of hosts. */
#include "detect/pairs.h"

size_t ik_pairs_bytes(uint32_t entries, size_t each_bytes)
{
    return entries * (each_bytes + sizeof(uint32_t));
}

void ik_pairs_init(struct ik_pairs *t, void *mem, uint32_t entries, size_t each_bytes)
{
    void *tags = (uint8_t *)mem + entries * each_bytes;
    *t = (struct ik_pairs){
        .entries = mem, .tags = tags, .each_bytes = (uint32_t)each_bytes, .mask = entries - 1};
}

/* A place that is free, or who was not looked for again; where all were, any. The search begins
 * somewhere in the set, so that not always the same one is new. */
uint32_t ik_pairs_victim(const uint32_t tags[IK_PAIRS_WAYS], uint64_t hash)
{
    const uint32_t begin = (uint32_t)hash & (IK_PAIRS_WAYS - 1);
    const ik_four again = ik_four_load(tags) & ik_four_of(1);
    const uint32_t empty = ik_four_same(tags, 0);
    const uint32_t spare = ik_four_bits((ik_four)(again == ik_four_of(0)));
    const uint32_t some = empty ? empty : spare, ways = some ? some : (1 << IK_PAIRS_WAYS) - 1;
    const uint32_t turned = (ways | ways << IK_PAIRS_WAYS) >> begin;
    return (begin + (uint32_t)__builtin_ctz(turned)) & (IK_PAIRS_WAYS - 1);
}

/* Writes a newcomer down in place of who is there. */
static void replace(struct ik_pairs *t, uint64_t hash, uint32_t number)
{
    uint32_t *tag = &t->tags[number];
    t->evicted += *tag != 0;
    if (*tag & 1) { /* all were looked for again: none is spared the next time */
        uint32_t *set = t->tags + ik_pairs_first(t, hash);
        for (uint32_t i = 0; i < IK_PAIRS_WAYS; i++)
            set[i] &= ~(uint32_t)1;
    }
    *tag = ik_pairs_tag(hash) & ~(uint32_t)1;
}

void *ik_pairs_take(struct ik_pairs *t, uint64_t hash, bool *anew)
{
    const uint32_t number = ik_pairs_guess(t, hash);
    *anew = (t->tags[number] | 1) != ik_pairs_tag(hash);
    if (*anew)
        replace(t, hash, number);
    else
        t->tags[number] |= 1;
    return ik_pairs_at(t, number);
}

struct ik_pairs_tally *ik_pairs_count(struct ik_pairs *t, uint64_t hash, ik_ns now, ik_ns window)
{
    bool anew;
    struct ik_pairs_tally *e = ik_pairs_take(t, hash, &anew);
    if (anew)
        *e = (struct ik_pairs_tally){0};
    if (!e->n || now - e->since > window) {
        e->since = now;
        e->n = e->changes = 0;
    }
    e->n += e->n < UINT32_MAX;
    return e;
}
