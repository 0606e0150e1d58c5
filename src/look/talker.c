/* SPDX-License-Identifier: MIT
 * Space saving: counters found by a keyed hash, and a heap that finds the least of them. */
#include "look/talker.h"

#include "base/siphash.h"
#include "look/index.h"

#include <string.h>

struct counter {
    struct ik_total_talker t;
    uint64_t hash;
};

/* `known` is what a counter had when it was put in its place. Counts only grow, so a counter at the
 * top that still has what was known is the least of all; nothing needs to move before that is
 * asked. */
struct place {
    uint64_t known;
    uint32_t counter;
};

struct ik_talker {
    uint8_t secret[16];
    /* The latest sender waits until the next one comes: what it is counted in is fetched meanwhile.
     */
    bool waits;
    uint32_t bytes;
    uint64_t hash;
    struct ik_addr addr;
    uint32_t n;
    struct place heap[IK_TALKER_MAX]; /* none below is known to have less */
    struct counter counters[IK_TALKER_MAX];
    struct ik_index index;
};

enum { INDEX_SLOTS = 4 * IK_TALKER_MAX }; /* so that no bucket overflows */

static size_t index_at(void)
{
    return (sizeof(struct ik_talker) + 63) & ~(size_t)63;
}

size_t ik_talker_bytes(void)
{
    return index_at() + ik_index_bytes(INDEX_SLOTS);
}

struct ik_talker *ik_talker_init(void *mem, const uint8_t secret[16])
{
    struct ik_talker *t = mem;
    t->n = 0;
    t->waits = false;
    memcpy(t->secret, secret, sizeof(t->secret));
    ik_index_init(&t->index, (uint8_t *)mem + index_at(), INDEX_SLOTS);
    return t;
}

/* The place at the top moves down to where nobody below it is known to have less. */
static void sink(struct ik_talker *t)
{
    const struct place moved = t->heap[0];
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < t->n; at = child) {
        if (child + 1 < t->n && t->heap[child + 1].known < t->heap[child].known)
            child++;
        if (t->heap[child].known >= moved.known)
            break;
        t->heap[at] = t->heap[child];
    }
    t->heap[at] = moved;
}

/* The counter with the least, at the top. */
static uint32_t least(struct ik_talker *t)
{
    for (;;) {
        struct place *top = &t->heap[0];
        const uint64_t has = t->counters[top->counter].t.packets;
        if (top->known == has)
            return top->counter;
        top->known = has;
        sink(t);
    }
}

static struct counter *find(struct ik_talker *t, uint64_t hash)
{
    const struct ik_index_bucket *b = ik_index_at(&t->index, hash);
    for (int i = 0; i < IK_INDEX_WAYS; i++) {
        const uint32_t number = ik_index_get(b, i, hash);
        if (number && t->counters[number - 1].hash == hash)
            return &t->counters[number - 1];
    }
    return NULL;
}

/* A way that is free, or of a counter that somebody else has; else the first, whose sender is then
 * counted anew when it comes again. */
static void index_put(struct ik_talker *t, uint64_t hash, uint32_t slot)
{
    struct ik_index_bucket *b = ik_index_at(&t->index, hash);
    int way = 0;
    for (int i = 0; i < IK_INDEX_WAYS; i++) {
        const uint64_t item = b->item[i];
        const uint64_t there = item ? t->counters[(uint32_t)item - 1].hash : 0;
        if (!item || there >> 32 != item >> 32 || ik_index_at(&t->index, there) != b) {
            way = i;
            break;
        }
    }
    ik_index_set(b, way, hash, slot + 1); /* numbers begin at 1 */
}

static struct counter *begin(struct ik_talker *t, uint64_t hash, const struct ik_addr *addr,
                             uint32_t bytes)
{
    struct ik_total_talker fresh = {.addr = *addr, .packets = 1, .bytes = bytes};
    const bool full = t->n == IK_TALKER_MAX;
    const uint32_t i = full ? least(t) : t->n;
    if (full) {
        fresh.over_by = t->counters[i].t.packets;
        fresh.packets += fresh.over_by;
    }
    t->counters[i] = (struct counter){.t = fresh, .hash = hash};
    index_put(t, hash, i);
    if (full)
        return &t->counters[i]; /* its place at the top is known to have less now, and will sink
                                   when asked */
    /* Nobody is known to have more than 1 before all places are taken: any order is a heap. */
    t->heap[t->n++] = (struct place){.known = 1, .counter = i};
    return &t->counters[i];
}

const struct ik_total_talker *ik_talker_settle(struct ik_talker *t)
{
    if (!t->waits)
        return NULL;
    t->waits = false;
    struct counter *c = find(t, t->hash);
    if (!c)
        return &begin(t, t->hash, &t->addr, t->bytes)->t;
    c->t.packets++;
    c->t.bytes += t->bytes;
    return &c->t;
}

void ik_talker_clear(struct ik_talker *t)
{
    t->n = 0;
    ik_index_init(&t->index, t->index.buckets, INDEX_SLOTS);
}

void ik_talker_add(struct ik_talker *t, const struct ik_addr *addr, uint32_t bytes)
{
    uint8_t id[17] = {addr->family};
    memcpy(id + 1, addr->bytes, 16);
    ik_talker_put(t, ik_siphash(t->secret, id, 1 + ik_addr_bytes(addr->family)), addr, bytes);
}

void ik_talker_put(struct ik_talker *t, uint64_t hash, const struct ik_addr *addr, uint32_t bytes)
{
    ik_talker_settle(t);
    t->hash = hash;
    t->addr = *addr;
    t->bytes = bytes;
    t->waits = true;
    __builtin_prefetch(ik_index_at(&t->index, t->hash));
}

size_t ik_talker_top(struct ik_talker *t, struct ik_total_talker *out, size_t cap)
{
    size_t n = 0;
    ik_talker_settle(t);
    for (uint32_t i = 0; i < t->n; i++) {
        const struct ik_total_talker *c = &t->counters[i].t;
        size_t at = n < cap ? n : cap;
        for (; at > 0 && out[at - 1].packets < c->packets; at--) {
            if (at < cap)
                out[at] = out[at - 1];
        }
        if (at < cap)
            out[at] = *c;
        n += n < cap;
    }
    return n;
}
