/* SPDX-License-Identifier: MIT
 * A target sends its probes in order, at most in_flight of them out at once and `gap` apart. A
 * probe is waited for as long as -w says: no longer than `here` times a round trip seen at its own
 * hop, or `near` times one seen at a later hop, and at least IK_TRACE_PATIENCE, because routers
 * answer from a path that is slower than the one that they forward on.
 *
 * Errors that quote nothing (the error queue gives the payload alone, and old routers quote only 8
 * bytes) name the destination but not the probe. While several are out they are only counted and
 * nothing more is sent; once all probes that are out were answered or timed out, those that are
 * left go again, one at a time. */
#include "probe/trace_plan.h"

#include "net/rtt.h"
#include "probe/trace_record.h"

/* How long an answered probe waits for the stamp of its departure: both are on the way to us by
 * different queues. */
static const ik_ns SETTLE = 10 * IK_NS_PER_MS;

/* ---- sending --------------------------------------------------------------------------------- */

static uint32_t first_again(const struct trace_target *tt)
{
    uint32_t i = tt->said;
    while (tt->probes[i].state != TRACE_AGAIN)
        i++;
    return i;
}

/* A probe that went again is out, alone. */
static bool alone(const struct trace_target *tt)
{
    if (tt->out != 1)
        return false;
    for (uint32_t i = tt->said; i < tt->next; i++)
        if (tt->probes[i].state == TRACE_OUT)
            return tt->probes[i].attempts > 1;
    return false;
}

/* An unreachable came for a lower TTL and nothing answered beyond it. */
static bool barred(const struct trace_target *tt, uint8_t ttl)
{
    return tt->barrier && ttl > tt->barrier && tt->deepest <= tt->barrier;
}

uint32_t ik_trace_plan_next(const struct ik_trace *t, const struct trace_target *tt, ik_ns at)
{
    const uint32_t none = t->per_target, out = tt->out + tt->planned;
    if (tt->stop || tt->interrupted || tt->ambiguous || (t->cfg.gap && tt->planned) ||
        at < tt->send_at)
        return none;
    if (tt->again)
        return out == 0 ? first_again(tt) : none;
    const uint32_t next = tt->next + tt->planned;
    if (next >= tt->limit || out >= t->cfg.in_flight || barred(tt, ik_trace_ttl(t, next)) ||
        alone(tt))
        return none;
    return next;
}

/* ---- waiting --------------------------------------------------------------------------------- */

ik_ns ik_trace_plan_rtt(const struct trace_probe *p, enum ik_clock *clock)
{
    const struct ik_rtt_stamps stamps = {
        .sent = p->sent, .arrived = p->answer.at, .handed = p->sent_user, .read = p->answer.user};
    ik_ns rtt;
    return ik_rtt_between(&stamps, &rtt, clock) ? rtt : IK_NEVER;
}

ik_ns ik_trace_plan_took(const struct trace_probe *p)
{
    enum ik_clock clock;
    const ik_ns rtt = ik_trace_plan_rtt(p, &clock);
    return rtt == IK_NEVER ? p->answer.user - p->sent_user : rtt;
}

/* Nothing is waited for when the link never stamped a departure. */
static bool settled(const struct ik_trace *t, const struct trace_target *tt,
                    const struct trace_probe *p, ik_ns now)
{
    return p->sent.clock != IK_CLOCK_NONE || now - p->answer.user >= SETTLE ||
           (t->unstamped[tt->port] && !t->stamped[tt->port]);
}

static ik_ns part_of(ik_ns rtt, uint32_t percent)
{
    const ik_ns wait = rtt > INT64_MAX / 1000000 ? IK_NEVER : rtt * percent / 100;
    return wait < IK_TRACE_PATIENCE ? IK_TRACE_PATIENCE : wait;
}

/* Round trip of the first answered probe of a hop, IK_NEVER without one. `index` is any probe of
 * the hop. */
static ik_ns hop_rtt(const struct ik_trace *t, const struct trace_target *tt, uint32_t index)
{
    const uint32_t from = index - index % t->cfg.queries;
    for (uint32_t i = from; i < from + t->cfg.queries && i < tt->next; i++) {
        enum ik_clock clock;
        if (tt->probes[i].state != TRACE_HELD && tt->probes[i].state != TRACE_ANSWERED)
            continue;
        const ik_ns rtt = ik_trace_plan_rtt(&tt->probes[i], &clock);
        if (rtt != IK_NEVER)
            return rtt;
    }
    return IK_NEVER;
}

static ik_ns patience(const struct ik_trace *t, ik_ns here, ik_ns near)
{
    ik_ns wait = IK_NEVER;
    if (here != IK_NEVER && t->cfg.here_percent)
        wait = part_of(here, t->cfg.here_percent);
    else if (near != IK_NEVER && t->cfg.near_percent)
        wait = part_of(near, t->cfg.near_percent);
    return wait < t->cfg.timeout ? wait : t->cfg.timeout;
}

/* A probe that nobody answered in time. */
static void give_up(struct ik_trace *t, struct trace_target *tt, struct trace_probe *p, ik_ns now)
{
    ik_trace_record_note(t, (uint32_t)(p - t->probes), "expires after", now - p->sent_user);
    tt->out--;
    t->out--;
    if (tt->ambiguous && p->attempts == 1) {
        p->state = TRACE_AGAIN;
        tt->again++;
    } else if (p->dropped) {
        p->state = TRACE_UNKNOWN;
        t->totals.unknown++;
    } else {
        p->state = TRACE_LOST;
        t->totals.lost++;
    }
}

/* Every probe that is out was answered, though nobody knows which answer is whose. */
static void all_again(struct ik_trace *t, struct trace_target *tt)
{
    for (uint32_t i = tt->said; i < tt->next; i++) {
        struct trace_probe *p = &tt->probes[i];
        if (p->state != TRACE_OUT)
            continue;
        p->state = p->attempts == 1 ? TRACE_AGAIN : TRACE_AMBIGUOUS;
        tt->again += p->state == TRACE_AGAIN;
        tt->out--;
        t->out--;
    }
    tt->ambiguous = 0;
}

static ik_ns earlier(ik_ns a, ik_ns b)
{
    return a < b ? a : b;
}

/* One pass from the last probe to the first, so that what a later hop needed is known; returns when
 * the next of them is due. */
static ik_ns expire(struct ik_trace *t, struct trace_target *tt, ik_ns now)
{
    ik_ns wake = IK_NEVER, near = IK_NEVER, here = IK_NEVER;
    for (uint32_t i = tt->next; i-- > tt->said;) {
        struct trace_probe *p = &tt->probes[i];
        if ((i + 1) % t->cfg.queries == 0 || i + 1 == tt->next) {
            near = here != IK_NEVER ? here : near;
            here = hop_rtt(t, tt, i);
        }
        if (p->state == TRACE_HELD && settled(t, tt, p, now)) {
            t->unstamped[tt->port] |= p->sent.clock == IK_CLOCK_NONE;
            p->state = TRACE_ANSWERED;
        } else if (p->state == TRACE_HELD) {
            wake = earlier(wake, p->answer.user + SETTLE);
        } else if (p->state == TRACE_OUT) {
            const ik_ns due = p->sent_user + patience(t, here, near);
            if (due > now)
                wake = earlier(wake, due);
            else
                give_up(t, tt, p, now);
        }
    }
    return wake;
}

void ik_trace_plan_advance(struct ik_trace *t, struct trace_target *tt, ik_ns now)
{
    tt->wake = IK_NEVER;
    if (tt->stop)
        return;
    ik_ns wake = expire(t, tt, now);
    if (tt->out == 0)
        tt->ambiguous = 0;
    if (tt->ambiguous && tt->ambiguous == tt->out) {
        const ik_ns due = tt->vague_at + IK_TRACE_PATIENCE;
        if (now >= due)
            all_again(t, tt);
        else
            wake = earlier(wake, due);
    }
    tt->planned = 0;
    if (t->out < t->cfg.max_in_flight &&
        ik_trace_plan_next(t, tt, tt->send_at > now ? tt->send_at : now) != t->per_target)
        wake = earlier(wake, tt->send_at);
    tt->wake = wake;
}
