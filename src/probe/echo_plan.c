/* SPDX-License-Identifier: MIT
 * Whose turn it is. All targets have one interval, so three queues in the order of their due times
 * suffice: choosing and putting back cost the same for one target as for a million. */
#include "probe/echo_int.h"

#include "probe/token.h"

/* "or one hundred times per second, whichever is more" (ping(8), -f). */
#define UNANSWERED_NS (10 * IK_NS_PER_MS)
/* How far sending may fall behind min_gap and make up for it. */
#define LAG_NS IK_NS_PER_MS
/* Below this distance between probes it is cheaper to wake up for several at once. */
#define DENSE_NS (250 * IK_NS_PER_US)
#define COALESCE_MAX_NS (500 * IK_NS_PER_US)
#define COALESCE_PROBES 32
/* Earlier than any clock reads, and far enough from the end of the scale to subtract from. */
#define BEFORE_ALL (INT64_MIN / 2)

static uint32_t preload(const struct ik_echo_engine *e)
{
    return e->cfg.preload ? e->cfg.preload : 1;
}

void ik_echo_plan_init(struct ik_echo_engine *e)
{
    const struct ik_echo_cfg *cfg = &e->cfg;
    for (int i = 0; i < IK_ECHO_LISTS; i++)
        e->lists[i] = (struct ik_echo_queue){IK_ECHO_NO_TARGET, IK_ECHO_NO_TARGET};
    const bool flood = cfg->flood || cfg->interval == 0;
    if (flood || cfg->adaptive)
        e->window = cfg->flood && cfg->flood_window ? cfg->flood_window : preload(e);
    else
        e->spread = cfg->interval / cfg->max_targets;
    e->unanswered = flood ? UNANSWERED_NS : cfg->interval;
    e->next_first = BEFORE_ALL;
    ik_pace_init(&e->pace, cfg->min_gap, LAG_NS, BEFORE_ALL);
    const ik_ns apart = e->spread > cfg->min_gap ? e->spread : cfg->min_gap;
    if (apart < DENSE_NS)
        e->coalesce = apart * COALESCE_PROBES;
    if (e->coalesce > COALESCE_MAX_NS)
        e->coalesce = COALESCE_MAX_NS;
}

static void unlink_target(struct ik_echo_engine *e, uint32_t index)
{
    struct ik_echo_target *t = &e->targets[index];
    struct ik_echo_queue *q = &e->lists[t->list];
    if (t->prev == IK_ECHO_NO_TARGET)
        q->head = t->next;
    else
        e->targets[t->prev].next = t->next;
    if (t->next == IK_ECHO_NO_TARGET)
        q->tail = t->prev;
    else
        e->targets[t->next].prev = t->prev;
    t->list = IK_ECHO_OFF;
}

static void append(struct ik_echo_engine *e, uint32_t index, enum ik_echo_list list, ik_ns due)
{
    struct ik_echo_target *t = &e->targets[index];
    struct ik_echo_queue *q = &e->lists[list];
    t->list = (uint8_t)list;
    t->due = due;
    t->prev = q->tail;
    t->next = IK_ECHO_NO_TARGET;
    if (q->tail == IK_ECHO_NO_TARGET)
        q->head = index;
    else
        e->targets[q->tail].next = index;
    q->tail = index;
}

void ik_echo_plan_add(struct ik_echo_engine *e, uint32_t index, struct ik_now now)
{
    const ik_ns due = e->next_first > now.mono ? e->next_first : now.mono;
    append(e, index, IK_ECHO_FRESH, due);
    e->next_first = ik_echo_later(due, e->spread);
    e->n_sending++;
}

void ik_echo_plan_remove(struct ik_echo_engine *e, uint32_t index)
{
    if (e->targets[index].list == IK_ECHO_OFF)
        return;
    unlink_target(e, index);
    e->n_sending--;
}

/* How many of a target may be unanswered now. A flood begins with what is preloaded and grows by
 * one an answer, so that what cannot bear a burst gets none. */
static uint64_t window_of(const struct ik_echo_engine *e, const struct ik_echo_target *t)
{
    const uint64_t earned = preload(e) + t->received + t->late;
    return earned < e->window ? earned : e->window;
}

/* Puts a target back after its probe was planned. */
static void requeue(struct ik_echo_engine *e, uint32_t index, struct ik_now now)
{
    struct ik_echo_target *t = &e->targets[index];
    if (e->cfg.count && !e->cfg.answers_end && t->seq >= e->cfg.count) {
        ik_echo_plan_remove(e, index);
        return;
    }
    if (t->unacked < window_of(e, t)) {
        unlink_target(e, index);
        append(e, index, IK_ECHO_READY, now.mono);
        return;
    }
    if (!e->window && t->seq < preload(e))
        return; /* stays where it is: at the head of its list, due */
    unlink_target(e, index);
    /* After a pause no burst: of all that was missed one is made up for. Restarting from now
     * instead would put this target behind others whose turn is earlier. */
    const ik_ns regular = ik_echo_later(t->due, e->cfg.interval);
    const ik_ns due = e->window ? ik_echo_later(now.mono, e->unanswered) : regular;
    append(e, index, IK_ECHO_CYCLE, due > now.mono ? due : now.mono);
}

/* The target at the head of a list whose time comes first. */
static uint32_t earliest(const struct ik_echo_engine *e)
{
    uint32_t best = IK_ECHO_NO_TARGET;
    for (int i = 0; i < IK_ECHO_LISTS; i++) {
        const uint32_t head = e->lists[i].head;
        if (head == IK_ECHO_NO_TARGET)
            continue;
        if (best == IK_ECHO_NO_TARGET || e->targets[head].due < e->targets[best].due)
            best = head;
    }
    return best;
}

static bool has_room(const struct ik_echo_engine *e)
{
    return e->n_pending < IK_BATCH && e->slots.n_open + e->n_pending < e->cfg.max_in_flight;
}

/* Number, hash and index of a slot for the next probe of a target. */
static void fill_slot(struct ik_echo_engine *e, uint32_t index, uint32_t target)
{
    struct ik_slot *slot = &e->slots.slot[index];
    struct ik_echo_target *t = &e->targets[target];
    slot->target = target;
    slot->seq = ++t->seq;
    const struct ik_token token = {&t->addr, slot->number, (uint16_t)slot->seq,
                                   e->cfg.ident[ik_echo_port(t)]};
    slot->hash = ik_token_hash(e->cfg.key, &token);
    const struct ik_addr addr = ik_echo_match_addr(e, &t->addr);
    ik_slots_index(&e->slots, index,
                   e->cfg.kind == IK_ECHO_NODE_INFO ? slot->hash
                                                    : ik_echo_match_hash(e, &addr, slot->seq));
}

bool ik_echo_plan_next(struct ik_echo_engine *e, struct ik_now now)
{
    const uint32_t target = earliest(e);
    if (target == IK_ECHO_NO_TARGET || e->targets[target].due > now.mono || !has_room(e) ||
        !ik_pace_ready(&e->pace, now.mono))
        return false;
    const uint32_t slot = ik_slots_take(&e->slots);
    if (slot == IK_SLOT_NONE)
        return false;
    fill_slot(e, slot, target);
    const uint8_t buffer = (uint8_t)__builtin_ctzll(e->free_buffers);
    e->free_buffers &= e->free_buffers - 1;
    ik_echo_frame_put(e, buffer, slot, now);
    e->pending[e->n_pending++] = (struct ik_echo_pending){slot, buffer};
    struct ik_echo_target *t = &e->targets[target];
    t->unacked += t->unacked != UINT32_MAX;
    ik_pace_take(&e->pace, now.mono);
    requeue(e, target, now);
    return true;
}

void ik_echo_plan_answered(struct ik_echo_engine *e, uint32_t index, uint64_t seq,
                           struct ik_now now)
{
    struct ik_echo_target *t = &e->targets[index];
    const uint64_t after = t->seq - seq;
    if (after < t->unacked)
        t->unacked = (uint32_t)after;
    if (!e->window || t->list != IK_ECHO_CYCLE || t->unacked >= window_of(e, t))
        return;
    unlink_target(e, index);
    append(e, index, IK_ECHO_READY, now.mono);
}

void ik_echo_plan_drop(struct ik_echo_engine *e, bool all)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < e->n_pending; i++) {
        const struct ik_echo_pending p = e->pending[i];
        if (!all && !ik_echo_target_of(e, p.slot)->finished) {
            e->pending[kept++] = p;
            continue;
        }
        ik_slots_put(&e->slots, p.slot);
        e->free_buffers |= UINT64_C(1) << p.buffer;
    }
    e->n_pending = kept;
}

ik_ns ik_echo_plan_due(const struct ik_echo_engine *e)
{
    const uint32_t target = earliest(e);
    if (target == IK_ECHO_NO_TARGET || !has_room(e))
        return IK_NEVER;
    ik_ns due = e->targets[target].due;
    if (e->pace.gap && e->pace.at > due)
        due = e->pace.at;
    return ik_echo_later(due, e->coalesce);
}
