/* SPDX-License-Identifier: MIT
 * Space saving: counters found by a keyed hash, and a heap that finds the least of them. */
#include "look/talker.h"

#include "base/bytes.h"
#include "base/siphash.h"
#include "look/index.h"

#include <string.h>

/* A cache line, where the memory is aligned so: one fetch brings all that is needed. */
struct counter {
    uint64_t hash;
    struct ik_total_talker t;
    uint8_t unused[8];
};
_Static_assert(sizeof(struct counter) == 64, "a cache line");

/* `known` is what a counter had when it was put in its place. Counts only grow, so a counter at the
 * top that still has what was known is the least of all; nothing needs to move before that is
 * asked. */
struct place {
    uint64_t known;
    uint32_t counter;
};

/* A packet that is still to be counted. */
struct waiting {
    bool waits;
    uint32_t bytes;
    uint64_t hash;
    uint32_t guess; /* of which counter it probably has, or has not */
    struct ik_addr addr;
};

struct ik_talker {
    uint8_t secret[16];
    /* The latest senders wait until the next ones come: what they are counted in is fetched
     * meanwhile, for the one before the last its counter, for the last its bucket. */
    struct waiting waiting[2];
    unsigned last; /* of the two */
    uint32_t n;
    struct place heap[IK_TALKER_MAX]; /* none below is known to have less */
    struct counter *counters;         /* IK_TALKER_MAX */
    struct ik_index index;
};

enum { INDEX_SLOTS = 4 * IK_TALKER_MAX }; /* so that no bucket overflows */

static size_t counters_at(void)
{
    return (sizeof(struct ik_talker) + 63) & ~(size_t)63;
}

static size_t index_at(void)
{
    return counters_at() + IK_TALKER_MAX * sizeof(struct counter);
}

size_t ik_talker_bytes(void)
{
    return index_at() + ik_index_bytes(INDEX_SLOTS);
}

struct ik_talker *ik_talker_init(void *mem, const uint8_t secret[16])
{
    struct ik_talker *t = mem;
    t->n = 0;
    t->last = 0;
    t->waiting[0].waits = t->waiting[1].waits = false;
    t->counters = (struct counter *)(void *)((uint8_t *)mem + counters_at());
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
    for (unsigned ways = ik_index_match(b, hash); ways; ways &= ways - 1) {
        const uint32_t number = b->what[__builtin_ctz(ways)];
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
        const uint64_t there = b->what[i] ? t->counters[b->what[i] - 1].hash : 0;
        if (!b->what[i] || there >> 32 != b->tag[i] || ik_index_at(&t->index, there) != b) {
            way = i;
            break;
        }
    }
    ik_index_set(b, way, hash, slot + 1); /* numbers begin at 1 */
}

static void begin(struct ik_talker *t, uint64_t hash, const struct ik_addr *addr, uint32_t bytes)
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
        return; /* its place at the top is known to have less now, and will sink when asked */
    /* Nobody is known to have more than 1 before all places are taken: any order is a heap. */
    t->heap[t->n++] = (struct place){.known = 1, .counter = i};
}

/* Counts one that waits. */
static void settle(struct ik_talker *t, struct waiting *w)
{
    if (!w->waits)
        return;
    w->waits = false;
    struct counter *c = &t->counters[w->guess];
    if (w->guess >= t->n || c->hash != w->hash)
        c = find(t, w->hash);
    if (!c) {
        begin(t, w->hash, &w->addr, w->bytes);
        return;
    }
    c->t.packets++;
    c->t.bytes += w->bytes;
}

/* Begins to fetch the counter that it probably has. */
static void expect(const struct ik_talker *t, struct waiting *w)
{
    const struct ik_index_bucket *b = ik_index_at(&t->index, w->hash);
    const unsigned ways = ik_index_match(b, w->hash);
    if (!ways || !b->what[__builtin_ctz(ways)])
        return;
    w->guess = b->what[__builtin_ctz(ways)] - 1;
    __builtin_prefetch(&t->counters[w->guess], 1);
}

/* By whole words, so that nothing is read in another width than it was just written in. */
static uint64_t hash_of(const struct ik_talker *t, const struct ik_addr *addr)
{
    uint64_t word[3] = {addr->family, 0, 0};
    if (addr->family == 4) {
        word[0] |= (uint64_t)ik_load_be32(addr->bytes) << 32;
        return ik_siphash13(t->secret, word, sizeof(word[0]));
    }
    memcpy(word + 1, addr->bytes, sizeof(addr->bytes));
    return ik_siphash13(t->secret, word, sizeof(word));
}

void ik_talker_add(struct ik_talker *t, const struct ik_addr *addr, uint32_t bytes)
{
    struct waiting *w = &t->waiting[t->last ^ 1];
    settle(t, w);
    if (t->waiting[t->last].waits)
        expect(t, &t->waiting[t->last]);
    w->waits = true;
    w->bytes = bytes;
    w->hash = hash_of(t, addr);
    w->guess = 0;
    w->addr = *addr;
    __builtin_prefetch(ik_index_at(&t->index, w->hash));
    t->last ^= 1;
}

size_t ik_talker_top(struct ik_talker *t, struct ik_total_talker *out, size_t cap)
{
    size_t n = 0;
    settle(t, &t->waiting[t->last ^ 1]);
    settle(t, &t->waiting[t->last]);
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
