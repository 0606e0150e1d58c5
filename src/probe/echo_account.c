/* SPDX-License-Identifier: MIT
 * What becomes of a probe. Every probe that left is, at any instant, exactly one of
 *
 *     in_flight -> received | late | lost | unknown        lost | unknown -> received | late
 *                                                          unknown -> lost (an error came)
 *
 * so that sent = received + late + lost + unknown + in_flight always holds, for a target and in
 * all. What the link says never left is taken out of `sent` again. */
#include "probe/echo_int.h"

#include <string.h>

/* ---- counters -------------------------------------------------------------------------------- */

static void add32(uint32_t *target, uint64_t *total)
{
    *target += *target != UINT32_MAX;
    ++*total;
}

/* Adds or takes away one probe of that fate. */
static void count(struct ik_echo_engine *e, struct ik_echo_target *t, enum ik_slot_state fate,
                  int by)
{
    uint64_t *of_target, *of_all;
    switch (fate) {
    case IK_SLOT_RECEIVED:
        of_target = &t->received, of_all = &e->totals.received;
        break;
    case IK_SLOT_LATE:
        of_target = &t->late, of_all = &e->totals.late;
        break;
    case IK_SLOT_LOST:
        of_target = &t->lost, of_all = &e->totals.lost;
        break;
    case IK_SLOT_UNKNOWN:
        of_target = &t->unknown, of_all = &e->totals.unknown;
        break;
    default:
        return;
    }
    *of_target += (uint64_t)by;
    *of_all += (uint64_t)by;
}

static void close_open(struct ik_echo_engine *e, uint32_t index, enum ik_slot_state fate)
{
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    ik_slots_close(&e->slots, index, fate);
    t->in_flight--;
    e->totals.in_flight--;
    e->n_live -= !t->finished;
    count(e, t, fate, 1);
}

/* Gives the probe a new fate, whatever it had. */
static void settle(struct ik_echo_engine *e, uint32_t index, enum ik_slot_state fate)
{
    struct ik_slot *slot = &e->slots.slot[index];
    if (slot->state == IK_SLOT_OPEN) {
        close_open(e, index, fate);
        return;
    }
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    count(e, t, (enum ik_slot_state)slot->state, -1);
    slot->state = (uint8_t)fate;
    count(e, t, fate, 1);
}

/* ---- ends of targets ------------------------------------------------------------------------- */

static void finish(struct ik_echo_engine *e, uint32_t target)
{
    struct ik_echo_target *t = &e->targets[target];
    if (t->finished)
        return;
    ik_echo_plan_remove(e, target);
    t->finished = true;
    e->n_live -= t->in_flight;
}

static void reached(struct ik_echo_engine *e, uint32_t target, bool up)
{
    const struct ik_echo_target *t = &e->targets[target];
    if (t->finished)
        return;
    finish(e, target);
    e->n_reached++;
    /* whether it was different before */
    static const char *const texts[][2] = {{"does not answer", "does not answer any more"},
                                           {"answers", "answers again"}};
    const bool changed = up ? t->lost + t->late + t->send_errors > 0 : t->received + t->late > 0;
    ik_echo_say_notice(e, target, "until-reached", texts[up][changed],
                       up ? e->cfg.until_up : e->cfg.until_down);
}

static void run_up(struct ik_echo_engine *e, uint32_t target)
{
    struct ik_echo_target *t = &e->targets[target];
    t->run = (int16_t)(t->run < 0 ? 1 : t->run + (t->run != INT16_MAX));
    if (e->cfg.until_up && (uint32_t)t->run >= e->cfg.until_up)
        reached(e, target, true);
}

static void run_down(struct ik_echo_engine *e, uint32_t target)
{
    struct ik_echo_target *t = &e->targets[target];
    t->run = (int16_t)(t->run > 0 ? -1 : t->run - (t->run != -INT16_MAX));
    if (e->cfg.until_down && (uint32_t)-t->run >= e->cfg.until_down)
        reached(e, target, false);
}

/* Whether a target that is to end by its answers has them. */
static void check_answers(struct ik_echo_engine *e, uint32_t target)
{
    const struct ik_echo_target *t = &e->targets[target];
    if (!e->cfg.answers_end)
        return;
    if (t->errors || (e->cfg.count && t->received + t->late >= e->cfg.count))
        finish(e, target);
}

/* ---- sending --------------------------------------------------------------------------------- */

void ik_echo_account_sent(struct ik_echo_engine *e, uint32_t index, struct ik_now now)
{
    struct ik_slot *slot = &e->slots.slot[index];
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    if (e->cfg.say_waiting && t->last_number) {
        const uint32_t last = ik_slots_find(&e->slots, t->last_number);
        if (last != IK_SLOT_NONE && e->slots.slot[last].state == IK_SLOT_OPEN)
            ik_echo_say_lost(e, last, "waiting", IK_OK, 0);
    }
    ik_slots_open(&e->slots, index);
    slot->handed = now.mono;
    if (t->last_number == 0)
        t->first = now.mono;
    t->last_number = slot->number;
    t->last = now.mono;
    t->in_flight++;
    e->totals.in_flight++;
    e->n_live += !t->finished;
    e->totals.sent++;
    ik_echo_say_timer(e, index, "starts its timer of", e->cfg.timeout);
}

void ik_echo_account_failed(struct ik_echo_engine *e, uint32_t index, struct ik_now now,
                            enum ik_err err, uint32_t mtu)
{
    (void)now;
    struct ik_slot *slot = &e->slots.slot[index];
    if (slot->state != IK_SLOT_OPEN && slot->state != IK_SLOT_LOST &&
        slot->state != IK_SLOT_UNKNOWN)
        return;
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    settle(e, index, IK_SLOT_FAILED);
    e->totals.sent--;
    const bool dropped = err == IK_E_NOBUFS || err == IK_E_AGAIN;
    if (dropped)
        add32(&t->local_drops, &e->totals.local_drops);
    else
        add32(&t->send_errors, &e->totals.send_errors);
    ik_echo_say_lost(e, index, dropped ? "local_drop" : "send_error", err, mtu);
    if (!dropped)
        run_down(e, slot->target);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Compares what came back with what was sent, but for the token, which matched. */
static bool payload_differs(const struct ik_echo_engine *e, struct ik_rd got,
                            struct ik_echo_reply *reply)
{
    const struct ik_rd want = ik_echo_frame_payload(e);
    const size_t n = got.left < want.left ? got.left : want.left;
    size_t at = e->tokened ? 16 : 0;
    if (got.left < want.left)
        reply->cut_bytes = (int64_t)got.left;
    if (at < n && memcmp(got.p + at, want.p + at, n - at) != 0) {
        while (got.p[at] == want.p[at])
            at++;
        reply->mismatch_sent = want.p[at];
    } else if (got.left > want.left) {
        at = want.left;
    } else {
        return false;
    }
    reply->mismatch_at = (int64_t)at;
    reply->mismatch_got = got.p[at];
    return true;
}

static void time_answer(struct ik_echo_engine *e, const struct ik_slot *slot, struct ik_now now,
                        struct ik_stamp at, struct ik_echo_reply *reply)
{
    const struct ik_rtt_stamps stamps = {
        .sent = {slot->sent, slot->sent_clock},
        .arrived = at,
        .handed = slot->handed,
        .read = now.mono,
    };
    reply->timed = ik_rtt_between(&stamps, &reply->rtt, &reply->clock);
    reply->wait = ik_rtt_wait(&stamps);
    if (!reply->timed)
        e->totals.untimed++;
}

/* An answer in time is one whose round trip is within the timeout, however late it was read here;
 * without a round trip the time of reading decides. */
static enum ik_slot_state fate_of(const struct ik_echo_engine *e, const struct ik_slot *slot,
                                  struct ik_now now, const struct ik_echo_reply *reply)
{
    const ik_ns took = reply->timed ? reply->rtt : now.mono - slot->handed;
    return took > e->cfg.timeout ? IK_SLOT_LATE : IK_SLOT_RECEIVED;
}

/* How many probes are out when one is answered, itself included (iputils' pipe): kept where there
 * is one target, for a million it would cost room that nobody reads. */
static void note_pipe(struct ik_echo_engine *e, const struct ik_echo_target *t,
                      const struct ik_slot *slot)
{
    const uint64_t pipe = t->seq - slot->seq + 1;
    if (pipe > e->pipe)
        e->pipe = pipe;
}

static void first_answer(struct ik_echo_engine *e, uint32_t index, struct ik_now now,
                         const struct ik_echo_reply *reply, enum ik_slot_state fate)
{
    const struct ik_slot *slot = &e->slots.slot[index];
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    if (t->received + t->late == 0)
        e->totals.alive++;
    settle(e, index, fate);
    note_pipe(e, t, slot);
    ik_echo_say_timer(e, index,
                      fate == IK_SLOT_LATE ? "is answered too late, after" : "is answered after",
                      reply->timed ? reply->rtt : now.mono - slot->handed);
    if (reply->timed) {
        ik_rtt_add(&t->rtt, reply->rtt);
        t->ewma8_us = ik_rtt_ewma(t->ewma8_us, reply->rtt);
        if (e->sketches)
            ik_sketch_add(&e->sketches[slot->target], reply->rtt);
    }
    ik_echo_plan_answered(e, slot->target, slot->seq, now);
}

static void after_answer(struct ik_echo_engine *e, uint32_t target, enum ik_slot_state fate)
{
    struct ik_echo_target *t = &e->targets[target];
    if (fate == IK_SLOT_RECEIVED)
        run_up(e, target);
    else if (t->run < 0)
        t->run = 0; /* it is there, if slow */
    check_answers(e, target);
}

void ik_echo_account_answer(struct ik_echo_engine *e, uint32_t index, struct ik_now now,
                            const struct ik_echo_seen *seen)
{
    const struct ik_slot *slot = &e->slots.slot[index];
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    struct ik_echo_reply reply = {
        .other_source = seen->from.family && !ik_addr_same_host(&seen->from, &t->addr),
        .mismatch_at = -1,
        .mismatch_got = -1,
        .mismatch_sent = -1,
        .cut_bytes = -1,
    };
    time_answer(e, slot, now, seen->at, &reply);
    const bool damaged = !seen->icmp.checksum_ok;
    const bool differs =
        e->cfg.kind == IK_ECHO_ECHO && payload_differs(e, seen->icmp.echo.data, &reply);
    if (damaged || differs)
        add32(&t->corrupt, &e->totals.corrupt);
    const bool first = slot->state == IK_SLOT_OPEN || slot->state == IK_SLOT_LOST ||
                       slot->state == IK_SLOT_UNKNOWN;
    enum ik_slot_state fate = IK_SLOT_FREE;
    if (damaged) {
        /* None of its bytes can be relied on: the probe goes on waiting. */
        reply.state = "corrupt";
    } else if (!first) {
        reply.state = "duplicate";
        add32(&t->duplicates, &e->totals.duplicates);
    } else {
        fate = fate_of(e, slot, now, &reply);
        reply.state = fate == IK_SLOT_LATE ? "late" : differs ? "corrupt" : "received";
        first_answer(e, index, now, &reply, fate);
    }
    if (e->cfg.say_replies)
        ik_echo_say_reply(e, index, seen, &reply);
    if (fate != IK_SLOT_FREE)
        after_answer(e, slot->target, fate);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Advice to the sender: the probe itself goes on. */
static bool is_advice(const struct ik_echo_error *err)
{
    return err->family == 4 &&
           (err->type == IK_ICMP4_REDIRECT || err->type == IK_ICMP4_SOURCE_QUENCH);
}

void ik_echo_account_error(struct ik_echo_engine *e, uint32_t index, struct ik_now now,
                           const struct ik_echo_error *err)
{
    struct ik_slot *slot = &e->slots.slot[index];
    struct ik_echo_target *t = ik_echo_target_of(e, index);
    const uint32_t target = slot->target;
    struct ik_echo_reply timing;
    time_answer(e, slot, now, err->at, &timing);
    ik_echo_say_error(e, index, err, timing.timed, timing.rtt);
    if (is_advice(err))
        return;
    if (!slot->errored)
        add32(&t->errors, &e->totals.errors);
    slot->errored = true;
    if (slot->state == IK_SLOT_OPEN || slot->state == IK_SLOT_UNKNOWN) {
        ik_echo_say_timer(e, index, "is ended by an error after",
                          timing.timed ? timing.rtt : now.mono - slot->handed);
        settle(e, index, IK_SLOT_LOST);
        ik_echo_plan_answered(e, target, slot->seq, now);
        run_down(e, target);
    }
    check_answers(e, target);
}

/* ---- expiry ---------------------------------------------------------------------------------- */

/* An open probe that nothing will answer any more: unknown where this host dropped messages while
 * it waited. */
static void give_up(struct ik_echo_engine *e, uint32_t index)
{
    const struct ik_slot *slot = &e->slots.slot[index];
    const struct ik_echo_target *t = ik_echo_target_of(e, index);
    const bool unknown = e->drops_at[ik_echo_port(t)] > slot->handed;
    close_open(e, index, unknown ? IK_SLOT_UNKNOWN : IK_SLOT_LOST);
    ik_echo_say_timer(e, index, "expires after", e->now.mono - slot->handed);
    if (e->cfg.say_lost)
        ik_echo_say_lost(e, index, unknown ? "unknown" : "lost", IK_OK, 0);
    if (!unknown)
        run_down(e, slot->target);
}

static bool room_to_say(const struct ik_echo_engine *e)
{
    return e->ring_used < IK_ECHO_RING_OUTPUT;
}

ik_ns ik_echo_account_due(const struct ik_echo_engine *e)
{
    const uint32_t oldest = e->slots.open.head;
    return oldest == IK_SLOT_NONE ? IK_NEVER
                                  : ik_echo_later(e->slots.slot[oldest].handed, e->cfg.timeout);
}

void ik_echo_account_expire(struct ik_echo_engine *e, struct ik_now now)
{
    while (room_to_say(e) && ik_echo_account_due(e) <= now.mono)
        give_up(e, e->slots.open.head);
}

/* How long an open probe is waited for when nothing more is sent. */
static ik_ns lingers_until(const struct ik_echo_engine *e, const struct ik_slot *slot)
{
    const struct ik_echo_target *t = &e->targets[slot->target];
    ik_ns wait = e->cfg.timeout;
    if (e->cfg.linger >= 0)
        wait = e->cfg.linger;
    else if (t->rtt.n)
        wait = 2 * t->rtt.max > e->unanswered ? 2 * t->rtt.max : e->unanswered;
    return ik_echo_later(slot->handed, wait < e->cfg.timeout ? wait : e->cfg.timeout);
}

void ik_echo_account_linger(struct ik_echo_engine *e, struct ik_now now)
{
    ik_ns next = IK_NEVER;
    for (uint32_t i = e->slots.open.head; i != IK_SLOT_NONE;) {
        const uint32_t after = e->slots.slot[i].next;
        const ik_ns until = lingers_until(e, &e->slots.slot[i]);
        if (until <= now.mono && room_to_say(e))
            give_up(e, i);
        else if (until < next)
            next = until;
        i = after;
    }
    /* With many open it is not worth a look for each. */
    const ik_ns soon = ik_echo_later(now.mono, e->slots.n_open * IK_NS_PER_US);
    e->linger_check = next > soon ? next : soon;
}

void ik_echo_account_close_some(struct ik_echo_engine *e)
{
    if (e->closing == IK_ECHO_CLOSE_NONE)
        return;
    while (e->close_next != IK_SLOT_NONE && room_to_say(e)) {
        const uint32_t i = e->close_next;
        e->close_next = e->slots.slot[i].next;
        if (e->closing == IK_ECHO_CLOSE_ALL || lingers_until(e, &e->slots.slot[i]) <= e->now.mono)
            give_up(e, i);
    }
    if (e->close_next == IK_SLOT_NONE)
        e->closing = IK_ECHO_CLOSE_NONE;
}

void ik_echo_account_end(struct ik_echo_engine *e, enum ik_echo_closing closing)
{
    if (e->over)
        return;
    e->over = true;
    ik_echo_plan_drop(e, true);
    e->closing = closing;
    e->close_next = e->slots.open.head;
    e->saying = IK_ECHO_SAY_FINAL;
    e->say_next = 0;
}
