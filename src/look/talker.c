/* SPDX-License-Identifier: MIT
 * Space saving: counters in a heap with the least at the top, found by a keyed hash. */
#include "look/talker.h"

#include "base/map.h"
#include "base/siphash.h"

#include <string.h>

struct counter {
    struct ik_total_talker t;
    uint64_t key;
    uint32_t at; /* in the heap */
};

struct ik_talker {
    uint8_t secret[16];
    uint32_t n;
    uint32_t heap[IK_TALKER_MAX]; /* of counters: none below has less */
    struct counter counters[IK_TALKER_MAX];
    struct ik_map map;
};

static size_t slots_at(void)
{
    return (sizeof(struct ik_talker) + 15) & ~(size_t)15;
}

size_t ik_talker_bytes(void)
{
    return slots_at() + ik_map_bytes(IK_TALKER_MAX);
}

struct ik_talker *ik_talker_init(void *mem, const uint8_t secret[16])
{
    struct ik_talker *t = mem;
    t->n = 0;
    memcpy(t->secret, secret, sizeof(t->secret));
    ik_map_init(&t->map, (uint8_t *)mem + slots_at(), IK_TALKER_MAX, secret);
    return t;
}

static void set(struct ik_talker *t, uint32_t at, uint32_t counter)
{
    t->heap[at] = counter;
    t->counters[counter].at = at;
}

static uint64_t packets_at(const struct ik_talker *t, uint32_t at)
{
    return t->counters[t->heap[at]].t.packets;
}

/* A count grew: its counter moves away from the top. */
static void sink(struct ik_talker *t, uint32_t at)
{
    const uint32_t counter = t->heap[at];
    const uint64_t packets = t->counters[counter].t.packets;
    for (uint32_t child; (child = 2 * at + 1) < t->n; at = child) {
        if (child + 1 < t->n && packets_at(t, child + 1) < packets_at(t, child))
            child++;
        if (packets_at(t, child) >= packets)
            break;
        set(t, at, t->heap[child]);
    }
    set(t, at, counter);
}

/* A counter with 1 packet rises until nobody above has more. */
static void rise(struct ik_talker *t, uint32_t at)
{
    const uint32_t counter = t->heap[at];
    const uint64_t packets = t->counters[counter].t.packets;
    for (; at > 0 && packets_at(t, (at - 1) / 2) > packets; at = (at - 1) / 2)
        set(t, at, t->heap[(at - 1) / 2]);
    set(t, at, counter);
}

static void begin(struct ik_talker *t, uint64_t key, const struct ik_addr *addr, uint32_t bytes)
{
    struct ik_total_talker fresh = {.addr = *addr, .packets = 1, .bytes = bytes};
    const bool full = t->n == IK_TALKER_MAX;
    const uint32_t i = full ? t->heap[0] : t->n;
    struct counter *c = &t->counters[i];
    if (full) {
        ik_map_remove(&t->map, c->key);
        fresh.over_by = c->t.packets;
        fresh.packets += c->t.packets;
    }
    const uint32_t at = full ? c->at : t->n++;
    *c = (struct counter){.t = fresh, .key = key, .at = at};
    t->heap[at] = i;
    /* There are as many slots as counters. */
    const enum ik_err err = ik_map_put(&t->map, key, i);
    (void)err;
    if (full)
        sink(t, at);
    else
        rise(t, at);
}

void ik_talker_add(struct ik_talker *t, const struct ik_addr *addr, uint32_t bytes)
{
    uint8_t id[17] = {addr->family};
    uint32_t i;
    memcpy(id + 1, addr->bytes, 16);
    const uint64_t key = ik_siphash(t->secret, id, 1 + ik_addr_bytes(addr->family));
    if (!ik_map_get(&t->map, key, &i)) {
        begin(t, key, addr, bytes);
        return;
    }
    t->counters[i].t.packets++;
    t->counters[i].t.bytes += bytes;
    sink(t, t->counters[i].at);
}

size_t ik_talker_top(const struct ik_talker *t, struct ik_total_talker *out, size_t cap)
{
    size_t n = 0;
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
