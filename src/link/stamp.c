/* SPDX-License-Identifier: MIT
 * Stamps to frames, real time to monotonic. */
#include "link/stamp.h"

static bool is_same(ik_ns a, ik_ns b)
{
    return a - b <= IK_OFFSET_ERROR && b - a <= IK_OFFSET_ERROR;
}

void ik_offset_look(struct ik_offset *o, struct ik_now now)
{
    const ik_ns offset = now.real - now.mono;
    if (!o->known) {
        *o = (struct ik_offset){.held = offset, .floor = now.mono, .known = true};
    } else if (is_same(offset, o->held)) {
        o->moved = false;
    } else if (!o->moved || !is_same(offset, o->seen)) {
        o->seen = offset;
        o->seen_at = now.mono;
        o->moved = true;
        o->settled = false;
    } else if (now.mono != o->seen_at) {
        o->held = o->seen;
        o->moved = false;
        o->in_doubt = !o->settled;
    }
}

void ik_offset_settle(struct ik_offset *o, struct ik_now now)
{
    o->settled = true;
    o->in_doubt = false;
    o->floor = now.mono;
}

bool ik_offset_convert(const struct ik_offset *o, struct ik_now now, ik_ns real, ik_ns *mono)
{
    if (!o->known || o->moved || o->in_doubt)
        return false;
    const ik_ns at = real - o->held;
    /* A step between the reading and the stamp shows in no offset yet, but puts the stamp outside
     * of when it can have been taken. */
    if (at < o->floor - IK_OFFSET_LAG || at > now.mono + IK_OFFSET_LEAD)
        return false;
    *mono = at;
    return true;
}

static uint32_t ring_size(uint32_t frames)
{
    uint32_t size = 64;
    while (size < frames && size < 1u << 20)
        size <<= 1;
    return size;
}

size_t ik_stamps_bytes(uint32_t frames)
{
    return ring_size(frames) * sizeof(struct ik_stamp_entry);
}

void ik_stamps_init(struct ik_stamps *s, void *mem, uint32_t frames)
{
    *s = (struct ik_stamps){.ring = mem, .mask = ring_size(frames) - 1};
}

void ik_stamps_put(struct ik_stamps *s, uint32_t key, ik_ns sent)
{
    struct ik_stamp_entry *e = &s->ring[s->next & s->mask];
    const uint32_t id = s->next++;
    if (e->state == IK_STAMP_AWAITED)
        s->awaited--;
    if (e->state != IK_STAMP_NONE && e->id == id &&
        sent - e->sent < IK_STAMP_PATIENCE * IK_NS_PER_S) {
        /* `sent` stays that of the first, so that doubt ends however often identifiers restart. */
        e->state = IK_STAMP_DOUBTFUL;
        return;
    }
    *e = (struct ik_stamp_entry){.sent = sent, .id = id, .key = key, .state = IK_STAMP_AWAITED};
    s->awaited++;
}

void ik_stamps_restart(struct ik_stamps *s)
{
    s->next = 0;
}

bool ik_stamps_take(struct ik_stamps *s, uint32_t id, ik_ns at, bool check, uint32_t *key)
{
    struct ik_stamp_entry *e = &s->ring[id & s->mask];
    if (e->id != id || e->state != IK_STAMP_AWAITED)
        return false;
    if (check && at < e->sent - IK_OFFSET_ERROR)
        return false;
    e->state = IK_STAMP_NONE;
    s->awaited--;
    *key = e->key;
    return true;
}
