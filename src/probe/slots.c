/* SPDX-License-Identifier: MIT
 * The pool of probes. */
#include "probe/slots.h"

#include <string.h>

/* The retention of closed slots: at least this many altogether, so that even one target with a few
 * probes in flight keeps its last thousand. */
enum { COUNT_MIN = 1024 };

/* Slots are reused in the order of their end, so the next ones are known and long out of the cache:
 * fetched this many takes ahead. */
enum { AHEAD = 4 };

uint32_t ik_slots_count(uint32_t max_open)
{
    uint32_t count = COUNT_MIN;
    while (count < 2 * max_open)
        count *= 2;
    return count;
}

size_t ik_slots_bytes(uint32_t max_open)
{
    return ik_slots_count(max_open) * (sizeof(struct ik_slot) + 3 * sizeof(uint32_t));
}

static uint32_t mask(const struct ik_slots *s)
{
    return (UINT32_C(1) << s->bits) - 1;
}

static void retire(struct ik_slots *s, uint32_t index)
{
    s->reusable[(s->reusable_head + s->n_reusable++) & mask(s)] = index;
}

static void open_append(struct ik_slots *s, uint32_t index)
{
    struct ik_slot *slot = &s->slot[index];
    slot->prev = s->open.tail;
    slot->next = IK_SLOT_NONE;
    if (s->open.tail == IK_SLOT_NONE)
        s->open.head = index;
    else
        s->slot[s->open.tail].next = index;
    s->open.tail = index;
}

static void open_unlink(struct ik_slots *s, uint32_t index)
{
    const struct ik_slot *slot = &s->slot[index];
    if (slot->prev == IK_SLOT_NONE)
        s->open.head = slot->next;
    else
        s->slot[slot->prev].next = slot->next;
    if (slot->next == IK_SLOT_NONE)
        s->open.tail = slot->prev;
    else
        s->slot[slot->next].prev = slot->prev;
}

void ik_slots_init(struct ik_slots *s, void *mem, uint32_t max_open)
{
    const uint32_t count = ik_slots_count(max_open);
    *s = (struct ik_slots){
        .slot = mem,
        .bits = (unsigned)__builtin_ctz(count),
        .open = {IK_SLOT_NONE, IK_SLOT_NONE},
    };
    void *after = s->slot + count;
    s->buckets = after;
    s->reusable = s->buckets + 2 * count;
    memset(s->buckets, 0xff, 2 * count * sizeof(*s->buckets));
    for (uint32_t i = 0; i < count; i++) {
        s->slot[i] = (struct ik_slot){.number = i, .bucket = IK_SLOT_NONE, .chain = IK_SLOT_NONE};
        retire(s, i);
    }
}

/* Out of its bucket, where it is the last or nearly so: the youngest stand first. */
static void unhang(struct ik_slots *s, uint32_t index)
{
    struct ik_slot *slot = &s->slot[index];
    if (slot->bucket == IK_SLOT_NONE)
        return;
    uint32_t *at = &s->buckets[slot->bucket];
    while (*at != index)
        at = &s->slot[*at].chain;
    *at = slot->chain;
}

uint32_t ik_slots_take(struct ik_slots *s)
{
    if (s->n_reusable == 0)
        return IK_SLOT_NONE;
    const uint32_t index = s->reusable[s->reusable_head & mask(s)];
    s->reusable_head++;
    s->n_reusable--;
    __builtin_prefetch(&s->slot[s->reusable[(s->reusable_head + AHEAD) & mask(s)]], 1);
    unhang(s, index);
    const uint32_t number = s->slot[index].number + (UINT32_C(1) << s->bits);
    s->slot[index] = (struct ik_slot){.number = number,
                                      .prev = IK_SLOT_NONE,
                                      .next = IK_SLOT_NONE,
                                      .chain = IK_SLOT_NONE,
                                      .bucket = IK_SLOT_NONE,
                                      .state = IK_SLOT_PLANNED};
    return index;
}

void ik_slots_put(struct ik_slots *s, uint32_t index)
{
    s->slot[index].state = IK_SLOT_FREE;
    retire(s, index);
}

void ik_slots_open(struct ik_slots *s, uint32_t index)
{
    s->slot[index].state = IK_SLOT_OPEN;
    open_append(s, index);
    s->n_open++;
}

void ik_slots_close(struct ik_slots *s, uint32_t index, enum ik_slot_state state)
{
    open_unlink(s, index);
    s->n_open--;
    s->slot[index].state = (uint8_t)state;
    retire(s, index);
}

uint32_t ik_slots_find(const struct ik_slots *s, uint32_t number)
{
    const uint32_t index = number & mask(s);
    return s->slot[index].number == number ? index : IK_SLOT_NONE;
}

static uint32_t bucket_of(const struct ik_slots *s, uint64_t hash)
{
    return (uint32_t)(hash & (2 * (UINT64_C(1) << s->bits) - 1));
}

void ik_slots_index(struct ik_slots *s, uint32_t index, uint64_t hash)
{
    struct ik_slot *slot = &s->slot[index];
    slot->bucket = bucket_of(s, hash);
    slot->chain = s->buckets[slot->bucket];
    s->buckets[slot->bucket] = index;
}

uint32_t ik_slots_first(const struct ik_slots *s, uint64_t hash)
{
    return s->buckets[bucket_of(s, hash)];
}
